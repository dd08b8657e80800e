"""Sessions that instances and models share, their options, initialisation, libraries of operators, and sequences."""
import json
import pathlib

import numpy as np
import pytest
from support.model_server import model_servers
from support.repository import parameters
from support.server import BUILD, IS_SANITIZED, TREE
from support.tf_models import config
from support.wait import wait_until

LAST = ({"x": ("TYPE_FP32", [1, 4])}, {"before": ("TYPE_FP32", [1, 4])})
IMAGE = {"image": ("TYPE_FP32", [8, 8, 1])}
SCORES = {"scores": ("TYPE_FP32", [10])}
TENSOR = ("TYPE_FP32", [1024])
WEIGHTS_KIB = 16 * 1024
OPERATORS = pathlib.Path(BUILD) / "test_libraries/tensorflow_operators.so"


def swap(tf, model, value):
    """What the model was called with before."""
    return tf.infer(model, x=np.full((1, 4), value, np.float32))["before"][0, 0]


def link(tf, name, to, text):
    """A model whose folder leads to the SavedModel of another one."""
    folder = tf.repository.add(name, text) / "1"
    folder.mkdir(exist_ok=True)
    (folder / "model.savedmodel").symlink_to(f"../../{to}/1/model.savedmodel")


def test_instances_of_a_model_share_a_session(tf, models):
    tf.load("shared", models("last"), config(*LAST, 0, "instance_group { count: 3 kind: KIND_CPU }"))
    assert [swap(tf, "shared", value) for value in range(1, 12)] == list(range(11))


def test_models_of_the_same_files_share_a_session(tf, models):
    tf.load("first", models("last"), config(*LAST, 0))
    link(tf, "second", "first", config(*LAST, 0))
    tf.load("second")
    assert swap(tf, "first", 7) == 0
    assert swap(tf, "second", 8) == 7
    assert swap(tf, "first", 9) == 8


def test_a_share_count_of_one_gives_each_its_own(tf, models):
    extra = parameters(MAX_SESSION_SHARE_COUNT="1") + "\ninstance_group { count: 1 kind: KIND_CPU }"
    tf.load("own_first", models("last"), config(*LAST, 0, extra))
    link(tf, "own_second", "own_first", config(*LAST, 0, extra))
    tf.load("own_second")
    assert swap(tf, "own_first", 7) == 0
    assert swap(tf, "own_second", 8) == 0


def test_other_options_mean_another_session(tf, models):
    tf.load("plain", models("last"), config(*LAST, 0))
    link(tf, "with_threads", "plain", config(*LAST, 0, parameters(TF_USE_PER_SESSION_THREADS="true", TF_NUM_INTER_THREADS="1")))
    tf.load("with_threads")
    assert swap(tf, "plain", 7) == 0
    assert swap(tf, "with_threads", 8) == 0


def test_files_that_were_written_anew_are_loaded_anew(tf, models):
    tf.load("old", models("last"), config(*LAST, 0))
    assert swap(tf, "old", 7) == 0
    link(tf, "new", "old", config(*LAST, 0))
    index = tf.repository.path / "old/1/model.savedmodel/variables/variables.index"
    content = index.read_bytes()
    index.unlink()
    index.write_bytes(content)
    tf.load("new")
    assert swap(tf, "new", 8) == 0
    assert swap(tf, "old", 8) == 7


@pytest.mark.skipif(IS_SANITIZED, reason="sanitizers have memory of their own")
def test_signatures_of_one_model_have_its_weights_once(start_tf, models):
    tf = start_tf()
    tf.load("before", models("digits"), config(IMAGE, SCORES))  # what TensorFlow itself takes
    empty = tf.server.rss_kib()
    tf.load("whole", models("heavy"), config({"x": TENSOR}, {"y": TENSOR}))
    one = tf.server.rss_kib()
    for i in range(4):
        link(tf, f"half{i}", "whole", config({"x": TENSOR}, {"h": ("TYPE_FP32", [2048])}, extra=parameters(TF_SIGNATURE_DEF="half")))
        tf.load(f"half{i}")
    x = np.ones((1, 1024), np.float32)
    halves = [tf.infer(f"half{i}", x=x)["h"] for i in range(4)]
    assert all((half == halves[0]).all() for half in halves) and tf.infer("whole", x=x)["y"].shape == (1, 1024)
    assert one - empty > WEIGHTS_KIB / 2
    assert tf.server.rss_kib() - one < 1.5 * WEIGHTS_KIB, (empty, one, tf.server.rss_kib())


