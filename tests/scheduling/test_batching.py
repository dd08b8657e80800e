"""The dynamic batcher and the default scheduler, seen through statistics: which requests were executed together.

A model's executions take DELAY, and the first request keeps its only instance busy while the others queue up.
"""
import time

import pytest
from support.batching import batch_counts, batches, len_batch, rows
from support.inference import Crowd, ask, body, delay_ms, pending, statistics, values
from support.server import PATIENCE
from support.wait import wait_until

DELAY = delay_ms(300)

MODELS = {
    "unbatched": ("", 0),
    "one_by_one": ("", 8),
    "dynamic_unbatched": ("dynamic_batching {}", 0),
    "dynamic": ("dynamic_batching {}", 8),
    "preferring": ("dynamic_batching { preferred_batch_size: [ 4 ] }", 8),
    "small": ("dynamic_batching {}", 4),
}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for name, (extra, max_batch_size) in MODELS.items():
        module_repository.add_identity(name, max_batch_size=max_batch_size, extra=extra,
                                       parameters={"execute_delay_ms": DELAY})
    long_wait = int(20_000_000 * PATIENCE)
    for name, delay_us in (("patient", long_wait), ("waiting", DELAY * 1000), ("endless", 2**64 - 1)):
        module_repository.add_identity(
            name, extra=f"dynamic_batching {{ preferred_batch_size: [ 4 ] max_queue_delay_microseconds: {delay_us} }}")
    add_two_inputs(module_repository, "ragged", "allow_ragged_batch: true")
    add_two_inputs(module_repository, "optional")
    module_repository.add("reshaped", f"""
        backend: "identity"
        max_batch_size: 8
        dynamic_batching {{}}
        input {{ name: "INPUT0" data_type: TYPE_FP32 dims: [ 4 ] reshape: {{ shape: [ 2, 2 ] }} }}
        output {{ name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 4 ] reshape: {{ shape: [ 2, 2 ] }} }}
        """)
    module_repository.add("scalar", f"""
        backend: "identity"
        max_batch_size: 8
        input {{ name: "INPUT0" data_type: TYPE_FP32 dims: [ 1 ] reshape: {{ shape: [ ] }} }}
        output {{ name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 1 ] reshape: {{ shape: [ ] }} }}
        """)
    return start_module_server(module_repository.path)


def add_two_inputs(repository, name, first=""):
    repository.add(name, f"""
        backend: "identity"
        max_batch_size: 8
        dynamic_batching {{}}
        input {{ name: "INPUT0" data_type: TYPE_FP32 dims: [ -1 ] {first} }}
        input {{ name: "INPUT1" data_type: TYPE_FP32 dims: [ 1 ] optional: true }}
        output {{ name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1 ] }}
        output {{ name: "OUTPUT1" data_type: TYPE_FP32 dims: [ 1 ] }}
        parameters {{ key: "execute_delay_ms" value: {{ string_value: "{DELAY}" }} }}
        """)


def test_queued_requests_are_executed_together(server):
    before = statistics(server, "dynamic")
    assert batches(server, "dynamic", [rows(1, start=i) for i in range(8)]) == {8: 1}
    after = statistics(server, "dynamic")
    assert after["inference_count"] - before["inference_count"] == 9
    assert after["execution_count"] - before["execution_count"] == 2


def test_without_a_batcher_requests_are_executed_one_by_one(server):
    assert batches(server, "one_by_one", [rows(1), rows(2)]) == {1: 1, 2: 1}


@pytest.mark.parametrize("model", ["unbatched", "dynamic_unbatched"])
def test_models_without_a_batch_dimension_are_executed_one_by_one(server, model):
    before = statistics(server, model)["execution_count"]
    with Crowd() as crowd:
        request = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [2], "data": [1, 2]}]}
        for reply in [crowd.pool.submit(server.infer, model, request) for _ in range(3)]:
            assert values(reply.result()) == [1, 2]
    assert statistics(server, model)["execution_count"] - before == 3


@pytest.mark.parametrize("sizes, expected", [
    ([1, 1, 1, 1, 1], {4: 1, 1: 1}),
    ([2, 3], {2: 1, 3: 1}),
])
def test_no_batch_is_larger_than_the_model_allows(server, sizes, expected):
    assert batches(server, "small", [rows(size) for size in sizes]) == expected


