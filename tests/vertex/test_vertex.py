"""The service for Vertex AI: health, predictions, and the endpoints behind the redirect header."""
import gzip
import json
import struct

import pytest
from support.inference import body
from support.object_stores import Google, running
from support.server import free_port, run_neso
from support.vertex import BINARY, ROUTES, Vertex
from support.wait import wait_until


@pytest.fixture(scope="module")
def bucket():
    """Google's object store on loopback, with a bucket."""
    with running(Google) as store:
        yield store


@pytest.fixture
def vertex(repository, start_vertex):
    repository.add_identity()
    return start_vertex(repository)


def outputs(*rows):
    return [{"name": "OUTPUT0", "datatype": "FP32", "shape": [len(rows), len(rows[0])],
             "data": [value for row in rows for value in row]}]


def binary_body():
    content = json.dumps({
        "inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "parameters": {"binary_data_size": 8}}],
        "outputs": [{"name": "OUTPUT0", "parameters": {"binary_data": True}}]}).encode()
    return content + struct.pack("<2f", 1, 2), len(content)


# --- health and predictions -------------------------------------------------------------------------------------------
def test_health_is_the_server_s_readiness(vertex):
    answer = vertex.health()
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, b"", "text/plain")


def test_health_tells_that_the_server_is_not_ready(repository, start_vertex):
    repository.add_identity()
    repository.add("broken", 'backend: "none"')
    vertex = start_vertex(repository, "--exit-on-error=false", ready=False)
    wait_until(lambda: "Started Vertex AI HTTPService at " in vertex.server.log and "Started Metrics" in vertex.server.log)
    assert vertex.health().status_code == 400


def test_a_prediction_uses_the_only_model(vertex):
    answer = vertex.predict(body([1.0, 2.0], id="7"))
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"id": "7", "model_name": "identity", "model_version": "1", "outputs": outputs([1.0, 2.0])}


def test_a_prediction_uses_the_default_model(repository, start_vertex):
    repository.add_identity("one")
    repository.add_identity("two")
    vertex = start_vertex(repository, "--vertex-ai-default-model=two")
    assert vertex.predict(body([1.0])).json()["model_name"] == "two"


def test_binary_tensors(vertex):
    content, json_size = binary_body()
    answer = vertex.predict(content, headers={"Content-Type": f"{BINARY}{json_size}"})
    assert answer.headers["Content-Type"] == "application/octet-stream"
    json_end = int(answer.headers["Inference-Header-Content-Length"])
    assert json.loads(answer.content[:json_end])["outputs"][0]["parameters"] == {"binary_data_size": 8}
    assert struct.unpack("<2f", answer.content[json_end:]) == (1, 2)


def test_a_raw_tensor(repository, start_vertex):
    repository.add_identity(dims=[2])
    vertex = start_vertex(repository)
    answer = vertex.predict(struct.pack("<2f", 1, 2), headers={"Content-Type": f"{BINARY}0"})
    assert answer.content.endswith(struct.pack("<2f", 1, 2)), answer.text


def test_bad_framing_is_refused(vertex):
    content, json_size = binary_body()
    answer = vertex.predict(content, headers={"Content-Type": f"{BINARY}5000"})
    assert answer.status_code == 400
    assert answer.json() == {"error": f"inference header size should be in range (0, {len(content)}), got: 5000"}
    answer = vertex.predict(content, headers={"Content-Type": f"x{BINARY}{json_size}"})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": f"expect MIME type for binary data starts with '{BINARY}', got: x{BINARY}{json_size}"}


def test_bodies_may_be_compressed_both_ways(vertex):
    content, json_size = binary_body()
    answer = vertex.predict(gzip.compress(content), headers={
        "Content-Type": f"{BINARY}{json_size}", "Content-Encoding": "gzip", "Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content.endswith(struct.pack("<2f", 1, 2))


def test_errors_are_those_of_the_http_service(vertex):
    assert vertex.predict("{").status_code == 500
    answer = vertex.predict(json.dumps(body([1.0])).replace("INPUT0", "x"))
    assert (answer.status_code, answer.json()) == (
        400, {"error": "unexpected inference input 'x' for model 'identity'"})


@pytest.mark.parametrize("path", ["/", "/v2", "/v2/health/ready", "/metrics", "/health/", "/predict", "/healthy"])
def test_there_is_nothing_else(vertex, path):
    answer = vertex.request("GET", path)
    assert (answer.status_code, answer.content) == (400, b"")


@pytest.mark.parametrize("method, path", [("POST", ROUTES["AIP_HEALTH_ROUTE"]), ("GET", ROUTES["AIP_PREDICT_ROUTE"]),
                                          ("PUT", ROUTES["AIP_PREDICT_ROUTE"])])
def test_a_wrong_method_is_told(vertex, method, path):
    answer = vertex.request(method, path)
    assert (answer.status_code, answer.json()) == (405, {"error": "Method Not Allowed"})


def test_routes_are_regular_expressions_for_the_whole_path(repository, start_vertex):
    repository.add_identity()
    vertex = start_vertex(repository, env={"AIP_PREDICT_ROUTE": "/predict/[a-z]+", "AIP_HEALTH_ROUTE": "/(live|ready)"})
    assert vertex.request("GET", "/live").status_code == 200
    assert vertex.request("GET", "/ready?x=1").status_code == 200
    assert vertex.request("POST", "/predict/now", json=body([1.0])).status_code == 200
    assert vertex.request("POST", "/predict/", json=body([1.0])).status_code == 400
    assert vertex.request("POST", "/x/predict/now", json=body([1.0])).status_code == 400


def test_headers_are_not_forwarded(repository, start_vertex):
    repository.add_identity(parameters={"echo_parameters": "true"})
    vertex = start_vertex(repository, "--http-header-forward-pattern=^tenant$")
    assert vertex.predict(body([1.0], mine=1), headers={"Tenant": "a"}).json()["parameters"] == {"mine": 1}


# --- the redirect header ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["v2", "v2/models/identity", "v2/models/identity/versions/1", "v2/models/identity/config",
                                  "v2/systemsharedmemory/status", "v2/cudasharedmemory/status"])
