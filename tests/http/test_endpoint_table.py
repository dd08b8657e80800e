"""Every row of the endpoint table, once answered, once refused, and once asked with the wrong method."""
import json

import pytest
import requests
import tritonclient.utils.shared_memory as shm

from support.http2 import Http2Connection
from support.server import free_port

KEY = f"/neso_endpoints_{free_port()}"
ONES = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 1]}]}
REGION = {"key": KEY, "offset": 0, "byte_size": 4096}
CUDA = {"raw_handle": {"b64": "A" * 86 + "=="}, "device_id": 0, "byte_size": 64}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity")
    module_repository.add_identity("spare")
    region = shm.create_shared_memory_region("endpoints", KEY, 4096)
    yield start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=identity",
                              "--allow-client-shm=true")
    shm.destroy_shared_memory_region(region)


def shows(*texts):
    return lambda answer: all(text in answer.text for text in texts)


def empty(answer):
    return answer.content == b""


M = "/v2/models/identity"
NOBODY = "/v2/models/nobody"
UNKNOWN = "Request for unknown model: 'nobody' is not found"
# method, path, body, what the 200 shows; the same with something wrong, the status and a part of the answer.
TABLE = [
    ("GET", "/v2", None, shows('"name":"triton"'), "/v2/", None, 404, "Not Found"),
    ("GET", "/v2/health/live", None, shows('{"live":true}'), "/v2/health/alive", None, 404, "Not Found"),
    ("GET", "/v2/health/ready", None, shows('{"ready":true}'), "/v2/health/ready/", None, 404, "Not Found"),
    ("GET", M, None, shows('"INPUT0"'), NOBODY, None, 404, UNKNOWN),
    ("GET", f"{M}/versions/1", None, shows('"versions":["1"]'), f"{M}/versions/9", None, 404, "version 9 is not found"),
    ("GET", f"{M}/ready", None, shows('"ready":true'), f"{NOBODY}/ready", None, 404, UNKNOWN),
    ("GET", f"{M}/versions/1/ready", None, shows('"ready":true'), f"{M}/versions/{'9' * 30}/ready", None, 400, "failed to get model version"),
    ("GET", f"{M}/config", None, shows('"max_batch_size":8'), f"{NOBODY}/config", None, 404, UNKNOWN),
    ("GET", f"{M}/versions/1/config", None, shows('"identity"'), f"{M}/versions/x/config", None, 404, "Not Found"),
    ("GET", f"{M}/stats", None, shows('"model_stats"'), f"{NOBODY}/stats", None, 400, "'nobody' is not available"),
    ("GET", f"{M}/versions/1/stats", None, shows('"version":"1"'), f"{M}/versions/9/stats", None, 400, "is not available"),
    ("GET", "/v2/models/stats", None, shows('"identity"'), "/v2/models", None, 404, "Not Found"),
    ("POST", f"{M}/infer", ONES, shows('"data":[1.0,1.0]'), f"{M}/infer", {"inputs": []}, 400, "expected 1 inputs but got 0"),
    ("POST", f"{M}/versions/1/infer", ONES, shows('"model_version":"1"'), f"{M}/versions/2/infer", ONES, 404, "is not found"),
    ("POST", f"{M}/generate", {"INPUT0": [1, 1]}, shows('"OUTPUT0":[1.0,1.0]'), f"{NOBODY}/generate", {}, 404, UNKNOWN),
    ("POST", f"{M}/versions/1/generate", {"INPUT0": 1}, shows('"OUTPUT0":1.0'), f"{M}/generate", [], 500,
     "attempt to get members for non-object"),
    ("POST", f"{M}/generate_stream", {"INPUT0": 1}, shows("data: {", '"OUTPUT0":1.0'), f"{M}/generate_stream", {}, 400,
     "expected 1 inputs but got 0"),
    ("POST", f"{M}/versions/1/generate_stream", {"INPUT0": 1}, shows("data: {"), f"{M}/versions/2/generate_stream", {},
     404, "is not found"),
    ("GET", f"{M}/trace/setting", None, shows('"trace_level":["OFF"]'), f"{NOBODY}/trace/setting", None, 404, UNKNOWN),
    ("POST", f"{M}/trace/setting", {}, shows('"trace_rate"'), f"{M}/versions/1/trace/setting", {}, 404, "Not Found"),
    ("GET", "/v2/trace/setting", None, shows('"trace_mode":"triton"'), "/v2/trace", None, 404, "Not Found"),
    ("POST", "/v2/trace/setting", {"trace_rate": "9"}, shows('"trace_rate":"9"'), "/v2/trace/setting",
     {"trace_level": ["OFF", "TENSORS"]}, 400, "Expect only one trace level 'OFF' is specified"),
    ("GET", "/v2/logging", None, shows('"log_info":true'), "/v2/loggings", None, 404, "Not Found"),
    ("POST", "/v2/logging", {"log_info": True}, shows('"log_info":true'), "/v2/logging", {"log_file": "x"}, 501,
     "log file location can not be updated"),
    ("POST", "/v2/repository/index", None, shows('"spare"'), "/v2/repository/index", {"ready": 1}, 400, "expected a boolean"),
    ("POST", "/v2/repository/r/index", None, shows('"spare"'), "/v2/repository/r/s/index", None, 404, "Not Found"),
    ("POST", "/v2/repository/models/spare/load", None, empty, "/v2/repository/models/nobody/load", None, 500,
     "failed to load 'nobody'"),
    ("POST", "/v2/repository/models/spare/unload", None, empty, "/v2/repository/models/spare/unload",
     {"parameters": {"unload_dependents": "yes"}}, 500, "Unable to parse 'unload_dependents'"),
    ("POST", "/v2/systemsharedmemory/region/mine/register", REGION, empty, "/v2/systemsharedmemory/region/mine/register",
     REGION, 400, "shared memory region 'mine' already in manager"),
    ("GET", "/v2/systemsharedmemory/status", None, shows('"name":"mine"'), "/v2/systemsharedmemory", None, 404, "Not Found"),
    ("GET", "/v2/systemsharedmemory/region/mine/status", None, shows(f'"key":"{KEY}"'),
     "/v2/systemsharedmemory/region/yours/status", None, 404, "Unable to find system shared memory region: 'yours'"),
    ("POST", "/v2/systemsharedmemory/region/mine/unregister", None, empty, "/v2/systemsharedmemory/register", REGION, 400,
     "'region name' is necessary"),
    ("POST", "/v2/systemsharedmemory/unregister", None, empty, "/v2/systemsharedmemory/region/mine/unregister/", None, 404,
     "Not Found"),
    ("GET", "/v2/cudasharedmemory/status", None, shows("[]"), "/v2/cudasharedmemory/region/yours/status", None, 404,
     "Unable to find cuda shared memory region: 'yours'"),
    ("POST", "/v2/cudasharedmemory/unregister", None, empty, "/v2/cudasharedmemory/region/mine/register", CUDA, 400,
     "GPUs not supported"),
    ("POST", "/v2/cudasharedmemory/region/mine/unregister", None, empty, "/v2/cudasharedmemory/register", CUDA, 400,
     "'region name' is necessary"),
]


