"""Keys: who may do what over HTTP, on every port."""
import json

import numpy as np
import pytest
import requests
import tritonclient.http as httpclient
from support.access import KeyFile, audit_lines, bearer
from support.http2 import Http2Connection
from support.raw import RawConnection, request
from support.server import PATIENCE, free_port, run_neso
from support.vertex import ROUTES, Vertex
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

BODY = {"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    file = KeyFile(tmp_path_factory.mktemp("keys") / "keys.json")
    file.create("user", models="m,n*", denied_models="n-secret")
    file.create("admin", operations="all")
    file.create("reader", operations="metadata,statistics,metrics")
    file.create("old", expires="2020-01-01")
    return file


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    return tmp_path_factory.mktemp("audit") / "audit.jsonl"


@pytest.fixture(scope="module")
def server(keys, audit, module_repository, start_module_server):
    for name in ("m", "n1", "n-secret", "other"):
        module_repository.add_identity(name)
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=*",
                               f"--access-keys={keys.path}", f"--audit-log={audit}")


def ask(server, endpoint, headers=None, **kwargs):
    method, path = endpoint.split()
    return requests.request(method, server.url + path, headers=headers, timeout=30 * PATIENCE, **kwargs)


@pytest.mark.parametrize("endpoint", ["GET /v2", "GET /v2/models/m", "GET /v2/models/m/ready", "POST /v2/models/m/infer",
                                      "POST /v2/repository/index", "POST /v2/repository/models/nothing/unload", "GET /",
                                      "GET /v2/models/stats", "GET /v2/logging", "GET /v2/systemsharedmemory/status",
                                      "GET /v2/trace/setting", "GET /v2/models/m/config", "HEAD /v2"])
def test_without_a_key_there_is_nothing_to_see(server, keys, endpoint):
    answer = ask(server, endpoint)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="neso"'
    if not endpoint.startswith("HEAD"):
        assert answer.json() == {"error": "this needs a key: expected the header 'Authorization: Bearer <key>'"}
    assert ask(server, endpoint, keys.headers("admin")).status_code != 401


def test_health_stays_open(server):
    assert ask(server, "GET /v2/health/live").status_code == 200
    assert ask(server, "GET /v2/health/ready").status_code == 200
    assert ask(server, "GET /v2/unknown").status_code == 404


def test_a_wrong_key_is_told_and_nothing_of_the_right_one(server, keys):
    token = keys.tokens["user"]
    other_end = "A" if token[-1] != "A" else "B"
    for wrong in (token[:-1] + other_end, token[:-1], token + "x", "neso_nobody_" + token.split("_")[2], token.lower(), "x",
                  keys.json()["keys"][0]["sha256"]):
        answer = ask(server, "GET /v2", bearer(wrong))
        assert answer.status_code == 401, wrong
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="neso", error="invalid_token"'
        assert answer.json() == {"error": "the key in the header 'Authorization' is not known, or was revoked"}
    assert ask(server, "GET /v2", {"Authorization": token}).status_code == 401
    assert ask(server, "GET /v2", {"Authorization": "bearer  " + token}).status_code == 200
    assert token not in server.log


def test_an_expired_key_is_told_so(server, keys):
    answer = ask(server, "GET /v2", keys.headers("old"))
    assert (answer.status_code, answer.json()) == (401, {"error": "the key 'old' has expired"})


def test_a_key_opens_its_models_and_its_operations(server, keys):
    user = keys.headers("user")
    for model, status in [("m", 200), ("n1", 200), ("n-secret", 403), ("other", 403), ("absent", 403)]:
        answers = [ask(server, f"POST /v2/models/{model}/infer", user, json=BODY), ask(server, f"GET /v2/models/{model}", user),
                   ask(server, f"GET /v2/models/{model}/ready", user), ask(server, f"GET /v2/models/{model}/config", user)]
        assert [answer.status_code for answer in answers] == [status] * 4, model
        if status == 403:
            assert answers[0].json() == {"error": f"the key 'user' may not use the model '{model}'"}
    for endpoint, operation in [("GET /v2/logging", "logging"), ("POST /v2/repository/models/m/load", "model-repository"),
                                ("GET /v2/models/m/stats", "statistics")]:
        answer = ask(server, endpoint, user)
        assert answer.status_code == 403
        assert answer.json() == {"error": f"the key 'user' lacks the operation '{operation}'"}
    # However its name is written.
    assert ask(server, "GET /v2/models/n%2Dsecret", user).status_code == 403


