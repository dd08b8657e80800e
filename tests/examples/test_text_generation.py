"""The example of a backend written in Python: a text generator whose network another backend runs."""
import concurrent.futures
import json
import queue
import subprocess
import sys

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.python_models import python_on_path
from support.server import ROOT, TREE

EXAMPLE = ROOT / "examples/text_generation"


@pytest.fixture(scope="module")
def server(tmp_path_factory, start_module_server):
    folder = tmp_path_factory.mktemp("text_generation")
    backends = folder / "backends"
    backends.mkdir()
    for name, path in (("letters", EXAMPLE / "backends/letters"), *((name, TREE / "backends" / name)
                                                                    for name in ("python", "onnxruntime"))):
        (backends / name).symlink_to(path)
    subprocess.run([sys.executable, EXAMPLE / "train.py", folder / "models", *(ROOT / "docs").glob("*.md")], check=True)
    return start_module_server(folder / "models", f"--backend-directory={backends}", env=python_on_path())


def generate(server, **body):
    return server.post("/v2/models/letters/generate", body).json()


def test_a_text_is_gone_on_with(server):
    answer = generate(server, text_input="The server ", max_tokens=40, seed=3, temperature=0.7)
    assert answer["text_output"].startswith("The server ") and len(answer["text_output"]) == len("The server ") + 40
    assert answer == generate(server, text_input="The server ", max_tokens=40, seed=3, temperature=0.7)
    assert answer != generate(server, text_input="The server ", max_tokens=40, seed=4, temperature=0.7)


def test_it_has_learnt_something(server):
    assert generate(server, text_input="what th", max_tokens=1, temperature=0)["text_output"] == "what the"


def test_what_is_asked_for_is_in_the_answer(server):
    answer = generate(server, text_input="a model ", temperature=0, stop=" ", exclude_input_in_output=True, return_finish_reason=True)
    assert answer["finish_reason"] == "stop"
    assert answer["text_output"].endswith(" ") and " " not in answer["text_output"][:-1]
    assert generate(server, text_input="a", max_tokens=2, return_finish_reason=True)["finish_reason"] == "length"
    assert "finish_reason" not in generate(server, text_input="a", max_tokens=2)


def test_a_stream_is_the_same_text_in_parts(server):
    settings = {"text_input": "the ", "max_tokens": 20, "seed": 1}
    whole = generate(server, **settings, exclude_input_in_output=True)["text_output"]
    events = server.post("/v2/models/letters/generate_stream", {**settings, "stream": True}).text.split("\n\n")
    parts = [json.loads(event.removeprefix("data: "))["text_output"] for event in events if event]
    assert len(parts) == 20 and "".join(parts) == whole


@pytest.mark.parametrize("given, text", [
    ({"max_tokens": 0}, "expected max_tokens of 1 or more and a temperature of 0 or more"),
    ({"max_tokens": "many"}, "expected 'max_tokens' to be a number, got 'many'"),
    ({"stop": 3}, "expected 'stop' to be a text, got 3"),
    ({"colour": "red"}, "unknown sampling parameters: colour"),
    ({"stream": True, "exclude_input_in_output": False},
     "When streaming, `exclude_input_in_output` = False is not allowed."),
    ({"sampling_parameters": "{"}, "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
])
def test_wrong_settings_are_errors(server, given, text):
    assert generate(server, text_input="a", **given)["error"] == f"Error generating stream: {text}"


class Stream:
    """Of the stock client: stream.ask(...), stream.next() -> text, or an exception."""

    def __init__(self, client):
        self.client, self.answers = client, queue.Queue()
        client.start_stream(lambda result, error: self.answers.put(error or result))

    def ask(self, text, **sampling):
        inputs = [grpcclient.InferInput("text_input", [1], "BYTES"), grpcclient.InferInput("stream", [1], "BOOL"),
                  grpcclient.InferInput("sampling_parameters", [1], "BYTES")]
        for tensor, value in zip(inputs, (np.array([text.encode()], object), np.array([True]),
                                          np.array([json.dumps(sampling).encode()], object))):
            tensor.set_data_from_numpy(value)
        self.client.async_stream_infer("letters", inputs)

    def next(self):
        answer = self.answers.get(timeout=60)
        if isinstance(answer, Exception):
            raise answer
        return answer.as_numpy("text_output")[0].decode()


def test_many_clients_at_once_over_grpc(server):
    def one_client(seed):
        with grpcclient.InferenceServerClient(server.grpc) as client:
            stream = Stream(client)
            stream.ask("the ", max_tokens=30, seed=seed)
            text = "".join(stream.next() for _ in range(30))
            client.stop_stream()
            return text

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(one_client, range(8)))
    for seed, text in enumerate(texts):
        assert text == generate(server, text_input="the ", max_tokens=30, seed=seed, exclude_input_in_output=True)["text_output"]


def test_a_client_that_goes_away_ends_its_text(server):
    with grpcclient.InferenceServerClient(server.grpc) as client:
        stream = Stream(client)
        stream.ask("the ", max_tokens=1_000_000)
        stream.next()
        client.stop_stream(cancel_requests=True)
    server.stop()  # fails if the text goes on: it would for minutes
