#!/usr/bin/env python3
"""Makes a model repository that embeds texts, from the weights and the tokenizer of all-MiniLM-L6-v2: an ensemble of a
tokenizer in Python, the network, and the mean of what it says of each token.

    build.py <folder with model.safetensors, config.json and tokenizer.json> <repository>

The network is written down as an ONNX graph, operator by operator; no framework is needed. It is a BERT encoder: Devlin et
al., "BERT: Pre-training of Deep Bidirectional Transformers", and the layers of Vaswani et al., "Attention Is All You Need".
"""
import json
import math
import pathlib
import shutil
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
MASKED = -10_000.0  # added to a score, leaves nothing of it after softmax


def read_safetensors(path):
    """Name -> array. The format: the header's length, the header as JSON, the bytes of all tensors."""
    data = path.read_bytes()
    size, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])
    body = memoryview(data)[8 + size:]
    return {name: np.frombuffer(body[slice(*of["data_offsets"])], np.float32).reshape(of["shape"])
            for name, of in header.items() if of.get("dtype") == "F32"}


class Graph:
    """Operators as functions: each adds a node and gives the name of what comes out of it."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.initializers = {}

    def node(self, operator, *inputs, **attributes):
        output = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, array, name=None):
        name = name or f"constant_{len(self.initializers)}"
        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def weight(self, name):
        return self.constant(self.weights[name], name)

    def linear(self, x, name):
        weight = self.constant(self.weights[name + ".weight"].T, name + ".weight")
        return self.node("Add", self.node("MatMul", x, weight), self.weight(name + ".bias"))

    def layer_norm(self, x, name, epsilon):
        return self.node("LayerNormalization", x, self.weight(name + ".weight"), self.weight(name + ".bias"),
                         axis=-1, epsilon=epsilon)

    def gelu(self, x):
        erf = self.node("Erf", self.node("Mul", x, self.constant(np.float32(math.sqrt(0.5)))))
        half = self.node("Mul", x, self.constant(np.float32(0.5)))
        return self.node("Mul", half, self.node("Add", erf, self.constant(np.float32(1))))


def embed(graph, config):
    """What the network starts from: the sum of what each token, its place and the kind of text stand for."""
    words = graph.node("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    length = graph.node("Shape", "input_ids", start=1, end=2)
    table = graph.weight("embeddings.position_embeddings.weight")
    places = graph.node("Slice", table, graph.constant(np.int64([0])), length)
    kind = graph.constant(graph.weights["embeddings.token_type_embeddings.weight"][0])
    total = graph.node("Add", graph.node("Add", words, places), kind)
    return graph.layer_norm(total, "embeddings.LayerNorm", config["layer_norm_eps"])


def attend(graph, config, layer, x, bias):
    """Each token becomes a mixture of all tokens that are not masked."""
    heads = config["num_attention_heads"]
    width = config["hidden_size"] // heads
    split = graph.constant(np.int64([0, 0, heads, width]))
    # [batch, heads, tokens, width]; the keys the other way round, as they are multiplied with the queries.
    query, key, value = (
        graph.node("Transpose", graph.node("Reshape", graph.linear(x, f"{layer}.attention.self.{part}"), split), perm=order)
        for part, order in (("query", (0, 2, 1, 3)), ("key", (0, 2, 3, 1)), ("value", (0, 2, 1, 3))))
    scores = graph.node("Mul", graph.node("MatMul", query, key), graph.constant(np.float32(1 / math.sqrt(width))))
    shares = graph.node("Softmax", graph.node("Add", scores, bias), axis=-1)
    mixed = graph.node("Transpose", graph.node("MatMul", shares, value), perm=(0, 2, 1, 3))
    joined = graph.node("Reshape", mixed, graph.constant(np.int64([0, 0, config["hidden_size"]])))
    return graph.linear(joined, f"{layer}.attention.output.dense")


def save(graph, path, inputs, outputs):
    """`inputs` and `outputs`: (name, type, shape) each; the last node makes the output."""
    graph.nodes[-1].output[0] = outputs[0][0]
    model = helper.make_model(
        helper.make_graph(graph.nodes, path.parent.parent.name,
                          [helper.make_tensor_value_info(*tensor) for tensor in inputs],
                          [helper.make_tensor_value_info(*tensor) for tensor in outputs], list(graph.initializers.values())),
        # Old enough for every ONNX Runtime of the last years.
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.parent.mkdir(exist_ok=True)
    onnx.save(model, path)


TOKENS = ["batch", "tokens"]
MASK = ("attention_mask", TensorProto.INT64, TOKENS)


def save_network(weights, config, path):
    graph = Graph(weights)
    epsilon = config["layer_norm_eps"]
    x = embed(graph, config)
    mask = graph.node("Cast", "attention_mask", to=TensorProto.FLOAT)
    mask = graph.node("Unsqueeze", mask, graph.constant(np.int64([1, 2])))  # for all heads and all who look
    bias = graph.node("Mul", graph.node("Sub", graph.constant(np.float32(1)), mask), graph.constant(np.float32(MASKED)))
    for i in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{i}"
        attended = graph.node("Add", x, attend(graph, config, layer, x, bias))
        x = graph.layer_norm(attended, f"{layer}.attention.output.LayerNorm", epsilon)
        inner = graph.gelu(graph.linear(x, f"{layer}.intermediate.dense"))
        outer = graph.node("Add", x, graph.linear(inner, f"{layer}.output.dense"))
        x = graph.layer_norm(outer, f"{layer}.output.LayerNorm", epsilon)
    save(graph, path, [("input_ids", TensorProto.INT64, TOKENS), MASK], [vectors_of_tokens(config)])


def vectors_of_tokens(config):
    return ("last_hidden_state", TensorProto.FLOAT, [*TOKENS, config["hidden_size"]])


def save_pooling(config, path):
    """The mean of a text's tokens, made one long; padding does not count."""
    graph = Graph({})
    mask = graph.node("Unsqueeze", graph.node("Cast", "attention_mask", to=TensorProto.FLOAT), graph.constant(np.int64([2])))
    over_tokens = graph.constant(np.int64([1]))
    total = graph.node("ReduceSum", graph.node("Mul", "last_hidden_state", mask), over_tokens, keepdims=0)
    mean = graph.node("Div", total, graph.node("ReduceSum", mask, over_tokens, keepdims=0))
    graph.node("Div", mean, graph.node("ReduceL2", mean, axes=[1]))
    save(graph, path, [vectors_of_tokens(config), MASK], [("embedding", TensorProto.FLOAT, ["batch", config["hidden_size"]])])


def main(source, repository):
    config = json.loads((source / "config.json").read_text())
    shutil.copytree(HERE / "models", repository, dirs_exist_ok=True)
    shutil.copy(source / "tokenizer.json", repository / "tokenizer" / "1")
    (repository / "embeddings" / "1").mkdir(exist_ok=True)  # an ensemble's version is an empty folder
    save_network(read_safetensors(source / "model.safetensors"), config, repository / "minilm" / "1" / "model.onnx")
    save_pooling(config, repository / "pooling" / "1" / "model.onnx")


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))