def send(server, method, path, body):
    return server.get(path) if method == "GET" else server.post(path, body=None if body is None else json.dumps(body))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} {row[1]}")
def test_rows(server, row):
    method, path, body, is_right, bad_path, bad_body, status, text = row
    answer = send(server, method, path, body)
    assert answer.status_code == 200, answer.text
    assert is_right(answer), answer.text
    refused = send(server, method, bad_path, bad_body)
    assert refused.status_code == status, refused.text
    assert text in refused.json()["error"]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} {row[1]}")
def test_other_methods_are_refused(server, row):
    path = row[1]
    settings = path.endswith(("/logging", "/setting"))
    wrong = {"GET": "POST", "POST": "GET"}[row[0]] if not settings else "PUT"
    answer = requests.request(wrong, server.url + path, timeout=30)
    assert answer.status_code == 405 and answer.json() == {"error": "Method Not Allowed"}


@pytest.mark.parametrize("path", [row[1] for row in TABLE if row[0] == "GET"] + ["/openapi.json", "/v2/nothing"])
def test_head_answers_as_get_without_the_body(server, path):
    with_body = server.get(path)
    without = requests.head(server.url + path, timeout=30)
    assert (without.status_code, without.content) == (with_body.status_code, b"")
    for header in ("Content-Type", "Content-Length"):
        assert without.headers[header] == with_body.headers[header], header


def test_head_over_http2(server):
    with Http2Connection(server.http_port) as client:
        stream = client.expect()
        frames = client.head_frames(stream, client.encoder.encode(
            [(":method", "HEAD"), (":scheme", "http"), (":path", "/v2/health/live"), (":authority", "test")]))
        frames[0].flags.add("END_STREAM")
        client.send(*frames)
        answer = client.answer(stream)
        assert (answer.headers[":status"], answer.headers["content-length"], answer.data) == ("200", "13", b"")


def test_repositories_have_no_names(server):
    for action in ("load", "unload"):
        refused = server.post(f"/v2/repository/r/models/spare/{action}")
        assert refused.status_code == 501
        assert refused.json()["error"] == "'repository_name' specification is not supported"


def test_the_metrics_port_has_one_endpoint(server):
    assert "nv_inference_request_success" in requests.get(server.metrics_url, timeout=30).text
    assert requests.get(server.metrics_url + "/", timeout=30).status_code == 200
    head = requests.head(server.metrics_url, timeout=30)
    assert (head.status_code, head.content) == (200, b"") and int(head.headers["Content-Length"]) > 1000
    assert requests.post(server.metrics_url, timeout=30).status_code == 405
    elsewhere = requests.get(server.metrics_url.replace("/metrics", "/elsewhere"), timeout=30)
    assert elsewhere.status_code == 200 and elsewhere.content == b""
