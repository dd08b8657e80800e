"""Every endpoint that is not inference: its success and its failures, as curl sees them."""
import http.client

import pytest
from support.wait import wait_until

EXTENSIONS = [
    "classification", "sequence", "model_repository", "model_repository(unload_dependents)", "schedule_policy",
    "model_configuration", "system_shared_memory", "cuda_shared_memory", "binary_tensor_data", "parameters", "statistics",
    "trace", "logging",
]


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity", versions=(1, 3), extra="version_policy: { all {} }")
    module_repository.add_identity("unbatched", dims=(2, 2), max_batch_size=0)
    return start_module_server(module_repository.path)


def error(response):
    assert response.headers["Content-Type"].startswith(("application/json", "text/plain"))
    assert list(response.json()) == ["error"]
    return response.json()["error"]


@pytest.mark.parametrize("path, body", [
    ("/v2/health/live", {"live": True}),
    ("/v2/health/ready", {"ready": True}),
    ("/v2/models/identity/ready", {"name": "identity", "ready": True}),
    ("/v2/models/identity/versions/3/ready", {"name": "identity", "ready": True}),
])
def test_health_answers_200_and_the_body_that_kserve_s_clients_read(server, path, body):
    response = server.get(path)
    assert (response.status_code, response.json()) == (200, body)
    assert response.headers["Content-Type"] == "application/json"


def test_a_server_that_is_not_ready_says_whom_it_waits_for(repository, start_server):
    repository.add_identity("good")
    repository.add_identity("bad", parameters={"initialize_error": "broken on purpose"})
    server = start_server(repository.path, "--exit-on-error=false", ready=False)
    wait_until(lambda: "Started Metrics Service" in server.log)
    answer = server.get("/v2/health/ready")
    assert answer.status_code == 400 and answer.json()["ready"] is False
    assert answer.json()["reason"].startswith("model 'bad' version 1 is UNAVAILABLE: ")
    assert server.get("/v2/health/live").json() == {"live": True}


def test_reasons_are_for_those_who_may_see_the_repository(repository, start_server):
    repository.add_identity("bad", parameters={"initialize_error": "broken on purpose"})
    server = start_server(repository.path, "--exit-on-error=false", "--http-restricted-api=model-repository:key=secret",
                          ready=False)
    wait_until(lambda: "Started Metrics Service" in server.log)
    assert server.get("/v2/health/ready").json() == {"ready": False}
    assert "reason" in server.get("/v2/health/ready", headers={"key": "secret"}).json()


def test_health_refuses_post(server):
    response = server.post("/v2/health/live")
    assert response.status_code == 405
    assert error(response) == "Method Not Allowed"


@pytest.mark.parametrize("path", ["/", "/v2/", "/v1", "/v2/nothing", "/v2/models", "/v2/models/identity/versions/x/ready",
                                  "/v2/models/identity/", "/v2/health", "/v2/health/live/"])
def test_unknown_paths_answer_404(server, path):
    response = server.get(path)
    assert response.status_code == 404
    assert error(response) == "Not Found"


def test_query_strings_are_ignored(server):
    assert server.get("/v2/health/live?verbose=1&x=/y").status_code == 200


def test_server_metadata_names_version_and_extensions(server):
    response = server.get("/v2")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {"name": "triton", "version": "2.73.0", "extensions": EXTENSIONS}
    assert server.post("/v2").status_code == 405


def test_model_metadata_has_shapes_with_the_batch_dimension(server):
    assert server.get("/v2/models/identity").json() == {
        "name": "identity", "versions": ["1", "3"], "platform": "identity",
        "inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [-1, -1]}],
        "outputs": [{"name": "OUTPUT0", "datatype": "FP32", "shape": [-1, -1]}],
    }
    unbatched = server.get("/v2/models/unbatched/versions/1").json()
    assert unbatched["versions"] == ["1"]
    assert unbatched["inputs"][0]["shape"] == [2, 2]


@pytest.mark.parametrize("suffix", ["", "/config", "/stats", "/ready"])
def test_lookups_of_unknown_models_and_versions_say_what_is_missing(server, suffix):
    response = server.get("/v2/models/nobody" + suffix)
    if suffix == "/stats":
        assert response.status_code in (400, 404)
    else:
        assert response.status_code == 404
        assert error(response) == "Request for unknown model: 'nobody' is not found"
    response = server.get("/v2/models/identity/versions/7" + suffix)
    if suffix != "/stats":
        assert response.status_code == 404
        assert error(response) == "Request for unknown model: 'identity' version 7 is not found"


def test_version_numbers_beyond_64_bits_are_refused(server):
    response = server.get("/v2/models/identity/versions/99999999999999999999")
    assert response.status_code == 400
    assert error(response) == ("failed to get model version from specified version string '99999999999999999999' (details: "
                               "stol), version should be an integral value > 0")


