"""Log lines as JSON, and lines that repeat."""
import json
import re

import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.control import load


def lines(server):
    return [json.loads(line) for line in server.log.splitlines()]


def test_every_line_is_an_object(start_server, repository, tmp_path):
    repository.add_identity("m")
    server = start_server(repository.path, "--log-format=json", "--log-verbose=1", "--model-control-mode=explicit",
                          "--load-model=m", f"--log-file={tmp_path / 'log'}")
    load(server, "no\nsuch \u00e9")
    server.post("/v2/repository/models/m/unload")
    server.stop()
    written = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    for line in written:
        assert list(line) == ["time", "level", "pid", "file", "line", "message"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["time"])
        assert line["level"] in ("INFO", "WARNING", "ERROR", "VERBOSE")
    said = [line["message"] for line in written]
    for event in ("loading: m:1", "successfully loaded 'm'", "unloading: m:1", "successfully unloaded 'm' version 1"):
        assert said.count(event) == 1, event
    assert any(message.startswith("+") and "| Model" in message for message in said)


def test_a_load_that_fails_is_told_in_lines_of_its_own(start_server, repository):
    repository.add("m", 'backend: "no_such" max_batch_size: 1 input { name: "I" data_type: TYPE_FP32 dims: 1 } '
                        'output { name: "O" data_type: TYPE_FP32 dims: 1 }')
    server = start_server(repository.path, "--log-format=json", "--model-control-mode=explicit")
    assert load(server, "m").status_code == 400
    failed = [line for line in lines(server) if line["message"].startswith("failed to load 'm' version 1: ")]
    assert [line["level"] for line in failed] == ["ERROR"]


def test_the_form_is_a_log_setting(start_server, repository):
    server = start_server(repository.path, "--model-control-mode=explicit")
    with httpclient.InferenceServerClient(server.http) as client:
        assert client.update_log_settings({"log_format": "json"})["log_format"] == "json"
    load(server, "absent")
    assert json.loads(server.log.splitlines()[-1])["level"] == "ERROR"
    with grpcclient.InferenceServerClient(server.grpc) as client:
        settings = client.update_log_settings({"log_format": "default"}, as_json=True)["settings"]
        assert settings["log_format"]["string_param"] == "default"
    load(server, "absent")
    assert server.log.splitlines()[-1].startswith("E")


def test_a_line_that_repeats_is_written_a_few_times(start_server, repository):
    server = start_server(repository.path, "--model-control-mode=explicit")
    for _ in range(30):
        assert load(server, "absent").status_code == 500
    assert server.log.count("failed to poll model 'absent'") == 5
    # Another line is not held back.
    load(server, "another")
    assert "failed to poll model 'another'" in server.log
