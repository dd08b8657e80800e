"""Requests through ensembles over HTTP, gRPC and streams: what comes out, in which shape, and what is said when a step
fails. The expected answers are those of Triton 2.51 (tests/interoperation/test_ensembles_agree.py holds both equal)."""
import queue

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.clients import arrays_of, infer_at_once, inputs_of
from support.ensembles import add_graphs, ask, error, results
from support.inference import delay_ms, statistics
from support.shared_memory import SharedObject
from support.wait import wait_until

DECOUPLED = "model_transaction_policy { decoupled: true }"


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    models = module_repository
    add_graphs(models)
    models.add_identity("strings", "TYPE_STRING")
    models.add_identity("batching", extra="dynamic_batching { max_queue_delay_microseconds: 100000 preferred_batch_size: 8 }")
    models.add_identity("slow", parameters={"execute_delay_ms": delay_ms(300)}, extra="instance_group { count: 2 }")
    models.add_identity("repeat", parameters={"repeat": "3"}, extra=DECOUPLED)
    models.add_identity("optional", tensors=1, extra='input { name: "INPUT1" data_type: TYPE_FP32 dims: [-1] optional: true }'
                                                     'output { name: "OUTPUT1" data_type: TYPE_FP32 dims: [-1] }')
    models.add_chain("chain_of_strings", ["strings", "strings"], datatype="TYPE_STRING")
    models.add_ensemble("half_fails", [("a", {"INPUT0": "IN"}, {"OUTPUT0": "OUT"}),
                                       ("failing", {"INPUT0": "IN"}, {"OUTPUT0": "OUT1"})], outputs=("OUT", "OUT1"))
    models.add_ensemble("side_by_side", [("slow", {"INPUT0": "IN"}, {"OUTPUT0": "x"}),
                                         ("slow", {"INPUT0": "IN"}, {"OUTPUT0": "y"}),
                                         ("two", {"INPUT0": "x", "INPUT1": "y"}, {"OUTPUT0": "OUT", "OUTPUT1": "OUT1"})],
                        outputs=("OUT", "OUT1"))
    models.add_ensemble("maybe", [("optional", {"INPUT0": "IN", "INPUT1": "IN1"}, {"OUTPUT0": "OUT", "OUTPUT1": "OUT1"})],
                        inputs=("IN", ("IN1", "optional: true")), outputs=("OUT", "OUT1"))
    models.add_chain("batched", ["batching", "a"])
    models.add_chain("stream", ["a", "repeat", "b"])
    models.add_chain("stream_of_streams", ["repeat", "repeat"])
    models.add_chain("stream_fails", ["repeat", "failing"])
    return start_module_server(models.path)


def test_tensors_go_from_step_to_step(server):
    assert results(ask(server, "chain", [1.0, 2.0])) == {"OUT": ([1, 2], [1.0, 2.0])}
    assert results(ask(server, "chain", [1.0], [2.0], [3.0])) == {"OUT": ([3, 1], [1.0, 2.0, 3.0])}
    answer = ask(server, "chain", id="me").json()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("me", "chain", "1")
    assert "parameters" not in answer


def test_branches_join_and_ensembles_call_ensembles(server):
    assert results(ask(server, "fork", [1.0])) == {"OUT": ([1, 1], [1.0]), "OUT1": ([1, 1], [1.0])}
    assert results(ask(server, "outer", [1.0])) == {"OUT": ([1, 1], [1.0])}


def test_large_tensors_and_strings_arrive_whole(server):
    with httpclient.InferenceServerClient(server.http) as client:
        large = np.random.default_rng(1).random((2, 300_000), dtype=np.float32)
        np.testing.assert_array_equal(arrays_of(client.infer("chain", inputs_of({"IN": large})))["OUT"], large)
        text = np.array([["", "neso", "ü" * 1000]], dtype=np.object_)
        answer = client.infer("chain_of_strings", inputs_of({"IN": text}))
        assert [each.decode() for each in arrays_of(answer)["OUT"][0]] == list(text[0])


def test_only_the_steps_of_requested_outputs_run(server):
    assert results(ask(server, "half_fails", [1.0], outputs=["OUT"])) == {"OUT": ([1, 1], [1.0])}
    assert error(ask(server, "half_fails", [1.0])) == (500, "in ensemble 'half_fails', no luck")