def test_configuration_is_complete_and_in_the_contract_s_order(server):
    response = server.get("/v2/models/identity/config")
    assert response.status_code == 200
    config = response.json()
    assert list(config)[:8] == ["name", "platform", "backend", "runtime", "version_policy", "max_batch_size", "input", "output"]
    assert config["name"] == "identity"
    assert config["version_policy"] == {"all": {}}
    assert config["input"] == [{
        "name": "INPUT0", "data_type": "TYPE_FP32", "format": "FORMAT_NONE", "dims": [-1], "is_shape_tensor": False,
        "allow_ragged_batch": False, "optional": False, "is_non_linear_format_io": False}]
    assert config["instance_group"][0]["kind"] == "KIND_CPU"
    assert config["instance_group"][0]["count"] == 1
    assert config["optimization"]["input_pinned_memory"] == {"enable": True}


def test_statistics_count_requests(server):
    before = server.get("/v2/models/unbatched/stats").json()["model_stats"][0]
    body = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, 4]}]}
    for _ in range(3):
        assert server.infer("unbatched", body).status_code == 200
    after = server.get("/v2/models/unbatched/stats").json()["model_stats"][0]
    assert list(after) == ["name", "version", "last_inference", "inference_count", "execution_count", "inference_stats",
                           "response_stats", "batch_stats", "memory_usage"]
    assert after["name"] == "unbatched" and after["version"] == "1"
    assert after["inference_count"] - before["inference_count"] == 3
    assert after["execution_count"] - before["execution_count"] == 3
    assert list(after["inference_stats"]) == ["success", "fail", "queue", "compute_input", "compute_infer", "compute_output",
                                              "cache_hit", "cache_miss"]
    assert after["inference_stats"]["success"]["count"] - before["inference_stats"]["success"]["count"] == 3
    assert after["inference_stats"]["success"]["ns"] > before["inference_stats"]["success"]["ns"]
    assert after["batch_stats"][0]["batch_size"] == 1
    assert after["last_inference"] > 1_700_000_000_000


def test_statistics_of_all_models_list_every_ready_version(server):
    names = [(s["name"], s["version"]) for s in server.get("/v2/models/stats").json()["model_stats"]]
    assert sorted(names) == [("identity", "1"), ("identity", "3"), ("unbatched", "1")]


def test_statistics_of_an_unknown_model_fail(server):
    response = server.get("/v2/models/nobody/stats")
    assert response.status_code == 400
    assert error(response) == "requested model 'nobody' is not available"
    response = server.get("/v2/models/identity/versions/7/stats")
    assert response.status_code == 400
    assert error(response) == "requested model version is not available for model 'identity'"


def test_index_lists_models_sorted_with_state(server):
    expected = [{"name": "identity", "version": "1", "state": "READY"}, {"name": "identity", "version": "3", "state": "READY"},
                {"name": "unbatched", "version": "1", "state": "READY"}]
    assert server.post("/v2/repository/index").json() == expected
    assert server.post("/v2/repository/index", {"ready": True}).json() == expected
    assert server.post("/v2/repository/anything/index").json() == expected


def test_index_refuses_bad_bodies(server):
    response = server.post("/v2/repository/index", {"ready": 1})
    assert response.status_code == 400
    assert error(response) == "Invalid value for 'ready': expected a boolean"
    response = server.post("/v2/repository/index", "{")
    assert response.status_code == 500
    assert error(response).startswith("failed to parse the request JSON buffer: ")
    assert server.get("/v2/repository/index").status_code == 405


def test_load_and_unload_need_explicit_mode(server):
    for action in ("load", "unload"):
        response = server.post(f"/v2/repository/models/identity/{action}")
        assert response.status_code == 503
        assert error(response) == "explicit model load / unload is not allowed if polling is enabled"
        response = server.post(f"/v2/repository/elsewhere/models/identity/{action}")
        assert response.status_code == 501
        assert error(response) == "'repository_name' specification is not supported"


def test_infer_refuses_get(server):
    response = server.get("/v2/models/identity/infer")
    assert response.status_code == 405
    assert response.headers["Content-Type"] == "text/plain"


def test_metrics_port_answers_prometheus_text(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics_port, timeout=10)
    connection.request("GET", "/metrics")
    response = connection.getresponse()
    assert response.status == 200
    assert response.getheader("Content-Type") == "text/plain; charset=utf-8"
    text = response.read().decode()
    assert '# TYPE nv_inference_request_success counter' in text
    assert 'nv_inference_request_success{model="identity",version="3"} ' in text
    for method, path, status in [("GET", "/metrics/", 200), ("POST", "/metrics", 405), ("GET", "/elsewhere", 200)]:
        connection.request(method, path)
        response = connection.getresponse()
        assert response.status == status
        body = response.read()
        assert (body == b"") == (path == "/elsewhere")


def test_no_cross_origin_headers_unless_asked_for(server):
    response = server.get("/v2", headers={"Origin": "http://example.org"})
    assert not [name for name in response.headers if name.lower().startswith("access-control")]
