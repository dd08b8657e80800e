"""Requests that run together in an ONNX model: each gets its own rows, whatever is beside it."""
import numpy as np
import pytest
from support.onnx_models import double, identity, mlp, model, node

# Waits long enough for the requests of a test to come together.
GATHER = "dynamic_batching { preferred_batch_size: [8] max_queue_delay_microseconds: 100000 }"
ONE_INSTANCE = "instance_group { count: 1 kind: KIND_CPU }"


def test_requests_at_the_same_time_get_their_own_rows(onnx):
    onnx.load("batched", double(), f"max_batch_size: 8 {ONE_INSTANCE} {GATHER}")
    requests = [{"x": np.full((1 + i % 3, 3), i, dtype=np.float32)} for i in range(160)]
    for request, answer in zip(requests, onnx.infer_many("batched", requests)):
        np.testing.assert_array_equal(answer["y"], 2 * request["x"])
    stats = onnx.stats("batched")
    assert stats["inference_stats"]["success"]["count"] == 160
    assert stats["inference_count"] == sum(len(request["x"]) for request in requests)
    assert stats["execution_count"] < 160
    assert max(batch["batch_size"] for batch in stats["batch_stats"]) > 3


def test_two_instances_share_the_work(onnx, rows):
    onnx.load("two_instances", mlp(), "max_batch_size: 8 dynamic_batching { } instance_group { count: 2 kind: KIND_CPU }")
    requests = [{"x": rows(1, 16)} for _ in range(160)]
    alone = [onnx.infer("two_instances", **request)["y"] for request in requests[:16]]
    for expected, answer in zip(alone, onnx.infer_many("two_instances", requests)):
        np.testing.assert_allclose(answer["y"], expected, rtol=1e-5, atol=1e-5)


def test_strings_of_different_lengths_are_batched(onnx):
    onnx.load("strings", identity("BYTES", [None, 2]), f"max_batch_size: 8 {ONE_INSTANCE} {GATHER}")
    requests = [{"x": np.array([[b"a" * i, b"b" * (i * 100)]], dtype=np.object_)} for i in range(64)]
    for request, answer in zip(requests, onnx.infer_many("strings", requests)):
        np.testing.assert_array_equal(answer["y"], request["x"])
    assert onnx.stats("strings")["execution_count"] < 64


def test_requests_of_different_shapes_run_apart(onnx):
    onnx.load("shapes", identity("FP32", [None, None]), f"max_batch_size: 8 {ONE_INSTANCE} {GATHER}")
    requests = [{"x": np.full((1, 1 + i % 4), i, dtype=np.float32)} for i in range(32)]
    for request, answer in zip(requests, onnx.infer_many("shapes", requests)):
        np.testing.assert_array_equal(answer["y"], request["x"])


def test_empty_rows_are_batched(onnx):
    onnx.load("empty", identity("FP32", [None, None]), f"max_batch_size: 8 {ONE_INSTANCE} {GATHER}")
    for answer in onnx.infer_many("empty", [{"x": np.zeros((1, 0), dtype=np.float32)}] * 16):
        assert answer["y"].shape == (1, 0)


def test_requests_that_want_different_outputs_are_batched(onnx):
    made = model([node("Add", "x x", "double"), node("Mul", "x x", "square")], {"x": ("FLOAT", [None, 1])},
                 {"double": ("FLOAT", [None, 1]), "square": ("FLOAT", [None, 1])})
    onnx.load("outputs", made, f"max_batch_size: 8 {ONE_INSTANCE} {GATHER}")
    requests = [{"x": np.array([[i]], dtype=np.float32)} for i in range(48)]
    wanted = [[["double"], ["square"], ["square", "double"]][i % 3] for i in range(48)]
    for i, answer in enumerate(onnx.infer_many("outputs", requests, wanted)):
        assert sorted(answer) == sorted(wanted[i])
        for name in wanted[i]:
            assert answer[name].tolist() == [[2 * i if name == "double" else i * i]]
    assert onnx.stats("outputs")["execution_count"] < 48


RAGGED = """
    max_batch_size: 8
    input {{ name: "x" data_type: TYPE_FP32 dims: [{dims}] allow_ragged_batch: true }}
    output {{ name: "y" data_type: {datatype} dims: [{output_dims}] }}
    batch_input {{ kind: {kind} target_name: "index" data_type: {index_type} source_input: "x" }}
    {extra}
    """


def ragged_config(kind, datatype="TYPE_FP32", dims="-1", output_dims="1", index_type="TYPE_FP32",
                  extra=ONE_INSTANCE + GATHER):
    return RAGGED.format(kind=kind, dims=dims, datatype=datatype, output_dims=output_dims, index_type=index_type,
                         extra=extra)


