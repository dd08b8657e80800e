"""--hardened, and what it turns on, each by its own flag: a server that strangers reach."""
import base64
import concurrent.futures
import socket

import numpy as np
import pytest
import requests
import tritonclient.grpc as grpcclient
from support.access import KeyFile
from support.certificates import Authority
from support.raw import RawConnection
from support.server import PATIENCE, run_neso
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

BODY = {"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
# What a proxy on this machine adds: its clients are elsewhere.
PROXIED = {"X-Forwarded-For": "203.0.113.9"}
MANAGEMENT = ["POST /v2/repository/models/m/load", "POST /v2/repository/models/m/unload", "GET /v2/logging", "POST /v2/logging",
              "GET /v2/trace/setting", "POST /v2/models/m/trace/setting", "GET /v2/systemsharedmemory/status",
              "POST /v2/systemsharedmemory/region/r/register", "POST /v2/cudasharedmemory/unregister"]


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("m")
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=m", "--hardened",
                               "--http-cors-allow-origin=https://app.example")


def ask(server, endpoint, headers=None, **kwargs):
    method, path = endpoint.split()
    return requests.request(method, server.url + path, headers=headers, timeout=30 * PATIENCE, **kwargs)


@pytest.mark.parametrize("endpoint", MANAGEMENT)
def test_management_is_for_this_machine(server, endpoint):
    for header in ("X-Forwarded-For", "Forwarded", "Via"):
        answer = ask(server, endpoint, {header: "x"}, json={})
        assert answer.status_code == 403
        assert "is only for clients on the server's own machine (--local-apis)" in answer.json()["error"]


def test_on_this_machine_it_works(server):
    assert ask(server, "POST /v2/repository/models/m/load").status_code == 200
    assert ask(server, "GET /v2/logging").status_code == 200
    for endpoint in ("GET /v2/health/ready", "GET /v2/models/m", "POST /v2/repository/index", "GET /v2/models/stats"):
        assert ask(server, endpoint, PROXIED).status_code == 200
    assert ask(server, "POST /v2/models/m/infer", PROXIED, json=BODY).status_code == 200


def test_over_grpc_too(server):
    proxied = {"x-forwarded-for": "203.0.113.9"}
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.load_model("m")
        for call in (lambda: client.load_model("m", headers=proxied), lambda: client.get_log_settings(headers=proxied),
                     lambda: client.get_trace_settings(headers=proxied),
                     lambda: client.get_system_shared_memory_status(headers=proxied)):
            with pytest.raises(InferenceServerException, match="PERMISSION_DENIED.*only for clients on the server's own machine"):
                call()
        assert client.is_model_ready("m", headers=proxied)


def test_from_another_address(repository, start_server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing, and tells by which address it would
            address = probe.getsockname()[0]
        except OSError:
            pytest.skip("this machine has no address but loopback")
    repository.add_identity("m")
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=m", "--local-apis=logging",
                          "--http-address=0.0.0.0")
    url = f"http://{address}:{server.http_port}"
    assert requests.get(url + "/v2/logging", timeout=30).status_code == 403
    assert requests.post(url + "/v2/repository/models/m/load", timeout=30).status_code == 200
    assert ask(server, "GET /v2/logging").status_code == 200


def test_a_socket_file_is_this_machine(tmp_path, repository, start_server):
    repository.add_identity("m")
    path = tmp_path / "http.sock"
    server = start_server(repository.path, "--hardened", f"--http-address=unix:{path}", ready=False)
    wait_until(lambda: "Started Metrics" in server.log)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET /v2/logging HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert client.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"


def test_nothing_is_uploaded(server):
    config = '{"backend": "python", "max_batch_size": 0}'
    parameters = {"config": config, "file:1/model.py": base64.b64encode(b"import os").decode()}
    answer = ask(server, "POST /v2/repository/models/new/load", json={"parameters": parameters})
    text = "files in a load are not allowed in this server (--allow-load-files=false)"
    assert (answer.status_code, answer.json()) == (400, {"error": text})
    with grpcclient.InferenceServerClient(server.grpc) as client:
        with pytest.raises(InferenceServerException, match="files in a load are not allowed"):
            client.load_model("new", config=config, files={"file:1/model.py": b"import os"})


