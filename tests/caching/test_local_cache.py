"""The local response cache through a running server: what is answered from it, what is not, and what is told of it."""
import json

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.caching import ENABLED, counts, metric_counts
from support.clients import arrays_of, infer_at_once, inputs_of
from support.control import load
from support.inference import ask, body, statistics, values
from support.server import run_neso
from support.wait import wait_until

LOCAL = "--cache-config=local,size=1048576"


@pytest.fixture
def start(repository, start_server):
    def start(*args, cache=LOCAL):
        return start_server(repository.path, cache, *args)
    return start


def test_the_second_is_answered_without_the_model(repository, start):
    repository.add_identity("m", extra=ENABLED)
    server = start()
    assert values(ask(server, "m", [1.0, 2.0])) == [1.0, 2.0]
    assert counts(server, "m") == (0, 1, 1, 1)
    assert values(ask(server, "m", [1.0, 2.0])) == [1.0, 2.0]
    assert counts(server, "m") == (1, 1, 1, 2)
    assert metric_counts(server, "m") == (1, 1)
    stats = statistics(server, "m")
    inference = stats["inference_stats"]
    assert stats["inference_count"] == 1
    assert inference["queue"]["count"] == 2 and inference["compute_infer"]["count"] == 1
    assert 0 < inference["cache_hit"]["ns"] < inference["success"]["ns"]
    assert inference["queue"]["ns"] + inference["cache_hit"]["ns"] <= inference["success"]["ns"]
    for what in ("hit", "miss"):
        duration = server.metric(f"nv_cache_{what}_duration_per_model", model="m", version="1")
        assert duration == inference[f"cache_{what}"]["ns"] // 1000
    assert server.metric("nv_inference_request_success", model="m") == 2
    assert server.metric("nv_inference_exec_count", model="m") == 1


def test_every_front_end_shares_the_answers(repository, start):
    repository.add_identity("m", extra=ENABLED, datatype="TYPE_STRING")
    server = start()
    array = np.array([["a", "longer text", ""]], dtype=np.object_)
    with httpclient.InferenceServerClient(server.http) as client:
        first = client.infer("m", inputs_of({"INPUT0": array})).as_numpy("OUTPUT0")
    tensor = grpcclient.InferInput("INPUT0", array.shape, "BYTES")
    tensor.set_data_from_numpy(array)
    with grpcclient.InferenceServerClient(server.grpc) as client:
        second = client.infer("m", [tensor]).as_numpy("OUTPUT0")
    assert first.tolist() == second.tolist() == [[b"a", b"longer text", b""]]
    assert counts(server, "m")[:2] == (1, 1)
    third = server.post("/v2/models/m/generate", {"INPUT0": ["a", "longer text", ""]})
    assert third.json()["OUTPUT0"] == ["a", "longer text", ""]
    assert counts(server, "m")[:2] == (2, 1)


def test_requests_that_differ_share_nothing(repository, start):
    repository.add_identity("m", extra=ENABLED, tensors=2)
    repository.add_identity("n", extra=ENABLED, tensors=2)
    server = start()
    two = ("INPUT0", "INPUT1")
    different = [
        ("m", body([1.0, 2.0], inputs=two)),
        ("m", body([2.0, 1.0], inputs=two)),
        ("m", body([1.0], [2.0], inputs=two)),  # the same bytes in another shape
        ("m", body([1.0, 2.0], inputs=two, outputs=["OUTPUT0"])),
        ("m", body([1.0, 2.0], inputs=two, outputs=["OUTPUT1"])),
        ("m", body([1.0, 2.0], inputs=two, answer="in verse")),  # what a model may read
        ("n", body([1.0, 2.0], inputs=two)),
    ]
    asked = [server.infer(model, request).json() for model, request in different]
    assert counts(server, "m") == (0, 6, 6, 6)
    assert counts(server, "n") == (0, 1, 1, 1)
    again = [server.infer(model, request).json() for model, request in different]
    assert asked == again
    assert counts(server, "m") == (6, 6, 6, 12)
    assert [len(answer["outputs"]) for answer in asked] == [2, 2, 2, 1, 1, 2, 2]


