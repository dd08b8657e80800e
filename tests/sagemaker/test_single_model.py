"""/ping and /invocations: SageMaker's container contract."""
import gzip
import json
import struct
import threading

import pytest
import requests
from support.control import load, unload
from support.inference import body
from support.sagemaker import BINARY
from support.server import free_port, run_neso
from support.wait import wait_until

MODEL = {"SAGEMAKER_TRITON_DEFAULT_MODEL_NAME": "identity"}


def until_up(sagemaker):
    def answers():
        assert sagemaker.server.process.poll() is None, sagemaker.server.log
        try:
            return sagemaker.get("/ping") is not None
        except requests.ConnectionError:
            return False
    wait_until(answers, timeout=20)


@pytest.fixture
def sagemaker(repository, start_sagemaker):
    repository.add_identity()
    return start_sagemaker(repository, env=MODEL)


def binary_body():
    content = json.dumps({
        "inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "parameters": {"binary_data_size": 8}}],
        "outputs": [{"name": "OUTPUT0", "parameters": {"binary_data": True}}]}).encode()
    return content + struct.pack("<2f", 1, 2), len(content)


def test_ping_is_the_server_s_readiness(sagemaker):
    answer = sagemaker.get("/ping?x=1")
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, b"", "text/plain")


def test_ping_tells_that_the_server_is_not_ready(repository, start_sagemaker):
    repository.add("broken", 'backend: "none"')
    sagemaker = start_sagemaker(repository, "--exit-on-error=false", ready=False)
    until_up(sagemaker)
    assert sagemaker.get("/ping").status_code == 400


def test_ping_may_be_the_server_s_liveness(repository, start_sagemaker):
    repository.add("broken", 'backend: "none"')
    sagemaker = start_sagemaker(repository, "--exit-on-error=false", ready=False,
                                env={"SAGEMAKER_TRITON_PING_MODE": "live"})
    until_up(sagemaker)
    assert sagemaker.get("/ping").status_code == 200
    assert sagemaker.server.get("/v2/health/ready").status_code == 400