def test_a_redirect_answers_as_the_endpoint_does(vertex, path):
    answer = vertex.predict("", redirect=path)
    expected = vertex.server.get(f"/{path}")
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (
        expected.status_code, expected.content, expected.headers["Content-Type"])


@pytest.mark.parametrize("path", ["v2/health/live", "v2/health/ready", "v2/models/identity/ready"])
def test_a_redirect_to_health(vertex, path):
    answer = vertex.predict("", redirect=path)
    assert (answer.status_code, answer.json()) == (200, vertex.server.get(f"/{path}").json())


def test_a_redirect_to_statistics(vertex):
    vertex.predict(body([1.0]))
    for path in ("v2/models/identity/stats", "v2/models/stats"):
        assert vertex.predict("", redirect=path).json()["model_stats"][0]["name"] == "identity"


def test_a_redirect_to_the_index(vertex):
    expected = [{"name": "identity", "version": "1", "state": "READY"}]
    assert vertex.predict("", redirect="v2/repository/index").json() == expected
    assert vertex.predict({"ready": True}, redirect="v2/repository/index").json() == expected


def test_a_redirect_to_metrics(vertex):
    answer = vertex.predict("", redirect="metrics")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "nv_inference_request_success{" in answer.text


def test_a_redirect_to_inference_picks_model_and_version(repository, start_vertex):
    repository.add_identity("one")
    repository.add_identity("two", versions=(1, 2), extra="version_policy { all {} }")
    vertex = start_vertex(repository, "--vertex-ai-default-model=one")
    answer = vertex.predict(body([1.0]), redirect="v2/models/two/versions/1/infer").json()
    assert (answer["model_name"], answer["model_version"]) == ("two", "1")
    content, json_size = binary_body()
    answer = vertex.predict(content, redirect="v2/models/two/infer", headers={"Content-Type": f"{BINARY}{json_size}"})
    assert answer.content.endswith(struct.pack("<2f", 1, 2))
    assert vertex.predict(body([1.0]), redirect="v2/models/three/infer").status_code == 404


@pytest.mark.parametrize("path", ["v2/repository/models/identity/load", "v2/repository/models/identity/unload",
                                  "v2/systemsharedmemory/region/r/register", "v2/systemsharedmemory/unregister",
                                  "v2/cudasharedmemory/region/r/register", "v2/cudasharedmemory/region/r/unregister"])
def test_what_changes_the_server_is_forbidden(vertex, path):
    answer = vertex.predict("", redirect=path)
    assert (answer.status_code, answer.json()) == (403, {"error": f"'{path}' cannot be reached through Vertex AI"})
    assert vertex.predict(body([1.0])).status_code == 200


@pytest.mark.parametrize("path", ["", "x", "/v2", "v2/", "v2/models/identity/generate", "v2/logging", "v2/trace/setting",
                                  "metrics/", "v2/models/identity/infer?x=1"])
def test_other_redirects_are_unknown(vertex, path):
    answer = vertex.predict(body([1.0]), redirect=path)
    assert (answer.status_code, answer.content) == (400, b"")


def test_a_redirect_needs_post(vertex):
    answer = vertex.request("GET", ROUTES["AIP_PREDICT_ROUTE"], headers={"X-Vertex-Ai-Triton-Redirect": "v2"})
    assert (answer.status_code, answer.json()) == (405, {"error": "Method Not Allowed"})