def test_an_optional_input_that_is_not_given_is_not_there_for_the_step(server):
    assert results(ask(server, "maybe", [1.0])) == {"OUT": ([1, 1], [1.0])}
    assert results(ask(server, "maybe", [1.0], inputs=["IN", "IN1"])) == {"OUT": ([1, 1], [1.0]), "OUT1": ([1, 1], [1.0])}


def test_a_batch_of_one_row_comes_and_goes_between_models_that_batch_and_that_do_not(server):
    row = [1.0, 2.0, 3.0]
    assert results(ask(server, "through_one_row", row)) == {"OUT": ([1, 3], row)}
    assert error(ask(server, "through_one_row", row, row)) == (400, (
        "in ensemble 'through_one_row', [request id: <id_unknown>] unexpected shape for input 'INPUT0' for model 'one_row'. "
        "Expected [3], got [2,3]. "))
    body = {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [3], "data": row}]}
    assert results(server.infer("through_rows", body)) == {"OUT": ([3], row)}


def test_steps_of_different_requests_are_batched(server):
    requests = [{"IN": np.full((1, 2), i, dtype=np.float32)} for i in range(8)]
    for request, answer in zip(requests, infer_at_once(server.http, "batched", requests, threads=8), strict=True):
        np.testing.assert_array_equal(answer["OUT"], request["IN"])
    stats = statistics(server, "batching")
    assert stats["inference_count"] == 8
    assert stats["execution_count"] < 8


def test_branches_run_at_the_same_time(server):
    ask(server, "side_by_side", [1.0])
    times = {name: value["ns"] for name, value in statistics(server, "side_by_side")["inference_stats"].items()}
    # Their compute times add up to more than the request took.
    assert times["success"] < times["compute_infer"] + times["queue"]


@pytest.mark.parametrize("model, status, text", [
    ("fails", 500, "in ensemble 'fails', no luck"),
    ("outer_fails", 500, "in ensemble 'outer_fails', in ensemble 'fails', no luck"),
])
def test_a_steps_error_is_the_ensembles(server, model, status, text):
    assert error(ask(server, model)) == (status, text)


def test_what_the_ensemble_itself_refuses_names_no_step(server):
    assert error(ask(server, "chain", inputs=["OTHER"])) == (400, "unexpected inference input 'OTHER' for model 'chain'")
    assert error(ask(server, "chain", *[[1.0]] * 9)) == (
        400, "[request id: <id_unknown>] inference request batch-size must be <= 8 for 'chain'")
    assert error(ask(server, "stream")) == (
        501, "HTTP end point doesn't support models with decoupled transaction policy")


def test_shared_memory_of_the_client_gets_the_result(repository, start_server):
    repository.add_identity("a")
    repository.add_chain("chain", ["a", "a"])
    server = start_server(repository.path, "--allow-client-shm=true")
    with httpclient.InferenceServerClient(server.http) as client, SharedObject(12) as memory:
        client.register_system_shared_memory("out", memory.key, 12)
        output = httpclient.InferRequestedOutput("OUT")
        output.set_shared_memory("out", 12)
        rows = np.array([[1, 2, 3]], dtype=np.float32)
        client.infer("chain", inputs_of({"IN": rows}), outputs=[output])
        np.testing.assert_array_equal(memory.get(np.float32, 3), rows[0])
        client.unregister_system_shared_memory()


# --- streams ---------------------------------------------------------------------------------------------------------


def stream(server, model, value=1.0):
    """What a stream answers to one request: values, errors as text; and whether the last one is marked so."""
    answers = queue.Queue()
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.put(error if result is None else result))
        tensor = grpcclient.InferInput("IN", [1, 1], "FP32")
        tensor.set_data_from_numpy(np.full((1, 1), value, np.float32))
        client.async_stream_infer(model, [tensor], enable_empty_final_response=True)
        got = []
        while True:
            answer = answers.get(timeout=20)
            if not hasattr(answer, "get_response"):
                return [*got, answer.message()]
            if (array := answer.as_numpy("OUT")) is not None:
                got.append(float(array[0][0]))
            if answer.get_response().parameters["triton_final_response"].bool_param:
                return got


@pytest.mark.parametrize("model, expected", [
    ("chain", [7.0]),
    ("stream", [7.0] * 3),
    ("stream_of_streams", [7.0] * 9),
    ("stream_fails", ["in ensemble 'stream_fails', no luck"]),
    ("fails", ["in ensemble 'fails', no luck"]),
])
def test_streams(server, model, expected):
    assert stream(server, model, 7.0) == expected


