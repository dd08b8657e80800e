"""Real Triton's compiled Python backend in Neso: the C interface as a plug-in sees it that we have not built."""
import pathlib

import numpy as np
import pytest
import tritonclient.http as httpclient
from support.clients import arrays_of, infer_at_once, inputs_of
from support.server import TREE
from support.triton import needs_triton, python_backend, python_environment
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

pytestmark = needs_triton

IDENTITY = """
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def initialize(self, args):
        self.name = args["model_name"]
        pb_utils.Logger.log_info(f"{self.name} was initialized")

    def execute(self, requests):
        responses = []
        for request in requests:
            tensor = pb_utils.get_input_tensor_by_name(request, "IN")
            values = tensor.as_numpy()
            if values.dtype.kind == "f" and values.size > 0 and values.flat[0] < 0:
                error = pb_utils.TritonError("negative on purpose")
                responses.append(pb_utils.InferenceResponse(error=error))
            else:
                responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("OUT", values)]))
        return responses

    def finalize(self):
        pb_utils.Logger.log_info(f"{self.name} was finalized")
"""

CONFIG = """
    backend: "python"
    max_batch_size: 8
    input {{ name: "IN" data_type: {datatype} dims: [-1] }}
    output {{ name: "OUT" data_type: {datatype} dims: [-1] }}
    dynamic_batching {{ }}
    instance_group {{ kind: KIND_CPU count: {count} }}
    """

COMPLETED = IDENTITY.replace("    def initialize", """
    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "IN", "data_type": "TYPE_FP32", "dims": [-1]})
        config.add_output({"name": "OUT", "data_type": "TYPE_FP32", "dims": [-1]})
        config.set_max_batch_size(4)
        config.set_dynamic_batching()
        return config

    def initialize""", 1)


# Asks another model, keeps a metric, and reads what the request says of itself.
CALLER = """
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def initialize(self, args):
        family = pb_utils.MetricFamily(name="calls_of_python", description="calls", kind=pb_utils.MetricFamily.COUNTER)
        self.calls = family.Metric(labels={"model": args["model_name"]})
        self.family = family

    def execute(self, requests):
        responses = []
        for request in requests:
            values = pb_utils.get_input_tensor_by_name(request, "IN").as_numpy()
            first = values.flat[0]
            model = "plain" if first >= 0 else "no_such_model" if first == -1 else "failing"
            call = pb_utils.InferenceRequest(model_name=model,
                                             requested_output_names=["OUTPUT0"], inputs=[pb_utils.Tensor("INPUT0", values)])
            answer = call.exec()
            self.calls.increment(1)
            if answer.has_error():
                responses.append(pb_utils.InferenceResponse(error=answer.error()))
            else:
                got = pb_utils.get_output_tensor_by_name(answer, "OUTPUT0").as_numpy()
                responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("OUT", got * 2)]))
        return responses
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory, module_repository, start_module_server):
    backends = python_backend(tmp_path_factory.mktemp("backends"))
    for name, datatype, count in [("numbers", "TYPE_FP32", 2), ("strings", "TYPE_STRING", 1)]:
        module_repository.add(name, CONFIG.format(datatype=datatype, count=count), files={"model.py": IDENTITY})
    module_repository.add("caller", CONFIG.format(datatype="TYPE_FP32", count=1), files={"model.py": CALLER})
    module_repository.add_identity("plain")
    (backends / "identity").symlink_to(TREE / "backends" / "identity")
    module_repository.add_identity("failing", parameters={"execute_error": "failing on purpose"})
    module_repository.add("completed", None, files={"model.py": COMPLETED})
    module_repository.add("broken", CONFIG.format(datatype="TYPE_FP32", count=1),
                          files={"model.py": "raise ValueError('broken on purpose')"})
    return start_module_server(module_repository.path, f"--backend-directory={backends}", "--model-control-mode=explicit",
                               "--load-model=numbers", env=python_environment())


@pytest.fixture(scope="module")
def client(server):
    with httpclient.InferenceServerClient(server.http) as client:
        yield client


def ask(client, model, values):
    return arrays_of(client.infer(model, inputs_of({"IN": values})))["OUT"]


def test_a_thousand_requests_get_the_right_answers(client, server):
    assert server.get("/v2/models/numbers/config").json()["backend"] == "python"
    maps = pathlib.Path(f"/proc/{server.pid}/maps").read_text()
    assert "libtriton_python.so" in maps
    assert "libtritonserver-" not in maps, "the plug-in must not have brought Triton's own server library"
    random = np.random.default_rng(1)
    rows = [random.random((1 + i % 3, 1 + i % 50), dtype=np.float32) for i in range(1000)]
    answers = infer_at_once(server.http, "numbers", [{"IN": values} for values in rows], threads=8)
    for values, answer in zip(rows, answers, strict=True):
        np.testing.assert_array_equal(answer["OUT"], values)
    stats = server.get("/v2/models/numbers/stats").json()["model_stats"][0]
    assert stats["inference_stats"]["success"]["count"] == 1000
    assert stats["inference_count"] == sum(len(values) for values in rows)


def test_an_error_of_the_model_reaches_its_request_only(client):
    with pytest.raises(InferenceServerException, match="negative on purpose"):
        ask(client, "numbers", np.array([[-1]], dtype=np.float32))
    assert ask(client, "numbers", np.array([[1]], dtype=np.float32)) == [[1]]


def test_models_load_serve_and_unload(client, server):
    client.load_model("strings")
    text = np.array([[b"", b"text", "\u00fc".encode()]], dtype=np.object_)
    np.testing.assert_array_equal(ask(client, "strings", text), text)
    client.unload_model("strings")
    assert not client.is_model_ready("strings")
    assert "strings was initialized" in server.log
    wait_until(lambda: "strings was finalized" in server.log)


def test_the_model_completes_its_configuration(client, server):
    client.load_model("completed")
    config = server.get("/v2/models/completed/config").json()
    assert config["max_batch_size"] == 4
    assert [(tensor["name"], tensor["data_type"]) for tensor in config["input"]] == [("IN", "TYPE_FP32")]
    assert "dynamic_batching" in config
    assert ask(client, "completed", np.array([[1, 2]], dtype=np.float32)).tolist() == [[1, 2]]
    client.unload_model("completed")


def test_a_model_that_cannot_start_says_why(client):
    with pytest.raises(InferenceServerException, match="broken on purpose"):
        client.load_model("broken")


def test_a_python_model_calls_a_model_of_ours(client, server):
    client.load_model("plain")
    client.load_model("caller")
    rows = [{"IN": np.full((1, 3), i, dtype=np.float32)} for i in range(200)]
    for row, answer in zip(rows, infer_at_once(server.http, "caller", rows, threads=4), strict=True):
        np.testing.assert_array_equal(answer["OUT"], 2 * row["IN"])
    assert server.get("/v2/models/plain/stats").json()["model_stats"][0]["inference_stats"]["success"]["count"] == 200
    assert server.metric("calls_of_python", model="caller") == 200
    with pytest.raises(InferenceServerException, match="no_such_model"):
        ask(client, "caller", np.array([[-1]], dtype=np.float32))
    client.unload_model("caller")
    client.unload_model("plain")
    wait_until(lambda: "successfully unloaded 'caller'" in server.log)


def test_a_python_model_calls_a_model_that_answers_with_an_error(client):
    client.load_model("failing")
    client.load_model("caller")
    for _ in range(3):
        with pytest.raises(InferenceServerException, match="failing on purpose"):
            ask(client, "caller", np.array([[-2]], dtype=np.float32))
    client.unload_model("caller")
    client.unload_model("failing")
