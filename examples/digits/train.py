#!/usr/bin/env python3
"""Trains a small network on real handwritten digits and lays it out as a model repository.

    train.py <repository>

The data are scikit-learn's bundled 8x8 scans (UCI "Optical Recognition of Handwritten Digits"); a third is held out and
written to <repository>/../held_out.npz for classify.py. The network (64-48-10) is exported to ONNX with its scaling
inside, so that a client sends plain pixel values.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

PIXEL_MAX = 16.0

CONFIG = """\
# Handwritten digits: 8x8 grey values (0..16) in, ten scores out. Requests are batched as they come.
backend: "onnxruntime"
max_batch_size: 64
input [ { name: "pixels" data_type: TYPE_FP32 dims: [ 64 ] } ]
output [ { name: "scores" data_type: TYPE_FP32 dims: [ 10 ] label_filename: "labels.txt" } ]
dynamic_batching { }
"""


def to_onnx(network):
    """The classifier as a graph: scale, then MatMul-Add(-Relu) for each layer, then Softmax."""
    nodes = [helper.make_node("Mul", ["pixels", "scale"], ["layer0"])]
    weights = [numpy_helper.from_array(np.array(1 / PIXEL_MAX, dtype=np.float32), "scale")]
    current = "layer0"
    for i, (w, b) in enumerate(zip(network.coefs_, network.intercepts_), start=1):
        weights += [numpy_helper.from_array(w.astype(np.float32), f"w{i}"), numpy_helper.from_array(b.astype(np.float32), f"b{i}")]
        nodes += [helper.make_node("MatMul", [current, f"w{i}"], [f"product{i}"]),
                  helper.make_node("Add", [f"product{i}", f"b{i}"], [f"sum{i}"])]
        last = i == len(network.coefs_)
        nodes.append(helper.make_node("Softmax" if last else "Relu", [f"sum{i}"], ["scores" if last else f"layer{i}"]))
        current = f"layer{i}"
    graph = helper.make_graph(
        nodes, "digits", [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 64])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])], weights)
    # Opset and IR are old enough for every ONNX Runtime of the last years.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main(repository):
    images, digits = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(images, digits, test_size=1 / 3, random_state=0, stratify=digits)
    network = MLPClassifier((48,), max_iter=1000, random_state=0).fit(train_x / PIXEL_MAX, train_y)
    folder = repository / "digits"
    (folder / "1").mkdir(parents=True, exist_ok=True)
    onnx.save(to_onnx(network), folder / "1" / "model.onnx")
    (folder / "config.pbtxt").write_text(CONFIG)
    (folder / "labels.txt").write_text("\n".join("zero one two three four five six seven eight nine".split()) + "\n")
    np.savez(repository.parent / "held_out.npz", pixels=test_x.astype(np.float32), digits=test_y)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