@pytest.mark.skipif(IS_SANITIZED, reason="sanitizers keep what is freed")
def test_weights_go_with_the_last_who_uses_them(repository, start_server, models):
    """One arena of malloc: with many of them the C library keeps up to some megabytes in each for what comes next. Without oneDNN,
    which keeps room for the largest weights that it has packed, on processors where it packs them.
    """
    def start(*args):
        return start_server(*args, env={"MALLOC_ARENA_MAX": "1", "TF_ENABLE_ONEDNN_OPTS": "0"})

    with model_servers("model.graphdef", repository, start) as begin:
        tf = begin()
        unloaded = []
        for _ in range(6):
            tf.load("heavy", models("heavy"), config({"x": TENSOR}, {"y": TENSOR}))
            tf.infer("heavy", x=np.ones((1, 1024), np.float32))
            loaded = tf.server.rss_kib()
            tf.server.post("/v2/repository/models/heavy/unload")
            wait_until(lambda: tf.server.rss_kib() < loaded - WEIGHTS_KIB / 2)
            unloaded.append(tf.server.rss_kib())
        # Where the weights stayed, four times 16 MB would be there.
        wait_until(lambda: tf.server.rss_kib() < unloaded[1] + WEIGHTS_KIB)


@pytest.mark.parametrize("place", ["1/init.json", "init.json"])
def test_operations_that_fill_variables(tf, graphs, place):
    name = "filled_" + place.replace("/", "_").replace(".", "_")
    text = config({"x": ("TYPE_FP32", [1])}, {"y": ("TYPE_FP32", [1])}, extra=parameters(TF_INIT_OPS_FILE="init.json"),
                  platform="tensorflow_graphdef")
    folder = tf.add(name, graphs("with_variable"), text)
    (folder / place).write_text(json.dumps({"init_ops": ["fill"]}))
    tf.load(name)
    assert tf.infer(name, x=np.float32([[2]]))["y"].item() == 42


def test_variables_that_nobody_filled_are_an_error_at_run(tf, graphs):
    tf.load("unfilled", graphs("with_variable"), config({"x": ("TYPE_FP32", [1])}, {"y": ("TYPE_FP32", [1])},
                                                        platform="tensorflow_graphdef"))
    with pytest.raises(Exception, match="(?i)uninitialized|could not find variable|does not exist"):
        tf.infer("unfilled", x=np.float32([[2]]))


def test_an_operation_that_is_not_there_cannot_initialise(tf, graphs):
    text = config({"x": ("TYPE_FP32", [1])}, {"y": ("TYPE_FP32", [1])}, extra=parameters(TF_INIT_OPS_FILE="init.json"),
                  platform="tensorflow_graphdef")
    folder = tf.add("no_op", graphs("with_variable"), text)
    for content, error in (('{"init_ops": ["nobody"]}', "expected an operation of the graph to initialise with, got 'nobody'"),
                           ("[]", 'expected {\\"init_ops\\": [<names of operations>]}'), ("{", "init_ops")):
        (folder / "init.json").write_text(content)
        assert error in json.dumps(tf.load_error("no_op"))


@pytest.mark.skipif(not OPERATORS.exists(), reason="the library of operators is built by: cmake --build --target neso_tensorflow_operators")
def test_a_library_of_operators(start_tf, graphs):
    tf = start_tf()
    tensor = ("TYPE_FP32", [2])
    text = config({"x": tensor}, {"y": tensor}, platform="tensorflow_graphdef")
    assert "NesoTriple" in tf.load_error("triple", graphs("triple"), text)
    tf.add("triple", {"model.graphdef": graphs("triple"), "operators.so": OPERATORS.read_bytes()},
           text + 'model_operations { op_library_filename: "operators.so" }')
    tf.load("triple")
    np.testing.assert_array_equal(tf.infer("triple", x=np.float32([[1, 2]]))["y"], [[3, 6]])