def test_ids_priorities_and_the_order_of_names_do_not_count(repository, start):
    repository.add_identity("m", extra=ENABLED, tensors=2)
    server = start()
    request = body([1.0], inputs=("INPUT0", "INPUT1"))
    server.infer("m", request)
    turned = {"id": "mine", "inputs": request["inputs"][::-1], "parameters": {"priority": 2, "timeout": 1000000},
              "outputs": [{"name": "OUTPUT1"}, {"name": "OUTPUT0"}]}
    answer = server.infer("m", turned).json()
    assert answer["id"] == "mine"
    assert counts(server, "m")[:2] == (1, 1)


def test_what_goes_with_an_answer_is_kept_with_it(repository, start):
    repository.add_identity("m", extra=ENABLED, parameters={"response_parameters": "true"})
    server = start()
    first, second = ask(server, "m"), ask(server, "m")
    assert first.json()["parameters"] and first.content == second.content
    assert counts(server, "m")[:2] == (1, 1)


def test_errors_are_not_kept(repository, start):
    repository.add_identity("m", extra=ENABLED, parameters={"execute_error": "no luck"})
    server = start()
    for _ in range(2):
        assert "no luck" in ask(server, "m").text
    hits, misses, _, successes = counts(server, "m")
    assert (hits, misses, successes) == (0, 0, 0)
    assert statistics(server, "m")["inference_stats"]["fail"]["count"] == 2


def test_requests_of_a_sequence_are_not_kept(repository, start):
    repository.add_identity("m", extra=ENABLED)
    server = start()
    for _ in range(2):
        assert ask(server, "m", sequence_id=7, sequence_start=True).status_code == 200
    assert counts(server, "m") == (0, 0, 2, 2)


def test_models_that_do_not_enable_it_are_not_in_it(repository, start):
    repository.add_identity("m")
    server = start()
    for _ in range(2):
        ask(server, "m")
    assert counts(server, "m") == (0, 0, 2, 2)
    assert metric_counts(server, "m") == (None, None)
    assert "_per_model" not in server.metrics()


def test_a_server_without_a_cache_says_so(repository, start_server):
    repository.add_identity("m", extra=ENABLED)
    server = start_server(repository.path)
    for _ in range(2):
        ask(server, "m")
    assert counts(server, "m") == (0, 0, 2, 2)
    assert "model 'm' enables the response cache, and the server has none (--cache-config)" in server.log
    assert "nv_cache" not in server.metrics()


def test_what_was_used_least_lately_makes_room(repository, start):
    repository.add_identity("m", extra=ENABLED)
    server = start(cache="--cache-config=local,size=30000")
    row = [0.0] * 1500  # an answer of 6 KB: there is room for four
    for first in (1.0, 2.0, 3.0, 4.0):
        ask(server, "m", [first, *row])
    ask(server, "m", [1.0, *row])
    ask(server, "m", [5.0, *row])  # in the place of 2
    assert counts(server, "m")[:2] == (1, 5)
    ask(server, "m", [1.0, *row])
    ask(server, "m", [2.0, *row])
    assert counts(server, "m")[:2] == (2, 6)
    wait_until(lambda: server.metric("nv_cache_num_evictions") == 2)
    assert server.metric("nv_cache_num_entries") == 4
    assert 0.8 < server.metric("nv_cache_util") <= 1
    assert server.metric("nv_cache_num_lookups") == 8
    assert (server.metric("nv_cache_num_hits"), server.metric("nv_cache_num_misses")) == (2, 6)
    assert server.metric("nv_cache_lookup_duration") > 0 and server.metric("nv_cache_insertion_duration") > 0


