"""Batches, which a model takes in one size, filled up, or in any size; sequences; instances at once."""
import numpy as np
import pytest
from support.inference import statistics
from support.openvino_models import check_scores, config, ir
from support.repository import parameters

PIXELS = {"pixels": ("TYPE_FP32", [64])}
SCORES = {"scores": ("TYPE_FP32", [10])}
PADDED = parameters(ENABLE_BATCH_PADDING="YES")
OPEN = parameters(ENABLE_OPEN_BATCH="YES")


def test_a_batch_of_another_size_is_refused(openvino, digits):
    openvino.load("fixed", ir("digits"), config(PIXELS, SCORES, 4))
    for size in (1, 3):
        with pytest.raises(Exception) as refused:
            openvino.infer("fixed", pixels=digits["pixels"][:size])
        assert (f"expected requests with batch size '4', got '{size}'... this error can be avoided by setting "
                "'ENABLE_BATCH_PADDING' parameter in model configuration to 'YES' at a performance cost." in str(refused.value))
    check_scores(openvino.infer("fixed", pixels=digits["pixels"][:4])["scores"], digits["scores"][:4])


@pytest.mark.parametrize("way, setting", [("padded", PADDED), ("open", OPEN)])
def test_batches_of_every_size(openvino, digits, way, setting):
    openvino.load(way, ir("digits"), config(PIXELS, SCORES, 5, setting))
    for size in (5, 1, 4, 2, 3, 5, 1):
        rows = digits["pixels"][size:2 * size]
        answer = openvino.infer(way, pixels=rows)["scores"]
        check_scores(answer, digits["scores"][size:2 * size])


@pytest.mark.parametrize("way, setting", [("padded", PADDED), ("open", OPEN)])
def test_requests_are_batched_and_each_gets_its_rows(openvino, digits, way, setting):
    name = f"batched_{way}"
    openvino.load(name, ir("digits"), config(
        PIXELS, SCORES, 64, f"dynamic_batching {{ max_queue_delay_microseconds: 50000 }}\n{setting}"))
    slices = [slice(i * 3, i * 3 + 1 + i % 3) for i in range(48)]
    answers = openvino.infer_many(name, [{"pixels": digits["pixels"][rows]} for rows in slices])
    for rows, answer in zip(slices, answers):
        check_scores(answer["scores"], digits["scores"][rows])
    assert statistics(openvino.server, name)["execution_count"] < 48


def test_a_network_of_one_row_takes_the_batch_size(openvino, digits):
    openvino.load("one", ir("digits_of_one"), config(PIXELS, SCORES, 3))
    check_scores(openvino.infer("one", pixels=digits["pixels"][:3])["scores"], digits["scores"][:3])


def test_a_network_that_cannot_batch_says_so(openvino):
    tensors = {"x": ("TYPE_FP32", [8, 8])}, {"y": ("TYPE_FP32", [64])}
    assert "unable to reshape model 'flatten': " in openvino.load_error("flatten", ir("flatten"), config(*tensors, 3))
    openvino.load("flatten", ir("flatten"), config(*tensors, 1))
    values = np.arange(64, dtype=np.float32).reshape(1, 8, 8)
    np.testing.assert_array_equal(openvino.infer("flatten", x=values)["y"], values.reshape(1, 64))


def sequence(openvino, model, values, number=7):
    """The outputs of a sequence's requests."""
    answers = []
    for i, value in enumerate(values):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [value]}],
                "parameters": {"sequence_id": number, "sequence_start": i == 0, "sequence_end": i == len(values) - 1}}
        answer = openvino.server.infer(model, body)
        assert answer.status_code == 200, answer.text
        answers.append({output["name"]: output["data"][0] for output in answer.json()["outputs"]})
    return answers


def test_controls_of_sequences_are_inputs(openvino):
    openvino.load("controlled", ir("controlled"), config(
        {"x": ("TYPE_FP32", [1])}, {"y": ("TYPE_FP32", [1]), "which": ("TYPE_UINT64", [1])}, 1, """
        sequence_batching { control_input [
          { name: "start" control { kind: CONTROL_SEQUENCE_START fp32_false_true: [0, 1] } },
          { name: "id" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } } ] }"""))
    assert sequence(openvino, "controlled", [1, 2, 3], 41) == [
        {"y": 101, "which": 41}, {"y": 2, "which": 41}, {"y": 3, "which": 41}]


def test_controls_are_converted_as_inputs_are(openvino):
    openvino.load("converted_control", ir("controlled"), config(
        {"x": ("TYPE_FP32", [1])}, {"y": ("TYPE_FP32", [1])}, 1, """
        sequence_batching { control_input [
          { name: "start" control { kind: CONTROL_SEQUENCE_START int32_false_true: [0, 2] } },
          { name: "id" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_INT32 } } ] }"""))
    assert [answer["y"] for answer in sequence(openvino, "converted_control", [1, 2])] == [201, 2]


REMEMBERING = {"x": ("TYPE_FP32", [1])}, {"y": ("TYPE_FP32", [1])}


def test_what_a_network_remembers_belongs_to_a_sequence(openvino):
    openvino.load("remembers", ir("remembering"), config(*REMEMBERING, 1, "sequence_batching { }"))
    for number in (1, 2):
        assert [answer["y"] for answer in sequence(openvino, "remembers", [1, 2, 3], number)] == [1, 3, 6]


def test_without_sequences_a_network_remembers_nothing(openvino):
    openvino.load("forgets", ir("remembering"), config(*REMEMBERING, 1))
    for _ in range(3):
        assert openvino.infer("forgets", x=np.float32([[5]]))["y"].item() == 5


def test_sequences_in_one_batch_cannot_share_what_a_network_remembers(openvino):
    error = openvino.load_error("mixed", ir("remembering"), config(*REMEMBERING, 4, f"sequence_batching {{ }}\n{PADDED}"))
    assert ("model 'mixed' keeps the state of one sequence inside: expected max_batch_size 0 or 1 with sequence_batching, got 4"
            in error)


def test_instances_answer_at_once(openvino, digits):
    openvino.load("many", ir("digits"), config(PIXELS, SCORES, 1, "instance_group { count: 4 kind: KIND_CPU }"))
    answers = openvino.infer_many("many", [{"pixels": digits["pixels"][i:i + 1]} for i in range(100)])
    check_scores(np.concatenate([answer["scores"] for answer in answers]), digits["scores"][:100])