def test_an_ensemble_with_a_decoupled_step_is_decoupled(server):
    assert server.get("/v2/models/stream/config").json()["model_transaction_policy"] == {"decoupled": True}
    assert server.get("/v2/models/chain/config").json()["model_transaction_policy"] == {"decoupled": False}


# --- what it is from outside -----------------------------------------------------------------------------------------


def test_metadata_and_configuration(server):
    assert server.get("/v2/models/chain").json() == {
        "name": "chain", "versions": ["1"], "platform": "ensemble",
        "inputs": [{"name": "IN", "datatype": "FP32", "shape": [-1, -1]}],
        "outputs": [{"name": "OUT", "datatype": "FP32", "shape": [-1, -1]}]}
    config = server.get("/v2/models/chain/config").json()
    assert (config["platform"], config["backend"], config["instance_group"]) == ("ensemble", "", [])
    assert [step["model_name"] for step in config["ensemble_scheduling"]["step"]] == ["a", "b"]


def counts(stats):
    return {name: value["count"] for name, value in stats["inference_stats"].items() if value["count"]}


def test_statistics_count_the_ensemble_and_its_steps(repository, start_server):
    repository.add_identity("a", parameters={"execute_delay_ms": 2})
    repository.add_identity("failing", parameters={"execute_error": "no luck"})
    repository.add_chain("chain", ["a", "a"])
    repository.add_chain("fails", ["a", "failing"])
    server = start_server(repository.path)
    for rows in ([[1.0]], [[1.0], [2.0]], [[1.0]]):
        assert ask(server, "chain", *rows).status_code == 200
    ask(server, "fails")
    wait_until(lambda: counts(statistics(server, "fails")) == {"fail": 1})
    ensemble, step = statistics(server, "chain"), statistics(server, "a")
    assert (ensemble["inference_count"], ensemble["execution_count"]) == (4, 3)
    executed = ("success", "queue", "compute_input", "compute_infer", "compute_output")
    assert counts(ensemble) == dict.fromkeys(executed, 3)
    assert {batch["batch_size"]: batch["compute_infer"]["count"] for batch in ensemble["batch_stats"]} == {1: 2, 2: 1}
    assert (step["inference_count"], step["execution_count"]) == (9, 7)
    # The ensemble's compute time is that of its steps: two of 2 ms for each request.
    ns = {name: value["ns"] for name, value in ensemble["inference_stats"].items()}
    assert 3 * 2 * 2_000_000 <= ns["compute_infer"] <= ns["success"]
    assert ns["queue"] < ns["success"] - ns["compute_infer"]
    assert ns["queue"] + ns["compute_input"] + ns["compute_infer"] + ns["compute_output"] <= ns["success"]
    assert server.metric("nv_inference_request_success", model="chain") == 3
    assert server.metric("nv_inference_request_failure", model="fails", reason="OTHER") == 1
    assert server.metric("nv_inference_pending_request_count", model="chain") == 0
    assert server.metric("nv_model_load_duration_secs", model="chain") == 0


def test_histograms_of_an_ensemble(repository, start_server):
    repository.add_identity("a")
    repository.add_chain("chain", ["a", "a"])
    server = start_server(repository.path, "--metrics-config=histogram_latencies=true")
    assert ask(server, "chain").status_code == 200
    for model, count in (("chain", 1), ("a", 2)):
        wait_until(lambda m=model, n=count: server.metric("nv_inference_request_histogram_ms_count", model=m) == n)


def test_labels_of_a_step_are_the_ensembles(repository, start_server):
    folder = repository.add("classes", """
        backend: "identity" input { name: "INPUT0" data_type: TYPE_FP32 dims: [3] }
        output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [3] label_filename: "labels.txt" }
        """)
    (folder / "labels.txt").write_text("cat\ndog\nbird\n")
    repository.add_chain("chain", ["classes"], max_batch_size=0, dims=(3,))
    repository.add_ensemble("outer", [("chain", {"IN": "IN"}, {"OUT": "OUT"})], max_batch_size=0, dims=(3,))
    server = start_server(repository.path)
    for model in ("chain", "outer"):
        with httpclient.InferenceServerClient(server.http) as client:
            answer = client.infer(model, inputs_of({"IN": np.array([0.5, 2, 1], np.float32)}),
                                  outputs=[httpclient.InferRequestedOutput("OUT", class_count=2)])
            assert list(arrays_of(answer)["OUT"]) == [b"2.000000:1:dog", b"1.000000:2:bird"]