def test_an_answer_that_is_too_large_is_given_and_not_kept(repository, start):
    repository.add_identity("m", extra=ENABLED)
    server = start(cache="--response-cache-byte-size=1000")
    for _ in range(2):
        assert len(values(ask(server, "m", [1.0] * 300))) == 300
    assert counts(server, "m") == (0, 2, 2, 2)
    assert "is greater than total cache size: 1000" in server.log
    assert values(ask(server, "m", [1.0])) == values(ask(server, "m", [1.0])) == [1.0]
    assert counts(server, "m")[0] == 1


def test_a_model_that_is_loaded_again_answers_anew(repository, start):
    repository.add_identity("m", extra=ENABLED)
    server = start("--model-control-mode=explicit", "--load-model=m")
    ask(server, "m")
    changed = repository.add_identity("m", extra=ENABLED, parameters={"response_parameters": "true"})
    (changed / "1" / "weights").write_text("new")
    load(server, "m")
    assert "parameters" in ask(server, "m").json()
    assert "parameters" in ask(server, "m").json()
    assert counts(server, "m")[:2] == (1, 1)


def test_answers_keep_the_order_of_their_requests(repository, start):
    repository.add_identity("m", extra=f"{ENABLED} dynamic_batching {{ preserve_ordering: true }}",
                            parameters={"execute_delay_ms": 200})
    server = start()
    ask(server, "m", [1.0])
    order = []
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: order.append(error or result.as_numpy("OUTPUT0")[0][0]))
        for value in (2.0, 1.0):  # the second is in the cache
            client.async_stream_infer("m", [grpc_input([value])])
        wait_until(lambda: len(order) == 2)
        client.stop_stream()
    assert order == [2.0, 1.0]
    assert counts(server, "m")[:2] == (1, 2)


def grpc_input(row):
    tensor = grpcclient.InferInput("INPUT0", [1, len(row)], "FP32")
    tensor.set_data_from_numpy(np.array([row], dtype=np.float32))
    return tensor


def test_an_ensemble_and_its_steps_are_kept_each_for_itself(repository, start):
    repository.add_identity("plain")
    repository.add_identity("kept", extra=ENABLED)
    repository.add_chain("whole", ["plain", "plain"], extra=ENABLED)
    repository.add_chain("steps", ["kept", "plain"])
    server = start()
    for model in ("whole", "steps"):
        answers = [server.infer(model, body([1.0, 2.0], inputs=("IN",))) for _ in range(3)]
        assert [values(answer) for answer in answers] == [[1.0, 2.0]] * 3
    assert counts(server, "whole")[:2] == (2, 1)
    assert statistics(server, "whole")["inference_stats"]["success"]["count"] == 3
    assert metric_counts(server, "whole") == (2, 1)
    assert counts(server, "steps")[:2] == (0, 0)
    assert counts(server, "kept")[:2] == (2, 1)
    assert counts(server, "plain")[2] == 2 + 3


def test_a_hit_s_trace_has_no_computation(repository, start, tmp_path):
    repository.add_identity("m", extra=ENABLED)
    file = tmp_path / "traces.json"
    server = start("--trace-config=level=TIMESTAMPS", "--trace-config=rate=1", f"--trace-config=triton,file={file}")
    for _ in range(2):
        ask(server, "m")
    server.stop()
    names = {}
    for element in json.loads(file.read_text()):
        for stamp in element.get("timestamps", []):
            names.setdefault(element["id"], []).append(stamp["name"])
    miss, hit = (names[trace] for trace in sorted(names))
    core = ["REQUEST_START", "QUEUE_START", "REQUEST_END"]
    assert [name for name in hit if name in core] == core and not any(name.startswith("COMPUTE") for name in hit)
    assert "COMPUTE_START" in miss and miss.count("QUEUE_START") == 1


