"""CUDA graphs: which are recorded, and that requests of these shapes launch them, with the same answers."""
import numpy as np
import pytest
from support.trt_engines import DOUBLE, engine

GRAPHS = " optimization { cuda { graphs: true %s } }"


def rows(count):
    return np.arange(3 * count, dtype=np.float32).reshape(count, 3)


def launches(served, count):
    """How often a graph ran for a request of so many rows."""
    served.copies()
    np.testing.assert_array_equal(served.infer("m", x=rows(count))["y"], 2 * rows(count))
    return served.copies().count("graph launched")


def test_requests_of_a_likely_size_launch_a_graph(serve):
    served = serve()
    served.load("m", DOUBLE, "max_batch_size: 8 dynamic_batching { preferred_batch_size: 4 }" + GRAPHS % "")
    assert [launches(served, count) for count in (1, 2, 3, 4, 5, 8, 4, 1)] == [1, 0, 0, 1, 0, 1, 1, 1]


def test_only_listed_graphs_are_launched(serve):
    served = serve()
    served.load("m", DOUBLE, "max_batch_size: 8" + GRAPHS % 'graph_spec { batch_size: 3 input { key: "x" value { dim: 3 } } }')
    assert [launches(served, count) for count in (1, 2, 3, 4)] == [0, 0, 1, 0]


def test_each_profile_has_its_graphs(serve):
    served = serve()
    served.load("m", engine("input x FP32 -1,3", "output y FP32 -1,3 add x x", "profile 0 x 1,3 2,3 4,3",
                            "profile 1 x 5,3 8,3 16,3"),
                'instance_group { kind: KIND_GPU profile: ["0", "1"] }' + GRAPHS % "")
    assert [launches(served, count) for count in (1, 16, 7)] == [1, 1, 0]


def test_engines_that_cannot_be_recorded_run_without(serve):
    served = serve()
    served.load("m", engine("input x FP32 -1,3", "output y FP32 -1,3 above x -1", "profile 0 x 1,3 4,3 8,3"),
                'input { name: "x" data_type: TYPE_FP32 dims: [-1, 3] }' + GRAPHS % "")
    served.copies()
    np.testing.assert_array_equal(served.infer("m", x=rows(2))["y"], rows(2))
    assert "graph launched" not in served.copies()
    assert "no CUDA graphs for an engine with outputs whose shape only its run tells" in served.server.log


@pytest.mark.parametrize("size", [0, 9])
def test_a_graph_for_a_batch_that_never_comes(serve, size):
    served = serve()
    error = served.load_error("m", DOUBLE, "max_batch_size: 8" + GRAPHS % f"graph_spec {{ batch_size: {size} }}")
    assert "graph spec expects 'batch_size' to be >= 1 and <= 8" in error