def test_a_library_of_operators_that_is_not_there(tf, models):
    error = tf.load_error("operators", models("digits"), config(
        IMAGE, SCORES, extra='model_operations { op_library_filename: "libnowhere.so" }'))
    assert "unable to load the library of operators 'libnowhere.so': " in error


@pytest.mark.parametrize("level", [-1, 0, 1, 2])
def test_levels_of_just_in_time_compilation(tf, models, digits, level):
    tf.load(f"level{level}", models("digits"), config(IMAGE, SCORES, extra=f"optimization {{ graph {{ level: {level} }} }}"))
    np.testing.assert_allclose(tf.infer(f"level{level}", image=digits["images"][:2])["scores"], digits["scores"][:2], atol=1e-4)


def test_control_inputs_of_sequences(tf, models):
    controls = ('control_input { name: "start" control { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } }'
                'control_input { name: "ready" control { kind: CONTROL_SEQUENCE_READY fp32_false_true: [ 0, 1 ] } }')
    tf.load("controls", models("functions"), config(
        {"x": ("TYPE_FP32", [1])}, {"y": ("TYPE_FP32", [3])}, 4,
        f"sequence_batching {{ {controls} }}" + parameters(TF_SIGNATURE_DEF="with_controls")))

    def step(value, start, end):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [value]}],
                "parameters": {"sequence_id": 5, "sequence_start": start, "sequence_end": end}}
        answer = tf.server.infer("controls", body)
        assert answer.status_code == 200, answer.text
        return answer.json()["outputs"][0]["data"]

    assert step(3, True, False) == [3, 1, 1]
    assert step(4, False, True) == [4, 0, 1]


@pytest.mark.parametrize("control, error", [
    ('name: "begin" control { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] }',
     "configuration specified sequence control 'begin', but model does not provide that input"),
    ('name: "start" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] }',
     "unable to load model 'wrong_control', sequence control 'start': the model expects data-type TYPE_FP32 but the model "
     "configuration specifies data-type TYPE_INT32"),
])
def test_controls_that_do_not_fit(tf, models, control, error):
    assert error in tf.load_error("wrong_control", models("functions"), config(
        {"x": ("TYPE_FP32", [1]), "ready": ("TYPE_FP32", [1])}, {"y": ("TYPE_FP32", [3])}, 4,
        f"sequence_batching {{ control_input {{ {control} }} }}" + parameters(TF_SIGNATURE_DEF="with_controls")))


def test_a_control_that_a_graph_does_not_have(tf, graphs):
    control = 'control_input { name: "begin" control { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } }'
    assert "configuration specified sequence control 'begin', but model does not provide that input" in tf.load_error(
        "graph_control", graphs("scale"), config({"x": ("TYPE_FP32", [2])}, {"y": ("TYPE_FP32", [2])}, 4,
                                                 f"sequence_batching {{ {control} }}", "tensorflow_graphdef"))


def test_the_folder_of_the_backend_may_be_moved(repository, start_server, models, digits, tmp_path):
    moved = tmp_path / "elsewhere"
    (moved / "tensorflow").mkdir(parents=True)
    for file in (TREE / "backends/tensorflow").iterdir():
        (moved / "tensorflow" / file.name).hardlink_to(file)
    repository.add("digits", config(IMAGE, SCORES), files=models("digits"))
    server = start_server(repository.path, f"--backend-directory={moved}")
    image = digits["images"][0].ravel().tolist()
    body = {"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 8, 8, 1], "data": image}]}
    np.testing.assert_allclose(server.infer("digits", body).json()["outputs"][0]["data"], digits["scores"][0], atol=1e-4)
