"""`neso models`, `metadata`, `config`, `stats`, `status`, `metrics`, `load` and `unload` of a real server, over HTTP and gRPC."""
import json
import os
import shutil
import socket
import threading
import time

import pytest
from support.server import PATIENCE, run_neso
from support.wait import wait_until


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("digits", dims=(3,))
    module_repository.add_identity("other", versions=(1, 2))
    module_repository.add("broken", 'backend: "nosuch"')
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=digits")


@pytest.fixture(params=["http", "grpc"])
def url(server, request):
    return server.http if request.param == "http" else f"grpc://{server.grpc}"


@pytest.fixture
def neso(server, url):
    def run(*words, code=0):
        told = run_neso(*words, env={"NESO_URL": url, "NESO_METRICS_URL": f"127.0.0.1:{server.metrics_port}"})
        assert told.returncode == code, told
        assert (told.stderr == "") == (code == 0 or words[0] == "status"), told
        return told.stderr or told.stdout
    return run


def rows(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")]


def test_models(neso, server):
    assert rows(neso("models"))[0] == ["model", "version", "state", "reason"]
    assert ["digits", "1", "READY", ""] in rows(neso("models"))
    assert ["other", "", "not loaded", ""] in rows(neso("models"))
    assert json.loads(neso("models", "--json")) == server.post("/v2/repository/index").json()
    assert [row["name"] for row in json.loads(neso("models", "--ready", "--json"))] == ["digits"]
    assert next(row for row in json.loads(neso("models", "--json")) if row["name"] == "other") == {"name": "other"}


def test_metadata(neso, server):
    told = neso("metadata", "digits")
    assert told.startswith("model digits, versions 1, platform ")
    assert ["input", "INPUT0", "FP32", "[-1,3]"] in rows(told) and ["output", "OUTPUT0", "FP32", "[-1,3]"] in rows(told)
    assert json.loads(neso("metadata", "digits", "--json")) == server.get("/v2/models/digits").json()
    assert "extensions: " in neso("metadata")
    assert json.loads(neso("metadata", "--json")) == server.get("/v2").json()


def test_config(neso, server):
    config = server.get("/v2/models/digits/config").json()
    assert json.loads(neso("config", "digits")) == json.loads(neso("config", "-m", "digits", "--json")) == config
    assert '\n  "max_batch_size": 8,\n' in neso("config", "digits"), "for people it has lines"
    assert neso("config", "digitz", code=1) == (
        "error: the server has no model 'digitz'; did you mean digits?; neso models lists them\n")
    assert neso("config", "other", code=1) == (
        "error: model 'other' is not ready: it is not loaded\nneso load other loads it\n")


def test_stats(neso, server):
    before = json.loads(neso("stats", "digits", "--json"))["model_stats"][0]["inference_count"]
    assert server.infer("digits", {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [2, 3],
                                               "data": [0] * 6}]}).status_code == 200
    wait_until(lambda: json.loads(neso("stats", "digits", "--json"))["model_stats"][0]["inference_count"] == before + 2,
               timeout=10 * PATIENCE)
    assert json.loads(neso("stats", "digits", "--json")) == server.get("/v2/models/digits/stats").json()
    assert {model["name"] for model in json.loads(neso("stats", "--json"))["model_stats"]} == {"digits"}
    heading, row = rows(neso("stats", "digits"))
    told = dict(zip(heading, row))
    assert (told["model"], told["failed"], told["inferences"]) == ("digits", "0", str(before + 2))
    assert float(told["average ms"]) > 0


def test_status(neso):
    told = rows(neso("status"))
    assert ["live", "yes"] in told and ["ready", "yes"] in told and ["models", "1 ready of 3"] in told
    assert neso("status", "--ready") == "ready\n"
    assert json.loads(neso("status", "--json")) == {"live": True, "ready": True}
    assert neso("status", "digits") == "ready\n"
    assert neso("status", "other", code=1).startswith("not ready: model 'other' is not ready: it is not loaded")


def test_status_of_a_server_that_is_not_ready_or_not_there(repository, start_server):
    repository.add("broken", 'backend: "nosuch"')
    unready = start_server(repository.path, "--exit-on-error=false", "--strict-readiness=true", ready=False)
    urls = unready.http, f"grpc://{unready.grpc}"
    told = run_neso("status", "--ready", "--wait", "2", "-u", urls[0])
    assert told.returncode == 1, told
    for url in urls:
        wait_until(lambda: run_neso("status", "--ready", "-u", url).stdout.startswith("not ready"), timeout=20)
    unready.stop()
    for url in urls:
        gone = run_neso("status", "--ready", "-u", url)
        assert gone.returncode == 1 and "cannot connect" in gone.stderr, gone


