"""Which argument and which result a tensor of the configuration is."""
import numpy as np
import pytest
from support.torch_models import config

FP32 = ("TYPE_FP32", [3])
LEFT = np.float32([[5, 6, 7]])
RIGHT = np.float32([[1, 2, 3]])


def add_sub(left, right, first, second):
    return config({left: FP32, right: FP32}, {first: FP32, second: FP32})


@pytest.mark.parametrize("name, left, right, first, second", [
    ("arguments", "left", "right", "sum", "difference"),
    ("indexes", "INPUT__0", "INPUT__1", "OUTPUT__0", "OUTPUT__1"),
    ("order", "a", "b", "c", "d"),
    ("not_all_indexes", "a__1", "b", "c__1", "d"),
    ("no_number", "a__1x", "b__0", "c__1x", "d__0"),
])
def test_names_bind_in_the_order_of_arguments(torch, models, name, left, right, first, second):
    torch.load(name, models("add_sub"), add_sub(left, right, first, second))
    answer = torch.infer(name, **{left: LEFT, right: RIGHT})
    np.testing.assert_array_equal(answer[first], LEFT + RIGHT)
    np.testing.assert_array_equal(answer[second], LEFT - RIGHT)


@pytest.mark.parametrize("name, left, right, first, second", [
    ("arguments_turned", "right", "left", "sum", "difference"),
    ("indexes_turned", "x__1", "y__0", "sum", "difference"),
])
def test_names_that_turn_the_order_around(torch, models, name, left, right, first, second):
    torch.load(name, models("add_sub"), add_sub(left, right, first, second))
    answer = torch.infer(name, **{left: RIGHT, right: LEFT})
    np.testing.assert_array_equal(answer["difference"], LEFT - RIGHT)


def test_output_indexes_turn_the_order_around(torch, models):
    torch.load("outputs_turned", models("add_sub"), add_sub("left", "right", "difference__1", "sum__0"))
    answer = torch.infer("outputs_turned", left=LEFT, right=RIGHT)
    np.testing.assert_array_equal(answer["difference__1"], LEFT - RIGHT)
    np.testing.assert_array_equal(answer["sum__0"], LEFT + RIGHT)


def test_a_dictionary_has_the_inputs_names_as_keys(torch, models):
    torch.load("dictionary", models("dictionary"), add_sub("right", "left", "sum", "difference"))
    answer = torch.infer("dictionary", left=LEFT, right=RIGHT)
    np.testing.assert_array_equal(answer["difference"], LEFT - RIGHT)


def test_a_key_that_the_model_asks_for_and_the_configuration_has_not(torch, models):
    torch.load("no_key", models("dictionary"), add_sub("left", "rihgt", "sum", "difference"))
    with pytest.raises(Exception, match="(?s)PyTorch execute failure: .*right"):
        torch.infer("no_key", left=LEFT, rihgt=RIGHT)


ONE = {"x": FP32}


@pytest.mark.parametrize("name, model, configured, text", [
    ("two_dictionaries", "two_dictionaries", config({"left": FP32, "right": FP32}, ONE),
     "Multiple inputs of kind DictType were detected. Only a single input of type Dict(str, Tensor) is supported."),
    ("number_argument", "number_argument", config({"x": FP32, "times": FP32}, ONE),
     "An input of type 'int' was detected in the model. Only a single input of type Dict(str, Tensor) or input(s) of type "
     "Tensor are supported."),
    ("too_few", "add_sub", config(ONE, ONE),
     "unable to load model 'too_few', configuration expects 1 inputs, model provides 2"),
    ("too_many", "copy", config({"x": FP32, "y": FP32}, ONE),
     "unable to load model 'too_many', configuration expects 2 inputs, model provides 1"),
    ("no_inputs", "copy", config({}, ONE), "model configuration must contain at least one input, none were specified."),
    ("no_outputs", "copy", config(ONE, {}), "model configuration must contain at least one output, none were specified."),
    ("index_too_large", "add_sub", config({"x__0": FP32, "x__7": FP32}, ONE),
     "unable to load model 'index_too_large': no input is argument 1 of the model, which has arguments 0 to 1; is 'x__7' meant?"),
    ("index_beyond_numbers", "copy", config({"x__99999999999999999999999": FP32}, ONE), "no input is argument 0 of the model"),
    ("index_twice", "add_sub", config({"x__1": FP32, "y__1": FP32}, ONE),
     "unable to load model 'index_twice': no input is argument 0 of the model"),
    ("index_twice_at_0", "add_sub", config({"x__0": FP32, "y__0": FP32}, ONE),
     "unable to load model 'index_twice_at_0': inputs 'x__0' and 'y__0' are both argument 0 of the model"),
])
def test_what_does_not_fit_is_refused_at_load(torch, models, name, model, configured, text):
    assert text in torch.load_error(name, models(model), configured)