# --- start ------------------------------------------------------------------------------------------------------------
def refusal(repository, *args, env):
    result = run_neso("--allow-http=false", "--allow-grpc=false", "--allow-metrics=false", "--allow-vertex-ai=true",
                      f"--model-repository={repository.path}", f"--vertex-ai-port={free_port()}", *args, env=env)
    assert result.returncode == 1
    line = next(line for line in result.stderr.splitlines() if "failed to start Vertex AI service: " in line)
    return line.split("failed to start Vertex AI service: ", 1)[1].rstrip('"')


@pytest.mark.parametrize("missing", ["AIP_PREDICT_ROUTE", "AIP_HEALTH_ROUTE"])
def test_both_routes_are_needed(repository, missing):
    repository.add_identity()
    env = {**ROUTES, missing: ""}
    assert refusal(repository, env=env) == f"Invalid argument - {missing} is not defined for Vertex AI endpoint"


@pytest.mark.parametrize("bad", ["AIP_PREDICT_ROUTE", "AIP_HEALTH_ROUTE"])
def test_a_route_that_is_no_regular_expression(repository, bad):
    repository.add_identity()
    assert refusal(repository, env={**ROUTES, bad: "/x("}).startswith(
        f"Invalid argument - {bad} is not a regular expression: ")


def test_the_default_model_must_be_there(repository):
    repository.add_identity()
    assert refusal(repository, "--vertex-ai-default-model=other", env=ROUTES) == (
        "Invalid argument - Expect the default model 'other' is loaded")


@pytest.mark.parametrize("models", [0, 2])
def test_without_a_default_model_there_must_be_one(repository, models):
    for number in range(models):
        repository.add_identity(f"m{number}")
    assert refusal(repository, env=ROUTES) == (
        "Invalid argument - Expect the model repository contains only a single model if default model is not specified")


def test_a_port_in_use_ends_the_server(repository, vertex):
    assert refusal(repository, f"--vertex-ai-port={vertex.port}", env=ROUTES).startswith(
        f"Unavailable - Socket '0.0.0.0:{vertex.port}' already in use")


def test_the_start_is_logged_between_http_and_metrics(vertex):
    log = vertex.server.log
    lines = [log.index("Started HTTPService at "), log.index(f"Started Vertex AI HTTPService at 0.0.0.0:{vertex.port}"),
             log.index("Started Metrics Service at ")]
    assert lines == sorted(lines)


def test_a_thread_count_is_accepted_and_without_effect(repository, start_vertex):
    repository.add_identity()
    vertex = start_vertex(repository, "--vertex-ai-thread-count=2")
    assert "options that have no effect in this server: vertex-ai-thread-count" in vertex.server.log


def test_the_environment_decides_what_is_served(repository, start_server):
    """As on Vertex AI, where nobody names services on the command line."""
    repository.add_identity()
    port = free_port()
    server = start_server(env={**ROUTES, "AIP_MODE": "PREDICTION", "AIP_HTTP_PORT": str(port),
                               "AIP_STORAGE_URI": str(repository.path)}, ready=False)
    wait_until(lambda: "Started Metrics Service" in server.log, timeout=20)
    assert Vertex(server, port).predict(body([1.0])).status_code == 200
    assert "Started HTTPService" not in server.log
    assert "Started GRPCInferenceService" not in server.log


def test_a_bucket_is_the_repository(bucket, repository, start_server, tmp_path):
    """All that Vertex AI says, and a server without arguments."""
    repository.add_identity()
    bucket.upload(repository.path, "artifacts/7")
    port = free_port()
    server = start_server(ready=False, env={**ROUTES, **bucket.environment, "AIP_MODE": "PREDICTION", "AIP_HTTP_PORT": str(port),
                                            "AIP_STORAGE_URI": f"{bucket.url}/artifacts/7", "TMPDIR": str(tmp_path)})
    wait_until(lambda: "Started Metrics Service" in server.log, timeout=20)
    vertex = Vertex(server, port)
    assert vertex.health().status_code == 200
    assert vertex.predict(body([1.0, 2.5])).json()["outputs"] == outputs([1.0, 2.5])
    assert vertex.predict(redirect="v2/repository/index").json() == [{"name": "identity", "version": "1", "state": "READY"}]
    server.stop()
    assert not list(tmp_path.glob("neso-*"))  # the copy went with the model


def test_a_folder_of_a_bucket_without_objects_ends_the_server(bucket):
    result = run_neso(env={**ROUTES, **bucket.environment, "AIP_MODE": "PREDICTION", "AIP_STORAGE_URI": f"{bucket.url}/nothing"})
    assert result.returncode == 1
    assert f"{bucket.url}/nothing: no object's name begins with it" in result.stderr


def test_a_bucket_that_cannot_be_reached_is_named():
    result = run_neso(env={**ROUTES, "AIP_MODE": "PREDICTION", "AIP_STORAGE_URI": "gs://bucket/models",
                           "STORAGE_EMULATOR_HOST": "127.0.0.1:1"})
    assert result.returncode == 1
    assert "gs://bucket/models" in result.stderr and "127.0.0.1" in result.stderr
