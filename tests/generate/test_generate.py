"""POST .../generate and .../generate_stream: one JSON object in, one object or a stream of events out."""
import json
import subprocess

import pytest
import requests
from support import onnx_models
from support.inference import statistics
from support.raw import RawConnection, request
from support.server import PATIENCE
from support.wait import wait_until

KINDS = ["generate", "generate_stream"]
ONE_RESPONSE = ("generate expects model to produce exactly 1 response, use generate stream for model that generates various "
                "number of responses")
DECOUPLED = "model_transaction_policy { decoupled: true }"
ECHO = {"echo_parameters": "true"}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    add = module_repository.add_identity
    add("fp32", parameters=ECHO)
    add("text", datatype="TYPE_STRING", parameters=ECHO)
    add("int32", datatype="TYPE_INT32", dims=(2, -1))
    add("uint8", datatype="TYPE_UINT8", max_batch_size=0)
    add("int64", datatype="TYPE_INT64", max_batch_size=0)
    add("fp64", datatype="TYPE_FP64", max_batch_size=0)
    add("bool", datatype="TYPE_BOOL", max_batch_size=0)
    add("fp16", datatype="TYPE_FP16", max_batch_size=0)
    add("two", tensors=2)
    add("failing", parameters={"execute_error": "failed on purpose"})
    add("decoupled", datatype="TYPE_STRING", extra=DECOUPLED, parameters={"repeat": "3", **ECHO})
    add("big", datatype="TYPE_STRING", extra=DECOUPLED, parameters={"repeat": "1000000"})
    add("slow", datatype="TYPE_STRING", extra=DECOUPLED, parameters={"repeat": "1000000", "response_delay_ms": "5"})
    module_repository.add("half_out", """
        backend: "onnxruntime" max_batch_size: 8
        input [ { name: "x" data_type: TYPE_FP32 dims: [ -1 ] } ]
        output [ { name: "y" data_type: TYPE_FP16 dims: [ -1 ] } ]
        """, files={"model.onnx": onnx_models.model(
            [onnx_models.node("Cast", "x", "y", to=10)],
            {"x": ("FLOAT", [None, None])}, {"y": ("FLOAT16", [None, None])})})
    module_repository.add("parameters_in", """
        backend: "identity"
        input [ { name: "parameters" data_type: TYPE_STRING dims: [ -1 ] } ]
        output [ { name: "OUTPUT0" data_type: TYPE_STRING dims: [ -1 ] } ]
        """)
    module_repository.add("id_in", """
        backend: "identity"
        input [ { name: "id" data_type: TYPE_STRING dims: [ -1 ] } ]
        output [ { name: "OUTPUT0" data_type: TYPE_STRING dims: [ -1 ] } ]
        parameters { key: "response_parameters" value: { string_value: "false" } }
        """)
    return start_module_server(module_repository.path)


def generate(server, model, body, kind="generate", **kwargs):
    return server.post(f"/v2/models/{model}/{kind}", body, **kwargs)


def answer(server, model, body):
    """The one response, which both endpoints have to give alike."""
    single = generate(server, model, body)
    assert (single.status_code, single.headers["Content-Type"]) == (200, "application/json"), single.text
    assert single.headers["Transfer-Encoding"] == "chunked"
    assert [json.loads(event) for event in events(generate(server, model, body, "generate_stream"))] == [single.json()]
    return single.json()


def events(response):
    """The data of each event of a stream."""
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    if not response.content:
        return []
    assert response.content.endswith(b"\n\n")
    lines = response.content[:-2].split(b"\n\n")
    assert all(line.startswith(b"data: ") for line in lines)
    return [line[len(b"data: "):] for line in lines]


@pytest.mark.parametrize("model,value,expected", [
    ("fp32", 1.5, 1.5), ("fp32", [1.5], 1.5), ("fp32", [1, 2.5], [1, 2.5]), ("fp32", [], []),
    ("fp32", [[1], [2]], [1, 2]),
    ("text", "hello", "hello"), ("text", "", ""), ("text", ["a", ""], ["a", ""]), ("text", [["a"], ["b"]], ["a", "b"]),
    ("int32", [1, -2, 3, -4], [1, -2, 3, -4]), ("int32", [], []), ("uint8", [1, 300], [1, 44]),
    ("int64", 2**63 - 1, 2**63 - 1), ("fp64", 0.1, 0.1), ("bool", True, True), ("bool", [True, False], [True, False]),
])
def test_values_become_tensors_and_tensors_values(server, model, value, expected):
    assert answer(server, model, {"INPUT0": value}) == {"OUTPUT0": expected, "model_name": model, "model_version": "1"}