def test_a_crowd_gets_right_answers(repository, start):
    repository.add_identity("m", extra=f"{ENABLED} dynamic_batching {{ }} instance_group {{ kind: KIND_CPU count: 2 }}")
    server = start(cache="--cache-config=local,size=10000")  # some of 31 answers are always evicted
    rows = [{"INPUT0": np.full((1, 1 + i * i % 61), i * i % 61, dtype=np.float32)} for i in range(1500)]
    for asked, answered in zip(rows, infer_at_once(server.http, "m", rows, threads=8), strict=True):
        np.testing.assert_array_equal(asked["INPUT0"], answered["OUTPUT0"])
    hits, misses, _, successes = counts(server, "m")
    assert successes == 1500 and hits > 0 and misses > 31


@pytest.mark.parametrize("settings, message", [
    (["local,foo=1"], "Failed to initialize LocalCache: config didn't contain a valid 'size' field."),
    (["local,size=many"], "Failed to initialize LocalCache: 'size': expected a number of bytes, got 'many'"),
    (["local,size=0"], "Failed to initialize LocalCache: 'size': expected a number of bytes, got '0'"),
    (["nosuch,size=1"], "unable to find 'libtritoncache_nosuch.so' for cache. Searched: "),
    (["local,size=1", "redis,host=x"],
     "found multiple cache configurations, but only a single cache is currently supported"),
])
def test_settings_that_make_no_cache(repository, settings, message):
    result = run_neso(f"--model-repository={repository.path}", *(f"--cache-config={setting}" for setting in settings))
    assert result.returncode == 1
    assert f"error: creating server: Invalid argument - {message}" in result.stderr


@pytest.mark.parametrize("extra, reason", [
    ("sequence_batching { }", "with sequence batching scheduler"),
    ("model_transaction_policy { decoupled: true }", "with 'decoupled' transaction policy"),
])
def test_models_that_cannot_be_cached_are_not_loaded(repository, start, extra, reason):
    repository.add_identity("m", extra=f"{ENABLED} {extra}")
    server = start("--model-control-mode=explicit", "--exit-on-error=false", "--load-model=m")
    assert f"Response Cache does not currently support model m {reason}. Please disable the response cache." in server.log
    assert server.infer("m", body([1.0])).status_code == 404


def test_an_ensemble_with_a_decoupled_step_cannot_be_cached(repository, start):
    repository.add_identity("source", extra="model_transaction_policy { decoupled: true }")
    repository.add_chain("m", ["source"], extra=ENABLED)
    server = start("--model-control-mode=explicit")
    response = server.post("/v2/repository/models/m/load")
    assert response.status_code == 400
    assert ("Response Cache does not currently support model m with 'decoupled' transaction policy. Please disable the "
            "response cache.") in response.json()["error"]


def test_a_client_s_shared_memory_gets_the_answer_of_a_hit(repository, start):
    import tritonclient.utils.shared_memory as shm

    repository.add_identity("m", extra=ENABLED)
    server = start("--allow-client-shm=true")
    array = np.array([[1.0, 2.0]], dtype=np.float32)
    region = shm.create_shared_memory_region("out", f"/neso-cache-{server.http_port}", array.nbytes)
    try:
        with httpclient.InferenceServerClient(server.http) as client:
            client.register_system_shared_memory("out", f"/neso-cache-{server.http_port}", array.nbytes)
            np.testing.assert_array_equal(arrays_of(client.infer("m", inputs_of({"INPUT0": array})))["OUTPUT0"], array)
            output = httpclient.InferRequestedOutput("OUTPUT0")
            output.set_shared_memory("out", array.nbytes)
            client.infer("m", inputs_of({"INPUT0": array}), outputs=[output])
            np.testing.assert_array_equal(shm.get_contents_as_numpy(region, np.float32, array.shape), array)
            assert counts(server, "m")[:2] == (1, 1)
    finally:
        shm.destroy_shared_memory_region(region)
