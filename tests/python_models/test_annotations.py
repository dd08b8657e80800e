"""A model.py alone in its folder, whose class names its inputs and outputs."""
import re

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.clients import arrays_of, infer_at_once, inputs_of
from support.control import load
from support.python_models import IDENTITY, python_on_path
from support.server import run_neso
from tritonclient.utils import InferenceServerException

SCALED = """
inputs = {"IN": (np.float32, [-1, 4]), "TEXT": (str, (1,))}
outputs = {"OUT": (np.float32, [-1, 4]), "TEXT": (bytes, [1])}
{extra}
def execute(self, requests):
    self.most = max(len(requests), getattr(self, "most", 0))
    return [answer(OUT=2 * values(request), TEXT=values(request, "TEXT")) for request in requests]
"""

WRONG = {
    "nothing": ("", r"model configuration is not provided for model 'nothing': expected class attributes of "
                    r"TritonPythonModel that name its tensors, like inputs = \{.*\} and outputs = \{.*\}, or its method "
                    r"auto_complete_config, or a file config.pbtxt"),
    "no_outputs": ('inputs = {"IN": (np.float32, [-1])}', "model configuration is not provided for model 'no_outputs'"),
    "list": ('inputs = ["IN"]\noutputs = ["OUT"]', "model configuration is not provided for model 'list'"),
    "no_shape": ('inputs = {"IN": np.float32}\noutputs = {}',
                 r"TritonPythonModel.inputs\['IN'\]: expected a datatype and a shape, like \(np.float32, \[-1\]\), got "
                 "<class 'numpy.float32'>"),
    "datatype": ('inputs = {}\noutputs = {"OUT": ("float33", [1])}',
                 r"TritonPythonModel.outputs\['OUT'\]: expected a NumPy type, str for texts, or 'TYPE_BF16' as datatype, "
                 "got 'float33'"),
    "none": ('inputs = {}\noutputs = {"OUT": (None, [1])}', "expected a NumPy type, .* got None"),
    "complex": ('inputs = {}\noutputs = {"OUT": (complex, [1])}', "expected a NumPy type, .* got <class 'complex'>"),
    "shape": ('inputs = {"IN": (int, [])}\noutputs = {}', r"expected a shape of one or more sizes, -1 .*, got \[\]"),
    "size": ('inputs = {"IN": (int, [-2])}\noutputs = {}', r"expected a shape of one or more sizes, -1 .*, got \[-2\]"),
    "number": ('inputs = {"IN": (int, 4)}\noutputs = {}', "expected a shape of one or more sizes, -1 .*, got 4"),
    "name": ('inputs = {3: (int, [4])}\noutputs = {}', r"TritonPythonModel.inputs\[3\]: expected a name that is a str"),
    "batch": ('inputs = {}\noutputs = {}\nmax_batch_size = "8"',
              "TritonPythonModel.max_batch_size: expected a number of rows, 0 for no batches, got '8'"),
    "policy": ('inputs = {}\noutputs = {}\ndecoupled = 1', "TritonPythonModel.decoupled: expected True or False, got 1"),
}


@pytest.fixture(scope="module")
def server(models, module_repository, serve):
    models.add_completed("lone", SCALED.replace("{extra}", ""))
    models.add_completed("batched", SCALED.replace("{extra}", "max_batch_size = 8"))
    models.add_completed("stream", """
        inputs = {"COUNT": (np.int32, [1])}
        outputs = {"OUT": ("TYPE_BF16", [1])}
        decoupled = True
        def execute(self, requests):
            for request in requests:
                sender = request.get_response_sender()
                for i in range(int(values(request, "COUNT")[0])):
                    sender.send(pb_utils.InferenceResponse([]))
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        """)
    models.add_completed("types", f"""
        inputs = {{"IN": (np.float32, [-1]), **{{kind.__name__ + "_": (kind, [1]) for kind in (bool, int, float, object)}}}}
        outputs = {{name: (name, [1]) for name in ("uint8", "float16", "<i4")}}
        {IDENTITY.replace(chr(10), chr(10) + " " * 8)}
        """)
    # What the file says counts; the rest of it is the model's own business.
    models.add_completed("instances", SCALED.replace("{extra}", "max_batch_size = 4"),
                         'backend: "python" instance_group { count: 2 kind: KIND_CPU }')
    models.add("configured", 'inputs = ["a"]\noutputs = 3\nmax_batch_size = "many"' + IDENTITY)
    models.add("configured_too", 'inputs = {"OTHER": 3}\noutputs = {}\nmax_batch_size = 3' + IDENTITY, max_batch_size=8)
    models.add_completed("both", 'inputs = {"OTHER": 3}\noutputs = {}' + """
        @staticmethod
        def auto_complete_config(config):
            config.add_input({"name": "IN", "data_type": "TYPE_FP32", "dims": [-1]})
            config.add_output({"name": "OUT", "data_type": "TYPE_FP32", "dims": [-1]})
            return config
        """.replace("\n        ", "\n") + IDENTITY)
    for name, (body, _) in WRONG.items():
        models.add_completed(name, body + IDENTITY)
    good = ("lone", "batched", "stream", "types", "instances", "configured", "configured_too", "both")
    return serve("--model-control-mode=explicit", *(f"--load-model={name}" for name in good))


