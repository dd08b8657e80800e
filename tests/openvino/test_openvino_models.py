"""What a model of OpenVINO is served as: values, datatypes, shapes, names, completion."""
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.openvino_models import MODELS, TOLERANCE, check_scores, config, ir, made_by
from support.repository import parameters

PIXELS = {"pixels": ("TYPE_FP32", [64])}
SCORES = {"scores": ("TYPE_FP32", [10])}
OPEN = parameters(ENABLE_OPEN_BATCH="YES")
DATATYPES = {"BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
             "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16, "FP32": np.float32}


def test_a_trained_network_says_what_it_says_where_it_was_trained(openvino, digits):
    openvino.load("digits", ir("digits"), config(PIXELS, SCORES, 512, OPEN))
    scores = openvino.infer("digits", pixels=digits["pixels"])["scores"]
    check_scores(scores, digits["scores"])
    assert (scores.argmax(axis=1) == digits["labels"]).mean() > 0.85


def test_the_same_over_grpc(openvino, digits):
    openvino.load("grpc", ir("digits"), config(PIXELS, SCORES, 2))
    with grpcclient.InferenceServerClient(openvino.server.grpc) as client:
        tensor = grpcclient.InferInput("pixels", [2, 64], "FP32")
        tensor.set_data_from_numpy(digits["pixels"][:2])
        answer = client.infer("grpc", [tensor])
    check_scores(answer.as_numpy("scores"), digits["scores"][:2])


def test_a_model_of_another_format(openvino, digits):
    onnx = (made_by(MODELS) / "digits.onnx").read_bytes()
    openvino.load("onnx", onnx, 'backend: "openvino" default_model_filename: "model.onnx"', file="model.onnx")
    check_scores(openvino.infer("onnx", pixels=digits["pixels"][:7])["scores"], digits["scores"][:7], TOLERANCE)


def field(number, value):
    """A field of a protobuf message."""
    def varint(left):
        return bytes([left]) if left < 128 else bytes([left & 127 | 128]) + varint(left >> 7)
    if isinstance(value, int):
        return varint(number << 3) + varint(value % 2**64)
    return varint(number << 3 | 2) + varint(len(value)) + value


def graph_node(name, op, inputs=(), **attributes):
    """Of TensorFlow's GraphDef."""
    return field(1, field(1, name) + field(2, op) + b"".join(field(3, link) for link in inputs) + b"".join(
        field(5, field(1, key.encode()) + field(2, value)) for key, value in attributes.items()))


def test_a_frozen_graph_of_tensorflow(openvino):
    fp32, shape = field(6, 1), field(7, b"".join(field(2, field(1, dim)) for dim in (-1, 4)))
    graph = graph_node(b"x", b"Placeholder", dtype=fp32, shape=shape) + graph_node(b"y", b"Relu", [b"x"], T=fp32)
    openvino.load("frozen", graph, config({"x:0": ("TYPE_FP32", [4])}, {"y:0": ("TYPE_FP32", [4])}, 2,
                                          'default_model_filename: "model.pb"'), file="model.pb")
    answer = openvino.infer("frozen", **{"x:0": np.float32([[1, -1, 2, -2], [-3, 3, -4, 4]])})
    np.testing.assert_array_equal(answer["y:0"], [[1, 0, 2, 0], [0, 3, 0, 4]])


def test_the_file_is_enough(openvino, digits):
    """Without a config.pbtxt, and without layouts: no batches."""
    loaded = openvino.load("bare", ir("digits"))
    assert (loaded["backend"], loaded["default_model_filename"], loaded["max_batch_size"]) == ("openvino", "model.xml", 0)
    assert [(tensor["name"], tensor["data_type"], tensor["dims"]) for tensor in loaded["input"] + loaded["output"]] == [
        ("pixels", "TYPE_FP32", [-1, 64]), ("scores", "TYPE_FP32", [-1, 10])]
    check_scores(openvino.infer("bare", pixels=digits["pixels"][:5])["scores"], digits["scores"][:5], TOLERANCE)


def test_layouts_say_which_dimension_is_the_batch(openvino, digits):
    loaded = openvino.load("layout", ir("digits_with_layout"))
    assert loaded["max_batch_size"] == 4 and "dynamic_batching" in loaded
    assert [tensor["dims"] for tensor in loaded["input"] + loaded["output"]] == [[64], [10]]
    check_scores(openvino.infer("layout", pixels=digits["pixels"][:4])["scores"], digits["scores"][:4], TOLERANCE)


def test_the_command_line_says_how_large_completed_batches_are(start_openvino):
    openvino = start_openvino("--backend-config=openvino,default-max-batch-size=1")
    loaded = openvino.load("layout", ir("digits_with_layout"))
    assert loaded["max_batch_size"] == 1 and "dynamic_batching" not in loaded


def test_a_batch_size_without_layouts_is_warned_about(openvino):
    openvino.load("warned", ir("digits"), 'backend: "openvino" max_batch_size: 2')
    assert ("model layout for model warned does not support batching while non-zero max_batch_size is specified"
            in openvino.server.log)


@pytest.mark.parametrize("datatype", DATATYPES)
def test_datatypes(openvino, datatype):
    tensors = (f"TYPE_{datatype}", [-1, -1])
    openvino.load(f"copy_{datatype}", ir(f"copy_{datatype}"), config({"x": tensors}, {"y": tensors}, 0))
    values = np.random.default_rng(3).integers(0, 100, (2, 5)).astype(DATATYPES[datatype])
    answer = openvino.infer(f"copy_{datatype}", x=values)["y"]
    assert answer.dtype == values.dtype
    np.testing.assert_array_equal(answer, values)


@pytest.mark.parametrize("datatype", ["FP64", "BF16", "STRING"])
def test_datatypes_that_are_refused(openvino, datatype):
    error = f"unsupported datatype TYPE_{datatype} for"
    name, tensors = f"refused_{datatype}", (f"TYPE_{datatype}", [-1, -1])
    model, single = ir(f"copy_{datatype}"), ("TYPE_FP32", [-1, -1])
    assert f"{error} input 'x' for model '{name}'" in openvino.load_error(name, model, config({"x": tensors}, {"y": tensors}, 0))
    assert f"{error} output 'y' for model '{name}'" in openvino.load_error(
        name, ir("copy_FP32"), config({"x": single}, {"y": tensors}, 0))
    assert f"{error} input 'x' for model '{name}'" in openvino.load_error(name, model, 'backend: "openvino"')


def test_the_configured_datatype_is_converted(openvino):
    openvino.load("converted", ir("copy_FP32"), config({"x": ("TYPE_INT64", [-1, -1])}, {"y": ("TYPE_UINT8", [-1, -1])}, 0))
    answer = openvino.infer("converted", x=np.array([[1, 2, 300 - 256]]))["y"]
    assert answer.dtype == np.uint8
    np.testing.assert_array_equal(answer, [[1, 2, 44]])


def test_open_dimensions_and_empty_tensors(openvino):
    tensors = ("TYPE_FP32", [-1, -1])
    openvino.load("open", ir("copy_FP32"), config({"x": tensors}, {"y": tensors}, 0))
    for shape in [(1, 1), (3, 2), (2, 3), (1, 1000), (2, 0), (0, 2), (7, 1)]:
        values = np.random.default_rng(0).random(shape, np.float32)
        np.testing.assert_array_equal(openvino.infer("open", x=values)["y"], values)


def test_a_tensor_goes_by_any_of_its_names(openvino):
    for name in ("sum", "total"):
        openvino.load(f"by_{name}", ir("add_sub"), config(
            {"right": ("TYPE_FP32", [4]), "left": ("TYPE_FP32", [4])}, {name: ("TYPE_FP32", [4])}, 1))
        answer = openvino.infer(f"by_{name}", left=np.float32([[1, 2, 3, 4]]), right=np.float32([[10, 0, 0, 0]]))
        np.testing.assert_array_equal(answer[name], [[11, 2, 3, 4]])


def test_only_outputs_that_are_wanted_are_sent(openvino):
    openvino.load("wanted", ir("add_sub"), 'backend: "openvino"')
    one = np.ones((1, 4), np.float32)
    assert set(openvino.infer("wanted", left=one, right=one)) == {"sum", "difference"}
    assert set(openvino.infer("wanted", ["difference"], left=one, right=one)) == {"difference"}


def test_names_that_the_model_does_not_have(openvino):
    x, y = {"x": ("TYPE_FP32", [4])}, {"y": ("TYPE_FP32", [4])}
    both = {"left": ("TYPE_FP32", [4]), "right": ("TYPE_FP32", [4])}
    assert ("unexpected inference input 'x', allowed inputs are: left, right"
            in openvino.load_error("name", ir("add_sub"), config(x | {"left": ("TYPE_FP32", [4])}, y)))
    assert ("unexpected inference output 'y', allowed outputs are: sum, difference"
            in openvino.load_error("name", ir("add_sub"), config(both, y)))
    assert ("unable to load model 'name', configuration expects 1 inputs, model provides 2"
            in openvino.load_error("name", ir("add_sub"), config(x, y)))


def test_dims_that_the_model_does_not_have(openvino):
    for max_batch_size, expected in [
            (0, "the model expects 2 dimensions (shape [-1,64]) but the model configuration specifies 1 dimensions "
                "(shape [60])"),
            (2, "the model expects 2 dimensions (shape [-1,64]) but the model configuration specifies 2 dimensions (an initial "
                "batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape "
                "[-1,60])")]:
        error = openvino.load_error("dims", ir("digits"), config({"pixels": ("TYPE_FP32", [60])}, SCORES, max_batch_size))
        assert f"model 'dims', tensor 'pixels': {expected}" in error
    error = openvino.load_error("dims", ir("digits"), config(PIXELS, {"scores": ("TYPE_FP32", [11])}, 2))
    assert "model 'dims', tensor 'scores': the model expects 2 dimensions (shape [-1,10])" in error


def test_a_model_without_any_shape(openvino):
    assert ("autofill failed for model 'rank': input 'x' takes any number of dimensions; its dims have to be in the "
            "configuration" in openvino.load_error("rank", ir("any_rank"), 'backend: "openvino"'))
    openvino.load("rank", ir("any_rank"), config({"x": ("TYPE_FP32", [2, -1])}, {"y": ("TYPE_FP32", [2, -1])}, 0))
    np.testing.assert_array_equal(openvino.infer("rank", x=np.float32([[1, -1], [-2, 2]]))["y"], [[1, 0], [0, 2]])


def test_inputs_take_the_configured_dims(openvino):
    wide = {"x": ("TYPE_FP32", [2, 7])}, {"y": ("TYPE_FP32", [2, 1])}, 0
    assert "tensor 'x': the model expects 2 dimensions (shape [1,5])" in openvino.load_error("wide", ir("rows"), config(*wide))
    openvino.load("wide", ir("rows"), config(*wide, parameters(RESHAPE_IO_LAYERS="YES")))
    np.testing.assert_array_equal(openvino.infer("wide", x=np.ones((2, 7), np.float32))["y"], [[7], [7]])
    openvino.load("any", ir("rows"), config({"x": ("TYPE_FP32", [-1, -1])}, {"y": ("TYPE_FP32", [-1, 1])}, 0,
                                            parameters(RESHAPE_IO_LAYERS="yes")))
    for shape in [(1, 2), (3, 4)]:
        np.testing.assert_array_equal(openvino.infer("any", x=np.ones(shape, np.float32))["y"], np.full((shape[0], 1), shape[1]))


def test_a_scalar_has_ones_for_dims(openvino):
    completed = openvino.load("scalar", ir("scalar"), 'backend: "openvino"')
    assert completed["input"][0]["dims"] == completed["output"][0]["dims"] == [1] and completed["max_batch_size"] == 0
    openvino.load("ones", ir("scalar"), config({"x": ("TYPE_FP32", [1, 1])}, {"y": ("TYPE_FP32", [1, 1, 1])}, 0))
    openvino.load("reshaped", ir("scalar"), config({"x": ("TYPE_FP32", [1])}, {"y": ("TYPE_FP32", [1])}, 0,
                                                   parameters(RESHAPE_IO_LAYERS="YES")))
    for name, given, got in (("scalar", (1,), (1,)), ("ones", (1, 1), (1, 1, 1)), ("reshaped", (1,), (1,))):
        y = openvino.infer(name, x=np.full(given, 1.5, np.float32))["y"]
        assert y.shape == got and y.item() == 1.5


@pytest.mark.parametrize("x, y", [([2], [1]), ([1], [1, -1])])
def test_a_scalar_has_no_other_dims(openvino, x, y):
    assert ("the model has a scalar tensor there, for which the model configuration must specify dims of 1 only, such as [1], but it "
            "specifies " in openvino.load_error("no_ones", ir("scalar"), config({"x": ("TYPE_FP32", x)}, {"y": ("TYPE_FP32", y)}, 0)))


def test_wrong_inputs_are_answered_with_errors_and_it_goes_on(openvino, digits):
    openvino.load("wrong", ir("rows"), config({"x": ("TYPE_FP32", [-1, -1])}, {"y": ("TYPE_FP32", [-1, 1])}, 0,
                                              parameters(RESHAPE_IO_LAYERS="YES")))
    for arrays in [{"x": np.ones((1, 2, 3), np.float32)}, {"x": np.ones((1, 2), np.int64)}, {"z": np.ones((1, 2), np.float32)},
                   {}, {"x": np.ones((1, 2), np.float32), "z": np.ones((1, 2), np.float32)}]:
        with pytest.raises(Exception):
            openvino.infer("wrong", **arrays)
        assert openvino.infer("wrong", x=np.ones((1, 2), np.float32))["y"].item() == 2


def test_warm_up_runs_the_model_before_it_is_ready(openvino):
    """A batch that it does not take shows that it has run."""
    def warm_up(batch_size):
        return f"""model_warmup {{ name: "zeros" batch_size: {batch_size} inputs {{
            key: "pixels" value {{ data_type: TYPE_FP32 dims: [64] zero_data: true }} }} }}"""
    openvino.load("warm", ir("digits"), config(PIXELS, SCORES, 2, warm_up(2)))
    error = openvino.load_error("warm", ir("digits"), config(PIXELS, SCORES, 2, warm_up(1)))
    assert "expected requests with batch size '2', got '1'" in error


def test_an_ensemble_with_another_framework(openvino, digits):
    from support.onnx_models import model, node
    openvino.repository.add("half", 'backend: "onnxruntime" max_batch_size: 4', files={"model.onnx": model(
        [node("Mul", "x half", "y")], {"x": ("FLOAT", [None, 64])}, {"y": ("FLOAT", [None, 64])}, {"half": np.float32([1])})})
    openvino.load("half")
    openvino.load("after", ir("digits"), config(PIXELS, SCORES, 4, OPEN))
    openvino.repository.add("both", """
        platform: "ensemble" max_batch_size: 4
        input { name: "IN" data_type: TYPE_FP32 dims: [64] } output { name: "OUT" data_type: TYPE_FP32 dims: [10] }
        ensemble_scheduling {
          step { model_name: "half" model_version: -1 input_map { key: "x" value: "IN" } output_map { key: "y" value: "p" } }
          step { model_name: "after" model_version: -1 input_map { key: "pixels" value: "p" }
                 output_map { key: "scores" value: "OUT" } } }""")
    openvino.load("both")
    check_scores(openvino.infer("both", IN=digits["pixels"][:3])["OUT"], digits["scores"][:3])
