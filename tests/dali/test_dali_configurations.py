"""What a configuration may leave out, and what is said of one that is not the pipeline's."""
import numpy as np
import pytest
from support.dali_models import config, pipeline

ADD_SUB_IN = {"LEFT": ("TYPE_FP32", [-1]), "RIGHT": ("TYPE_FP32", [-1])}
ADD_SUB_OUT = {"SUM": ("TYPE_FP32", [-1]), "DIFFERENCE": ("TYPE_FP32", [-1])}


def tensors(listed):
    return {tensor["name"]: (tensor["data_type"], [int(dim) for dim in tensor["dims"]]) for tensor in listed}


def test_everything_is_completed_from_the_pipeline(dali):
    completed = dali.load("all", pipeline("add_sub"), config())
    assert tensors(completed["input"]) == ADD_SUB_IN
    assert list(tensors(completed["output"]).values()) == list(ADD_SUB_OUT.values())
    assert all(tensor["allow_ragged_batch"] for tensor in completed["input"])
    assert completed["max_batch_size"] == 4
    assert "dynamic_batching" in completed


def test_what_is_said_stays(dali):
    completed = dali.load("said", pipeline("add_sub"), config({"RIGHT": ("TYPE_FP32", [3])}, {"SUM": ("TYPE_FP32", [3])}, 2))
    assert tensors(completed["input"]) == {"RIGHT": ("TYPE_FP32", [3]), "LEFT": ("TYPE_FP32", [-1])}
    assert list(tensors(completed["output"]))[0] == "SUM"
    assert completed["max_batch_size"] == 2
    left, right = np.float32([[1, 2, 3]]), np.float32([[4, 5, 6]])
    got = dali.infer("said", LEFT=left, RIGHT=right)
    np.testing.assert_array_equal(got["SUM"], left + right)


def test_the_batch_may_be_larger_than_the_pipelines(dali):
    assert dali.load("larger", pipeline("add_sub"), config(max_batch_size=64))["max_batch_size"] == 64
    ones = np.ones((64, 2), np.float32)
    assert list(dali.infer("larger", LEFT=ones, RIGHT=ones).values())[0].shape == (64, 2)


def test_inputs_go_by_name_and_outputs_by_position(dali):
    dali.load("order", pipeline("add_sub"), config(dict(reversed(ADD_SUB_IN.items())), {
        "FIRST": ("TYPE_FP32", [-1]), "SECOND": ("TYPE_FP32", [-1])}, 4))
    got = dali.infer("order", RIGHT=np.float32([[1]]), LEFT=np.float32([[5]]))
    assert got["FIRST"] == 6 and got["SECOND"] == 4


@pytest.mark.parametrize("datatype", [
    np.bool_, np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64, np.float16, np.float32,
    np.float64])
def test_all_datatypes(dali, datatype):
    names = {"bool": "TYPE_BOOL", "float16": "TYPE_FP16", "float32": "TYPE_FP32", "float64": "TYPE_FP64"}
    name = np.dtype(datatype).name
    kind = names.get(name, f"TYPE_{name.upper()}")
    dali.load(f"same_{name}", pipeline("same"), config({"X": (kind, [-1])}, {"Y": (kind, [-1])}))
    values = np.array([[0, 1, 100], [1, 0, 1]]).astype(datatype)
    np.testing.assert_array_equal(dali.infer(f"same_{name}", X=values)["Y"], values)


@pytest.mark.parametrize("name, inputs, outputs, text", [
    ("other_type", {"LEFT": ("TYPE_INT32", [-1])}, {},
     'Mismatch of data_type config for "LEFT".\nData type defined in config: TYPE_INT32\n'
     "Data type defined in pipeline: TYPE_FP32"),
    ("unknown_input", ADD_SUB_IN | {"MORE": ("TYPE_FP32", [-1])}, {},
     "Configuration file contains config for MORE but such input is not present in the pipeline."),
    ("more_outputs", {}, ADD_SUB_OUT | {"MORE": ("TYPE_FP32", [-1])},
     "The number of outputs specified in the DALI pipeline and the configuration file do not match."),
    ("other_rank", {"LEFT": ("TYPE_FP32", [-1, 2])}, {}, 'Mismatch of dims config for "LEFT".'),
    ("strings", {"LEFT": ("TYPE_STRING", [-1])}, {}, 'Mismatch of data_type config for "LEFT".'),
])
def test_configurations_of_other_pipelines(dali, name, inputs, outputs, text):
    assert text in dali.load_error(name, pipeline("add_sub"), config(inputs, outputs))


def test_without_completion_all_has_to_be_there(start_dali):
    one = start_dali("--disable-auto-complete-config")
    assert "Missing max_batch_size field in model configuration." in one.load_error(
        "no_batch", pipeline("add_sub"), config(ADD_SUB_IN, ADD_SUB_OUT))
    assert 'Missing config for "RIGHT" input.' in one.load_error(
        "one", pipeline("add_sub"), config({"LEFT": ("TYPE_FP32", [-1])}, ADD_SUB_OUT, 4))
    one.load("full", pipeline("add_sub"), config(ADD_SUB_IN, ADD_SUB_OUT, 4))


def test_what_nobody_says_is_asked_for(dali):
    error = dali.load_error("unsaid", pipeline("same"), config())
    assert "neither the configuration nor the pipeline says the data_type of input 'X'" in error


def test_a_pipeline_without_inputs(dali):
    assert "expected a pipeline with an input" in dali.load_error("no_input", pipeline("no_input"), config())


def test_a_batch_that_nobody_means(dali):
    assert "max_batch_size: expected 1 to 1048576" in dali.load_error("vast", pipeline("add_sub"),
                                                                       config(max_batch_size=2**31 - 1))