def tensors(rows=None):
    made = {"IN": np.arange(8, dtype=np.float32).reshape(2, 4), "TEXT": np.array([b"text"], dtype=object)}
    return made if rows is None else {name: np.stack([array] * rows) for name, array in made.items()}


def test_over_http(client, server):
    metadata = client.get_model_metadata("lone")
    assert metadata["inputs"] == [{"name": "IN", "datatype": "FP32", "shape": [-1, 4]},
                                  {"name": "TEXT", "datatype": "BYTES", "shape": [1]}]
    assert metadata["outputs"] == [{"name": "OUT", "datatype": "FP32", "shape": [-1, 4]},
                                   {"name": "TEXT", "datatype": "BYTES", "shape": [1]}]
    got = arrays_of(client.infer("lone", inputs_of(tensors())))
    np.testing.assert_array_equal(got["OUT"], 2 * tensors()["IN"])
    assert got["TEXT"].tolist() == [b"text"]
    assert server.get("/v2/models/lone/config").json()["max_batch_size"] == 0


def test_over_grpc(server):
    with grpcclient.InferenceServerClient(server.grpc) as client:
        config = client.get_model_config("lone", as_json=True)["config"]
        assert (config["backend"], config["input"][0]["data_type"]) == ("python", "TYPE_FP32")
        inputs = [grpcclient.InferInput("IN", [2, 4], "FP32"), grpcclient.InferInput("TEXT", [1], "BYTES")]
        for tensor, array in zip(inputs, tensors().values(), strict=True):
            tensor.set_data_from_numpy(array)
        np.testing.assert_array_equal(client.infer("lone", inputs).as_numpy("OUT"), 2 * tensors()["IN"])


def test_without_a_server(server, module_repository):
    result = run_neso("check", str(module_repository.path / "lone"), env=python_on_path())
    assert result.returncode == 0, result.stderr
    assert re.search(r"^  inputs +IN FP32 \[-1,4\]\n +TEXT BYTES \[1\]$", result.stdout, re.M), result.stdout
    result = run_neso("check", str(module_repository.path / "nothing"), env=python_on_path())
    assert result.returncode == 1
    assert re.search(WRONG["nothing"][1], result.stderr.splitlines()[-1])


@pytest.mark.parametrize("model, size", [("batched", 8), ("instances", 4)])
def test_batches(server, model, size):
    config = server.get(f"/v2/models/{model}/config").json()
    assert config["max_batch_size"] == size and "dynamic_batching" in config and config["input"][0]["dims"] == [-1, 4]
    for got in infer_at_once(server.http, model, [tensors(rows=2)] * 8, threads=4):
        np.testing.assert_array_equal(got["OUT"], 2 * tensors(rows=2)["IN"])
    assert config["instance_group"][0]["count"] == (2 if model == "instances" else 1)


def test_many_answers(server):
    config = server.get("/v2/models/stream/config").json()
    assert config["model_transaction_policy"]["decoupled"] and config["output"][0]["data_type"] == "TYPE_BF16"


def test_datatypes(client):
    metadata = client.get_model_metadata("types")
    assert [tensor["datatype"] for tensor in metadata["inputs"]] == ["FP32", "BOOL", "INT64", "FP64", "BYTES"]
    assert [tensor["datatype"] for tensor in metadata["outputs"]] == ["UINT8", "FP16", "INT32"]


@pytest.mark.parametrize("model", ["configured", "configured_too", "both"])
def test_a_configuration_says_more_than_the_class(client, model):
    assert [tensor["name"] for tensor in client.get_model_metadata(model)["inputs"]] == ["IN"]
    array = np.float32([[1, 2]]) if model == "configured_too" else np.float32([1, 2])
    np.testing.assert_array_equal(arrays_of(client.infer(model, inputs_of({"IN": array})))["OUT"], array)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(client, name):
    with pytest.raises(InferenceServerException) as caught:
        client.load_model(name)
    assert re.search(WRONG[name][1], caught.value.message())
    assert "At:" not in caught.value.message()


def test_a_load_request_brings_the_configuration(server, models):
    file = models.add_completed("overridden", IDENTITY) / "1" / "model.py"
    # A base might name tensors, so the class is asked even when the request names them.
    file.write_text(file.read_text().replace("class TritonPythonModel:", "class Base: pass\nclass TritonPythonModel(Base):"))
    refused = load(server, "overridden")
    assert "model configuration is not provided for model 'overridden'" in refused.json()["error"]
    one = [{"name": name, "data_type": "TYPE_FP32", "dims": [-1]} for name in ("IN", "OUT")]
    accepted = load(server, "overridden", {"backend": "python", "input": one[:1], "output": one[1:]})
    assert accepted.status_code == 200, accepted.text
    answer = server.infer("overridden", {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [2], "data": [1, 2]}]})
    assert answer.json()["outputs"][0]["data"] == [1, 2]
