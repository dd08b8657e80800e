"""The stop keeps its time whatever hangs, and no client that behaves is cut."""
import os
import queue
import signal
import socket
import subprocess
import threading
import time

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.raw import RawConnection, request
from support.server import PATIENCE, Server
from support.wait import wait_until

BODY = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
READY = b"GET /v2/health/ready HTTP/1.1\r\nHost: x\r\n\r\n"


def stop(server):
    """Asks it to stop; a function that waits and gives its exit status and how long that took."""
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    return lambda: (server.wait(), time.monotonic() - began)


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("simple")
    repository.add_identity("slow", parameters={"execute_delay_ms": "1200"})
    return start_server(repository.path, "--exit-timeout-secs=8")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_whose_models_still_load_ends_at_once(repository, start_server, number):
    repository.add_identity("slow", parameters={"creation_delay_sec": 60})
    server = start_server(repository.path, ready=False)
    wait_until(lambda: "loading: slow:1" in server.log)
    began = time.monotonic()
    server.process.send_signal(number)
    assert server.wait() == 0
    assert time.monotonic() - began < 5 * PATIENCE
    assert f"Signal ({int(number)}) received." in server.log


def test_an_idle_client_whose_request_comes_while_others_are_answered_is_answered_too(server):
    with RawConnection(server) as idle, RawConnection(server) as busy:
        assert idle.send(READY).answer()[0] == 200
        busy.send(request("slow", BODY))
        wait_until(lambda: server.metric("nv_inference_pending_request_count", model="slow") == 0
                   and server.metric("nv_inference_exec_count", model="slow") == 0)
        ended = stop(server)
        wait_until(lambda: "service connections" in server.log)  # long after the drain has begun
        idle.send(request("simple", BODY))
        status, answer = idle.answer()
        assert (status, answer["outputs"][0]["data"]) == (200, [1, 2])
        assert idle.answer() is None  # it was told so: Connection: close
        assert busy.answer()[0] == 200
        status, seconds = ended()
    assert status == 0
    assert seconds < 3 * PATIENCE


def test_a_request_that_was_sent_before_the_end_could_be_heard_of_is_answered(server):
    with RawConnection(server) as idle:
        assert idle.send(READY).answer()[0] == 200
        ended = stop(server)
        idle.send(request("simple", BODY))
        assert idle.answer()[0] == 200
        assert ended()[0] == 0


def test_idle_clients_are_not_waited_for(server):
    connections = [RawConnection(server) for _ in range(20)]
    for connection in connections:
        assert connection.send(READY).answer()[0] == 200
    status, seconds = stop(server)()
    assert status == 0
    assert seconds < 1 * PATIENCE
    for connection in connections:
        assert connection.answer() is None
        connection.close()


@pytest.mark.parametrize("half", [
    b"POST /v2/models/simple/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", b"GET /v2/health/re"],
    ids=["body", "head"])
def test_a_client_that_stalls_in_a_request_is_not_waited_for(server, half):
    with RawConnection(server) as stalled:
        stalled.send(half)
        with RawConnection(server) as other:  # what was sent before has been read
            assert other.send(READY).answer()[0] == 200
        status, seconds = stop(server)()
    assert status == 0
    assert seconds < 5 * PATIENCE


def test_a_client_that_does_not_read_its_answer_is_not_waited_for(server):
    elements = 8_000_000
    head = (b'{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,%d],"parameters":{"binary_data_size":%d}}],'
            b'"parameters":{"binary_data_output":true}}' % (elements, 4 * elements))
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.http_port))
        client.sendall(b"POST /v2/models/simple/infer HTTP/1.1\r\nHost: x\r\nInference-Header-Content-Length: %d\r\n"
                       b"Content-Length: %d\r\n\r\n" % (len(head), len(head) + 4 * elements) + head + bytes(4 * elements))
        wait_until(lambda: server.metric("nv_inference_request_success", model="simple") == 1)
        status, seconds = stop(server)()
    assert status == 0
    assert seconds < 5 * PATIENCE