def test_members_are_sorted_by_name(server):
    response = generate(server, "fp32", {"INPUT0": 1, "zebra": 1, "a": 2, "Z": 3, "id": "x"})
    assert response.text == ('{"OUTPUT0":1.0,"Z":3,"a":2,"id":"x","model_name":"fp32","model_version":"1","zebra":1}')


def test_not_a_number_is_written_as_clients_know_it(server):
    response = generate(server, "fp32", '{"INPUT0":[NaN,-Infinity]}')
    assert response.text == '{"OUTPUT0":[NaN,-Infinity],"model_name":"fp32","model_version":"1"}'


def test_other_members_are_parameters(server):
    body = {"INPUT0": 1, "a": 1, "b": 2.5, "c": "s", "d": True, "e": 2**64 - 1, "sequence_id": 5, "priority": "x",
            "binary_data_output": True, "triton_x": 1, "headers": "h"}
    got = answer(server, "fp32", body)
    assert {name: got[name] for name in body if name != "INPUT0"} == {**{k: v for k, v in body.items() if k != "INPUT0"},
                                                                      "e": float(2**64)}


def test_nested_parameters_count_as_if_they_were_not_nested(server):
    got = answer(server, "fp32", {"a": 1, "parameters": {"INPUT0": 2, "a": 3, "b": "x"}})
    assert got == {"OUTPUT0": 2, "a": 1, "b": "x", "model_name": "fp32", "model_version": "1"}


@pytest.mark.parametrize("body,expected", [
    ({"id": "x"}, "x"), ({"id": ""}, ""), ({"parameters": {"id": 7}}, 7), ({"id": "x", "parameters": {"id": 7}}, "x"),
])
def test_ids(server, body, expected):
    assert answer(server, "fp32", {"INPUT0": 1, **body})["id"] == expected


def test_an_id_without_a_parameter_s_echo_is_the_request_s(server):
    assert answer(server, "two", {"INPUT0": 1, "INPUT1": [2, 3], "id": "x"}) == {
        "OUTPUT0": 1, "OUTPUT1": [2, 3], "id": "x", "model_name": "two", "model_version": "1"}
    assert answer(server, "id_in", {"id": "abc"}) == {
        "OUTPUT0": "abc", "id": "abc", "model_name": "id_in", "model_version": "1"}


def test_parameters_stand_before_outputs_and_after_what_is_the_server_s(server):
    got = answer(server, "fp32", {"INPUT0": 1, "OUTPUT0": "taken", "model_name": "not taken"})
    assert (got["OUTPUT0"], got["model_name"]) == ("taken", "fp32")


def test_versions(server):
    assert server.post("/v2/models/fp32/versions/1/generate", {"INPUT0": 1}).json()["model_version"] == "1"