def test_an_output_beyond_the_last_is_an_error_of_each_request(torch, models):
    torch.load("beyond", models("add_sub"), config({"left": FP32, "right": FP32}, {"sum__0": FP32, "other__2": FP32}))
    with pytest.raises(Exception, match="The output other__2 in the model configuration refers to an output index which doesn't "
                                        "exist. This model has 2 outputs"):
        torch.infer("beyond", left=LEFT, right=RIGHT)


def test_only_the_outputs_that_are_asked_for_come_back(torch, models):
    torch.load("chosen", models("add_sub"), add_sub("left", "right", "sum", "difference"))
    answer = torch.infer("chosen", outputs=["difference"], left=LEFT, right=RIGHT)
    assert list(answer) == ["difference"]
    np.testing.assert_array_equal(answer["difference"], LEFT - RIGHT)


def sequence(control="START__1", state_in="TOTAL__2", state_out="STATE__1", x="INPUT__0", out="OUTPUT__0"):
    return config({x: ("TYPE_FP32", [1])}, {out: ("TYPE_FP32", [1])}, extra=f"""
        sequence_batching {{
          control_input {{ name: "{control}" control {{ kind: CONTROL_SEQUENCE_START fp32_false_true: [0, 1] }} }}
          state {{ input_name: "{state_in}" output_name: "{state_out}" data_type: TYPE_FP32 dims: [1] }}
        }}""")


@pytest.mark.parametrize("name, configured, text", [
    ("control_name", sequence(control="START"), "input 'START' does not follow <name>__<index> naming convention."),
    ("state_input_name", sequence(state_in="TOTAL"), "input 'TOTAL' does not follow <name>__<index> naming convention."),
    ("state_output_name", sequence(state_out="STATE"), "output 'STATE' does not follow <name>__<index> naming convention."),
    ("input_name", sequence(x="x"),
     "PyTorch model 'input_name' is using sequence batching with state but not all inputs and outputs follow the "
     "<name>__<index> naming convention. "),
])
def test_names_of_sequence_models_have_indexes(torch, models, name, configured, text):
    assert text in torch.load_error(name, models("accumulator"), configured)


@pytest.mark.parametrize("name, state", [("state_apart", "STATE__1"), ("state_is_output", "OUTPUT__0")])
def test_state_of_a_sequence(torch, models, name, state):
    torch.load(name, models("accumulator"), sequence(state_out=state))
    totals = []
    for i, value in enumerate([1, 2, 4]):
        request = {"inputs": [{"name": "INPUT__0", "datatype": "FP32", "shape": [1, 1], "data": [value]}],
                   "parameters": {"sequence_id": 5, "sequence_start": i == 0, "sequence_end": i == 2}}
        answer = torch.server.infer(name, request).json()
        assert [output["name"] for output in answer["outputs"]] == ["OUTPUT__0"]
        totals.append(answer["outputs"][0]["data"][0])
    assert totals == [1, 3, 7]


def test_ragged_inputs_and_what_is_made_of_them(torch, models):
    torch.load("ragged", models("ragged"), config(
        {"x": ("TYPE_FP32", [-1], "allow_ragged_batch: true")}, {"sum": ("TYPE_FP32", [1])}, extra="""
        batch_input { kind: BATCH_ACCUMULATED_ELEMENT_COUNT target_name: "ends" data_type: TYPE_INT32 source_input: "x" }
        dynamic_batching { max_queue_delay_microseconds: 20000 }"""))
    rows = [np.arange(size, dtype=np.float32).reshape(1, -1) for size in (1, 4, 2, 7)]
    answers = torch.infer_many("ragged", [{"x": row} for row in rows])
    assert [answer["sum"].item() for answer in answers] == [row.sum() for row in rows]
