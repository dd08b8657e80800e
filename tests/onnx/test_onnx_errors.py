"""Models and configurations that do not fit are refused at load with a text that says what was expected; bad requests too."""
import os

import numpy as np
import pytest
from support.onnx_models import double, identity, model, node
from tritonclient.utils import InferenceServerException

TWO = model([node("Add", "a b", "sum"), node("Sub", "a b", "difference")],
            {"a": ("FLOAT", [None, 3]), "b": ("FLOAT", [None, 3])},
            {"sum": ("FLOAT", [None, 3]), "difference": ("FLOAT", [None, 3])})


def config(inputs="x", outputs="y", dims="3", datatype="TYPE_FP32", max_batch_size=4):
    one = "{{ name: \"{}\" data_type: {} dims: [{}] }}".format
    return f"""
        backend: "onnxruntime"
        max_batch_size: {max_batch_size}
        input [ {", ".join(one(name, datatype, dims) for name in inputs.split())} ]
        output [ {", ".join(one(name, datatype, dims) for name in outputs.split())} ]
        """


@pytest.mark.parametrize("name, made, configured, text", [
    ("input_name", double(), config(inputs="z"), "unexpected inference input 'z', allowed inputs are: x"),
    ("input_name_of_two", TWO, config(inputs="a z", outputs="sum"), "unexpected inference input 'z', allowed inputs are: a, b"),
    ("output_name", double(), config(outputs="z"), "unexpected inference output 'z', allowed outputs are: y"),
    ("too_few", TWO, config(inputs="a", outputs="sum"),
     "unable to load model 'too_few', configuration expects 1 inputs, model provides 2"),
    ("too_many", double(), config(inputs="x z"),
     "unable to load model 'too_many', configuration expects 2 inputs, model provides 1"),
    ("type", double(), config(datatype="TYPE_INT32"),
     "unable to load model 'type', configuration expects datatype TYPE_INT32 for input 'x', model provides TYPE_FP32"),
    ("rank", double(), config(dims="3, 1"),
     "model 'rank', tensor 'x': the model expects 2 dimensions (shape [-1,3]) but the model configuration specifies 3 "
     "dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making "
     "complete shape [-1,3,1])"),
    ("size", double(), config(dims="4"), "making complete shape [-1,4])"),
    ("open_for_fixed", double(), config(dims="-1"), "making complete shape [-1,-1])"),
    ("unbatched", double([2, 3]), config(dims="3, 2", max_batch_size=0),
     "model 'unbatched', tensor 'x': the model expects 2 dimensions (shape [2,3]) but the model configuration specifies 2 "
     "dimensions (shape [3,2])"),
    ("no_batch", double([2, 3]), config(dims="3"),
     "model 'no_batch', tensor 'x': for the model to support batching the shape should have at least 1 dimension and the "
     "first dimension must be -1; but shape expected by the model is [2,3]"),
], ids=lambda value: value if isinstance(value, str) and value.isidentifier() else "")
def test_configuration_that_does_not_fit_the_model(onnx, name, made, configured, text):
    error = onnx.load_error(name, made, configured)
    assert error.startswith(f"load failed for model '{name}': version 1 is at UNAVAILABLE state: Invalid argument: ")
    assert text in error


@pytest.mark.parametrize("name, parameter, value, text", [
    ("mode_2", "execution_mode", "2", "Expected values for  execution_mode are 0 or 1 but got 2 ."),
    ("mode_text", "execution_mode", "fast", "execution_mode"),
    ("threads_text", "intra_op_thread_count", "many", "intra_op_thread_count"),
    ("threads_negative", "intra_op_thread_count", "-3", "expected 0 or more"),
    ("threads_many", "intra_op_thread_count", "20000", "expected 0 or more, at most 1024, got 20000 and 0"),
    ("threads_overflow", "inter_op_thread_count", "4294967297", "at most 1024, got 0 and 4294967297"),
    ("arena_text", "enable_mem_arena", "maybe", "enable_mem_arena"),
])
def test_parameters_that_cannot_be(onnx, name, parameter, value, text):
    error = onnx.load_error(name, double(),
                            f'parameters {{ key: "{parameter}" value: {{ string_value: "{value}" }} }}')
    assert text in error


def accelerator(name, kind="cpu", extra=""):
    return f'optimization {{ execution_accelerators {{ {kind}_execution_accelerator: [ {{ name: "{name}" {extra} }} ] }} }}'


def test_accelerators_that_the_library_lacks(onnx):
    error = onnx.load_error("openvino", double(), accelerator("openvino"))
    assert ("execution accelerator 'openvino' needs OpenVINOExecutionProvider, which this ONNX Runtime library does not have; "
            "it has: ") in error
    assert "CPUExecutionProvider" in error


def test_accelerators_nobody_knows(onnx):
    assert "unknown Execution Accelerator 'abacus' is requested" in onnx.load_error("abacus", double(),
                                                                                     accelerator("abacus"))