class Counted:
    """In front of a server: counts the connections to it."""

    def __init__(self, port):
        self.count = 0
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            self.count += 1
            server = socket.create_connection(("127.0.0.1", self._port))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    @staticmethod
    def _pass_on(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.mark.parametrize("scheme", ["", "grpc://"])
def test_status_asks_all_over_one_connection(server, scheme):
    counted = Counted(server.grpc_port if scheme else server.http_port)
    try:
        for words in ([], ["--wait", "5"], ["digits"]):
            counted.count = 0
            told = run_neso("status", *words, "-u", f"{scheme}127.0.0.1:{counted.port}")
            assert told.returncode == 0 and counted.count == 1, told
    finally:
        counted.close()


def test_a_table_has_columns_whatever_the_letters(repository, start_server):
    repository.add_identity("näme")
    repository.add_identity("模型")
    repository.add_identity("plain")
    server = start_server(repository.path)
    table = run_neso("models", "-u", server.http).stdout.splitlines()
    wide = "模型"
    widths = {len(line) + sum(line.count(sign) for sign in wide) for line in table}
    assert len(widths) == 1 and any("näme" in line for line in table) and any(wide in line for line in table), table


def test_waiting_for_a_server_that_is_silent(server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in ("", "grpc://"):
            began = time.monotonic()
            told = run_neso("status", "--wait", "1", "--timeout", str(40 * PATIENCE), "-u", f"{scheme}127.0.0.1:{silent.getsockname()[1]}")
            assert told.returncode == 1 and time.monotonic() - began < 20 * PATIENCE, told


@pytest.mark.parametrize("words", [("status", "--wait", "nan"), ("status", "--wait", "-1"), ("top", "--interval", "nan"),
                                   ("top", "--interval", "0"), ("top", "--interval", "inf")])
def test_times_that_are_none_are_refused(server, words):
    told = run_neso(*words, "-u", server.http)
    assert told.returncode == 2 and f"{words[1]}: expected seconds, from " in told.stderr and f"'{words[2]}'" in told.stderr


def test_metrics(neso):
    told = rows(neso("metrics", "nv_inference_count"))
    assert [row for row in told if row[0] == "nv_inference_count" and row[1] == "model=digits version=1"]
    families = json.loads(neso("metrics", "--json"))
    count = families["nv_inference_count"]
    assert count["type"] == "counter" and count["metrics"][0]["labels"] == {"model": "digits", "version": "1"}
    assert neso("metrics", "nv_inferense_count", code=1).startswith(
        "error: the server has no metric 'nv_inferense_count'; did you mean nv_inference_count")


def test_the_metrics_port_is_found_beside_that_of_http_or_grpc(server):
    for url, port in ((server.http, server.http_port + 2), (f"grpc://{server.grpc}", server.grpc_port + 1)):
        told = run_neso("metrics", "-u", url)
        assert f":{port}" in told.stderr and "--metrics-url HOST:PORT" in told.stderr


def test_metrics_are_asked_over_http(server):
    told = run_neso("metrics", "--metrics-url", f"grpc://127.0.0.1:{server.metrics_port}")
    assert (told.returncode, told.stderr) == (2, f"error: --metrics-url grpc://127.0.0.1:{server.metrics_port}: metrics are "
                                                 "asked over HTTP: expected HOST:PORT, http:// or https://\n"
                                                 "neso metrics --help says what it takes\n")


def test_there_is_no_port_above_the_last():
    told = run_neso("metrics", "-u", "localhost:65534")
    assert told.returncode == 2 and told.stderr.startswith(
        "error: there is no port 2 above that of 'localhost:65534': --metrics-url HOST:PORT names the port of the metrics\n")


def test_load_and_unload(neso, tmp_path):
    assert neso("load", "other").startswith("loaded other in ")
    assert neso("status", "other") == "ready\n"
    assert json.loads(neso("unload", "other", "--json")) == {"name": "other", "unloaded": True}
    wait_until(lambda: "UNAVAILABLE" in neso("models"), timeout=10)
    assert "nosuch" in neso("load", "broken", code=1)
    for command in ("load", "unload"):
        assert neso(command, "othr", code=1).startswith("error: the server has no model 'othr'; did you mean other?")


def test_load_with_a_configuration_and_files(neso, tmp_path):
    config = json.loads(neso("config", "digits", "--json"))
    config["max_batch_size"] = 2
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "data").write_bytes(b"weights")
    neso("load", "digits", "--config", str(tmp_path / "config.json"), "--file", f"1/data={tmp_path / 'data'}")
    assert json.loads(neso("config", "digits", "--json"))["max_batch_size"] == 2
    assert "--config FILE.json" in neso("load", "digits", "--file", f"1/data={tmp_path / 'data'}", code=2)
    assert "those of one model, got 2" in neso("load", "digits", "other", "--config", "{}", code=2)
    assert "expected PATH-IN-MODEL=FILE" in neso("load", "digits", "--config", "{}", "--file", "x", code=2)
    assert "expected a configuration in JSON" in neso("load", "digits", "--config", str(tmp_path / "data"), code=1)
    neso("load", "digits")


def test_a_server_that_decides_itself_says_how_it_would_not(repository, start_server):
    repository.add_identity("digits")
    server = start_server(repository.path)
    for url in (server.http, f"grpc://{server.grpc}"):
        told = run_neso("unload", "digits", "-u", url)
        assert told.returncode == 1 and "--model-control-mode=explicit" in told.stderr


def test_a_folder_whose_name_is_no_utf8_does_not_break_the_list(repository, start_server):
    repository.add_identity("good")
    shutil.copytree(os.fsencode(repository.path) + b"/good", os.fsencode(repository.path) + b"/\xff\xfe")
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=good")
    for url in (server.http, f"grpc://{server.grpc}"):
        assert [row["name"] for row in json.loads(run_neso("models", "--json", "-u", url).stdout)] == ["good"]
    assert "is left out: expected a folder whose name is UTF-8; rename it" in server.log


def test_a_model_whose_name_a_path_cannot_carry(neso):
    assert "the server has no model 'a b/c'" in neso("config", "a b/c", code=1)
    assert "the server has no model 'a b/c'" in neso("load", "a b/c", code=1)