BAD = [
    ("fp32", "", 500, "failed to parse the request JSON buffer: The document is empty. at 0"),
    ("fp32", '{"INPUT0":1e400}', 500, "failed to parse the request JSON buffer: Number too big to be stored in double. at 10"),
    ("fp32", [1], 500, "attempt to get members for non-object"),
    ("fp32", {"INPUT0": 1, "id": 7}, 500, "Unable to parse 'id': attempt to access JSON non-string as string"),
    ("fp32", {"INPUT0": 1, "parameters": None}, 500,
     "Expected JSON object for keyword: 'parameters': attempt to access JSON non-object as object"),
    ("fp32", {"INPUT0": 1, "k": None}, 400, "parameter 'k' has invalid type. It should be either 'int', 'bool', or 'string'."),
    ("fp32", {"INPUT0": 1, "k": [1]}, 400, "parameter 'k' has invalid type. It should be either 'int', 'bool', or 'string'."),
    ("fp32", {"INPUT0": 1, "parameters": {"k": {}}}, 400,
     "Converting keyword: 'parameters': parameter 'k' has invalid type. It should be either 'int', 'bool', or 'string'."),
    ("fp32", {"INPUT0": 1, "parameters": {"INPUT0": 2}}, 400,
     "Converting keyword: 'parameters': [request id: <id_unknown>] input 'INPUT0' already exists in request"),
    ("fp32", {"INPUT0": "x"}, 500, "Unable to parse 'data': attempt to access JSON non-number as double"),
    ("fp32", {"INPUT0": None}, 500, "Unable to parse 'data': attempt to access JSON non-number as double"),
    ("fp32", {"INPUT0": [[1, 2], [3, 4]]}, 500, "Unable to parse 'data': Shape does not match true shape of 'data' field"),
    ("fp32", {"INPUT0": [[]]}, 500, "Failed to parse 'data' field: shape does not match true shape"),
    ("fp32", {"id": "x"}, 400,
     "[request id: x] expected 1 inputs but got 0 inputs for model 'fp32'. Got input(s) [], but missing required input(s) "
     "['INPUT0']. Please provide all required input(s)."),
    ("text", {"INPUT0": 5}, 500, "Unable to parse JSON bytes array: attempt to access JSON non-string as string"),
    ("int32", {"INPUT0": [1, 2, 3]}, 400, "The schema can not convert input 'INPUT0' to tensor with proper shape"),
    ("bool", {"INPUT0": 1}, 500, "Unable to parse 'data': attempt to access JSON non-boolean as boolean"),
    ("fp16", {"INPUT0": 1}, 400,
     "receiving FP16 data via JSON is not supported. Please use the binary data format for input INPUT0"),
    ("parameters_in", {"parameters": "x"}, 400, "Keyword 'parameters' for nested schema also given as input tensor name"),
    ("nobody", {"INPUT0": 1}, 404, "Request for unknown model: 'nobody' is not found"),
    ("fp32/versions/9", {"INPUT0": 1}, 404, "Request for unknown model: 'fp32' version 9 is not found"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model,body,status,text", BAD, ids=range(len(BAD)))
def test_what_cannot_be_submitted_is_a_plain_error(server, kind, model, body, status, text):
    response = generate(server, model, body, kind)
    assert (response.status_code, response.json()) == (status, {"error": text})
    assert response.headers["Content-Type"] == "application/json"
    assert "Transfer-Encoding" not in response.headers


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encoding,status", [("gzip", 400), ("br", 400), ("", 400), ("identity", 200)])
def test_bodies_may_not_be_compressed(server, kind, encoding, status):
    response = generate(server, "fp32", {"INPUT0": 1}, kind, headers={"Content-Encoding": encoding})
    assert response.status_code == status
    if status == 400:
        assert response.json() == {"error": "Unsupported content-encoding, only 'identity' is supported."}


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_never_compressed(server, kind):
    response = generate(server, "text", {"INPUT0": "x" * 10_000}, kind, headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("kind", KINDS)
def test_other_methods_are_refused(server, kind):
    response = server.get(f"/v2/models/fp32/{kind}")
    assert (response.status_code, response.json()) == (405, {"error": "Method Not Allowed"})
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("model,text", [
    ("failing", "failed on purpose"),
    ("half_out", "sending FP16 data via JSON is not supported. Please use the binary data format for output"),
])
def test_a_failed_inference_is_400_whatever_its_code(server, model, text):
    body = {"INPUT0": 1} if model == "failing" else {"x": 1}
    response = generate(server, model, body)
    assert (response.status_code, response.json()) == (400, {"error": text})
    assert response.headers["Transfer-Encoding"] == "chunked"
    response = generate(server, model, body, "generate_stream")
    assert response.status_code == 400
    assert [json.loads(event) for event in events(response)] == [{"error": text}]


def test_a_stream_has_an_event_for_each_response(server):
    response = generate(server, "decoupled", {"INPUT0": "x", "id": "7"}, "generate_stream")
    assert response.status_code == 200
    assert events(response) == [b'{"OUTPUT0":"x","id":"7","model_name":"decoupled","model_version":"1"}'] * 3


def test_a_stream_without_responses_is_empty(server):
    response = generate(server, "decoupled", {"INPUT0": "x", "repeat": 0}, "generate_stream")
    assert (response.status_code, events(response)) == (200, [])


@pytest.mark.parametrize("repeat,is_right", [(0, False), (1, True), (2, False)])
def test_generate_wants_exactly_one_response(server, repeat, is_right):
    response = generate(server, "decoupled", {"INPUT0": "x", "repeat": repeat})
    assert response.status_code == 200
    expected = {"OUTPUT0": "x", "model_name": "decoupled", "model_version": "1", "repeat": 1}
    assert response.json() == (expected if is_right else {"error": ONE_RESPONSE})


def test_events_come_as_they_are_made(server):
    with requests.post(f"{server.url}/v2/models/slow/generate_stream", json={"INPUT0": "x"}, stream=True,
                       timeout=20 * PATIENCE) as response:
        lines = response.iter_lines()
        assert next(lines) == b'data: {"OUTPUT0":"x","model_name":"slow","model_version":"1"}'
        assert next(lines) == b""
        assert next(lines).startswith(b"data: ")


def executing(server, model):
    return statistics(server, model)["response_stats"].get("0", {}).get("success", {}).get("count", 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_leaves_cancels(repository, start_server, kind):
    repository.add_identity("endless", datatype="TYPE_STRING", extra=DECOUPLED,
                            parameters={"repeat": "1000000", "response_delay_ms": "5"})
    server = start_server(repository.path)
    with RawConnection(server) as connection:
        connection.send(request("endless", {"INPUT0": "x"}, kind=kind))
        wait_until(lambda: executing(server, "endless"))
    # An instance is busy for more than an hour unless the model hears of it.
    wait_until(lambda: generate(server, "endless", {"INPUT0": "y", "repeat": 1}).status_code == 200)


def all_that_comes(connection):
    received = b""
    try:
        while some := connection.recv(1 << 16):
            received += some
    except ConnectionResetError:
        pass
    return received


def test_a_client_that_does_not_read_loses_its_stream(server):
    text = "x" * 100_000
    with RawConnection(server) as connection:
        connection.send(request("big", {"INPUT0": text}, kind="generate_stream"))
        wait_until(lambda: executing(server, "big"))
        # Meanwhile nobody else is kept waiting; then the request is cancelled, or it would go on for 100 GB.
        assert generate(server, "fp32", {"INPUT0": 1}).status_code == 200
        wait_until(lambda: generate(server, "big", {"INPUT0": "y", "repeat": 1}).status_code == 200, timeout=30)
        received = all_that_comes(connection.socket)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not received.endswith(b"0\r\n\r\n"), "a stream that was cut must not look complete"


def test_a_response_may_be_larger_than_what_may_be_left_unread(server):
    text = "x" * (20 << 20)
    response = generate(server, "text", {"INPUT0": text})
    assert response.status_code == 200
    assert len(response.content) > 20 << 20


def test_a_body_may_be_as_large_as_the_server_allows(repository, start_server):
    repository.add_identity("text", datatype="TYPE_STRING")
    server = start_server(repository.path, "--http-max-input-size=1000")
    assert generate(server, "text", {"INPUT0": "x" * 900}).status_code == 200
    assert generate(server, "text", {"INPUT0": "x" * 1000}).status_code == 413


def test_both_work_over_http_2(server):
    def curl(kind, body):
        result = subprocess.run(["curl", "-sS", "-i", "--http2-prior-knowledge", "--data-binary", json.dumps(body),
                                 f"{server.url}/v2/models/decoupled/{kind}"], capture_output=True, timeout=60 * PATIENCE)
        assert result.returncode == 0, result.stderr
        head, content = result.stdout.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/2 200")
        return content

    event = b'{"OUTPUT0":"x","model_name":"decoupled","model_version":"1"}'
    assert curl("generate_stream", {"INPUT0": "x"}) == (b"data: " + event + b"\n\n") * 3
    assert json.loads(curl("generate", {"INPUT0": "x", "repeat": 1}))["OUTPUT0"] == "x"


def test_many_streams_at_the_same_time(repository, start_server):
    from concurrent.futures import ThreadPoolExecutor

    repository.add_identity("m", datatype="TYPE_INT32", extra=DECOUPLED + " instance_group [ { count: 4 } ]",
                            parameters={"repeat": "20", "response_delay_ms": "1"})
    server = start_server(repository.path)
    with ThreadPoolExecutor(16) as pool:
        def stream(i):
            return [json.loads(event)["OUTPUT0"] for event in events(generate(server, "m", {"INPUT0": i}, "generate_stream"))]
        answers = list(pool.map(stream, range(32)))
    assert answers == [[i] * 20 for i in range(32)]
    assert statistics(server, "m")["inference_stats"]["success"]["count"] == 32
