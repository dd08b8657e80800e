"""Tensors of ONNX models: every datatype, scalars, open and empty dimensions."""
import ml_dtypes
import numpy as np
import pytest
from support.onnx_models import ELEMENT_TYPES, identity, model, node, sequence_output

INTEGERS = ["UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64"]


def sample(datatype, shape):
    random = np.random.default_rng(3)
    if datatype == "BYTES":
        texts = [b"", b"text", "\u00fcnic\u00f6de".encode(), b"x" * 3000, b"\xff\xfe"]
        return np.resize(np.array(texts, dtype=np.object_), shape)
    if datatype == "BOOL":
        return random.integers(0, 2, shape).astype(np.bool_)
    if datatype in INTEGERS:
        dtype = np.dtype(datatype.lower())
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
    dtype = {"FP16": np.float16, "BF16": ml_dtypes.bfloat16, "FP32": np.float32, "FP64": np.float64}[datatype]
    return random.standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("datatype", ELEMENT_TYPES)
def test_every_datatype_goes_in_and_comes_out(onnx, datatype):
    name = f"identity_{datatype.lower()}"
    config = onnx.load(name, identity(datatype))
    expected = "TYPE_STRING" if datatype == "BYTES" else f"TYPE_{datatype}"
    assert config["input"][0]["data_type"] == config["output"][0]["data_type"] == expected
    for shape in [(1, 1), (3, 5), (2, 0)]:
        data = sample(datatype, shape)
        got = onnx.infer(name, x=data)["y"]
        assert got.shape == shape
        if datatype == "BF16":
            data, got = data.astype(np.float32), got.astype(np.float32)
        np.testing.assert_array_equal(got, data)
    assert onnx.server.get(f"/v2/models/{name}").json()["outputs"][0]["datatype"] == datatype


def test_strings_of_json_requests(onnx):
    onnx.load("texts", identity("BYTES"))
    response = onnx.server.infer("texts", {
        "inputs": [{"name": "x", "datatype": "BYTES", "shape": [1, 3], "data": ["", "a\"b", "\u00fc"]}]})
    assert response.json()["outputs"][0]["data"] == ["", "a\"b", "\u00fc"]


def test_a_string_tensor_that_lies_about_its_lengths_is_refused(onnx):
    onnx.load("texts", identity("BYTES"))
    head = b'{"inputs":[{"name":"x","datatype":"BYTES","shape":[1,1],"parameters":{"binary_data_size":6}}]}'
    for lie in (b"\x09\0\0\0ab", b"\x01\0\0\0ab", b"\xff\xff\xff\xffab"):
        response = onnx.server.infer("texts", head + lie, headers={"Inference-Header-Content-Length": str(len(head))})
        assert response.status_code == 400, response.text
    assert onnx.infer("texts", x=sample("BYTES", (1, 2)))["y"].shape == (1, 2)


def test_scalars_are_tensors_of_one_element(onnx):
    config = onnx.load("scalar", model([node("Add", "x x", "y")], {"x": ("FLOAT", [])}, {"y": ("FLOAT", [])}))
    assert config["max_batch_size"] == 0
    assert config["input"][0]["dims"] == config["output"][0]["dims"] == [1]
    got = onnx.infer("scalar", x=np.array([1.5], dtype=np.float32))["y"]
    assert got.shape == (1,) and got[0] == 3


def test_a_scalar_output_of_a_model_with_other_shapes(onnx):
    onnx.load("total", model([node("ReduceSum", "x", "y", keepdims=0)], {"x": ("FLOAT", [2, 3])}, {"y": ("FLOAT", [])}))
    assert onnx.infer("total", x=np.ones((2, 3), dtype=np.float32))["y"].tolist() == [6]


@pytest.mark.parametrize("dims", ["1", "1, 1", "1, 1, 1"])
def test_scalars_have_the_ones_of_the_configuration(onnx, dims):
    name = f"ones_{dims.count('1')}"
    onnx.load(name, model([node("Add", "x x", "y")], {"x": ("FLOAT", [])}, {"y": ("FLOAT", [])}), f"""
        input {{ name: "x" data_type: TYPE_FP32 dims: [{dims}] }} output {{ name: "y" data_type: TYPE_FP32 dims: [{dims}] }}
        """)
    shape = tuple(map(int, dims.split(",")))
    got = onnx.infer(name, x=np.full(shape, 1.5, dtype=np.float32))["y"]
    assert got.shape == shape and got.ravel() == 3


@pytest.mark.parametrize("dims", ["2", "-1", "1, 2"])
def test_scalars_have_no_other_dims(onnx, dims):
    name = f"no_ones_{abs(hash(dims))}"
    for x, y in ((dims, "1"), ("1", dims)):
        error = onnx.load_error(name, model([node("Add", "x x", "y")], {"x": ("FLOAT", [])}, {"y": ("FLOAT", [])}), f"""
            input {{ name: "x" data_type: TYPE_FP32 dims: [{x}] }} output {{ name: "y" data_type: TYPE_FP32 dims: [{y}] }}
            """)
        assert (f"model '{name}', tensor '{'x' if x == dims else 'y'}': the model has a scalar tensor there, for which the model "
                f"configuration must specify dims of 1 only, such as [1], but it specifies [{dims.replace(' ', '')}]") in error


def test_tensors_that_are_only_a_batch_have_one_element_in_each_row(onnx):
    config = onnx.load("column", identity("INT32", [None]))
    assert config["max_batch_size"] == 4
    assert config["input"][0]["dims"] == [1]
    assert config["input"][0]["reshape"] == {"shape": []}
    got = onnx.infer("column", x=np.array([[1], [2], [3]], dtype=np.int32))["y"]
    assert got.tolist() == [[1], [2], [3]]


def test_open_dimensions_take_any_size(onnx):
    onnx.load("open", identity("FP32", [None, None, 3, None]))
    for shape in [(1, 1, 3, 1), (2, 7, 3, 4), (4, 0, 3, 2), (1, 5, 3, 0)]:
        data = sample("FP32", shape)
        np.testing.assert_array_equal(onnx.infer("open", x=data)["y"], data)


def test_a_model_without_batching_takes_no_rows_at_all(onnx):
    onnx.load("rows", identity("FP32", [None]), 'max_batch_size: 0 input { name: "x" data_type: TYPE_FP32 dims: [-1] } '
              'output { name: "y" data_type: TYPE_FP32 dims: [-1] }')
    assert onnx.infer("rows", x=np.zeros(0, dtype=np.float32))["y"].shape == (0,)


def test_outputs_may_be_empty_when_inputs_are_not(onnx):
    onnx.load("nonzero", model([node("NonZero", "x", "y")], {"x": ("FLOAT", [4])}, {"y": ("INT64", [1, None])}))
    assert onnx.infer("nonzero", x=np.array([0, 1, 0, 2], dtype=np.float32))["y"].tolist() == [[1, 3]]
    assert onnx.infer("nonzero", x=np.zeros(4, dtype=np.float32))["y"].shape == (1, 0)


def test_a_sequence_output_is_refused_by_name(onnx):
    assert "output 'y' is a sequence; only tensors can be served" in onnx.load_error("sequence", sequence_output())


def test_an_element_type_without_counterpart_is_refused(onnx):
    tensor = ("FLOAT8E4M3FN", [1])
    error = onnx.load_error("float8", model([node("Cast", "x", "y", to=17)], {"x": ("FLOAT", [1])}, {"y": tensor}))
    assert "output 'y' has ONNX element type" in error or "onnx runtime error" in error
