"""Configurations that do not fit the model, files that are none, requests that are wrong: what the error says."""
import json
import shutil

import numpy as np
import pytest
from support.repository import parameters
from support.server import TREE
from support.tf_models import config

FLOATS = ("TYPE_FP32", [3])
IMAGE = {"image": ("TYPE_FP32", [8, 8, 1])}
SCORES = {"scores": ("TYPE_FP32", [10])}
GRAPH = "tensorflow_graphdef"


def signature(name):
    return parameters(TF_SIGNATURE_DEF=name)


@pytest.mark.parametrize("inputs, outputs, error", [
    ({"left": FLOATS}, {"sum": FLOATS}, "unable to load model 'wrong', configuration expects 1 inputs, model provides 2"),
    ({"left": FLOATS, "other": FLOATS}, {"sum": FLOATS}, "unexpected inference input 'other', allowed inputs are: left, right"),
    ({"left": FLOATS, "right": FLOATS}, {"total": FLOATS},
     "unexpected inference output 'total', allowed outputs are: difference, sum"),
    ({"left": FLOATS, "right": ("TYPE_INT32", [3])}, {"sum": FLOATS},
     "unable to load model 'wrong', configuration expects datatype TYPE_INT32 for input 'right', model provides TYPE_FP32"),
    ({"left": FLOATS, "right": FLOATS}, {"sum": ("TYPE_STRING", [3])},
     "unable to load model 'wrong', configuration expects datatype TYPE_STRING for output 'sum', model provides TYPE_FP32"),
    ({"left": FLOATS, "right": ("TYPE_FP32", [4])}, {"sum": FLOATS},
     "model 'wrong', tensor 'right': the model expects 2 dimensions (shape [-1,3]) but the model configuration specifies 2 "
     "dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete "
     "shape [-1,4])"),
    ({"left": FLOATS, "right": FLOATS}, {"sum": ("TYPE_FP32", [-1])},
     "model 'wrong', tensor 'sum': the model expects 2 dimensions (shape [-1,3]) but the model configuration specifies 2 dimensions"),
])
def test_a_configuration_that_does_not_fit(tf, models, inputs, outputs, error):
    assert error in tf.load_error("wrong", models("functions"), config(inputs, outputs, extra=signature("add_sub")))


def test_dimensions_without_a_batch(tf, models):
    error = tf.load_error("no_batch", models("functions"), config({"x": ("TYPE_FP32", [2, 2])}, {"y": ("TYPE_FP32", [4])}, 0,
                                                                  extra=signature("fixed")))
    assert ("model 'no_batch', tensor 'x': the model expects 1 dimensions (shape [4]) but the model configuration specifies 2 "
            "dimensions (shape [2,2])") in error


def test_a_model_without_room_for_a_batch(start_tf, models):
    tf = start_tf("--disable-auto-complete-config")
    error = tf.load_error("no_room", models("functions"), config({"x": ("TYPE_FP32", [4])}, {"y": ("TYPE_FP32", [4])}, 8,
                                                                 signature("fixed")))
    assert ("model 'no_room', tensor 'x': for the model to support batching the shape should have at least 1 dimension and the "
            "first dimension must be -1; but shape expected by the model is [4]") in error


def test_a_ragged_input_is_flat_in_the_model(tf, models):
    ragged = ("TYPE_FP32", [-1], "allow_ragged_batch: true")
    error = tf.load_error("ragged", models("copy_float32"), config({"x": ragged}, {"y": ("TYPE_FP32", [-1])}))
    assert ("unable to load model 'ragged', configuration expects model provides input with shape [-1]  for ragged input 'x', "
            "model provides [-1,-1]") in error


def test_the_datatype_that_only_the_server_knows(tf, models):
    bf16 = ("TYPE_BF16", [-1])
    assert "configuration expects datatype TYPE_BF16 for input 'x', model provides TYPE_FP16" in tf.load_error(
        "bf16", models("copy_float16"), config({"x": bf16}, {"y": bf16}))


