"""Pings of both sides, and the age of connections, as the flags of the command line set them."""
import pathlib
import re
import time

import grpc
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.http2 import Http2Connection
from support.server import PATIENCE
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

STREAM = "/inference.GRPCInferenceService/ModelStreamInfer"
LIVE = "/inference.GRPCInferenceService/ServerLive"
ENHANCE_YOUR_CALM = 11


@pytest.fixture
def start(repository, start_server):
    def start(*args):
        repository.add_identity("identity")
        return start_server(repository.path, *args)
    return start


def tensor():
    tensor = grpcclient.InferInput("INPUT0", [1, 2], "FP32")
    return tensor.set_data_from_numpy(np.ones((1, 2), np.float32))


def test_the_options_are_logged_when_verbose(start):
    server = start("--log-verbose=1", "--grpc-keepalive-time=1234", "--grpc-max-connection-age=99999")
    table = re.search(r"\| GRPC KeepAlive Option.*?\n\n", server.log + "\n\n", re.S).group(0)
    assert re.search(r"\| keepalive_time_ms +\| 1234 +\|", table)
    assert re.search(r"\| keepalive_permit_without_calls +\| 0 +\|", table)
    assert re.search(r"\| max_connection_age_ms +\| 99999 +\|", table)
    assert "max_connection_age_grace_ms" not in table
    assert "without effect" not in server.log


def test_a_client_that_answers_pings_stays_and_one_that_does_not_is_cut(start):
    server = start("--grpc-keepalive-time=100", f"--grpc-keepalive-timeout={300 * PATIENCE:.0f}",
                   "--grpc-http2-max-pings-without-data=0")
    with Http2Connection(server.grpc_port) as client:
        stream = client.call(STREAM, end=False)
        assert client.until(lambda: client.pings >= 5)
        client.send(*client.data_frames(stream, b""))
        assert client.answer(stream).status == "0"
    with Http2Connection(server.grpc_port, answers_pings=False) as client:
        client.call(STREAM, end=False)
        assert client.end() == []
        assert client.pings >= 1


def test_connections_without_calls_are_pinged_when_that_is_permitted(start):
    server = start("--grpc-keepalive-time=50", "--grpc-keepalive-timeout=200",
                   "--grpc-keepalive-permit-without-calls=1")
    with Http2Connection(server.grpc_port, answers_pings=False) as client:
        client.end()
        assert client.pings == 1


def test_pings_stop_when_there_were_enough_without_data(start):
    server = start("--grpc-keepalive-time=20", "--grpc-http2-max-pings-without-data=3")
    with Http2Connection(server.grpc_port) as client:
        client.call(STREAM, end=False)
        assert client.is_open(0.5)
        assert client.pings == 3


def test_too_many_pings(start):
    server = start()
    with Http2Connection(server.grpc_port) as client:
        client.ping(4)  # the first is always in time, two strikes are borne
        assert client.end() == [(ENHANCE_YOUR_CALM, 0, b"too_many_pings")]
    with Http2Connection(server.grpc_port) as client:
        client.ping(3)
        assert client.is_open()
        for _ in range(5):  # every answer makes up for pings
            assert client.answer(client.call(LIVE, b"")).status == "0"
            client.ping(3)
        assert client.is_open()


def test_how_many_pings_are_too_many_is_an_option(start):
    server = start("--grpc-http2-max-ping-strikes=5", "--grpc-http2-min-recv-ping-interval-without-data=100000",
                   "--grpc-keepalive-permit-without-calls=1")
    with Http2Connection(server.grpc_port) as client:
        client.ping(6)
        assert client.is_open()
        client.ping(1)
        assert client.end() == [(ENHANCE_YOUR_CALM, 0, b"too_many_pings")]


def test_pings_in_time_are_never_too_many(start):
    server = start("--grpc-http2-min-recv-ping-interval-without-data=10", "--grpc-keepalive-permit-without-calls=1")
    with Http2Connection(server.grpc_port) as client:
        for _ in range(8):
            client.ping()
            assert client.is_open(0.03)


def test_any_number_of_pings(start):
    server = start("--grpc-http2-max-ping-strikes=0")
    with Http2Connection(server.grpc_port) as client:
        client.ping(500)
        assert client.is_open()


def test_the_stock_client_with_eager_keepalive_is_told(start):
    server = start()
    options = grpcclient.KeepAliveOptions(keepalive_time_ms=10, keepalive_timeout_ms=10_000,
                                          keepalive_permit_without_calls=True, http2_max_pings_without_data=0)
    with grpcclient.InferenceServerClient(server.grpc, keepalive_options=options) as client:
        client.infer("identity", [tensor()])
    # gRPC's own library does not ping as often as it is asked to, but this often is too often.
    quiet = [("grpc.keepalive_time_ms", 10), ("grpc.http2.max_pings_without_data", 0),
             ("grpc.keepalive_permit_without_calls", 1), ("grpc.http2.min_ping_interval_without_data_ms", 10),
             ("grpc.http2.min_sent_ping_interval_without_data_ms", 10)]
    with grpc.insecure_channel(server.grpc, options=quiet) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        stream = stub.ModelStreamInfer(iter_forever())
        with pytest.raises(grpc.RpcError) as error:
            next(stream)
        assert error.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
        assert "too_many_pings" in error.value.details() or "ENHANCE_YOUR_CALM" in error.value.debug_error_string()


def iter_forever():
    while True:
        time.sleep(3600)
        yield pb.ModelInferRequest()


def test_old_connections_are_asked_to_end(start):
    server = start("--grpc-max-connection-age=300")
    with Http2Connection(server.grpc_port) as client:
        stream = client.call(STREAM, end=False)
        assert client.until(lambda: len(client.go_aways) == 2)
        assert client.go_aways == [(0, 2**31 - 1, b""), (0, stream, b"max_age")]
        assert client.is_open()  # until its call ends
        client.send(*client.data_frames(stream, b""))
        assert client.answer(stream).status == "0"
        client.end()
    # A stock client does not notice.
    with grpcclient.InferenceServerClient(server.grpc) as client:
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            client.infer("identity", [tensor()])


def test_old_connections_are_cut_when_their_grace_is_over(start):
    server = start("--grpc-max-connection-age=200", "--grpc-max-connection-age-grace=200")
    with grpc.insecure_channel(server.grpc) as channel:
        stream = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelStreamInfer(iter_forever())
        with pytest.raises(grpc.RpcError) as error:
            next(stream)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE


def test_an_idle_server_with_an_idle_connection_sleeps(start):
    server = start()

    def wake_ups():
        threads = pathlib.Path(f"/proc/{server.pid}/task").iterdir()
        return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (thread / "status").read_text(), re.M).group(1))
                   for thread in threads)

    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.infer("identity", [tensor()])
        wait_until(lambda: (before := wake_ups(), time.sleep(0.5), wake_ups() - before)[-1] <= 2, timeout=20)
