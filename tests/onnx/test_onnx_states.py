"""ONNX models with states that the server keeps: each answer is what a loop over the bare runtime gives."""
import concurrent.futures

import numpy as np
import onnxruntime
import pytest
import tritonclient.http as httpclient
from support.clients import inputs_of
from support.onnx_models import growing, model, node
from tritonclient.utils import InferenceServerException

STRATEGIES = {
    "direct": "direct { }",
    "oldest": "oldest { max_candidate_sequences: 8 max_queue_delay_microseconds: 2000 }",
}
HIDDEN = 4


def recurrent():
    """h' = tanh(x W + h U), y = sum of h'"""
    random = np.random.default_rng(3)
    weights = {"w": random.standard_normal((3, HIDDEN), dtype=np.float32),
               "u": random.standard_normal((HIDDEN, HIDDEN), dtype=np.float32),
               "last": np.array([1], np.int64)}
    return model(
        [node("MatMul", "x w", "xw"), node("MatMul", "h u", "hu"), node("Add", "xw hu", "sum"), node("Tanh", "sum", "h_out"),
         node("ReduceSum", "h_out last", "y")],
        {"x": ("FLOAT", [None, 3]), "h": ("FLOAT", [None, HIDDEN])},
        {"y": ("FLOAT", [None, 1]), "h_out": ("FLOAT", [None, HIDDEN])}, weights)


def config(strategy, states, outputs="", inputs='input { name: "x" data_type: TYPE_FP32 dims: [3] }', max_batch_size=8):
    return f"""
        backend: "onnxruntime"
        max_batch_size: {max_batch_size}
        {inputs}
        output {{ name: "y" data_type: TYPE_FP32 dims: [1] }}
        {outputs}
        instance_group {{ kind: KIND_CPU count: 2 }}
        sequence_batching {{ {strategy} {states} }}
        """


def state(input_name="h", output_name="h_out", dims=HIDDEN, extra=""):
    return f"""state {{ input_name: "{input_name}" output_name: "{output_name}" data_type: TYPE_FP32 dims: [{dims}]
                        {extra} }}"""


def ask(client, name, sequence, rows):
    """The answers to the rows of a sequence, one request each."""
    return [client.infer(name, inputs_of({"x": row[None]}), sequence_id=sequence, sequence_start=i == 0,
                         sequence_end=i == len(rows) - 1).as_numpy("y")[0, 0] for i, row in enumerate(rows)]


def ask_at_once(onnx, name, sequences):
    def one(numbered):
        with httpclient.InferenceServerClient(onnx.server.http) as client:
            return ask(client, name, numbered[0] + 1, numbered[1])

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, enumerate(sequences)))


