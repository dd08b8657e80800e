"""The example backends square and repeat (examples/backends/): decoupled models, over every front end."""
import json
import pathlib
import queue
import time

import numpy as np
import pytest
import requests
import tritonclient.grpc as grpcclient
from support.clients import stream_answers
from support.control import load
from support.inference import open_requests, statistics
from support.plugins import needs_plugins
from support.server import PATIENCE, ROOT, TEST_BACKENDS
from support.wait import wait_until

EXAMPLES = ROOT / "examples" / "backends"
DELAY = 0.3 * PATIENCE

pytestmark = needs_plugins("square", "repeat")


def add_example(repository, backend, name=None, extra=""):
    folder = repository.add(name or backend, None)
    config = (EXAMPLES / backend / "config.pbtxt").read_text()
    pathlib.Path(folder, "config.pbtxt").write_text(config + extra)


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for backend in ("square", "repeat"):
        add_example(module_repository, backend)
    add_example(module_repository, "repeat", "unloaded")
    return start_module_server(module_repository.path, f"--backend-directory={TEST_BACKENDS}",
                               "--model-control-mode=explicit", "--load-model=*")


class Stream:
    """One stream to a server; `with Stream(server) as stream: stream.repeat([1, 2], delay_ms=10); stream.next()`."""

    def __init__(self, server):
        self.answers = queue.Queue()
        self.client = grpcclient.InferenceServerClient(server.grpc)
        self.client.start_stream(lambda result, error: self.answers.put((result, error)))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.client.stop_stream(cancel_requests=True)
        self.client.close()

    def repeat(self, numbers, delay_ms, wait_ms=0, model="repeat", id=""):
        arrays = {"IN": np.int32(numbers), "DELAY": np.full(len(numbers), delay_ms, np.uint32), "WAIT": np.uint32([wait_ms])}
        tensors = []
        for name, array in arrays.items():
            tensors.append(grpcclient.InferInput(name, array.shape, "INT32" if name == "IN" else "UINT32"))
            tensors[-1].set_data_from_numpy(array)
        self.client.async_stream_infer(model, tensors, request_id=id, enable_empty_final_response=True)

    def next(self):
        """(id, OUT, IDX), and the id alone at the end of a request."""
        result, error = self.answers.get(timeout=30 * PATIENCE)
        assert error is None, error
        response = result.get_response()
        if not response.outputs:
            assert response.parameters["triton_final_response"].bool_param
            return response.id
        return response.id, result.as_numpy("OUT").item(), result.as_numpy("IDX").item()


@pytest.mark.parametrize("number", [0, 1, 7])
def test_a_request_is_answered_as_often_as_it_says(server, number):
    assert stream_answers(server, "square", np.int32([number])) == ([number] * number, None)


def test_a_number_below_zero_is_an_error(server):
    assert stream_answers(server, "square", np.int32([-1])) == ([], "input 'IN': expected 0 or more, got -1")


def test_http_takes_one_answer_and_generate_streams_them(server):
    def ask(number):
        tensor = {"name": "IN", "datatype": "INT32", "shape": [1], "data": [number]}
        return server.infer("square", {"inputs": [tensor]})

    assert ask(1).json()["error"] == "HTTP end point doesn't support models with decoupled transaction policy"
    with requests.post(f"{server.url}/v2/models/square/generate_stream", json={"IN": 3}, stream=True,
                       timeout=30 * PATIENCE) as events:
        got = [json.loads(line[len("data: "):])["OUT"] for line in events.iter_lines(decode_unicode=True) if line]
    assert got == [3, 3, 3]
    refused = server.post("/v2/models/square/generate", {"IN": 3})
    assert "exactly 1 response" in refused.json()["error"], refused.text


def test_responses_come_when_they_are_due(server):
    with Stream(server) as stream:
        began = time.monotonic()
        stream.repeat([5, 6, 7], delay_ms=100)
        assert [stream.next() for _ in range(4)] == [("", 5, 0), ("", 6, 1), ("", 7, 2), ""]
        assert time.monotonic() - began >= 0.3


def test_a_response_factory_outlives_its_request(server):
    """The model has one instance, which takes the second request before the first one has been answered."""
    with Stream(server) as stream:
        stream.repeat([1, 2], delay_ms=int(1000 * DELAY), id="slow")
        stream.repeat([3], delay_ms=0, id="fast")
        assert [stream.next() for _ in range(2)] == [("fast", 3, 0), "fast"]
        assert [stream.next() for _ in range(3)] == [("slow", 1, 0), ("slow", 2, 1), "slow"]


def test_wait_keeps_the_instance(server):
    with Stream(server) as stream:
        stream.repeat([1], delay_ms=0, wait_ms=int(1000 * DELAY), id="waits")
        assert stream.next()[0] == "waits"
        began = time.monotonic()
        assert stream.next() == "waits"
        stream.repeat([2], delay_ms=0, id="next")
        assert stream.next()[0] == "next"
        assert time.monotonic() - began > DELAY / 2


def test_a_model_goes_after_its_last_response(server):
    with Stream(server) as stream:
        stream.repeat([1, 2], delay_ms=int(1000 * DELAY), model="unloaded")
        wait_until(lambda: statistics(server, "unloaded")["inference_count"] == 1)
        assert server.post("/v2/repository/models/unloaded/unload").status_code == 200
        assert [stream.next() for _ in range(3)] == [("", 1, 0), ("", 2, 1), ""]
    wait_until(lambda: "successfully unloaded 'unloaded'" in server.log)


def test_a_backend_learns_that_its_client_has_left(server):
    wait_until(lambda: open_requests(server, "GRPC") == 0)
    responses = 100_000
    with Stream(server) as stream:
        stream.repeat(range(responses), delay_ms=1)
        stream.next()
    # It asks before each response, and would go on for two minutes.
    wait_until(lambda: open_requests(server, "GRPC") == 0)


@pytest.mark.parametrize("backend", ["square", "repeat"])
def test_a_model_must_be_decoupled(repository, start_server, backend):
    add_example(repository, backend)
    file = repository.path / backend / "config.pbtxt"
    file.write_text(file.read_text().replace("decoupled: true", "decoupled: false"))
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}", "--model-control-mode=explicit")
    refused = load(server, backend)
    assert refused.status_code == 400
    assert f"model '{backend}': expected model_transaction_policy {{ decoupled: true }}" in refused.json()["error"]
