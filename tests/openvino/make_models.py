"""Makes the models of these tests with OpenVINO's Python module, in a process of its own: make_models.py <folder>.

Each is an IR, <name>.xml and <name>.bin. digits.onnx is the network of digits in the other format; digits.npz has rows of the
handwritten digits, and what the network says of them in scikit-learn, which has trained it.
"""
import pathlib
import sys
import warnings

import numpy as np
import openvino as ov
from openvino import opset15 as op
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from support import onnx_models

DATATYPES = {"BOOL": ov.Type.boolean, "UINT8": ov.Type.u8, "UINT16": ov.Type.u16, "UINT32": ov.Type.u32, "UINT64": ov.Type.u64,
             "INT8": ov.Type.i8, "INT16": ov.Type.i16, "INT32": ov.Type.i32, "INT64": ov.Type.i64, "FP16": ov.Type.f16,
             "FP32": ov.Type.f32, "FP64": ov.Type.f64, "BF16": ov.Type.bf16, "STRING": ov.Type.string}


def parameter(name, shape, datatype=ov.Type.f32, layout=None):
    made = op.parameter(ov.PartialShape(shape), datatype, name=name)
    made.output(0).get_tensor().set_names({name})
    if layout:
        made.layout = ov.Layout(layout)
    return made


def network(inputs, outputs, layout=None):
    """`outputs`: name to node."""
    results = []
    for name, node in outputs.items():
        node = node if isinstance(node, ov.Output) else node.output(0)
        node.get_tensor().set_names({name} if isinstance(name, str) else set(name))
        results.append(op.result(node))
        if layout:
            results[-1].layout = ov.Layout(layout)
    return ov.Model(results, inputs, "test")


def constant(values, datatype=np.float32):
    return op.constant(np.asarray(values, datatype))


def train():
    digits = load_digits()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged: good enough
        trained = MLPClassifier((32,), max_iter=60, random_state=0).fit(digits.data[:1500] / 16, digits.target[:1500])
    return trained, digits.data[1500:].astype(np.float32), digits.target[1500:]


def digits_network(trained, batch=-1, layout=None):
    pixels = parameter("pixels", [batch, 64], layout=layout)
    value = op.divide(pixels, constant(16))
    for weights, bias in zip(trained.coefs_, trained.intercepts_):
        last = weights is trained.coefs_[-1]
        value = op.add(op.matmul(value, constant(weights), False, False), constant(bias[None]))
        value = op.softmax(value, 1) if last else op.relu(value)
    return network([pixels], {"scores": value}, layout)


def digits_onnx(trained):
    (w1, w2), (b1, b2) = trained.coefs_, trained.intercepts_
    node = onnx_models.node
    return onnx_models.model(
        [node("Div", "pixels sixteen", "p"), node("Gemm", "p w1 b1", "h"), node("Relu", "h", "r"), node("Gemm", "r w2 b2", "s"),
         node("Softmax", "s", "scores", axis=1)],
        {"pixels": ("FLOAT", [None, 64])}, {"scores": ("FLOAT", [None, 10])},
        {key: value.astype(np.float32) for key, value in
         {"w1": w1, "b1": b1, "w2": w2, "b2": b2, "sixteen": np.array(16)}.items()})


def copy(datatype, shape):
    x = parameter("x", shape, datatype)
    return network([x], {"y": op.concat([x], 0)})


def add_sub():
    left, right = parameter("left", [-1, 4]), parameter("right", [-1, 4])
    return network([left, right], {("sum", "total"): op.add(left, right), "difference": op.subtract(left, right)})


def flatten():
    """Its second dimension is that of one image, whatever the batch."""
    x = parameter("x", [1, 8, 8])
    return network([x], {"y": op.reshape(x, op.constant(np.array([1, 64], np.int64)), False)})


def rows():
    """[N, -1] -> sums [N, 1]"""
    x = parameter("x", [1, 5])
    return network([x], {"y": op.reduce_sum(x, op.constant(np.array([1], np.int64)), True)})


def controlled():
    """A sequence's requests say where it begins and which it is."""
    x, start, number = parameter("x", [-1, 1]), parameter("start", [-1, 1]), parameter("id", [-1, 1], ov.Type.u64)
    return network([x, start, number], {
        "y": op.add(op.multiply(start, constant(100)), x), "which": op.concat([number], 0)})


def remembering():
    """y is the sum of all x since the state was new."""
    x = parameter("x", [1, 1])
    held = op.read_value(constant([[0]]), "sum")
    added = op.add(x, held)
    added.output(0).get_tensor().set_names({"y"})
    return ov.Model([op.result(added)], [op.assign(added, "sum")], [x], "test")


def heavy():
    """16 MiB of weights."""
    x, random = parameter("x", [-1, 1024]), np.random.default_rng(0)
    hidden = op.relu(op.matmul(x, constant(random.standard_normal((1024, 2048)) / 32), False, False))
    return network([x], {"y": op.matmul(hidden, constant(random.standard_normal((2048, 1024)) / 32), False, False)})


def convolutions():
    x, random, channels = parameter("x", [-1, 3, 64, 64]), np.random.default_rng(0), 3
    value = x
    for made in (32, 64, 32):
        kernel = constant(random.standard_normal((made, channels, 3, 3)) / 20)
        value, channels = op.relu(op.convolution(value, kernel, [1, 1], [1, 1], [1, 1], [1, 1])), made
    return network([x], {"y": op.reduce_mean(value, op.constant(np.array([2, 3], np.int64)), False)})


def main(folder):
    trained, pixels, labels = train()
    np.savez(folder / "digits.npz", pixels=pixels, labels=labels, scores=trained.predict_proba(pixels / 16))
    (folder / "digits.onnx").write_bytes(digits_onnx(trained))
    made = {"digits": digits_network(trained), "digits_with_layout": digits_network(trained, layout="NC"),
            "digits_of_one": digits_network(trained, batch=1), "add_sub": add_sub(), "flatten": flatten(), "rows": rows(),
            "controlled": controlled(), "remembering": remembering(), "heavy": heavy(), "convolutions": convolutions(),
            "any_rank": network([x := parameter("x", "...")], {"y": op.relu(x)}),
            "scalar": network([x := parameter("x", [])], {"y": op.relu(x)})}
    made |= {f"copy_{name}": copy(datatype, [-1, -1]) for name, datatype in DATATYPES.items()}
    for name, model in made.items():
        ov.save_model(model, folder / f"{name}.xml", compress_to_fp16=False)


main(pathlib.Path(sys.argv[1]))