def test_a_client_that_sends_a_byte_now_and_then_does_not_change_the_exit_status(repository):
    repository.add_identity("simple")
    server = Server(repository.path, "--exit-timeout-secs=2").start()
    with RawConnection(server) as slow:
        slow.send(b"POST /v2/models/simple/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
        over = threading.Event()

        def trickle():
            try:
                while not over.wait(0.05):
                    slow.send(b" ")
            except OSError:
                pass

        thread = threading.Thread(target=trickle)
        thread.start()
        status, seconds = stop(server)()
        over.set()
        thread.join()
    assert status == 0
    assert seconds < 2.2 * PATIENCE


def fill(pipe):
    """Nothing more fits into it."""
    os.set_blocking(pipe, False)
    try:
        while True:
            os.write(pipe, b"\0" * 4096)
    except BlockingIOError:
        pass
    try:
        while True:
            os.write(pipe, b"\0")
    except BlockingIOError:
        os.set_blocking(pipe, True)


def test_a_log_that_nobody_reads_delays_neither_requests_nor_the_stop(repository):
    repository.add_identity("simple")
    server = Server(repository.path, "--exit-timeout-secs=5", "--log-verbose=1")
    reader, writer = os.pipe()
    server.process = subprocess.Popen(server.command, stdout=writer, stderr=writer)
    drain = threading.Thread(target=lambda: wait_until(lambda: b"Started Metrics" in os.read(reader, 1 << 20)))
    drain.start()
    drain.join()
    server.until_ready()
    fill(writer)
    began = time.monotonic()
    for _ in range(5):
        assert server.infer("simple", BODY).status_code == 200
    assert server.post("/v2/repository/models/no/load").status_code == 503
    assert time.monotonic() - began < 3 * PATIENCE
    status, seconds = stop(server)()
    assert status == 0
    assert seconds < 4 * PATIENCE
    os.close(reader)
    os.close(writer)


def test_the_time_is_kept_where_a_destructor_hangs(repository):
    """A request of another thread that no time limit reaches: here a load that never ends."""
    folder = repository.add_identity("simple")
    server = Server(repository.path, "--exit-timeout-secs=1", "--model-control-mode=explicit").start()
    os.mkfifo(folder / "1" / "fifo")
    hanging = repository.add_identity("hanging")
    (hanging / "config.pbtxt").unlink()
    os.mkfifo(hanging / "config.pbtxt")
    with RawConnection(server) as client:
        client.send(b"POST /v2/repository/models/hanging/load HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert server.get("/v2/health/live").status_code == 200
        status, seconds = stop(server)()
    assert status in (0, 1)  # 0 where the load is refused at once
    assert seconds < 2 * PATIENCE


def test_a_reader_that_went_away_before_the_start_is_survived(repository):
    repository.add_identity("simple")
    server = Server(repository.path)
    reader, writer = os.pipe()
    os.close(reader)
    server.process = subprocess.Popen(server.command, stdout=writer, stderr=writer)
    os.close(writer)
    server.until_ready()
    assert stop(server)()[0] == 0


@pytest.mark.parametrize("model, answers", [(None, 0), ("simple", 1), ("slow", 1)])
def test_streams_whose_clients_have_nothing_under_way_are_ended(server, model, answers):
    heard = queue.Queue()
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: heard.put((result, error)))
        if model is not None:
            tensor = grpcclient.InferInput("INPUT0", [1, 2], "FP32")
            tensor.set_data_from_numpy(np.array([[1, 2]], dtype=np.float32))
            client.async_stream_infer(model, [tensor])
        wait_until(lambda: server.metric("neso_open_requests", service="GRPC") == 1)
        if model == "simple":
            result, error = heard.get(timeout=10 * PATIENCE)
            assert error is None
            answers = 0
        elif model == "slow":
            wait_until(lambda: server.metric("nv_inference_pending_request_count", model="slow") == 0)
        status, seconds = stop(server)()
        for _ in range(answers):
            result, error = heard.get(timeout=10 * PATIENCE)
            assert error is None and result.as_numpy("OUTPUT0").tolist() == [[1, 2]]
        result, error = heard.get(timeout=10 * PATIENCE)
        assert result is None and "GRPC server is shutting down" in error.message()
    assert status == 0
    assert seconds < 5 * PATIENCE
