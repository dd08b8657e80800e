"""Outputs are sent from where a model put them: for as long as a client takes to read them, and whatever becomes of the model."""
import contextlib
import json
import pathlib
import re
import socket

import numpy as np
import psutil
import pytest
from support.clients import arrays_of, inputs_of, outputs_of
from support.server import PATIENCE
from support.wait import wait_until

LARGE = 8 << 20  # elements of an answer that no socket's buffers take


@pytest.fixture(scope="module")
def server(models, serve):
    models.add("grow", """
        def execute(self, requests):
            return [answer(OUT=np.full(int(values(request)[0]), values(request)[1])) for request in requests]
        """)
    models.add("same", "def execute(self, requests): return [answer(OUT=values(request)) for request in requests]")
    # What it was given is its own for as long as it keeps it.
    models.add("keeps", """
        kept = None
        def execute(self, requests):
            if self.kept is not None: self.kept += 1
            self.kept = values(requests[0])
            return [answer(OUT=self.kept)]
        """)
    return serve("--model-control-mode=explicit", "--load-model=*")


class SlowClient:
    """Has asked a model for something large, seen that the answer begins, and reads no further until it is told to."""

    def __init__(self, server, model, array):
        head = json.dumps({"inputs": [{"name": "IN", "datatype": "FP32", "shape": [array.size],
                                       "parameters": {"binary_data_size": array.nbytes}}],
                           "outputs": [{"name": "OUT", "parameters": {"binary_data": True}}]}).encode()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(20 * PATIENCE)
        self.socket.connect(("127.0.0.1", int(server.http.rpartition(":")[2])))
        self.socket.sendall(b"POST /v2/models/%b/infer HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n"
                            b"Inference-Header-Content-Length: %d\r\nConnection: close\r\n\r\n" %
                            (model.encode(), len(head) + array.nbytes, len(head)) + head)
        self.socket.sendall(array.tobytes())
        self.socket.recv(1, socket.MSG_PEEK)

    def read(self):
        answer = bytearray()
        while piece := self.socket.recv(1 << 20):
            answer += piece
        self.socket.close()
        assert answer.startswith(b"HTTP/1.1 200"), answer[:500]
        head, _, body = bytes(answer).partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)inference-header-content-length: (\d+)", head)[1])
        return np.frombuffer(body[length:], np.float32)


@pytest.fixture
def slow(server):
    """Makes slow clients, which are gone after the test."""
    with contextlib.ExitStack() as stack:
        def connect(model, array):
            made = SlowClient(server, model, array)
            stack.callback(made.socket.close)
            return made
        yield connect


def ask(client, model, array):
    return arrays_of(client.infer(model, inputs_of({"IN": array}), outputs=outputs_of(["OUT"])))["OUT"]


def worker_of(server, model):
    return next(process for process in psutil.Process(server.pid).children() if process.name().startswith(f"py:{model}"))


def anonymous_mib(server):
    return int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{server.pid}/status").read_text())[1]) / 1024


def test_an_answer_that_waits_takes_no_memory_of_the_servers(server, client, slow):
    ask(client, "grow", np.float32([LARGE, 0]))
    before = anonymous_mib(server)
    clients = [slow("grow", np.float32([LARGE, value])) for value in range(3)]
    assert anonymous_mib(server) - before < 4 * LARGE / (1 << 20)
    for value, waiting in enumerate(clients):
        np.testing.assert_array_equal(waiting.read(), np.full(LARGE, value, np.float32))


@pytest.mark.parametrize("model", ["same", "keeps"])
def test_a_model_goes_on_while_its_answers_wait(client, slow, model):
    arrays = [np.arange(LARGE, dtype=np.float32) + i for i in range(2)]
    clients = [slow(model, array) for array in arrays]
    for elements in (10, 5000, 200_000, LARGE):
        array = np.full(elements, elements, np.float32)
        np.testing.assert_array_equal(ask(client, model, array), array)
    for array, waiting in zip(arrays, clients, strict=True):
        np.testing.assert_array_equal(waiting.read(), array)


def test_a_client_that_leaves_gives_the_memory_back(server, client, slow):
    shared = worker_of(server, "grow").memory_info
    clients = [slow("grow", np.float32([LARGE, value])) for value in range(4)]
    taken = shared().shared
    for waiting in clients:
        waiting.socket.close()
    # What a worker keeps is 64 MiB; these were 128.
    wait_until(lambda: shared().shared < taken - (32 << 20))
    np.testing.assert_array_equal(ask(client, "grow", np.float32([100, 7])), np.full(100, 7, np.float32))


def test_an_answer_outlives_its_worker_and_its_model(server, client, slow):
    array = np.arange(LARGE, dtype=np.float32)
    before_death, before_unload = slow("same", array), slow("grow", np.float32([LARGE, 5]))
    worker_of(server, "same").kill()
    client.unload_model("grow")
    wait_until(lambda: not client.is_model_ready("grow"))
    np.testing.assert_array_equal(before_death.read(), array)
    np.testing.assert_array_equal(before_unload.read(), np.full(LARGE, 5, np.float32))
    client.load_model("grow")
    wait_until(lambda: client.is_model_ready("same"))
