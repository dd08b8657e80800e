"""The models of the benchmarks: identity, and an MLP 256-1024-256 with dynamic batching."""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

IDENTITY = """\
backend: "identity"
max_batch_size: 8
input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1 ] } ]
instance_group [ { kind: KIND_CPU count: 1 } ]
parameters { key: "response_parameters" value: { string_value: "false" } }
"""

MLP = """\
backend: "onnxruntime"
max_batch_size: 64
input [ { name: "x" data_type: TYPE_FP32 dims: [ 256 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 256 ] } ]
instance_group [ { kind: KIND_CPU count: 1 } ]
dynamic_batching { }
parameters { key: "intra_op_thread_count" value: { string_value: "1" } }
"""


def add_identity(repository, name="identity"):
    folder = pathlib.Path(repository, name)
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(IDENTITY)


def add_unread(repository):
    """OUTPUT0 is INPUT0; nobody looks at INPUT1, however large it is."""
    folder = pathlib.Path(repository, "unread")
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(IDENTITY + """\
input [ { name: "INPUT1" data_type: TYPE_FP32 dims: [ -1 ] } ]
""")


def add_cached(repository):
    """An identity model whose answers are kept."""
    folder = pathlib.Path(repository, "cached")
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(IDENTITY + "response_cache { enable: true }\n")


def add_sequences(repository):
    """Models "direct" and "oldest", by the strategies for sequences."""
    for name, strategy in {"direct": "direct { }", "oldest": "oldest { max_candidate_sequences: 64 }"}.items():
        folder = pathlib.Path(repository, name)
        (folder / "1").mkdir(parents=True)
        (folder / "config.pbtxt").write_text(IDENTITY.replace("max_batch_size: 8", "max_batch_size: 64") + f"""\
sequence_batching {{
  {strategy}
  max_sequence_idle_microseconds: 60000000
  control_input {{ name: "START" control {{ kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] }} }}
  control_input {{ name: "READY" control {{ kind: CONTROL_SEQUENCE_READY int32_false_true: [ 0, 1 ] }} }}
  control_input {{ name: "ID" control {{ kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 }} }}
}}
""")


def add_dynamic(repository):
    """Identity with dynamic batching."""
    folder = pathlib.Path(repository, "dynamic")
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(
        IDENTITY.replace("max_batch_size: 8", "max_batch_size: 64") + "dynamic_batching { }\n")


def add_ensemble(repository):
    """The model "identity" three times, one after the other."""
    folder = pathlib.Path(repository, "ensemble")
    (folder / "1").mkdir(parents=True)
    tensors = ["INPUT0", "first", "second", "OUTPUT0"]
    steps = "\n".join(f"""\
  step {{
    model_name: "identity"
    model_version: -1
    input_map {{ key: "INPUT0" value: "{reads}" }}
    output_map {{ key: "OUTPUT0" value: "{makes}" }}
  }}""" for reads, makes in zip(tensors, tensors[1:]))
    (folder / "config.pbtxt").write_text(f"""\
platform: "ensemble"
max_batch_size: 8
input [ {{ name: "INPUT0" data_type: TYPE_FP32 dims: [ -1 ] }} ]
output [ {{ name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1 ] }} ]
ensemble_scheduling {{
{steps}
}}
""")


def add_burst(repository):
    """A decoupled model: 1,000 responses to a request."""
    folder = pathlib.Path(repository, "burst")
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(IDENTITY + """\
model_transaction_policy { decoupled: true }
parameters { key: "repeat" value: { string_value: "1000" } }
""")


def add_mlp(repository):
    folder = pathlib.Path(repository, "mlp")
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(MLP)
    rng = np.random.default_rng(0)
    weights = {"w1": (256, 1024), "b1": (1024,), "w2": (1024, 256), "b2": (256,)}
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w1"], ["h1"]), helper.make_node("Add", ["h1", "b1"], ["h2"]),
         helper.make_node("Relu", ["h2"], ["h3"]), helper.make_node("MatMul", ["h3", "w2"], ["h4"]),
         helper.make_node("Add", ["h4", "b2"], ["y"])], "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 256])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 256])],
        [numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32) / 16, name) for name, shape in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "1" / "model.onnx")
    return folder / "1" / "model.onnx"


def add_deep(repository, layers=800):
    """Computes for some 10 ms whatever the protocol does: many products with one matrix, which stays in the caches."""
    folder = pathlib.Path(repository, "deep")
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(MLP.replace("256", "512").replace("dynamic_batching { }\n", ""))
    weight = np.random.default_rng(0).standard_normal((512, 512)).astype(np.float32) / 32
    names = ["x", *(f"h{i}" for i in range(2 * layers - 1)), "y"]
    nodes = [helper.make_node(*operator, [output]) for layer in range(layers)
             for operator, output in ((("MatMul", [names[2 * layer], "w"]), names[2 * layer + 1]),
                                      (("Tanh", [names[2 * layer + 1]]), names[2 * layer + 2]))]
    graph = helper.make_graph(nodes, "deep", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 512])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 512])],
                              [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "1" / "model.onnx")