def test_accelerators_of_graphics_processors_do_not_matter_to_instances_without_one(onnx):
    onnx.load("no_gpu", double(), accelerator("tensorrt", "gpu") + " instance_group { kind: KIND_CPU }")


def test_instances_on_graphics_processors_that_are_not_there(onnx):
    error = onnx.load_error("gpu", double(), "instance_group { kind: KIND_GPU gpus: [97] }")
    assert "gpu" in error.lower()


@pytest.mark.parametrize("content, text", [
    (b"", "onnx runtime error"),
    (b"this is no model", "onnx runtime error"),
    (double()[:-20], "onnx runtime error"),
    (os.urandom(4096), "onnx runtime error"),
])
def test_corrupt_files(onnx, content, text):
    name = f"corrupt_{len(content)}"
    assert text in onnx.load_error(name, content)


def test_a_model_whose_operators_are_unknown(onnx):
    made = model([node("NoSuchOperator", "x", "y")], {"x": ("FLOAT", [1])}, {"y": ("FLOAT", [1])})
    assert "NoSuchOperator" in onnx.load_error("unknown_operator", made)


def test_a_missing_file_is_named(onnx):
    onnx.repository.add("missing", config(), versions=(1,))
    error = onnx.load_error("missing")
    path = onnx.repository.path / "missing" / "1" / "model.onnx"
    assert f"Unavailable: unable to find '{path}' for model instance 'missing_0'" in error
    onnx.repository.add("missing_bare", 'backend: "onnxruntime"', versions=(1,))
    assert "unable to find '" in onnx.load_error("missing_bare")


def test_a_failed_model_serves_once_it_is_mended(onnx):
    onnx.load_error("mended", b"no model")
    onnx.load("mended", double())
    assert onnx.infer("mended", x=np.ones((1, 3), dtype=np.float32))["y"].tolist() == [[2, 2, 2]]


def test_a_failed_reload_leaves_the_old_model_serving(onnx):
    onnx.load("reloaded", double())
    (onnx.repository.path / "reloaded" / "1" / "model.onnx").write_bytes(b"no model")
    os.utime(onnx.repository.path / "reloaded" / "1" / "model.onnx")
    assert onnx.server.post("/v2/repository/models/reloaded/load", {}).status_code == 400
    assert onnx.infer("reloaded", x=np.ones((1, 3), dtype=np.float32))["y"].tolist() == [[2, 2, 2]]


def test_requests_the_model_cannot_run(onnx):
    onnx.load("requests", double())
    with pytest.raises(InferenceServerException, match=r"unexpected shape for input 'x' for model 'requests'"):
        onnx.infer("requests", x=np.ones((1, 4), dtype=np.float32))
    with pytest.raises(InferenceServerException, match="inference request batch-size must be <= 4 for 'requests'"):
        onnx.infer("requests", x=np.ones((5, 3), dtype=np.float32))
    with pytest.raises(InferenceServerException, match="unexpected inference input 'z' for model 'requests'"):
        onnx.infer("requests", z=np.ones((1, 3), dtype=np.float32))
    with pytest.raises(InferenceServerException, match="unexpected inference output 'z' for model 'requests'"):
        onnx.infer("requests", outputs=["z"], x=np.ones((1, 3), dtype=np.float32))


def test_what_the_runtime_cannot_compute_is_the_request_s_error(onnx):
    made = model([node("Reshape", "x shape", "y")], {"x": ("FLOAT", [None]), "shape": ("INT64", [None])},
                 {"y": ("FLOAT", [None, None])})
    onnx.load("reshape", made, """
        input [ { name: "x" data_type: TYPE_FP32 dims: [-1] }, { name: "shape" data_type: TYPE_INT64 dims: [-1] } ]
        output { name: "y" data_type: TYPE_FP32 dims: [-1, -1] }
        """)
    data = np.arange(6, dtype=np.float32)
    with pytest.raises(InferenceServerException, match="onnx runtime error"):
        onnx.infer("reshape", x=data, shape=np.array([4, 4], dtype=np.int64))
    got = onnx.infer("reshape", x=data, shape=np.array([2, 3], dtype=np.int64))["y"]
    np.testing.assert_array_equal(got, data.reshape(2, 3))
    assert onnx.stats("reshape")["inference_stats"]["fail"]["count"] == 1


def test_one_failing_model_does_not_stop_the_others(repository, start_server):
    repository.add("bad", None, files={"model.onnx": b"no model"})
    repository.add("good", None, files={"model.onnx": identity()})
    server = start_server(repository.path, "--exit-on-error=false", "--strict-readiness=false")
    assert server.get("/v2/models/good/ready").status_code == 200
    assert server.get("/v2/models/bad/ready").status_code == 404
    index = {model["name"]: model for model in server.post("/v2/repository/index").json()}
    assert index["bad"]["state"] == "UNAVAILABLE"
    assert "onnx runtime error" in index["bad"]["reason"]
