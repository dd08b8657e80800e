"""Log lines as JSON, and lines that repeat."""
import json
import os
import re
import subprocess

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.control import load
from support.otlp import CONTEXT, TRACE, opentelemetry
from support.python_models import PythonModels, python_on_path
from support.server import Server
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

NOBODY = "http://127.0.0.1:9/v1/traces"  # spans are not looked at here


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
        assert [member for member in line if member not in ("model", "version")] == [
            "time", "level", "pid", "thread", "file", "line", "message"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["time"])
        assert line["level"] in ("INFO", "WARNING", "ERROR", "VERBOSE")
    said = [line["message"] for line in written]
    for event in ("loading: m:1", "successfully loaded 'm'", "unloading: m:1", "successfully unloaded 'm' version 1"):
        assert said.count(event) == 1, event
        line = written[said.index(event)]
        assert line["model"] == "m" and line.get("version") == (1 if ":1" in event or "version" in event else None)
    assert any(message.startswith("+") and "| Model" in message for message in said)


def test_a_load_that_fails_is_told_in_lines_of_its_own(start_server, repository):
    repository.add("m", 'backend: "no_such" max_batch_size: 1 input { name: "I" data_type: TYPE_FP32 dims: 1 } '
                        'output { name: "O" data_type: TYPE_FP32 dims: 1 }')
    server = start_server(repository.path, "--log-format=json", "--model-control-mode=explicit")
    assert load(server, "m").status_code == 400
    failed = [line for line in lines(server) if line["message"].startswith("failed to load 'm' version 1: ")]
    assert [(line["level"], line["model"], line["version"]) for line in failed] == [("ERROR", "m", 1)]


def test_what_a_backend_and_its_model_log_says_the_model(start_server, repository):
    """Of the load, which runs elsewhere than execution, and of execution."""
    for name in "one", "two":
        PythonModels(repository).add(name, """
            def initialize(self, args):
                pb_utils.Logger.log_info("begins")

            def execute(self, requests):
                pb_utils.Logger.log_info("computes")
                return [answer(OUT=values(request)) for request in requests]
            """, inputs={"IN": ("TYPE_FP32", [1])}, outputs={"OUT": ("TYPE_FP32", [1])})
    server = start_server(repository.path, "--log-format=json", env=python_on_path())
    body = {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [1]}]}
    for name in "one", "two":
        assert server.infer(name, body).status_code == 200
    for message in "begins", "computes":
        told = [line for line in lines(server) if line["message"] == message]
        assert sorted((line["model"], line["version"]) for line in told) == [("one", 1), ("two", 1)]
        assert {line["file"] for line in told} == {"model.py"}


@pytest.mark.parametrize("protocol", ["http", "grpc", "stream"])
def test_a_failed_request_is_found_by_its_id_and_its_trace(start_server, repository, protocol):
    repository.add_identity("m")
    server = start_server(repository.path, "--log-format=json", "--log-verbose=1", *opentelemetry(NOBODY, rate=0))
    if protocol == "http":
        body = {"id": "r 1", "inputs": [{"name": "NOPE", "datatype": "FP32", "shape": [1, 1], "data": [1]}]}
        assert server.infer("m", body, headers=CONTEXT).status_code == 400
    else:
        with grpcclient.InferenceServerClient(server.grpc) as client:
            tensor = grpcclient.InferInput("NOPE", [1, 1], "FP32")
            tensor.set_data_from_numpy(np.ones((1, 1), np.float32))
            if protocol == "grpc":
                with pytest.raises(InferenceServerException):
                    client.infer("m", [tensor], request_id="r 1", headers=CONTEXT)
            else:
                answers = []
                client.start_stream(lambda result, error: answers.append(error), headers=CONTEXT)
                client.async_stream_infer("m", [tensor], request_id="r 1")
                wait_until(lambda: answers)
                client.stop_stream()
    failed, = [line for line in lines(server) if "Infer failed" in line["message"]]
    assert {name: failed.get(name) for name in ("level", "model", "request_id", "trace_id")} == {
        "level": "VERBOSE", "model": "m", "request_id": "r 1", "trace_id": TRACE}


def test_the_form_is_a_log_setting(start_server, repository):
    server = start_server(repository.path, "--model-control-mode=explicit")
    with httpclient.InferenceServerClient(server.http) as client:
        assert client.update_log_settings({"log_format": "json"})["log_format"] == "json"
    load(server, "absent")
    line = json.loads(server.log.splitlines()[-1])
    assert (line["level"], line["model"]) == ("ERROR", "absent") and "version" not in line
    with grpcclient.InferenceServerClient(server.grpc) as client:
        settings = client.update_log_settings({"log_format": "default"}, as_json=True)["settings"]
        assert settings["log_format"]["string_param"] == "default"
    load(server, "absent")
    assert server.log.splitlines()[-1].startswith("E")


def test_lines_that_nobody_read_are_told_in_a_line(repository):
    repository.add_identity("m")
    server = Server(repository.path, "--log-format=json", "--log-verbose=1")
    reader, writer = os.pipe()
    server.process = subprocess.Popen(server.command, stdout=writer, stderr=subprocess.DEVNULL, env=server.env)
    os.close(writer)
    try:
        server.until_ready()
        for _ in range(1000):  # more than a pipe takes
            assert server.get("/v2/health/live").status_code == 200
        with open(reader) as log:
            told = [json.loads(log.readline()) for _ in range(20)]  # there is room again
            assert server.get("/v2/health/live").status_code == 200
            while "are missing here" not in told[-1]["message"]:
                told.append(json.loads(log.readline()))
            assert re.fullmatch(r"\d+ log lines are missing here: nobody read the log", told[-1]["message"])
            assert json.loads(log.readline())["message"] == "HTTP request: 0 /v2/health/live"
            server.stop()
    finally:
        server.stop()


def test_a_line_that_repeats_is_written_a_few_times(start_server, repository):
    server = start_server(repository.path, "--model-control-mode=explicit")
    for _ in range(30):
        assert load(server, "absent").status_code == 500
    assert server.log.count("failed to poll model 'absent'") == 5
    # Another line is not held back.
    load(server, "another")
    assert "failed to poll model 'another'" in server.log