def test_lists_show_what_the_key_may_see(server, keys):
    def index(name):
        return sorted(entry["name"] for entry in ask(server, "POST /v2/repository/index", keys.headers(name)).json())

    assert index("admin") == ["m", "n-secret", "n1", "other"]
    assert index("user") == ["m", "n1"]
    assert len(ask(server, "GET /v2/models/stats", keys.headers("reader")).json()["model_stats"]) == 4
    explained = ask(server, "POST /v2/models/n9/infer?explain=1", keys.headers("user"), json=BODY)
    assert explained.status_code == 404
    assert "n1" in explained.text and "n-secret" not in explained.text and "other" not in explained.text


def test_the_stock_client_sends_its_key(server, keys):
    tensor = httpclient.InferInput("INPUT0", [1, 2], "FP32")
    tensor.set_data_from_numpy(np.array([[1, 2]], np.float32))
    with httpclient.InferenceServerClient(server.http) as client:
        assert client.is_server_ready()
        with pytest.raises(InferenceServerException, match="this needs a key"):
            client.infer("m", [tensor])
        answer = client.infer("m", [tensor], headers=keys.headers("user"))
        assert answer.as_numpy("OUTPUT0").tolist() == [[1, 2]]


def test_metrics_need_a_key_that_may_read_them(server, keys):
    assert requests.get(server.metrics_url, timeout=30).status_code == 401
    assert requests.get(server.metrics_url, timeout=30, headers=keys.headers("user")).status_code == 403
    assert "nv_" in requests.get(server.metrics_url, timeout=30, headers=keys.headers("reader")).text


def test_a_body_is_not_waited_for(server, keys):
    head = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n"
    with RawConnection(server) as connection:
        assert connection.send(head).answer()[0] == 401
        connection.send(b"x" * 100_000)  # is read and dropped, so that the answer arrives
        assert connection.reader.read() == b""
    with RawConnection(server) as connection:
        connection.send(head.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"))
        assert connection.reader.readline() == b"HTTP/1.1 401 Unauthorized\r\n"


def test_over_http2_neither(server, keys):
    def ask(client, key=None):
        fields = [(":method", "POST"), (":scheme", "http"), (":path", "/v2/models/m/infer"), (":authority", "x"),
                  ("content-length", "60000000"), *([("authorization", f"Bearer {key}")] if key else [])]
        stream = client.expect()
        client.send(*client.head_frames(stream, client.encoder.encode(fields)))
        return client.answer(stream).headers[":status"]

    with Http2Connection(server.http_port) as client:
        assert [ask(client), ask(client, "neso_x_y"), ask(client, keys.tokens["reader"])] == ["401", "401", "403"]
    with Http2Connection(server.grpc_port) as client:
        assert client.answer(client.call("/inference.GRPCInferenceService/ModelInfer", end=False)).status == "16"


def test_a_refusal_without_a_body_keeps_the_connection(server, keys):
    with RawConnection(server) as connection:
        get = b"GET /v2 HTTP/1.1\r\nHost: x\r\n%s\r\n"
        key = b"Authorization: Bearer " + keys.tokens["user"].encode() + b"\r\n"
        connection.send(get % b"", get % key, get % b"")
        assert [connection.answer()[0] for _ in range(3)] == [401, 200, 401]
        connection.send(request("m", BODY, Authorization="Bearer " + keys.tokens["user"]))
        assert connection.answer()[0] == 200


def test_the_audit_log_tells_of_management_and_of_refusals(server, keys, audit):
    assert ask(server, "POST /v2/repository/models/m/load", keys.headers("admin")).status_code == 200
    assert ask(server, "POST /v2/models/other/infer", keys.headers("user"), json=BODY).status_code == 403

    def line(**wanted):
        return [line for line in audit_lines(audit) if wanted.items() <= line.items()]

    assert wait_until(lambda: line(key="admin", operation="model-repository", model="m", result="200",
                                   request="POST /v2/repository/models/m/load"))
    refused = wait_until(lambda: line(key="user", model="other", result="refused"))[0]
    assert refused["reason"] == "the key 'user' may not use the model 'other'"
    assert refused["peer"].startswith("127.0.0.1:")
    assert "time" in refused
    assert not line(operation="inference", result="200")
    assert not any(token in audit.read_text() for token in keys.tokens.values())


def test_the_keys_hold_for_sagemaker_and_vertex_ai(tmp_path, repository, start_server):
    repository.add_identity("m")
    keys = KeyFile(tmp_path / "keys.json")
    keys.create("m", models="m")
    keys.create("other", models="other")
    keys.create("all", operations="all")
    sagemaker, vertex = free_port(), free_port()
    server = start_server(repository.path, "--allow-sagemaker=true", f"--sagemaker-port={sagemaker}",
                          "--allow-vertex-ai=true", f"--vertex-ai-port={vertex}", f"--access-keys={keys.path}",
                          env={"SAGEMAKER_TRITON_DEFAULT_MODEL_NAME": "m", **ROUTES})

    def ask_sagemaker(endpoint, name=None):
        method, path = endpoint.split()
        return requests.request(method, f"http://127.0.0.1:{sagemaker}{path}", timeout=30 * PATIENCE, json=BODY,
                                headers=keys.headers(name) if name else None).status_code

    assert ask_sagemaker("GET /ping") == 200
    assert [ask_sagemaker("POST /invocations", name) for name in (None, "other", "m")] == [401, 403, 200]
    assert [ask_sagemaker("GET /models", name) for name in (None, "m", "all")] == [401, 403, 200]
    assert [ask_sagemaker("POST /models", name) for name in (None, "m", "all")] == [401, 403, 400]
    client = Vertex(server, vertex)
    assert client.health().status_code == 200
    for redirect, statuses in [(None, [401, 403, 200]), ("v2/models/m", [401, 403, 200]), ("metrics", [401, 403, 403])]:
        answers = [client.predict(json.dumps(BODY), redirect, headers=keys.headers(name) if name else {})
                   for name in (None, "other", "m")]
        assert [answer.status_code for answer in answers] == statuses, redirect
    assert client.predict("", "metrics", headers=keys.headers("all")).status_code == 200


def test_what_is_open_needs_no_key(tmp_path, repository, start_server):
    repository.add_identity("m")
    keys = KeyFile(tmp_path / "keys.json")
    keys.create("admin", operations="all")
    server = start_server(repository.path, f"--access-keys={keys.path}", "--access-open=health,metrics,inference",
                          "--http-cors-allow-origin=https://a.example")
    assert ask(server, "POST /v2/models/m/infer", json=BODY).status_code == 200
    assert requests.get(server.metrics_url, timeout=30).status_code == 200
    assert ask(server, "GET /v2/models/m").status_code == 401
    # Browsers ask before they send a key, and a page may read why it was refused.
    preflight = ask(server, "OPTIONS /v2/models/m", {"Origin": "https://a.example", "Access-Control-Request-Method": "GET",
                                                      "Access-Control-Request-Headers": "authorization"})
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Headers"]) == (204, "authorization")
    refused = ask(server, "GET /v2/models/m", {"Origin": "https://a.example"})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, "https://a.example")


