"""Ragged batches: what a model is told about the requests in one, by every kind of batch input, and who gets what of its
outputs. Three requests come one after the other and are executed together."""
import concurrent.futures

import numpy as np
import pytest
from support.inference import pending
from support.onnx_models import model, node
from support.wait import wait_until

# The batch is complete with the third request's rows; nothing else makes it go.
CONFIG = """
    max_batch_size: 8
    input {{ name: "x" data_type: TYPE_FP32 dims: [{dims}] allow_ragged_batch: true }}
    output {{ name: "y" data_type: {datatype} dims: [{output_dims}] }}
    {batch_tensors}
    instance_group {{ count: 1 kind: KIND_CPU }}
    dynamic_batching {{ preferred_batch_size: [{rows}] max_queue_delay_microseconds: 600000000 }}
    """


def batch_input(kind, target="index", datatype="TYPE_FP32"):
    return f'batch_input {{ kind: {kind} target_name: "{target}" data_type: {datatype} source_input: "x" }}\n'


def ask_together(onnx, name, requests):
    """What each of `requests` (arrays x) is answered, having been executed in one batch in this order."""
    with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
        replies = []
        for i, x in enumerate(requests):
            inputs = [{"name": "x", "datatype": "FP32", "shape": list(x.shape), "data": x.flatten().tolist()}]
            replies.append(pool.submit(onnx.server.infer, name, {"inputs": inputs}))
            if i + 1 < len(requests):
                wait_until(lambda i=i: pending(onnx.server, name) == i + 1)
        answers = [reply.result().json() for reply in replies]
    assert onnx.stats(name)["execution_count"] == 1
    tensors = [answer["outputs"][0] for answer in answers]
    return [np.array(tensor["data"]).reshape(tensor["shape"]).tolist() for tensor in tensors]


def told(nodes, index_shape, columns, element="FLOAT"):
    """A model whose y is what `nodes` make of the batch input `index`."""
    inputs = {"x": ("FLOAT", [None]), "index": (element, index_shape)}
    return model([*nodes, node("Shape", "x", "unused")], inputs, {"y": (element, [None, columns])},
                 {"second": np.array([1]), "pairs": np.array([-1, 2]), "zero": np.array([0]), "one": np.array([1]),
                  "minus_one": np.array([-1]), "many": np.array([2**31 - 1])})


COLUMN = [node("Unsqueeze", "index second", "y")]
# Each request's begin and end out of one list of borders.
BORDERS = [node("Slice", "index zero minus_one", "begins"), node("Slice", "index one many", "ends"),
           node("Unsqueeze", "begins second", "left"), node("Unsqueeze", "ends second", "right"),
           node("Concat", "left right", "y", axis=1)]

THREE = [(1, 5), (1, 2), (1, 4)]
PICTURES = [(1, 5, 3), (1, 2, 2), (1, 1, 7)]


