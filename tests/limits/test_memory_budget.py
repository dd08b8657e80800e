"""--memory-budget: what requests may take together, and what still works when they have taken it."""
import contextlib
import socket

import numpy as np
import pytest
import requests
import tritonclient.grpc as grpcclient
from hyperframe.frame import PingFrame
from support.http2 import Http2Connection, message
from support.server import run_neso
from support.wait import wait_until
from tritonclient.grpc import service_pb2

MEGABYTE = 1 << 20
BODY = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
REFUSED = "the requests of this server take all the memory they may have together (16777216 bytes, --memory-budget)"


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("identity")
    return start_server(repository.path, f"--memory-budget={16 * MEGABYTE}", "--model-control-mode=explicit",
                        "--load-model=*")


@contextlib.contextmanager
def taken(server):
    """Bodies of which all but the last byte has come take all of it: large ones first, then small ones for the rest."""
    with contextlib.ExitStack() as stack:
        for size in (4 * MEGABYTE, MEGABYTE, MEGABYTE // 4, MEGABYTE // 16, 33_000):
            is_refused = False
            while not is_refused:
                client = stack.enter_context(socket.create_connection(("127.0.0.1", server.http_port)))
                client.settimeout(0.05)
                head = b"POST /v2/models/identity/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
                try:
                    client.sendall(head + b" " * (size - 1))
                    is_refused = client.recv(1) is not None
                except socket.timeout:
                    pass  # taken
                except ConnectionError:
                    is_refused = True
        wait_until(lambda: server.infer("identity", BODY).status_code == 503)
        yield


def test_new_work_is_refused_and_health_metrics_and_control_answer(server):
    with taken(server):
        answer = server.infer("identity", BODY)
        assert answer.status_code == 503
        assert answer.json()["error"].startswith(REFUSED)
        assert server.post("/v2/models/identity/generate", {"INPUT0": [1, 2]}).status_code == 503
        with grpcclient.InferenceServerClient(server.grpc) as client:
            tensor = grpcclient.InferInput("INPUT0", [1, 2], "FP32")
            tensor.set_data_from_numpy(np.ones((1, 2), np.float32))
            with pytest.raises(grpcclient.InferenceServerException) as refusal:
                client.infer("identity", [tensor])
            assert refusal.value.status() == "StatusCode.RESOURCE_EXHAUSTED"
            assert refusal.value.message().startswith(REFUSED)
            assert client.is_server_ready()
        assert server.get("/v2/health/ready").status_code == 200
        assert requests.get(server.metrics_url, timeout=10).status_code == 200
        assert server.post("/v2/repository/models/identity/load", {}).status_code == 200
    wait_until(lambda: server.infer("identity", BODY).status_code == 200)


def test_a_body_that_goes_beyond_it_is_refused_when_its_bytes_have_come(server):
    with taken(server), socket.create_connection(("127.0.0.1", server.http_port)) as client:
        with contextlib.suppress(OSError):
            client.sendall(b"POST /v2/models/identity/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n"
                           + b" " * 7_999_999)
        with contextlib.suppress(ConnectionError):  # an answer may be overtaken by the reset of what was sent behind it
            answer = client.makefile("rb").readline()
            assert answer in (b"HTTP/1.1 503 Service Unavailable\r\n", b"")


def test_one_that_can_never_fit_is_too_large(server):
    with socket.create_connection(("127.0.0.1", server.http_port)) as client:
        client.sendall(b"POST /v2/models/identity/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        assert client.makefile("rb").readline().startswith(b"HTTP/1.1 413 ")


def test_a_message_beyond_it_is_refused(server):
    with taken(server), Http2Connection(server.grpc_port) as client:
        client.answer(client.call("/inference.GRPCInferenceService/ServerLive", b""))  # now the server's window holds
        stream = client.call("/inference.GRPCInferenceService/ModelConfig", end=False)
        client.send(*client.data_frames(stream, message(bytes(4 * MEGABYTE))))
        assert client.answer(stream).status == "8"


def test_requests_without_end_leave_nothing_charged(server):
    body = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 100_000], "data": [1.5] * 100_000}]}
    with requests.Session() as session:
        for _ in range(60):  # several times the budget
            assert session.post(f"{server.url}/v2/models/identity/infer", json=body, timeout=30).status_code == 200


def literal(name, value):
    """A short header as HPACK has it without its table (RFC 7541, 6.2.2)."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


@pytest.mark.parametrize("service", ["http", "grpc"])
def test_heads_that_are_short_on_the_wire_and_long_here_count(server, service):
    post_http = b"\x83\x86"
    long = b"\x40\x04long" + b"\x7f\xbd\x1d" + b"y" * 3900  # into the table, where 0xbe names it
    with contextlib.ExitStack() as stack:
        for _ in range(6):
            client = stack.enter_context(Http2Connection(getattr(server, f"{service}_port")))
            for at in range(120):  # of 60 KB each; a connection may have 8 MB of them open
                fields = {b":path": b"/inference.GRPCInferenceService/ModelInfer", b":authority": b"x",
                          b"content-type": b"application/grpc", b"number": b"%d" % at}
                texts = b"".join(literal(*field) for field in fields.items())
                block = post_http + texts + (b"" if at else long) + b"\xbe" * 15
                client.send(*client.head_frames(client.expect(), block))
            client.ping()
            while not isinstance(client.read(), PingFrame):
                pass  # until all have been seen
        assert 100 < server.metric("neso_open_requests", service=service.upper()) < 350  # of 720
        with grpcclient.InferenceServerClient(server.grpc) as other:
            assert other.is_server_ready()
        assert server.get("/v2/health/ready").status_code == 200
    wait_until(lambda: server.infer("identity", BODY).status_code == 200)


def test_heads_that_have_not_come_whole_count(server):
    with contextlib.ExitStack() as stack:
        refused = 0
        for _ in range(400):  # 24 MB
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.http_port)))
            client.sendall(b"GET /v2 HTTP/1.1\r\nX: " + b"x" * 60_000)
            client.settimeout(0.005)
            with contextlib.suppress(TimeoutError):
                refused += client.recv(100).startswith(b"HTTP/1.1 503 ")
        assert refused > 50
        assert server.get("/v2/health/ready").status_code == 200
    wait_until(lambda: server.infer("identity", BODY).status_code == 200)


def test_a_stream_whose_refused_requests_wait_behind_a_slow_one_is_ended(repository, start_server):
    repository.add_identity("identity")
    repository.add_identity("slow", parameters={"execute_delay_ms": "4000"})
    server = start_server(repository.path, f"--memory-budget={16 * MEGABYTE}")
    slow = service_pb2.ModelInferRequest(model_name="slow")
    slow.inputs.add(name="INPUT0", datatype="FP32").shape.extend([1, 2])
    slow.raw_input_contents.append(bytes(8))
    with Http2Connection(server.grpc_port) as client:
        client.answer(client.call("/inference.GRPCInferenceService/ServerLive", b""))  # now the server's window holds
        stream = client.call("/inference.GRPCInferenceService/ModelStreamInfer", slow.SerializeToString(), end=False)
        client.send(*client.data_frames(stream, message(b"") * 200_000))  # a megabyte; each has an answer
        answer = client.answer(stream)
        assert answer.status == "8", answer.text
        assert answer.text.startswith(REFUSED)
        wait_until(lambda: server.infer("identity", BODY).status_code == 200)


def test_a_budget_is_a_number_of_bytes_or_a_share():
    result = run_neso("--memory-budget=half")
    assert result.returncode == 1
    assert "expected a number of bytes, or 1% to 100% of the memory, got 'half'" in result.stderr