def loop(data, rows, h):
    """What the bare runtime gives when its caller keeps the state."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    answers = []
    for row in rows:
        y, h = session.run(["y", "h_out"], {"x": row[None], "h": h})
        answers.append(y[0, 0])
    return answers


def sequences_of(count, columns=3):
    random = np.random.default_rng(count)
    return [random.standard_normal((random.integers(1, 7), columns), dtype=np.float32) for _ in range(count)]


@pytest.mark.parametrize("in_place", [False, True], ids=["two_buffers", "one_buffer"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_answers_are_those_of_a_loop_over_the_runtime(onnx, strategy, in_place):
    name, data = f"recurrent_{strategy}_{in_place}", recurrent()
    extra = "use_same_buffer_for_input_output: true" if in_place else ""
    onnx.load(name, data, config(STRATEGIES[strategy], state(extra=extra)))
    sequences = sequences_of(24)
    for rows, answers in zip(sequences, ask_at_once(onnx, name, sequences), strict=True):
        np.testing.assert_allclose(answers, loop(data, rows, np.zeros((1, HIDDEN), np.float32)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("how", ["zero", "file"])
def test_a_state_begins_as_the_configuration_says(onnx, how):
    begin = np.arange(HIDDEN, dtype=np.float32) if how == "file" else np.zeros(HIDDEN, np.float32)
    content = "zero_data: true" if how == "zero" else 'data_file: "begin"'
    initial = f'initial_state {{ name: "begin" data_type: TYPE_FP32 dims: [{HIDDEN}] {content} }}'
    folder = onnx.add(f"begins_{how}", recurrent(), config("", state(extra=initial)))
    (folder / "initial_state").mkdir()
    (folder / "initial_state" / "begin").write_bytes(begin.tobytes())
    onnx.load(f"begins_{how}")
    for rows in sequences_of(3):
        answers = ask(onnx.client, f"begins_{how}", 5, rows)
        np.testing.assert_allclose(answers, loop(recurrent(), rows, begin[None]), rtol=1e-4, atol=1e-5)


def test_a_state_that_is_an_output_too_is_answered_when_asked_for(onnx):
    onnx.load("shown", recurrent(), config("", state(), outputs='output { name: "h_out" data_type: TYPE_FP32 dims: [4] }'))
    row = np.ones((1, 3), np.float32)
    first = onnx.client.infer("shown", inputs_of({"x": row}), sequence_id=1, sequence_start=True)
    assert first.as_numpy("h_out").shape == (1, HIDDEN)
    onnx.client.infer("shown", inputs_of({"x": row}), sequence_id=1, outputs=[httpclient.InferRequestedOutput("y")])
    last = onnx.client.infer("shown", inputs_of({"x": row}), sequence_id=1, sequence_end=True)
    expected = loop(recurrent(), np.ones((3, 3), np.float32), np.zeros((1, HIDDEN), np.float32))
    np.testing.assert_allclose(last.as_numpy("y")[0, 0], expected[2], rtol=1e-4)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_state_may_grow(onnx, strategy):
    """Sequences whose states differ in size are not batched."""
    name = f"growing_{strategy}"
    onnx.load(name, growing(), config(STRATEGIES[strategy], state("past", "now", -1),
                                      inputs='input { name: "x" data_type: TYPE_FP32 dims: [1] }'))
    sequences = sequences_of(16, columns=1)
    for rows, answers in zip(sequences, ask_at_once(onnx, name, sequences), strict=True):
        np.testing.assert_allclose(answers, np.cumsum(rows[:, 0]), rtol=1e-4, atol=1e-5)


def test_a_warm_up_has_states(onnx):
    warm_up = """model_warmup { name: "w" batch_size: 2
                                inputs { key: "x" value { data_type: TYPE_FP32 dims: [3] zero_data: true } } }"""
    onnx.load("warmed", recurrent(), config("", state()) + warm_up)


@pytest.mark.parametrize("extra, text", [
    ("use_growable_memory: true", "must set 'use_same_buffer_for_input_output' to set 'use_growable_memory'"),
    ("use_growable_memory: true use_same_buffer_for_input_output: true", "is only supported with KIND_GPU instances"),
    ("initial_state { data_type: TYPE_FP32 dims: [4] zero_data: true }", "Field 'name' must be set"),
    ('initial_state { name: "i" data_type: TYPE_INT32 dims: [4] zero_data: true }', "does not match the state data type"),
    ('initial_state { name: "i" data_type: TYPE_FP32 dims: [4, 1] zero_data: true }', "Number of dimensions"),
    ('initial_state { name: "i" data_type: TYPE_FP32 dims: [-1] zero_data: true }', "contains variable dimensions"),
    ('initial_state { name: "i" data_type: TYPE_FP32 dims: [5] zero_data: true }', "doesn't match 'state' dim description"),
    ('initial_state { name: "i" data_type: TYPE_FP32 dims: [4] }', "to have state_data set"),
    ('initial_state { name: "i" data_type: TYPE_FP32 dims: [4] data_file: "none" }', "failed to open text file for read"),
])
def test_a_state_that_cannot_be_is_refused(onnx, extra, text):
    onnx.add("refused", recurrent(), config("", state(extra=extra)))
    assert text in onnx.server.post("/v2/repository/models/refused/load", {}).json()["error"]


def test_a_sequence_must_start(onnx):
    onnx.load("starts", recurrent(), config("", state()))
    with pytest.raises(InferenceServerException, match="must specify the START flag"):
        onnx.client.infer("starts", inputs_of({"x": np.ones((1, 3), np.float32)}), sequence_id=1)
