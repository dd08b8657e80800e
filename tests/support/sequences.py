"""Sequences of a model that accumulates: OUTPUT is the sum of INPUT so far. Its plug-in is tests/backends/accumulator."""

import numpy as np
from tritonclient.grpc import service_pb2 as pb

from .plugins import needs_plugins

needs_accumulator = needs_plugins("accumulator")

START, END, GOES_ON = (True, False), (False, True), (False, False)
ALONE = (True, True)  # the first and the last request


def add_accumulator(repository, name="sum", strategy="direct { }", by="row", max_batch_size=8, instances=1,
                    id_type="TYPE_UINT64", idle_us=60_000_000, extra="", batching="", **parameters):
    settings = "".join(f'parameters {{ key: "{key}" value: {{ string_value: "{value}" }} }}\n'
                       for key, value in {"by": by, **parameters}.items())
    return repository.add(name, f"""
        backend: "accumulator"
        max_batch_size: {max_batch_size}
        input {{ name: "INPUT" data_type: TYPE_INT64 dims: [1] }}
        output {{ name: "OUTPUT" data_type: TYPE_INT64 dims: [1] }}
        instance_group {{ kind: KIND_CPU count: {instances} }}
        sequence_batching {{
          {strategy}
          max_sequence_idle_microseconds: {idle_us}
          control_input {{ name: "START" control {{ kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] }} }}
          control_input {{ name: "READY" control {{ kind: CONTROL_SEQUENCE_READY int32_false_true: [0, 1] }} }}
          control_input {{ name: "CORRID" control {{ kind: CONTROL_SEQUENCE_CORRID data_type: {id_type} }} }}
          {batching}
        }}
        {settings}
        {extra}
        """)


def body(value, sequence, flags=GOES_ON, batched=True, **parameters):
    """A request over HTTP. `flags`: whether it is the first, and whether it is the last."""
    return {"inputs": [{"name": "INPUT", "datatype": "INT64", "shape": [1, 1] if batched else [1], "data": [value]}],
            "parameters": {"sequence_id": sequence, "sequence_start": flags[0], "sequence_end": flags[1], **parameters}}


def add(server, value, sequence, flags=GOES_ON, model="sum", **more):
    return server.infer(model, body(value, sequence, flags, **more))


def total(response):
    assert response.status_code == 200, response.text
    return response.json()["outputs"][0]["data"][0]


def message(value, sequence, flags=GOES_ON, model="sum", id="", batched=True):
    """A request over gRPC."""
    request = pb.ModelInferRequest(model_name=model, id=id)
    request.inputs.add(name="INPUT", datatype="INT64", shape=[1, 1] if batched else [1])
    request.raw_input_contents.append(np.int64(value).tobytes())
    if isinstance(sequence, str):
        request.parameters["sequence_id"].string_param = sequence
    else:
        request.parameters["sequence_id"].int64_param = sequence
    request.parameters["sequence_start"].bool_param = flags[0]
    request.parameters["sequence_end"].bool_param = flags[1]
    return request


def total_of(response):
    return int(np.frombuffer(response.raw_output_contents[0], np.int64)[0])
