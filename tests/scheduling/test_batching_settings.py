"""Settings of batching that cannot be: what a load of such a model says, and the log where the load itself says less."""
import pytest
from support.control import load
from support.repository import tensor

DELAYS = "timeout_action: DELAY default_timeout_microseconds: 5"
LEVELS = "priority_levels: 2 default_priority_level: 1"
SOURCE = 'source_input: "INPUT0"'
COUNT = f"kind: BATCH_ELEMENT_COUNT data_type: TYPE_FP32 {SOURCE}"

# Settings, and what is wrong with them; "M" stands for the model's name.
BATCHER = {
    "preferred_nothing": ("preferred_batch_size: 0", "dynamic batching preferred size must be positive for M"),
    "preferred_less": ("preferred_batch_size: [2, -1]", "dynamic batching preferred size must be positive for M"),
    "preferred_too_many": ("preferred_batch_size: [4, 9]", "dynamic batching preferred size must be <= max batch size for M"),
    "no_default_level": ("priority_levels: 2", "default priority level must be in range [1, 2] for M"),
    "default_level_above": ("priority_levels: 2 default_priority_level: 3",
                            "default priority level must be in range [1, 2] for M"),
    "policy_of_no_level": (f"{LEVELS} priority_queue_policy {{ key: 3 value {{ max_queue_size: 1 }} }}",
                           "priority queue policy must have priority level in range [1, 2] for M"),
    "order_of_levels": (f"preserve_ordering: true {LEVELS}",
                        "Only one priority level is allowed when 'preserve_ordering' is true for M"),
    "order_of_delayed": (f"preserve_ordering: true default_queue_policy {{ {DELAYS} }}",
                         "Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true for M"),
    "order_of_delayed_level": (
        "preserve_ordering: true priority_levels: 1 default_priority_level: 1 "
        f"priority_queue_policy {{ key: 1 value {{ {DELAYS} }} }}",
        "Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true for M"),
}
TENSORS = {
    "input_without_source": ("batch_input { kind: BATCH_ITEM_SHAPE data_type: TYPE_FP32 }",
                             "batch input kind 'BATCH_ITEM_SHAPE' expects 1 source input, got 0 for M"),
    "input_of_two_sources": (f"batch_input {{ {COUNT} {SOURCE} }}",
                             "batch input kind 'BATCH_ELEMENT_COUNT' expects 1 source input, got 2 for M"),
    "input_of_no_input": ('batch_input { kind: BATCH_ELEMENT_COUNT data_type: TYPE_FP32 source_input: "X" }',
                          "unknown source input name 'X' for M"),
    "input_of_another_type": (f"batch_input {{ kind: BATCH_ELEMENT_COUNT data_type: TYPE_INT64 {SOURCE} }}",
                              "batch input data type must be TYPE_INT32 or TYPE_FP32 for M"),
    "output_without_source": ('batch_output { target_name: "OUTPUT0" }',
                              "batch output kind 'BATCH_SCATTER_WITH_INPUT_SHAPE' expects 1 source input, got 0 for M"),
    "output_of_no_input": ('batch_output { target_name: "OUTPUT0" source_input: "X" }', "unknown source input name 'X' for M"),
    "output_of_no_output": (f'batch_output {{ target_name: "X" {SOURCE} }}', "unknown target output name 'X' for M"),
    "output_named_twice": (f'batch_output {{ target_name: ["OUTPUT0", "OUTPUT0"] {SOURCE} }}',
                           "target output name 'OUTPUT0' can only be specified once for M"),
}
SYNTAX = {
    "action_that_is_none": ("default_queue_policy { timeout_action: WAIT }", "WAIT"),
    "timeout_before_now": ("default_queue_policy { default_timeout_microseconds: -1 }", "Expected integer, got: -"),
    "queue_of_less_than_nothing": ("default_queue_policy { max_queue_size: -1 }", "Expected integer, got: -"),
    "delay_before_now": ("max_queue_delay_microseconds: -1", "Expected integer, got: -"),
    "override_that_is_none": ("default_queue_policy { allow_timeout_override: 2 }", "Integer out of range (2)"),
    "order_that_is_none": ("preserve_ordering: maybe", "Invalid value for boolean field"),
}


def config(name):
    """The model's configuration, and what is wrong with it."""
    settings, reason = (BATCHER | TENSORS | SYNTAX)[name]
    if name not in TENSORS:
        settings = f"dynamic_batching {{ {settings} }}"
    return (f'backend: "identity" max_batch_size: 8 input [ {tensor("INPUT0", extra="allow_ragged_batch: true")} ] '
            f'output [ {tensor("OUTPUT0")} ] {settings}', reason.replace(" M", f" {name}"))


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for name in BATCHER | TENSORS | SYNTAX:
        module_repository.add(name, config(name)[0])
    return start_module_server(module_repository.path, "--model-control-mode=explicit")


@pytest.mark.parametrize("model", [*BATCHER, *SYNTAX])
def test_what_is_wrong_with_the_batcher_keeps_the_model_s_folder_from_being_read(server, model):
    before = len(server.log)
    response = load(server, model)
    assert (response.status_code, response.json()["error"]) == (
        500, f"failed to load '{model}', failed to poll from model repository")
    told = server.log[before:]
    assert config(model)[1] in told
    assert f"Poll failed for model directory '{model}': " in told


@pytest.mark.parametrize("model", TENSORS)
def test_what_is_wrong_with_a_batch_tensor_fails_the_load(server, model):
    response = load(server, model)
    assert (response.status_code, response.json()["error"]) == (
        400, f"load failed for model '{model}': version 1 is at UNAVAILABLE state: Invalid argument: {config(model)[1]};\n")
