"""What a configuration leaves out comes from the ONNX model; switches that forbid it."""
import base64
import json
import zlib

import numpy as np
import onnx as onnx_package
import pytest
from support.onnx_models import double, identity, model, node


def tensors(config, kind):
    return [(tensor["name"], tensor["data_type"], tensor["dims"]) for tensor in config[kind]]


def test_everything_is_completed_where_there_is_no_configuration(onnx):
    config = onnx.load("bare", double())
    assert (config["name"], config["platform"], config["backend"]) == ("bare", "onnxruntime_onnx", "onnxruntime")
    assert config["default_model_filename"] == "model.onnx"
    assert config["max_batch_size"] == 4
    assert tensors(config, "input") == [("x", "TYPE_FP32", [3])]
    assert tensors(config, "output") == [("y", "TYPE_FP32", [3])]
    assert config["dynamic_batching"]["preferred_batch_size"] == [4]
    assert [(group["kind"], group["count"]) for group in config["instance_group"]] == [("KIND_CPU", 2)]
    metadata = onnx.server.get("/v2/models/bare").json()
    assert metadata["platform"] == "onnxruntime_onnx"
    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]


def test_a_model_that_cannot_batch_is_completed_without_batching(onnx):
    config = onnx.load("fixed", double([2, 3]))
    assert config["max_batch_size"] == 0
    assert tensors(config, "input") == [("x", "TYPE_FP32", [2, 3])]
    assert "dynamic_batching" not in config


@pytest.mark.parametrize("given, max_batch_size, batches", [
    ('max_batch_size: 16', 16, True),
    ('max_batch_size: 16 input { name: "x" data_type: TYPE_FP32 dims: [3] }', 16, True),
    ('backend: "onnxruntime"', 4, True),
    ('platform: "onnxruntime_onnx"', 4, True),
    ('max_batch_size: 1', 1, False),
    ('max_batch_size: 8 dynamic_batching { preferred_batch_size: [2] }', 8, True),
    ('input { name: "x" data_type: TYPE_FP32 dims: [3] }', 4, True),
    ('output { name: "y" data_type: TYPE_FP32 dims: [3] }', 4, True),
    ('instance_group { count: 1 kind: KIND_CPU }', 4, True),
])
def test_what_is_given_stays(onnx, given, max_batch_size, batches):
    name = f"partial_{zlib.crc32(given.encode())}"
    config = onnx.load(name, double(), given)
    assert config["max_batch_size"] == max_batch_size
    assert ("dynamic_batching" in config) == batches
    assert tensors(config, "input") == [("x", "TYPE_FP32", [3])]
    assert tensors(config, "output") == [("y", "TYPE_FP32", [3])]
    if "preferred" in given:
        assert config["dynamic_batching"]["preferred_batch_size"] == [2]
    if "count: 1" in given:
        assert config["instance_group"][0]["count"] == 1


def test_a_complete_configuration_is_left_alone(onnx):
    config = onnx.load("complete", double(), """
        input { name: "x" data_type: TYPE_FP32 dims: [-1, 3] }
        output { name: "y" data_type: TYPE_FP32 dims: [-1, 3] }
        """)
    assert config["max_batch_size"] == 0
    assert "dynamic_batching" not in config


def test_batching_asked_of_a_model_that_cannot_is_refused(onnx):
    error = onnx.load_error("cannot_batch", double([2, 3]), "max_batch_size: 8")
    assert ("autofill failed for model 'cannot_batch': model does not support batching while non-zero max_batch_size is "
            "specified") in error


@pytest.mark.parametrize("flags, max_batch_size, batches", [
    (["--backend-config=onnxruntime,default-max-batch-size=32"], 32, True),
    (["--backend-config=default-max-batch-size=16"], 16, True),
    (["--backend-config=default-max-batch-size=16", "--backend-config=onnxruntime,default-max-batch-size=2"], 2, True),
    (["--backend-config=onnxruntime,default-max-batch-size=1"], 1, False),
    (["--backend-config=onnxruntime,default-max-batch-size=0"], 0, False),
])
def test_the_command_line_sets_the_completed_batch_size(start_onnx, flags, max_batch_size, batches):
    onnx = start_onnx(*flags)
    config = onnx.load("bare", double())
    assert config["max_batch_size"] == max_batch_size
    assert ("dynamic_batching" in config) == batches
    assert config["input"][0]["dims"] == ([3] if max_batch_size else [-1, 3])


@pytest.mark.parametrize("flag", ["--disable-auto-complete-config", "--strict-model-config=true"])
def test_without_completion_a_configuration_is_needed(start_onnx, flag):
    onnx = start_onnx(flag)
    onnx.add("bare", double())
    response = onnx.server.post("/v2/repository/models/bare/load", {})
    assert response.status_code == 500
    assert response.json()["error"] == "failed to load 'bare', failed to poll from model repository"
    assert onnx.server.get("/v2/models/bare/ready").status_code == 404
    error = onnx.load_error("partial", double(), 'backend: "onnxruntime"')
    assert "configuration expects 0 inputs, model provides 1" in error
    complete = """
        backend: "onnxruntime"
        max_batch_size: 4
        input { name: "x" data_type: TYPE_FP32 dims: [3] }
        output { name: "y" data_type: TYPE_FP32 dims: [3] }
        """
    assert "dynamic_batching" not in onnx.load("complete", double(), complete)


def test_the_model_may_be_a_folder(onnx):
    config = onnx.load("folder", double(), file="model.onnx/model.onnx")
    assert config["backend"] == "onnxruntime"
    assert onnx.server.get("/v2/models/folder/ready").status_code == 200


def test_another_file_name(onnx):
    config = onnx.load("other_file", double(), 'backend: "onnxruntime" default_model_filename: "net.onnx"', file="net.onnx")
    assert config["default_model_filename"] == "net.onnx"
    assert config["max_batch_size"] == 4


def test_weights_in_a_file_of_their_own(onnx, tmp_path):
    made = onnx_package.load_from_string(model(
        [node("Add", "x w", "y")], {"x": ("FLOAT", [None, 1000])}, {"y": ("FLOAT", [None, 1000])},
        {"w": np.arange(1000, dtype=np.float32)}))
    onnx_package.save(made, tmp_path / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    folder = onnx.add("external", (tmp_path / "model.onnx").read_bytes())
    (folder / "1" / "weights.bin").write_bytes((tmp_path / "weights.bin").read_bytes())
    onnx.load("external")
    got = onnx.infer("external", x=np.ones((1, 1000), dtype=np.float32))["y"]
    np.testing.assert_array_equal(got[0], 1 + np.arange(1000, dtype=np.float32))


def test_a_model_that_comes_with_the_request(onnx):
    config = {"name": "sent", "backend": "onnxruntime"}
    response = onnx.server.post("/v2/repository/models/sent/load", {"parameters": {
        "config": json.dumps(config), "file:1/model.onnx": base64.b64encode(identity()).decode()}})
    assert response.status_code == 200, response.text
    assert onnx.config("sent")["max_batch_size"] == 4


def test_names_with_any_text(onnx):
    name = 'in"put"/\u00fc:0'
    onnx.load("odd_names", identity(input_name=name, output_name="out\\put"))
    assert onnx.server.get("/v2/models/odd_names").json()["inputs"][0]["name"] == name
    data = np.ones((1, 2), dtype=np.float32)
    np.testing.assert_array_equal(onnx.infer("odd_names", **{name: data})["out\\put"], data)
