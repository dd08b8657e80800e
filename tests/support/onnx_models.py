"""ONNX models made for a test, as the bytes of their files.

    model([node("Add", "x x", "y")], {"x": ("FLOAT", [None, 3])}, {"y": ("FLOAT", [None, 3])})
"""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

# Element type of ONNX by the protocol's datatype.
ELEMENT_TYPES = {
    "BOOL": "BOOL", "UINT8": "UINT8", "UINT16": "UINT16", "UINT32": "UINT32", "UINT64": "UINT64", "INT8": "INT8",
    "INT16": "INT16", "INT32": "INT32", "INT64": "INT64", "FP16": "FLOAT16", "BF16": "BFLOAT16", "FP32": "FLOAT",
    "FP64": "DOUBLE", "BYTES": "STRING",
}


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def value(name, element_type, shape):
    return helper.make_tensor_value_info(name, getattr(TensorProto, element_type), shape)


def model(nodes, inputs, outputs, constants=None):
    """`inputs` and `outputs`: name to (element type, shape), or to a finished ValueInfoProto."""
    def infos(tensors):
        return [value(name, *what) if isinstance(what, tuple) else what for name, what in tensors.items()]

    graph = helper.make_graph(nodes, "test", infos(inputs), infos(outputs),
                              [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return made.SerializeToString()


def identity(datatype="FP32", shape=(None, None), input_name="x", output_name="y"):
    tensor = (ELEMENT_TYPES[datatype], list(shape))
    return model([node("Identity", input_name, output_name)], {input_name: tensor}, {output_name: tensor})


def double(shape=(None, 3)):
    """y = x + x"""
    tensor = ("FLOAT", list(shape))
    return model([node("Add", "x x", "y")], {"x": tensor}, {"y": tensor})


def mlp(inputs=16, hidden=32, outputs=8, seed=0):
    """y = relu(x W1 + b1) W2 + b2 with random weights, x [-1, inputs]."""
    random = np.random.default_rng(seed)
    weights = {
        "w1": random.standard_normal((inputs, hidden), dtype=np.float32), "b1": random.random(hidden, dtype=np.float32),
        "w2": random.standard_normal((hidden, outputs), dtype=np.float32), "b2": random.random(outputs, dtype=np.float32)}
    return model(
        [node("Gemm", "x w1 b1", "h"), node("Relu", "h", "r"), node("Gemm", "r w2 b2", "y")],
        {"x": ("FLOAT", [None, inputs])}, {"y": ("FLOAT", [None, outputs])}, weights)


def convolutions():
    """Some milliseconds of one core for an image [-1, 3, 64, 64]; y [-1, 32]."""
    random, layers, weights, channels, last = np.random.default_rng(0), [], {}, 3, "x"
    for made in (32, 64, 32):
        kernel, filtered, positive = f"kernel_{made}_{channels}", f"filtered_{len(layers)}", f"positive_{len(layers)}"
        weights[kernel] = random.standard_normal((made, channels, 3, 3), dtype=np.float32) / 20
        layers += [node("Conv", f"{last} {kernel}", filtered, pads=[1, 1, 1, 1]), node("Relu", filtered, positive)]
        channels, last = made, positive
    layers.append(node("ReduceMean", last, "y", axes=[2, 3], keepdims=0))
    return model(layers, {"x": ("FLOAT", [None, 3, 64, 64])}, {"y": ("FLOAT", [None, 32])}, weights)


def growing():
    """The state holds everything that has come, as a transformer's cache does; y is its sum."""
    return model([node("Concat", "past x", "now", axis=1), node("ReduceSum", "now last", "y")],
                 {"x": ("FLOAT", [None, 1]), "past": ("FLOAT", [None, None])},
                 {"y": ("FLOAT", [None, 1]), "now": ("FLOAT", [None, None])}, {"last": np.array([1], np.int64)})


def sequence_output():
    """x [2] becomes a sequence of one tensor."""
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [2]))
    return model([node("SequenceConstruct", "x", "y")], {"x": ("FLOAT", [2])}, {"y": helper.make_value_info("y", kind)})
