"""The embeddings example: the vectors are those of the network's weights, and the search finds what it should."""
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import tritonclient.http as httpclient
from scipy.special import erf
from support.clients import arrays_of, infer_at_once, inputs_of
from support.inference import statistics
from support.python_models import python_on_path
from support.server import PATIENCE, ROOT, TREE, free_port
from tokenizers import Tokenizer

EXAMPLE = ROOT / "examples" / "embeddings"
MINILM = ROOT / ".deps" / "minilm"
TEXTS = ["This is an example sentence", "", "Gr\u00fc\u00dfe aus \u5317\u4eac \U0001f600", "one",
         "a longer text, which is cut off " * 100]


class Reference:
    """The same network, in NumPy alone and one text at a time, without padding."""

    def __init__(self):
        data = (MINILM / "model.safetensors").read_bytes()
        begin = 8 + int.from_bytes(data[:8], "little")
        self.weights = {
            name: np.frombuffer(data, np.float32, np.prod(of["shape"]), begin + of["data_offsets"][0]).reshape(of["shape"])
            for name, of in json.loads(data[8:begin]).items() if of.get("dtype") == "F32"}
        self.tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(256)

    def linear(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, x, name):
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-12)
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def attention(self, x, name):
        query, key, value = (self.linear(x, f"{name}.self.{part}").reshape(-1, 12, 32).swapaxes(0, 1)
                             for part in ("query", "key", "value"))
        scores = np.exp(query @ key.swapaxes(1, 2) / np.sqrt(32))
        mixed = scores / scores.sum(axis=-1, keepdims=True) @ value
        return self.linear(mixed.swapaxes(0, 1).reshape(-1, 384), f"{name}.output.dense")

    def embed(self, text):
        ids = self.tokenizer.encode(text).ids
        tables = [self.weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")]
        x = self.norm(tables[0][ids] + tables[1][:len(ids)] + tables[2][0], "embeddings.LayerNorm")
        for layer in (f"encoder.layer.{i}" for i in range(6)):
            x = self.norm(x + self.attention(x, f"{layer}.attention"), f"{layer}.attention.output.LayerNorm")
            inner = self.linear(x, f"{layer}.intermediate.dense")
            inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
            x = self.norm(x + self.linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        mean = x.mean(axis=0)
        return mean / np.linalg.norm(mean)


@pytest.fixture(scope="module")
def expected():
    reference = Reference()
    return np.stack([reference.embed(text) for text in TEXTS])


@pytest.fixture(scope="module")
def server(tmp_path_factory, start_module_server):
    repository = tmp_path_factory.mktemp("embeddings") / "models"
    subprocess.run([sys.executable, EXAMPLE / "build.py", MINILM, repository], check=True)
    return start_module_server(repository, env=python_on_path())


def as_tensor(*texts):
    return {"text": np.array([[text.encode()] for text in texts], dtype=object)}


def test_the_vectors_are_those_of_the_weights(server, expected):
    with httpclient.InferenceServerClient(server.http) as client:
        got = arrays_of(client.infer("embeddings", inputs_of(as_tensor(*TEXTS))))["embedding"]
    assert got.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_texts_that_come_at_once_get_each_its_own_vector(server, expected):
    answers = infer_at_once(server.http, "embeddings", [as_tensor(text) for text in TEXTS * 4], threads=8)
    got = np.concatenate([answer["embedding"] for answer in answers])
    np.testing.assert_allclose(got, np.tile(expected, (4, 1)), atol=1e-4)


def test_each_step_runs_in_its_backend_and_the_client_sees_the_last_one_only(server):
    def rows():
        return {model: statistics(server, model)["inference_count"] for model in ("tokenizer", "minilm", "pooling")}

    before = rows()
    with httpclient.InferenceServerClient(server.http) as client:
        outputs = arrays_of(client.infer("embeddings", inputs_of(as_tensor(*TEXTS))))
    assert list(outputs) == ["embedding"]
    assert {model: count - before[model] for model, count in rows().items()} == dict.fromkeys(before, len(TEXTS))
    backends = {model: server.get(f"/v2/models/{model}/config").json()["backend"] for model in before}
    assert backends == {"tokenizer": "python", "minilm": "onnxruntime", "pooling": "onnxruntime"}


def test_texts_in_json(server, expected):
    text = {"name": "text", "datatype": "BYTES", "shape": [1, 1], "data": [TEXTS[0]]}
    answer = server.infer("embeddings", {"inputs": [text]})
    np.testing.assert_allclose(answer.json()["outputs"][0]["data"], expected[0], atol=1e-4)


def test_the_search_finds_the_right_pages():
    env = {**os.environ, "ONCE": "1", "PYTHON": sys.executable, "NESO_TREE": str(TREE), "MINILM": str(MINILM),
           "NESO_HTTP_PORT": str(free_port()), "NESO_METRICS_PORT": str(free_port()), "NESO_GRPC_PORT": str(free_port())}
    result = subprocess.run([EXAMPLE / "run.sh"], capture_output=True, text=True, env=env, timeout=100 * PATIENCE)
    assert result.returncode == 0, result.stdout + result.stderr
    found = dict(re.findall(r"\n(.*)\?\n  \d\.\d\d  docs/(\S+):", result.stdout))
    assert found == {"Which flags give the server a certificate and a key": "tls.md",
                     "What happens when the process of a Python model crashes": "python-models.md",
                     "Can a client pass tensors without copying them through the network": "shared-memory.md"}
