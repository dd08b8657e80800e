"""A Python model calls a model that remembers: the requests of one correlation ID are a sequence."""
import json

import numpy as np
import pytest
from support.clients import arrays_of, inputs_of

# Two sequences at once, each on an instance of its own.
CALLS = """
START, END = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START, pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END

def add(model, number, sequence, flags=0):
    request = pb_utils.InferenceRequest(model_name=model, inputs=[pb_utils.Tensor("IN", np.float32([[number]]))],
                                        requested_output_names=["SUM"], correlation_id=sequence, flags=flags)
    response = request.exec()
    return response.error().message() if response.has_error() else float(response.output_tensors()[0].as_numpy()[0][0])
"""

RUNS = """
def execute(self, requests):
    kind = int(values(requests[0])[0])
    model, first, second = ("sums", 3, 4) if kind == 0 else ("sums_by_text", "one", "two")
    told = [add(model, 1, first, START), add(model, 10, second, START), add(model, 2, first), add(model, 20, second, END),
            add(model, 3, first, END), add(model, 5, first, START | END), add(model, 6, second)]
    return [answer(OUT=np.array([json.dumps(told)], dtype=object))]
"""

SUMS = """
def initialize(self, args):
    self.sum = 0

def execute(self, requests):
    responses = []
    for request in requests:
        if values(request, "START").item(): self.sum = 0
        self.sum += values(request).item()
        responses.append(answer(SUM=np.float32([[self.sum]])))
    return responses
"""


@pytest.fixture(scope="module")
def server(models, serve):
    for name, kind in (("sums", "TYPE_UINT64"), ("sums_by_text", "TYPE_STRING")):
        models.add(name, SUMS, {"IN": ("TYPE_FP32", (1,))}, {"SUM": ("TYPE_FP32", (1,))}, max_batch_size=1, extra=f"""
            instance_group {{ count: 2 kind: KIND_CPU }}
            sequence_batching {{
              control_input [
                {{ name: "START" control [ {{ kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] }} ] }},
                {{ name: "ID" control [ {{ kind: CONTROL_SEQUENCE_CORRID data_type: {kind} }} ] }}
              ]
            }}
            """)
    models.add("calls", RUNS, outputs={"OUT": "TYPE_STRING"}, before=CALLS)
    return serve()


@pytest.mark.parametrize("kind, model", [(0, "sums"), (1, "sums_by_text")])
def test_calls_of_one_id_are_a_sequence(client, kind, model):
    *sums, error = json.loads(arrays_of(client.infer("calls", inputs_of({"IN": np.float32([kind])})))["OUT"][0])
    assert sums == [1, 10, 3, 30, 6, 5]
    assert error.startswith(f"Model {model} - Error when running inference: ")
    assert error.endswith(f"to model '{model}' must specify the START flag on the first request of the sequence")