@pytest.mark.parametrize("inputs, outputs, error", [
    ({"x": ("TYPE_FP32", [2]), "scale": ("TYPE_FP32", [1]), "a": FLOATS, "b": FLOATS}, {"y": ("TYPE_FP32", [2])},
     "unable to load model 'graph', configuration expects 4 inputs, model provides at most 3"),
    ({"z": ("TYPE_FP32", [2])}, {"y": ("TYPE_FP32", [2])},
     "unexpected inference input 'z', allowed inputs are: x, scale, for_training"),
    ({"x": ("TYPE_FP32", [2])}, {"z": ("TYPE_FP32", [2])}, "unexpected inference output 'z', allowed outputs are: Const, y, text"),
    ({"x": ("TYPE_STRING", [2])}, {"y": ("TYPE_FP32", [2])},
     "unable to load model 'graph', configuration expects datatype TYPE_STRING for input 'x', model provides TYPE_FP32"),
])
def test_a_configuration_that_does_not_fit_a_graph(tf, graphs, inputs, outputs, error):
    assert error in tf.load_error("graph", graphs("scale"), config(inputs, outputs, platform=GRAPH))


@pytest.mark.parametrize("values, error", [
    ({"TF_NUM_INTRA_THREADS": "-1"}, "parameter 'TF_NUM_INTRA_THREADS' must be non-negative"),
    ({"TF_NUM_INTER_THREADS": "two"}, "failed to convert 'two' to integer"),
    ({"TF_USE_PER_SESSION_THREADS": "maybe"}, "failed to convert 'maybe' to boolean"),
    ({"MAX_SESSION_SHARE_COUNT": "0"}, "parameter 'MAX_SESSION_SHARE_COUNT' must be positive"),
    ({"TF_GRAPH_TAG": "train"}, "expected a graph with the tag 'train' (parameter TF_GRAPH_TAG), the SavedModel has 'serve'"),
    ({"TF_SIGNATURE_DEF": "nobody"}, "expected 'nobody' signature, the SavedModel has 'name', 'serving_default'"),
    ({"TF_INIT_OPS_FILE": "nowhere.json"}, "nowhere.json"),
])
def test_settings_that_are_wrong(tf, models, values, error):
    assert error in tf.load_error("set", models("digits"), config(IMAGE, SCORES, extra=parameters(**values)))


@pytest.mark.parametrize("text, error", [
    ("cpu_execution_accelerator { name: 'openvino' }", "CPU Execution Accelerator is not supported in TensorFlow backend"),
    ("gpu_execution_accelerator { name: 'tensorrt' } gpu_execution_accelerator { name: 'auto_mixed_precision' }",
     "Auto mixed precision can not be set with TFTRT optimization"),
])
def test_accelerators(tf, models, text, error):
    extra = f"optimization {{ execution_accelerators {{ {text} }} }}"
    assert error in tf.load_error("accelerated", models("digits"), config(IMAGE, SCORES, extra=extra))


def test_instances_for_gpus(tf, models):
    text = config(IMAGE, SCORES, extra="instance_group { kind: KIND_GPU gpus: [ 0 ] }")
    tf.load_error("gpu", models("digits"), text)  # refused by the server where there is no GPU, else by the backend


def test_a_model_that_is_not_there(tf):
    tf.repository.add("missing", config(IMAGE, SCORES), files={"other": b""})
    path = tf.repository.path / "missing/1/model.savedmodel"
    assert f"'{path}" in tf.load_error("missing")


def test_missing_variables(tf, models):
    files = {path: content for path, content in models("digits").items() if "variables" not in path}
    error = tf.load_error("hollow", files, config(IMAGE, SCORES))
    index = tf.repository.path / "hollow/1/model.savedmodel/variables/variables.index"
    assert f"unable to load model 'hollow', expected the values of the model's variables in '{index}', which does not exist" in error


def test_missing_parts_of_variables(tf, models):
    files = {path: content for path, content in models("digits").items() if ".data-" not in path}
    assert "unable to load model 'half', " in tf.load_error("half", files, config(IMAGE, SCORES))


