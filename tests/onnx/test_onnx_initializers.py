"""Weights that are graph inputs, too, may be listed as optional inputs: a request that has one replaces the weight."""
import numpy as np
import pytest
from support.onnx_models import model, node
from tritonclient.utils import InferenceServerException

STORED = np.arange(4, dtype=np.float32)
X = np.ones(4, dtype=np.float32)
OTHER = np.full(4, 10, dtype=np.float32)


def add():
    tensor = ("FLOAT", [4])
    return model([node("Add", "x w", "y")], {"x": tensor, "w": tensor}, {"y": tensor}, {"w": STORED})


def config(weight='{ name: "w" data_type: TYPE_FP32 dims: [4] optional: true }'):
    return f"""
        backend: "onnxruntime"
        input [ {{ name: "x" data_type: TYPE_FP32 dims: [4] }}, {weight} ]
        output {{ name: "y" data_type: TYPE_FP32 dims: [4] }}
        """


def test_left_out_the_stored_value_serves_and_given_it_is_replaced(onnx):
    onnx.load("override", add(), config())
    np.testing.assert_array_equal(onnx.infer("override", x=X)["y"], X + STORED)
    np.testing.assert_array_equal(onnx.infer("override", x=X, w=OTHER)["y"], X + OTHER)
    np.testing.assert_array_equal(onnx.infer("override", x=X)["y"], X + STORED)
    with pytest.raises(InferenceServerException, match="unknown request input name x"):
        onnx.infer("override", w=OTHER)


def test_not_listed_it_is_no_input(onnx):
    listed = onnx.load("unlisted", add())["input"]
    assert [tensor["name"] for tensor in listed] == ["x"]
    np.testing.assert_array_equal(onnx.infer("unlisted", x=X)["y"], X + STORED)
    with pytest.raises(InferenceServerException, match="expected 1 inputs but got 2 inputs for model 'unlisted'"):
        onnx.infer("unlisted", x=X, w=OTHER)


@pytest.mark.parametrize("name, weight, text", [
    ("type", '{ name: "w" data_type: TYPE_INT32 dims: [4] optional: true }',
     "configuration expects datatype TYPE_INT32 for input 'w', model provides TYPE_FP32"),
    ("shape", '{ name: "w" data_type: TYPE_FP32 dims: [5] optional: true }',
     "model 'initializer_shape', tensor 'w': the model expects 1 dimensions (shape [4]) but the model configuration specifies "
     "1 dimensions (shape [5])"),
    ("name", '{ name: "v" data_type: TYPE_FP32 dims: [4] optional: true }',
     "configuration expects 2 inputs, model provides 1"),
])
def test_it_is_checked_as_every_input(onnx, name, weight, text):
    assert text in onnx.load_error(f"initializer_{name}", add(), config(weight))
