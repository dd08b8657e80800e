#!/usr/bin/env python3
"""Counts which letter follows which three, and lays that out as a model repository.

    train.py <repository> <text>...

`letters_network` is the network, an ONNX file: the last three letters in, a score for each next one out. `letters` is what clients
ask: text in, text out. Its backend is backends/letters/model.py.
"""
import json
import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

LETTERS = " abcdefghijklmnopqrstuvwxyz.,-'?"  # the first stands for all others
CONTEXT = 3
PRIOR = 0.05  # of what two letters say, where three were seldom seen


def numbers(text):
    """What is no letter counts as a space, and several of those as one."""
    text = " ".join("".join(letter if letter in LETTERS else " " for letter in text.lower()).split())
    return np.array([LETTERS.index(letter) for letter in text])


def scores(text):
    """Logarithms of probabilities [32 * 32 * 32, 32]."""
    size = len(LETTERS)
    counts = np.zeros((size,) * (CONTEXT + 1))
    np.add.at(counts, tuple(text[i:len(text) - CONTEXT + i] for i in range(CONTEXT + 1)), 1)
    after_two = counts.sum(axis=0) + 1e-3
    counts += PRIOR * after_two / after_two.sum(axis=-1, keepdims=True)
    return np.log(counts / counts.sum(axis=-1, keepdims=True)).reshape(-1, size).astype(np.float32)


def network(table):
    size = len(LETTERS)
    weights = {"table": table, "places": np.array([size ** 2, size, 1], np.int64), "last_axis": np.array([1], np.int64)}
    nodes = [helper.make_node("Mul", ["letters", "places"], ["placed"]),
             helper.make_node("ReduceSum", ["placed", "last_axis"], ["row"], keepdims=0),
             helper.make_node("Gather", ["table", "row"], ["scores"])]
    graph = helper.make_graph(
        nodes, "letters", [helper.make_tensor_value_info("letters", TensorProto.INT64, ["batch", CONTEXT])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", size])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def main(repository, *texts):
    text = numbers(" ".join(pathlib.Path(file).read_text() for file in texts))
    for name, config, file, content in (
            ("letters_network", 'backend: "onnxruntime"\nmax_batch_size: 64\ndynamic_batching { }\n', "model.onnx",
             network(scores(text))),
            ("letters", 'backend: "letters"\n', "model.json",
             json.dumps({"network": "letters_network", "letters": LETTERS, "context": CONTEXT}).encode())):
        folder = pathlib.Path(repository, name)
        (folder / "1").mkdir(parents=True, exist_ok=True)
        (folder / "config.pbtxt").write_text(config)
        (folder / "1" / file).write_bytes(content)


if __name__ == "__main__":
    main(*sys.argv[1:])