def test_a_key_file_that_cannot_be_used_is_told_at_start(tmp_path):
    path = tmp_path / "keys.json"
    result = run_neso(f"--access-keys={path}")
    assert result.returncode == 1
    assert "failed to start access keys" in result.stdout + result.stderr and str(path) in result.stdout + result.stderr
    path.write_text('{"keys": [{"name": "a"}]}')
    result = run_neso(f"--access-keys={path}")
    assert result.returncode == 1
    assert f"{path}: key 1: 'id' is missing" in result.stdout + result.stderr


def test_keys_are_made_listed_and_revoked(tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    assert keys.run("list", status=1) == f"error: there is no '{keys.path}'\n"
    token = keys.create("a", models="m*", denied_models="m-x", operations="inference,index", requests_per_second=5, burst=9,
                        concurrent=2, expires="2099-12-31")
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    entry = keys.json()["keys"][0]
    assert token.split("_")[1] == entry["id"] and token not in keys.path.read_text()
    assert (entry["models"], entry["denied_models"], entry["burst"], entry["expires"]) == (
        ["m*"], ["m-x"], 9, "2099-12-31T00:00:00Z")
    assert "two keys have the name 'a'" in keys.run("create", "--name=a", status=1)
    keys.path.chmod(0o640)
    keys.create("b", expires="30d")
    assert keys.path.stat().st_mode & 0o777 == 0o640
    lines = keys.run("list").splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "a", "b"]
    keys.revoke("a")
    assert [key["name"] for key in keys.json()["keys"]] == ["b"]
    assert "there is no key 'a'" in keys.run("revoke", "--name=a", status=1)
    for wrong in (["create"], ["create", "--name=c", "--burst=0"], ["create", "--name=c", "--nope=1"], ["create", "--name=c d"],
                  ["create", "--name=c", "--operations=infer"], ["create", "--name=c", "--expires=0d"], ["nothing"]):
        assert "error: " in keys.run(*wrong, status=2)
    assert list(tmp_path.iterdir()) == [keys.path]
