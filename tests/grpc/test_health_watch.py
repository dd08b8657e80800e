"""Health/Watch: what a client hears when it begins to watch, when models come and go, and when the server stops."""
import signal

import grpc
import pytest
from support.control import load
from support.http2 import Http2Connection
from support.server import PATIENCE
from support.wait import wait_until

WATCH = "/grpc.health.v1.Health/Watch"
SERVING, NOT_SERVING, SERVICE_UNKNOWN = b"\x08\x01", b"\x08\x02", b"\x08\x03"
KNOWN = ["", "inference.GRPCInferenceService", "grpc.health.v1.Health"]


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("identity")
    repository.add("broken", 'backend: "nobody"')
    return start_server(repository.path, "--model-control-mode=explicit", "--load-model=identity")


@pytest.fixture
def channel(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield channel


def watch(channel, service=""):
    request = b"\x0a" + bytes([len(service)]) + service.encode() if service else b""
    return channel.unary_stream(WATCH)(request, timeout=30 * PATIENCE)


@pytest.mark.parametrize("service", KNOWN)
def test_the_state_is_told_at_once(channel, service):
    assert next(watch(channel, service)) == SERVING


def test_every_change_is_told_once(repository, server, channel):
    calls = [watch(channel) for _ in range(3)]
    assert [next(call) for call in calls] == [SERVING] * 3
    assert load(server, "broken").status_code == 400  # with a model that failed the server is not ready
    assert [next(call) for call in calls] == [NOT_SERVING] * 3
    assert next(watch(channel)) == NOT_SERVING
    repository.add_identity("broken")
    assert load(server, "broken").status_code == 200
    assert [next(call) for call in calls] == [SERVING] * 3


def test_a_service_that_nobody_knows_stays_watched(server, channel):
    call = watch(channel, "some.Service")
    assert next(call) == SERVICE_UNKNOWN
    assert load(server, "broken").status_code == 400
    assert next(watch(channel)) == NOT_SERVING  # by then it would have heard
    assert call.is_active()
    server.process.send_signal(signal.SIGTERM)
    with pytest.raises(grpc.RpcError) as error:
        next(call)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_server_that_stops_says_so_and_ends_the_watch(server, channel):
    call = watch(channel)
    assert next(call) == SERVING
    server.process.send_signal(signal.SIGTERM)
    assert next(call) == NOT_SERVING
    with pytest.raises(grpc.RpcError) as error:
        next(call)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    assert server.wait() == 0


def test_who_leaves_is_forgotten(server):
    for leave in ("reset", "close"):
        with Http2Connection(server.grpc_port) as client:
            stream = client.call(WATCH, b"")
            assert client.until(lambda: client.answers[stream].data)  # pylint: disable=cell-var-from-loop
            if leave == "reset":
                client.reset(stream)
                wait_until(lambda: server.metric("neso_open_requests", service="GRPC") == 0)
        wait_until(lambda: server.metric("neso_open_requests", service="GRPC") == 0)


def test_what_is_no_request_is_refused(server):
    with Http2Connection(server.grpc_port) as client:
        assert client.answer(client.call(WATCH)).status == "13"
        assert client.answer(client.call(WATCH, b"\xff")).status == "13"
        assert client.answer(client.call(WATCH, b"", b"")).status == "13"
