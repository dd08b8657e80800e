"""A repository on a disk that does not answer: whoever asks for what lies there waits, nobody else does."""
import contextlib
import os

import grpc
import pytest
from support.inference import ask, values
from support.raw import RawConnection
from support.server import BUILD, PATIENCE
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

SLOW_DISK = BUILD / "test_libraries/slow_disk.so"
WAITING = 300  # more than there are threads that read requests

pytestmark = pytest.mark.skipif(not SLOW_DISK.is_file(), reason=f"{SLOW_DISK} is not built")


def test_listing_a_repository_holds_nobody_up(repository, start_server, tmp_path):
    repository.add_identity("m")
    gate = tmp_path / "gate"
    # A sanitizer's runtime wants to be the first library.
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    server = start_server(repository.path, env={"LD_PRELOAD": str(SLOW_DISK), "NESO_SLOW_DISK": str(gate),
                                                "ASAN_OPTIONS": sanitizer})
    gate.touch()
    request = b"POST /v2/repository/index HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    with contextlib.ExitStack() as stack:
        channel = stack.enter_context(grpc.insecure_channel(server.grpc))
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        connections = [stack.enter_context(RawConnection(server)).send(request) for _ in range(WAITING)]
        calls = [stub.RepositoryIndex.future(pb.RepositoryIndexRequest(), timeout=60 * PATIENCE) for _ in range(WAITING)]
        for _ in range(20):
            assert values(ask(server, "m")) == [1]
            assert stub.ServerLive(pb.ServerLiveRequest(), timeout=10 * PATIENCE).live
        assert not any(call.done() for call in calls)
        gate.unlink()
        ready = {"name": "m", "version": "1", "state": "READY"}
        assert all(connection.answer() == (200, [ready]) for connection in connections)
        assert all([model.state for model in call.result().models] == ["READY"] for call in calls)