@pytest.mark.parametrize("datatype, element", [("TYPE_FP32", "FLOAT"), ("TYPE_INT32", "INT32")])
@pytest.mark.parametrize("kind, nodes, shapes, index_shape, columns, expected", [
    ("BATCH_ELEMENT_COUNT", COLUMN, THREE, [None], 1, [[[5]], [[2]], [[4]]]),
    ("BATCH_ACCUMULATED_ELEMENT_COUNT", COLUMN, THREE, [None], 1, [[[5]], [[7]], [[11]]]),
    ("BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO", BORDERS, THREE, [None], 2, [[[0, 5]], [[5, 7]], [[7, 11]]]),
    ("BATCH_ITEM_SHAPE", [node("Identity", "index", "y")], PICTURES, [None, 2], 2, [[[5, 3]], [[2, 2]], [[1, 7]]]),
    ("BATCH_ITEM_SHAPE_FLATTEN", [node("Reshape", "index pairs", "y")], PICTURES, [None], 2,
     [[[5, 3]], [[2, 2]], [[1, 7]]]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_a_batch_input_tells_of_three_requests(onnx, kind, nodes, shapes, index_shape, columns, expected, datatype,
                                                    element):
    name = f"{kind}_{datatype}"
    onnx.load(name, told(nodes, index_shape, columns, element),
              CONFIG.format(dims=", ".join("-1" for _ in shapes[0][1:]), datatype=datatype, output_dims=columns, rows=3,
                            batch_tensors=batch_input(kind, datatype=datatype)))
    assert ask_together(onnx, name, [np.ones(shape, np.float32) for shape in shapes]) == expected


def test_the_shape_of_a_batch_input_is_the_largest_count(onnx):
    # What it holds means nothing; its length is told to everybody, by as many rows as a second batch input has.
    nodes = [node("Shape", "index", "length"), node("Shape", "counts", "rows"),
             node("Concat", "rows one", "shape", axis=0), node("Expand", "length shape", "y"), node("Shape", "x", "unused")]
    made = model(nodes, {"x": ("FLOAT", [None]), "index": ("FLOAT", [None]), "counts": ("FLOAT", [None])},
                 {"y": ("INT64", [None, 1])}, {"one": np.array([1])})
    onnx.load("largest", made, CONFIG.format(
        dims="-1", datatype="TYPE_INT64", output_dims=1, rows=3,
        batch_tensors=batch_input("BATCH_MAX_ELEMENT_COUNT_AS_SHAPE") + batch_input("BATCH_ELEMENT_COUNT", "counts")))
    assert ask_together(onnx, "largest", [np.ones(shape, np.float32) for shape in THREE]) == [[[5]]] * 3


def test_one_batch_input_may_have_several_targets(onnx):
    made = model([node("Add", "a b", "sum"), node("Unsqueeze", "sum second", "y"), node("Shape", "x", "unused")],
                 {"x": ("FLOAT", [None]), "a": ("FLOAT", [None]), "b": ("FLOAT", [None])}, {"y": ("FLOAT", [None, 1])},
                 {"second": np.array([1])})
    onnx.load("targets", made, CONFIG.format(
        dims="-1", datatype="TYPE_FP32", output_dims=1, rows=3,
        batch_tensors='batch_input { kind: BATCH_ELEMENT_COUNT target_name: ["a", "b"] data_type: TYPE_FP32 '
                      'source_input: "x" }'))
    assert ask_together(onnx, "targets", [np.ones(shape, np.float32) for shape in THREE]) == [[[10]], [[4]], [[8]]]


def test_requests_of_several_rows_tell_each_row_s_shape(onnx):
    made = told([node("Identity", "index", "y")], [None, 2], 2)
    onnx.load("rows", made, CONFIG.format(dims="-1, -1", datatype="TYPE_FP32", output_dims=2, rows=4,
                                          batch_tensors=batch_input("BATCH_ITEM_SHAPE")))
    shapes = [(2, 5, 3), (1, 2, 2), (1, 1, 7)]
    assert ask_together(onnx, "rows", [np.ones(shape, np.float32) for shape in shapes]) == [
        [[5, 3], [5, 3]], [[2, 2]], [[1, 7]]]


def test_a_batch_output_gives_each_request_what_its_input_s_shape_says(onnx):
    made = model([node("Add", "x x", "y"), node("Shape", "index", "unused")],
                 {"x": ("FLOAT", [None]), "index": ("FLOAT", [None])}, {"y": ("FLOAT", [None])})
    scatter = 'batch_output { kind: BATCH_SCATTER_WITH_INPUT_SHAPE target_name: "y" source_input: "x" }'
    onnx.load("scattered", made, CONFIG.format(
        dims="-1, -1", datatype="TYPE_FP32", output_dims="-1, -1", rows=4,
        batch_tensors=batch_input("BATCH_ACCUMULATED_ELEMENT_COUNT") + scatter))
    requests = [np.arange(np.prod(shape), dtype=np.float32).reshape(shape) for shape in [(1, 5, 3), (2, 2, 2), (1, 1, 7)]]
    assert ask_together(onnx, "scattered", requests) == [(2 * x).tolist() for x in requests]
