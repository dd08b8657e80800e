"""Between the signal to stop and the stop: load balancers hear of it while everybody is still served."""
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import tritonclient.grpc as grpcclient
from support.server import PATIENCE, Server
from support.wait import wait_until

BODY = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}


@pytest.fixture
def leaving(repository):
    """A server in the middle of a grace that is longer than any test."""
    repository.add_identity("simple")
    repository.add_identity("slow", parameters={"execute_delay_ms": "4000"})
    server = Server(repository.path, "--exit-grace-ms=60000").start()
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "the stop begins in 60000 ms" in server.log)
    yield server
    if server.process.poll() is None:
        server.process.kill()
        server.process.wait()


def test_a_server_that_is_about_to_stop_is_not_ready_and_answers_new_connections(leaving):
    ready = leaving.get("/v2/health/ready")
    assert (ready.status_code, ready.json()) == (400, {"ready": False, "reason": "the server is about to stop"})
    assert leaving.get("/v2/health/live").status_code == 200
    assert leaving.get("/v2/models/simple/ready").status_code == 200
    answer = leaving.infer("simple", BODY)
    assert answer.status_code == 200 and "close" not in answer.headers.get("Connection", "")
    with grpcclient.InferenceServerClient(leaving.grpc) as client:
        assert client.is_server_live() and not client.is_server_ready() and client.is_model_ready("simple")


def test_a_second_signal_ends_the_grace(leaving):
    began = time.monotonic()
    leaving.process.send_signal(signal.SIGTERM)
    assert leaving.wait() == 0
    assert time.monotonic() - began < 10 * PATIENCE


def test_a_third_signal_ends_the_server_at_once(leaving):
    with ThreadPoolExecutor(1) as others:
        answer = others.submit(leaving.infer, "slow", BODY)
        wait_until(lambda: leaving.metric("nv_inference_pending_request_count", model="slow") == 0
                   and leaving.metric("neso_open_requests", service="HTTP") == 1)
        leaving.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "service connections" in leaving.log)
        began = time.monotonic()
        leaving.process.send_signal(signal.SIGINT)
        assert leaving.wait() == 1
        assert time.monotonic() - began < 2 * PATIENCE
        assert "Signal (2) received again. Exiting immediately.\n" in leaving.log
        with pytest.raises(requests.ConnectionError):
            answer.result()


def test_the_stop_follows_when_the_grace_has_passed(repository):
    repository.add_identity("simple")
    server = Server(repository.path, "--exit-grace-ms=300").start()
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.wait() == 0
    assert 0.3 <= time.monotonic() - began < 5 * PATIENCE
