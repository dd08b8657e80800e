"""Weights in files beside the model are the server's own once it is loaded: what happens to the files does not matter."""
import os

import numpy as np
import onnx as onnx_package
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.onnx_models import double, model, node

ROWS = 1000
X = np.ones((1, ROWS), dtype=np.float32)
WEIGHTS = np.arange(ROWS, dtype=np.float32)


def add_weights():
    """y = x + w. Added, weights are used as they lie in memory; matrices are repacked."""
    return model([node("Add", "x w", "y")], {"x": ("FLOAT", [None, ROWS])}, {"y": ("FLOAT", [None, ROWS])}, {"w": WEIGHTS})


def add_weights_in_a_branch():
    """y = x + w, where w belongs to the branch of an If that is always taken, and u to the main graph."""
    def branch(name, nodes, constants):
        output = helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, ROWS])
        return helper.make_graph(nodes, name, [], [output], [numpy_helper.from_array(a, n) for n, a in constants.items()])

    taken = branch("taken", [node("Add", "x w", "taken")], {"w": WEIGHTS})
    other = branch("other", [node("Identity", "x", "other")], {})
    # Known only when it runs, so that the branch is still there.
    return model([node("ReduceMax", "x", "most", keepdims=0), node("Cast", "most", "true", to=TensorProto.BOOL),
                  node("If", "true", "sum", then_branch=taken, else_branch=other), node("Add", "sum u", "y")],
                 {"x": ("FLOAT", [1, ROWS])}, {"y": ("FLOAT", [1, ROWS])}, {"u": np.zeros(ROWS, dtype=np.float32)})


def add_weights_of_a_constant():
    """y = x + w, where w is an attribute of a node."""
    constant = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(WEIGHTS, "value"))
    return model([constant, node("Add", "x w", "y")], {"x": ("FLOAT", [None, ROWS])}, {"y": ("FLOAT", [None, ROWS])})


def put(onnx, name, made, location="weights.bin"):
    """Adds the model with all its tensors in the file `location`. Returns that file's path."""
    folder = onnx.add(name, b"") / "1"
    (folder / location).parent.mkdir(exist_ok=True)
    onnx_package.save(onnx_package.load_from_string(made), folder / "model.onnx", save_as_external_data=True,
                      location=location, size_threshold=0, convert_attribute=True)
    return folder / location


def answer(onnx, name):
    return onnx.infer(name, x=X)["y"][0]


@pytest.mark.parametrize("made", [add_weights, add_weights_in_a_branch, add_weights_of_a_constant])
@pytest.mark.parametrize("harm", ["truncated", "overwritten", "removed"])
def test_files_of_a_served_model_may_change(onnx, made, harm):
    name = f"{made.__name__}_{harm}"
    weights = put(onnx, name, made())
    onnx.load(name)
    if harm == "truncated":
        os.truncate(weights, 0)
        os.truncate(weights.parent / "model.onnx", 0)
    elif harm == "overwritten":
        weights.write_bytes(bytes(weights.stat().st_size))
    else:
        weights.unlink()
    np.testing.assert_array_equal(answer(onnx, name), 1 + WEIGHTS)


def test_a_length_that_is_not_given_is_what_the_shape_needs(onnx):
    """Two tensors lie in one file, the one of the branch first: what its model does not say is not the rest of the file."""
    path = put(onnx, "no_length", add_weights_in_a_branch()).parent / "model.onnx"
    made = onnx_package.load(path, load_external_data=False)
    branches = [attribute.g for node_ in made.graph.node for attribute in node_.attribute if attribute.HasField("g")]
    tensors = [tensor for graph in [made.graph, *branches] for tensor in graph.initializer]
    assert len(tensors) == 2
    for tensor in tensors:
        kept = [entry for entry in tensor.external_data if entry.key != "length"]
        assert len(kept) < len(tensor.external_data)
        del tensor.external_data[:]
        tensor.external_data.extend(kept)
    path.write_bytes(made.SerializeToString())
    onnx.load("no_length")
    np.testing.assert_array_equal(answer(onnx, "no_length"), 1 + WEIGHTS)


def test_no_file_of_a_served_model_is_mapped(onnx):
    for made in (add_weights, add_weights_in_a_branch, add_weights_of_a_constant):
        put(onnx, f"mapped_{made.__name__}", made())
        onnx.load(f"mapped_{made.__name__}")
    with open(f"/proc/{onnx.server.pid}/maps") as maps:
        assert [line for line in maps if str(onnx.repository.path) in line] == []


def test_the_log_says_what_was_read(onnx):
    put(onnx, "said", add_weights())
    onnx.load("said")
    assert f"model 'said': external weights are read into memory, {4 * ROWS} bytes of 1 file(s)" in onnx.server.log


@pytest.mark.parametrize("location", ["./weights.bin", "deep/weights.bin", "w\u00e4ights.bin"])
def test_names_of_files_are_the_model_s(onnx, location):
    name = f"named_{location.encode().hex()}"
    put(onnx, name, add_weights(), location)
    onnx.load(name)
    np.testing.assert_array_equal(answer(onnx, name), 1 + WEIGHTS)


def relocated(made, location):
    """The model with its external tensors said to be in another file."""
    changed = onnx_package.load(made, load_external_data=False)
    for tensor in changed.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    return changed.SerializeToString()


@pytest.mark.parametrize("number, location", list(enumerate(["../1/weights.bin", "a/../../1/weights.bin", "/dev/zero", ""])))
def test_files_outside_of_the_model_s_folder_are_refused(onnx, number, location):
    name = f"outside_{number}"
    path = put(onnx, name, add_weights()).parent / "model.onnx"
    path.write_bytes(relocated(path, location))
    error = onnx.load_error(name)
    assert f"'{path}' has weights in '{location}': expected a file in the model's folder or below" in error


def test_files_that_are_not_there_or_too_short_are_named(onnx):
    missing = put(onnx, "missing_weights", add_weights())
    missing.unlink()
    assert f"unable to read '{missing}': No such file or directory" in onnx.load_error("missing_weights")
    os.mkfifo(missing)
    assert "'1/weights.bin' is a FIFO of model 'missing_weights'" in onnx.load_error("missing_weights")
    for made in (add_weights, add_weights_in_a_branch):
        name = f"short_{made.__name__}"
        weights = put(onnx, name, made())
        os.truncate(weights, 2 * ROWS)
        assert (f"'{weights.parent}/model.onnx' has weights in 'weights.bin' beyond the {2 * ROWS} bytes of that file"
                in onnx.load_error(name))


def test_a_model_that_is_no_file_is_refused(onnx):
    folder = onnx.add("pipe", double(), 'backend: "onnxruntime"') / "1"
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")
    assert "'1/model.onnx' is a FIFO of model 'pipe'" in onnx.load_error("pipe")


def test_a_model_file_that_is_cut_off_anywhere_does_no_harm(onnx):
    path = put(onnx, "cut", add_weights_in_a_branch()).parent / "model.onnx"
    whole = path.read_bytes()
    for size in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:size])
        assert onnx.server.post("/v2/repository/models/cut/load", {}).status_code in (200, 400)
    path.write_bytes(whole)
    onnx.load("cut")
    np.testing.assert_array_equal(answer(onnx, "cut"), 1 + WEIGHTS)