def test_a_name_that_is_not_ours_is_refused(server):
    for host, status in [("evil.example", 403), ("evil.example:8000", 403), ("localhost", 200), ("10.0.0.1:8000", 200),
                         ("[::1]", 200)]:
        answer = ask(server, "GET /v2", {"Host": host})
        assert answer.status_code == status, host
    assert ask(server, "GET /v2", {"Host": "evil.example"}).json() == {
        "error": "the host 'evil.example' is not among those of --allowed-hosts"}
    assert requests.get(server.metrics_url, headers={"Host": "evil.example"}, timeout=30).status_code == 403


def test_pages_of_others_are_refused(server):
    for origin, status in [("https://evil.example", 403), ("null", 403), (server.url, 200), ("https://app.example", 200)]:
        assert ask(server, "POST /v2/repository/index", {"Origin": origin}).status_code == status, origin


def test_hosts_may_be_named(repository, start_server):
    repository.add_identity("m")
    server = start_server(repository.path, "--allowed-hosts=neso.example,*.internal")
    for host, status in [("neso.example", 200), ("a.internal:1", 200), ("evil.example", 403)]:
        assert ask(server, "GET /v2", {"Host": host}).status_code == status
    assert ask(server, "GET /v2", {"Origin": "https://evil.example"}).status_code == 200  # only what was asked for


@pytest.mark.parametrize("request_line,status", [("POST /v2/nothing", 404), ("PUT /v2/models/m/infer", 405),
                                                 ("POST /v2/health/ready", 405)])
def test_bodies_of_what_nobody_answers_are_not_read(server, request_line, status):
    with RawConnection(server) as connection:
        connection.send(f"{request_line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000000\r\n\r\n".encode())
        assert connection.answer()[0] == status


def test_requests_under_way_are_bounded(repository, start_server):
    repository.add_identity("m", parameters={"execute_delay_ms": "500"})
    server = start_server(repository.path, "--max-requests=2")
    text = "2 requests are under way, as many as the server takes (--max-requests); try again later"
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(server, "POST /v2/models/m/infer", json=BODY), range(6)))
    assert sorted({answer.status_code for answer in answers}) == [200, 503]
    assert {answer.json()["error"] for answer in answers if answer.status_code == 503} == {text}
    assert sum(answer.status_code == 200 for answer in answers) >= 2
    tensor = grpcclient.InferInput("INPUT0", [1, 2], "FP32")
    tensor.set_data_from_numpy(np.array([[1, 2]], np.float32))

    def infer(_):
        with grpcclient.InferenceServerClient(server.grpc) as client:
            try:
                return client.infer("m", [tensor]).as_numpy("OUTPUT0").tolist()
            except InferenceServerException as error:
                return error.status(), error.message()

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(infer, range(6)))
    assert ("StatusCode.UNAVAILABLE", text) in answers and [[1, 2]] in answers
    assert all(answer in (("StatusCode.UNAVAILABLE", text), [[1, 2]]) for answer in answers)


def test_metrics_speak_tls(tmp_path, repository, start_server):
    authority = Authority(tmp_path, "ours")
    certificate, key = authority.issue("server")
    repository.add_identity("m")
    server = start_server(repository.path, "--metrics-use-ssl=true", f"--metrics-server-cert={certificate}",
                          f"--metrics-server-key={key}")
    url = server.metrics_url.replace("http://", "https://")
    assert "nv_" in requests.get(url, verify=authority.certificate, timeout=30).text
    with pytest.raises(requests.ConnectionError):
        requests.get(server.metrics_url, timeout=30)
    result = run_neso("--metrics-use-ssl=true")
    assert "metrics service: --metrics-use-ssl needs --metrics-server-cert" in result.stdout + result.stderr


def test_keys_open_management_from_anywhere(tmp_path, repository, start_server):
    keys = KeyFile(tmp_path / "keys.json")
    keys.create("operator", operations="all")
    repository.add_identity("m")
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=m", "--hardened",
                          f"--access-keys={keys.path}")
    assert ask(server, "POST /v2/repository/models/m/load").status_code == 401
    assert ask(server, "POST /v2/repository/models/m/load", {**PROXIED, **keys.headers("operator")}).status_code == 200
    assert "keys travel unencrypted" not in server.log  # it listens on loopback


def test_keys_without_tls_are_warned_of(tmp_path, repository, start_server):
    keys = KeyFile(tmp_path / "keys.json")
    keys.create("a")
    repository.add_identity("m")
    server = start_server(repository.path, f"--access-keys={keys.path}", "--http-address=0.0.0.0")
    assert "HTTP service: keys travel unencrypted" in server.log and "GRPC service: keys travel" not in server.log