def test_invocations_in_json(sagemaker):
    answer = sagemaker.post("/invocations", body([1.0, 2.0], id="7"))
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"id": "7", "model_name": "identity", "model_version": "1",
                             "outputs": [{"name": "OUTPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1.0, 2.0]}]}


def test_invocations_with_binary_tensors(sagemaker):
    content, json_size = binary_body()
    type, parameter = BINARY.split(";")
    spaced = f"{type}; charset=utf-8 ; {parameter}{json_size}"
    assert sagemaker.post("/invocations", content, headers={"Content-Type": spaced}).status_code == 200
    answer = sagemaker.post("/invocations", content, headers={"Content-Type": f"{BINARY}{json_size}"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith(BINARY)
    assert "Inference-Header-Content-Length" not in answer.headers
    json_end = int(answer.headers["Content-Type"].removeprefix(BINARY))
    output = json.loads(answer.content[:json_end])["outputs"][0]
    assert output["parameters"] == {"binary_data_size": 8}
    assert struct.unpack("<2f", answer.content[json_end:]) == (1, 2)


def test_a_json_size_of_zero_is_a_raw_tensor(repository, start_sagemaker):
    repository.add_identity(dims=[2])
    sagemaker = start_sagemaker(repository, env=MODEL)
    answer = sagemaker.post("/invocations", struct.pack("<2f", 1, 2), headers={"Content-Type": f"{BINARY}0"})
    assert answer.content.endswith(struct.pack("<2f", 1, 2)), answer.text


def test_the_header_of_the_http_service_does_not_count(sagemaker):
    content, json_size = binary_body()
    answer = sagemaker.post("/invocations", content, headers={"Inference-Header-Content-Length": str(json_size)})
    assert answer.status_code == 400
    assert answer.json()["error"] == "unexpected size for input 'INPUT0', expecting 8 additional bytes for model 'identity'"


@pytest.mark.parametrize("size", ["-1", "5000", "99999999999"])
def test_a_json_size_out_of_range_is_refused(sagemaker, size):
    content, _ = binary_body()
    answer = sagemaker.post("/invocations", content, headers={"Content-Type": BINARY + size})
    assert answer.status_code == 400
    assert answer.json() == {"error": f"inference header size should be in range (0, {len(content)}), got: {size}"}


def test_bodies_may_be_compressed_both_ways(sagemaker):
    content, json_size = binary_body()
    answer = sagemaker.post("/invocations", gzip.compress(content), headers={
        "Content-Type": f"{BINARY}{json_size}", "Content-Encoding": "gzip", "Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content.endswith(struct.pack("<2f", 1, 2))
    unknown = sagemaker.post("/invocations", content, headers={"Content-Encoding": "br"})
    assert (unknown.status_code, unknown.json()) == (501, {"error": "Unsupported compression type"})


def test_errors_are_those_of_the_http_service(sagemaker):
    assert sagemaker.post("/invocations", "{").status_code == 500
    answer = sagemaker.post("/invocations", {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [1]}]})
    assert answer.status_code == 400
    assert answer.json() == {"error": "unexpected inference input 'x' for model 'identity'"}


def test_without_a_default_model_there_is_nothing_to_invoke(repository, start_sagemaker):
    repository.add_identity()
    answer = start_sagemaker(repository).post("/invocations", body([1.0]))
    assert answer.status_code == 404
    assert answer.json()["error"] == (
        "Request for unknown model: 'unspecified_SAGEMAKER_TRITON_DEFAULT_MODEL_NAME' is not found")


@pytest.mark.parametrize("method, path", [("POST", "/ping"), ("PUT", "/ping"), ("GET", "/invocations")])
def test_a_wrong_method_is_told(sagemaker, method, path):
    answer = sagemaker.request(method, path)
    assert (answer.status_code, answer.json()) == (405, {"error": "Method Not Allowed"})


@pytest.mark.parametrize("method, path", [("GET", "/"), ("GET", "/v2"), ("GET", "/v2/health/ready"), ("GET", "/ping/"),
                                          ("POST", "/v2/models/identity/infer"), ("PUT", "/models/x")])
def test_there_is_nothing_else(sagemaker, method, path):
    answer = sagemaker.request(method, path)
    assert (answer.status_code, answer.content) == (400, b"")


def test_the_model_can_be_controlled_over_http_meanwhile(repository, start_sagemaker):
    repository.add_identity()
    sagemaker = start_sagemaker(repository, "--model-control-mode=explicit", env=MODEL)
    assert sagemaker.post("/invocations", body([1.0])).status_code == 404
    assert load(sagemaker.server, "identity").status_code == 200
    assert sagemaker.post("/invocations", body([1.0])).status_code == 200
    assert unload(sagemaker.server, "identity").status_code == 200


def test_it_serves_many_at_once(sagemaker):
    statuses = []

    def ask():
        statuses.append(sagemaker.post("/invocations", body([1.0])).status_code)
    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 16


def test_the_start_is_logged_between_http_and_metrics(sagemaker):
    log = sagemaker.server.log
    lines = [log.index("Started HTTPService at "), log.index(f"Started Sagemaker HTTPService at 0.0.0.0:{sagemaker.port}"),
             log.index("Started Metrics Service at ")]
    assert lines == sorted(lines)


def test_a_port_in_use_ends_the_server(repository, sagemaker):
    result = run_neso("--allow-http=false", "--allow-grpc=false", "--allow-metrics=false", "--allow-sagemaker=true",
                      f"--model-repository={repository.path}", f"--sagemaker-port={sagemaker.port}")
    assert result.returncode == 1
    assert (f"failed to start Sagemaker service: Unavailable - Socket '0.0.0.0:{sagemaker.port}' already in use"
            in result.stderr)


def test_the_same_port_twice_is_refused(repository):
    port = free_port()
    result = run_neso(f"--model-repository={repository.path}", "--allow-sagemaker=true", f"--sagemaker-port={port}",
                      f"--http-port={port}")
    assert result.returncode == 1
    assert ("The server cannot listen to HTTP requests and SageMaker requests at the same address and port "
            f"0.0.0.0:{port}" in result.stderr)


def test_other_services_keep_to_the_safe_ports(repository):
    result = run_neso(f"--model-repository={repository.path}", "--allow-sagemaker=true", "--allow-metrics=false",
                      "--sagemaker-safe-port-range=8001-8010", "--http-port=9000")
    assert result.returncode == 1
    assert "The server cannot listen to HTTP requests at port 9000, allowed port range is [8001, 8010]" in result.stderr


def test_a_thread_count_is_accepted_and_without_effect(repository, start_sagemaker):
    sagemaker = start_sagemaker(repository, "--sagemaker-thread-count=2")
    assert "options that have no effect in this server: sagemaker-thread-count" in sagemaker.server.log


def test_unknown_words_in_the_environment_are_refused(repository):
    result = run_neso(f"--model-repository={repository.path}", "--allow-sagemaker=true",
                      env={"SAGEMAKER_TRITON_INFERENCE_TYPE": "train"})
    assert result.returncode == 1
    assert "SAGEMAKER_TRITON_INFERENCE_TYPE must be one of infer, generate, generate_stream, got: train" in result.stderr


# --- generate ---------------------------------------------------------------------------------------------------------
def start_generating(repository, start_sagemaker, kind):
    repository.add("talk", """
        backend: "identity"
        model_transaction_policy { decoupled: true }
        input [ { name: "text" data_type: TYPE_STRING dims: [ 1 ] } ]
        output [ { name: "said" data_type: TYPE_STRING dims: [ 1 ] } ]
        parameters { key: "response_parameters" value: { string_value: "false" } }
        """)
    return start_sagemaker(repository, env={"SAGEMAKER_TRITON_DEFAULT_MODEL_NAME": "talk",
                                            "SAGEMAKER_TRITON_INFERENCE_TYPE": kind})


def test_invocations_may_generate(repository, start_sagemaker):
    sagemaker = start_generating(repository, start_sagemaker, "generate")
    answer = sagemaker.post("/invocations", {"text": "hello"})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"model_name": "talk", "model_version": "1", "said": "hello"}
    assert sagemaker.post("/invocations", "[]").status_code == 500


def test_invocations_may_generate_a_stream(repository, start_sagemaker):
    sagemaker = start_generating(repository, start_sagemaker, "generate_stream")
    answer = sagemaker.post("/invocations", {"text": "hello"})
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    events = [event for event in answer.text.split("\n\n") if event]
    assert [json.loads(event.removeprefix("data: "))["said"] for event in events] == ["hello"]


def test_headers_are_not_forwarded(repository, start_sagemaker):
    repository.add_identity(parameters={"echo_parameters": "true"})
    sagemaker = start_sagemaker(repository, "--http-header-forward-pattern=^tenant$", env=MODEL)
    answer = sagemaker.post("/invocations", body([1.0], mine=1), headers={"Tenant": "a"})
    assert answer.json()["parameters"] == {"mine": 1}