def row_sums():
    """Of all rows in one flat x, whose ends the batch input tells, the sum of each."""
    return model(
        [node("CumSum", "x axis", "sums"), node("Cast", "index", "ends", to=7), node("Sub", "ends one", "last"),
         node("Gather", "sums last", "until"), node("Slice", "until from to", "all_but_last"),
         node("Concat", "zero all_but_last", "before", axis=0), node("Sub", "until before", "each"),
         node("Unsqueeze", "each second", "y")],
        {"x": ("FLOAT", [None]), "index": ("FLOAT", [None])}, {"y": ("FLOAT", [None, 1])},
        {"axis": np.array(0, dtype=np.int32), "one": np.array(1, dtype=np.int64), "from": np.array([0], dtype=np.int64),
         "to": np.array([-1], dtype=np.int64), "zero": np.array([0], dtype=np.float32),
         "second": np.array([1], dtype=np.int64)})


def test_ragged_rows_run_as_one_flat_tensor(onnx):
    onnx.load("ragged", row_sums(), ragged_config("BATCH_ACCUMULATED_ELEMENT_COUNT"))
    requests = [{"x": np.arange(1, 2 + i % 7, dtype=np.float32).reshape(1, -1)} for i in range(64)]
    for request, answer in zip(requests, onnx.infer_many("ragged", requests)):
        assert answer["y"].tolist() == [[request["x"].sum()]]
    assert onnx.stats("ragged")["execution_count"] < 64


def show_index(nodes, rank, columns):
    """A model that ignores x and answers what the batch input `index` tells."""
    return model([*nodes, node("Shape", "x", "unused")], {"x": ("FLOAT", [None]), "index": ("FLOAT", [None] * rank)},
                 {"y": ("FLOAT", [None, columns])},
                 {"second": np.array([1], dtype=np.int64), "pairs": np.array([-1, 2], dtype=np.int64),
                  "any": np.array([-1], dtype=np.int64)})


COLUMN = show_index([node("Unsqueeze", "index second", "y")], 1, 1)
PAIRS = show_index([node("Reshape", "index pairs", "y")], 1, 2)
SAME = show_index([node("Identity", "index", "y")], 2, None)
ROW = show_index([node("Shape", "index", "length"), node("Concat", "any length", "shape", axis=0),
                  node("Reshape", "index shape", "y")], 1, None)


@pytest.mark.parametrize("kind, made, given, output_dims, told", [
    ("BATCH_ELEMENT_COUNT", COLUMN, (1, 5), 1, [[5]]),
    ("BATCH_ACCUMULATED_ELEMENT_COUNT", COLUMN, (1, 5), 1, [[5]]),
    ("BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO", PAIRS, (1, 5), 2, [[0, 5]]),
    ("BATCH_ITEM_SHAPE", SAME, (1, 5, 3), -1, [[5, 3]]),
    ("BATCH_ITEM_SHAPE_FLATTEN", PAIRS, (1, 5, 3), 2, [[5, 3]]),
    ("BATCH_MAX_ELEMENT_COUNT_AS_SHAPE", ROW, (1, 5), -1, None),  # its length tells, not what is in it
], ids=lambda value: value if isinstance(value, str) else "")
def test_kinds_of_batch_inputs(onnx, kind, made, given, output_dims, told):
    dims = ", ".join("-1" for _ in given[1:])
    onnx.load(kind.lower(), made, ragged_config(kind, dims=dims, output_dims=output_dims, extra=""))
    got = onnx.infer(kind.lower(), x=np.ones(given, dtype=np.float32))["y"]
    if told is None:
        assert got.shape == (1, 5)
    else:
        assert got.tolist() == told


def test_the_outputs_of_a_batch_output_are_not_compared_with_the_model_s_shape(onnx):
    # The model's output is one flat tensor; each request gets of it what its own input's shape is.
    made = model([node("Mul", "x x", "y"), node("Shape", "ends", "unused")],
                 {"x": ("FLOAT", [None]), "ends": ("FLOAT", [None])}, {"y": ("FLOAT", [None])})
    config = """
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [-1, -1] allow_ragged_batch: true }
        output { name: "y" data_type: TYPE_FP32 dims: [-1, -1] }
        batch_input { kind: BATCH_ACCUMULATED_ELEMENT_COUNT target_name: "ends" data_type: TYPE_FP32 source_input: "x" }
        """
    scatter = 'batch_output { kind: BATCH_SCATTER_WITH_INPUT_SHAPE target_name: "y" source_input: "x" }'
    onnx.load("scattered", made, config + scatter + ONE_INSTANCE + GATHER)
    requests = [{"x": np.full((1, 1 + i % 3, 2), i, dtype=np.float32)} for i in range(32)]
    for request, answer in zip(requests, onnx.infer_many("scattered", requests)):
        np.testing.assert_array_equal(answer["y"], request["x"] ** 2)
    assert "model 'compared', tensor 'y': the model expects 1 dimensions" in onnx.load_error("compared", made, config)