def test_a_request_larger_than_the_model_allows_is_refused(server):
    response = ask(server, "small", *[[1.0]] * 5)
    assert response.status_code == 400
    assert response.json()["error"].endswith("inference request batch-size must be <= 4 for 'small'")


def test_a_preferred_size_leaves_the_rest_for_the_next_batch(server):
    assert batches(server, "preferring", [rows(1, start=i) for i in range(6)]) == {4: 1, 2: 1}


def test_a_lone_request_waits_for_company_as_long_as_the_queue_delay(server):
    began = time.monotonic()
    assert values(ask(server, "waiting", [5.0])) == [5]
    elapsed = 1000 * (time.monotonic() - began)
    assert DELAY <= statistics(server, "waiting")["inference_stats"]["queue"]["ns"] / 1e6 <= elapsed


def test_a_batch_of_the_preferred_size_does_not_wait(server):
    began = time.monotonic()
    with Crowd() as crowd:
        replies = [crowd.ask(server, "patient", [float(i)]) for i in range(4)]
        assert [values(reply.result()) for reply in replies] == [[0], [1], [2], [3]]
    assert time.monotonic() - began < 15 * PATIENCE
    assert batch_counts(server, "patient") == {4: 1}


def test_a_queue_delay_that_never_ends_holds_nobody_else_up(server):
    with Crowd() as crowd:
        replies = [crowd.ask(server, "endless", [0.0])]
        wait_until(lambda: pending(server, "endless") == 1)
        assert values(ask(server, "waiting", [5.0])) == [5], "another model's timer comes"
        replies += [crowd.ask(server, "endless", [float(i)]) for i in (1, 2, 3)]
        assert [values(reply.result()) for reply in replies] == [[0], [1], [2], [3]]
    assert batch_counts(server, "endless") == {4: 1}


def test_requests_of_different_shapes_are_not_merged(server):
    assert batches(server, "dynamic", [rows(1, 2), rows(1, 3), rows(1, 3), rows(1, 2)]) == {1: 2, 2: 1}


def test_ragged_requests_are_merged_when_allowed(server):
    assert batches(server, "ragged", [rows(1, 2), rows(1, 3), rows(1, 5)]) == {3: 1}


def with_second(request):
    count = len_batch(request)
    second = {"name": "INPUT1", "datatype": "FP32", "shape": [count, 1], "data": [9] * count}
    return {"inputs": [*request["inputs"], second]}


def test_an_optional_input_may_be_left_out(server):
    response = server.infer("optional", rows(1))
    assert [output["name"] for output in response.json()["outputs"]] == ["OUTPUT0"]
    response = server.infer("optional", with_second(rows(1)))
    assert [output["name"] for output in response.json()["outputs"]] == ["OUTPUT0", "OUTPUT1"]
    response = server.infer("optional", {"inputs": []})
    assert response.status_code == 400
    assert "expected number of inputs between 1 and 2 but got 0 inputs for model 'optional'" in response.json()["error"]


def test_requests_with_different_inputs_are_not_merged(server):
    assert batches(server, "optional", [rows(1), with_second(rows(1)), with_second(rows(1))]) == {1: 1, 2: 1}


def test_the_backend_sees_the_reshaped_tensors(server):
    response = server.infer("reshaped", body([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]))
    assert response.json()["outputs"][0] == {"name": "OUTPUT0", "datatype": "FP32", "shape": [2, 4],
                                             "data": [1, 2, 3, 4, 5, 6, 7, 8]}
    response = server.infer("scalar", body([1.0], [2.0]))
    assert response.json()["outputs"][0]["shape"] == [2, 1]
    assert server.get("/v2/models/reshaped").json()["inputs"][0]["shape"] == [-1, 4]
    response = server.infer("reshaped", {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2, 2],
                                                     "data": [1, 2, 3, 4]}]})
    assert response.status_code == 400
    assert "unexpected shape for input 'INPUT0' for model 'reshaped'. Expected [-1,4], got [1,2,2]." in response.text