@pytest.mark.parametrize("name, content, error", [
    ("nothing", b"", "expected a SavedModel, as TensorFlow writes it, got something else or only a part of one"),
    ("text", b"import tensorflow\n" * 100, "expected a SavedModel"),
    ("onnx", b"\x08\x07\x12\x04test\x3a\x00", "expected a SavedModel"),
])
def test_what_is_no_savedmodel_is_named(tf, name, content, error):
    assert error in tf.load_error(name, {"model.savedmodel/saved_model.pb": content}, config(IMAGE, SCORES))


@pytest.mark.parametrize("name, content", [("text_graph", b"node { name: 'x' }\n"), ("zip_graph", b"PK\3\4" + bytes(100))])
def test_what_is_no_graph_is_named(tf, name, content):
    error = tf.load_error(name, content, config(IMAGE, SCORES, platform=GRAPH))
    assert f"unable to load model '{name}', " in error


def test_an_empty_graph_has_no_inputs(tf):
    error = tf.load_error("empty_graph", b"", config(IMAGE, SCORES, platform=GRAPH))
    assert "configuration expects 1 inputs, model provides at most 0" in error


def ask(tf, model, **tensor):
    reply = tf.server.post(f"/v2/models/{model}/infer", json.dumps({"inputs": [tensor]}))
    return reply.status_code, reply.text


def test_requests_that_are_wrong(tf, models):
    tf.load("digits", models("digits"), config(IMAGE, SCORES, 2))
    good = {"name": "image", "datatype": "FP32", "shape": [1, 8, 8, 1], "data": [0] * 64}
    for change in ({"name": "picture"}, {"datatype": "INT32"}, {"shape": [1, 8, 8]}, {"shape": [1, 8, 4, 2]},
                   {"shape": [3, 8, 8, 1], "data": [0] * 192}, {"shape": [1, 2**40, 8, 1]}):
        status, text = ask(tf, "digits", **(good | change))
        assert status == 400, (change, text)
    assert ask(tf, "digits", **good)[0] == 200


def test_values_that_only_the_model_refuses(tf, models):
    tf.load("gather", models("functions"), config({"x": ("TYPE_FP32", [-1]), "ends": ("TYPE_INT32", [-1])},
                                                  {"sums": ("TYPE_FP32", [-1, 1])}, 0, signature("ragged")))
    for end in (100, -1):
        with pytest.raises(Exception, match="is not in \\[0, 4\\)"):
            tf.infer("gather", x=np.ones(3, np.float32), ends=np.int32([end]))
    assert tf.infer("gather", x=np.ones(3, np.float32), ends=np.int32([2]))["sums"].item() == 2


def test_bytes_that_are_no_strings_fail_their_own_request(tf, models):
    tf.load("strings", models("copy_string"), config({"x": ("TYPE_STRING", [-1])}, {"y": ("TYPE_STRING", [-1])}))
    head = json.dumps({"inputs": [{"name": "x", "datatype": "BYTES", "shape": [1, 2], "parameters": {"binary_data_size": 6}}]})
    reply = tf.server.post("/v2/models/strings/infer", head.encode() + b"\xff\0\0\0ab",
                           headers={"Inference-Header-Content-Length": str(len(head))})
    assert reply.status_code == 400, reply.text
    assert tf.infer("strings", x=np.array([[b"a"]], np.object_))["y"][0, 0] == b"a"


def test_a_library_that_is_not_there_is_named(repository, start_server, models, tmp_path):
    backends = tmp_path / "backends"
    (backends / "tensorflow").mkdir(parents=True)
    shutil.copy(TREE / "backends/tensorflow/libtriton_tensorflow.so", backends / "tensorflow")
    repository.add("digits", config(IMAGE, SCORES), files=models("digits"))
    server = start_server(repository.path, "--model-control-mode=explicit", f"--backend-directory={backends}")
    reply = server.post("/v2/repository/models/digits/load", {})
    assert reply.status_code >= 400
    assert "unable to load TensorFlow: " in reply.text and "of the PyPI wheel tensorflow-cpu 2.21 beside the backend" in reply.text
