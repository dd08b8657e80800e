"""Requests that are wrong: each gets its code and text, and the server serves on."""
import json
import socket
import struct

import pytest
from support.http2 import Http2Connection


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("m", dims=(-1,), max_batch_size=4)
    module_repository.add_identity("fixed", dims=(3, 2), max_batch_size=0)
    module_repository.add_identity("text", "TYPE_STRING", dims=(-1,), max_batch_size=0)
    module_repository.add("optional", """
        backend: "identity"
        input [ { name: "A" data_type: TYPE_FP32 dims: [1] }, { name: "B" data_type: TYPE_FP32 dims: [1] optional: true } ]
        output [ { name: "X" data_type: TYPE_FP32 dims: [1] }, { name: "Y" data_type: TYPE_FP32 dims: [1] } ]
        """)
    return start_module_server(module_repository.path, "--http-max-input-size=100000")


@pytest.fixture(autouse=True)
def still_serving(server):
    yield
    good = server.infer("m", {"inputs": [tensor()]})
    assert good.status_code == 200, good.text


def tensor(**changes):
    entry = {"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}
    entry.update(changes)
    return {key: value for key, value in entry.items() if value is not None}


SYNTAX = [
    ("{", "Missing a name for object member. at 1"),
    ("[1,", "Invalid value. at 3"),
    ('{"inputs":[]} x', "The document root must not be followed by other values. at 14"),
    ('{"inputs":[1e999]}', "Number too big to be stored in double. at"),
    ('{"inputs"', "Missing a colon after a name of object member. at 9"),
]


@pytest.mark.parametrize("body,text", SYNTAX)
def test_json_syntax_errors_answer_500_with_the_offset(server, body, text):
    response = server.infer("m", body)
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["error"].startswith("failed to parse the request JSON buffer: " + text)


FIELDS = [
    ({}, 500, "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'"),
    ({"inputs": 1}, 500, "Unable to parse 'inputs': attempt to access JSON non-array as array"),
    ({"id": 1, "inputs": []}, 500, "Unable to parse 'id': attempt to access JSON non-string as string"),
    ({"parameters": 1, "inputs": []}, 500, "failed to get request params.: attempt to get members for non-object"),
    ({"inputs": [tensor(name=None)]}, 500, "Unable to parse 'name': attempt to access non-existing object member 'name'"),
    ({"inputs": [tensor(datatype=None)]}, 500,
     "Unable to parse 'datatype': attempt to access non-existing object member 'datatype'"),
    ({"inputs": [tensor(shape=None)]}, 500, "Unable to parse 'shape': attempt to access non-existing object member 'shape'"),
    ({"inputs": [tensor(shape=[1, -2])]}, 500,
     "Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer"),
    ({"inputs": [tensor(shape=["1"])]}, 500,
     "Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer"),
    ({"inputs": [tensor(shape=[1, 2.0])]}, 500,
     "Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer"),
    ({"inputs": [tensor(data=[1, 2, 3])]}, 500,
     "Unable to parse 'data': Shape does not match true shape of 'data' field"),
    ({"inputs": [tensor(data=[1])]}, 500, "Failed to parse 'data' field: shape does not match true shape"),
    ({"inputs": [tensor(data=1)]}, 500, "Unable to parse 'data': attempt to access JSON non-array as array"),
    ({"inputs": [tensor(data=["a", "b"])]}, 500, "Unable to parse 'data': attempt to access JSON non-number as double"),
    ({"inputs": [tensor(datatype="FP99")]}, 400, "invalid datatype for input INPUT0"),
    ({"inputs": [tensor(data=None)]}, 400,
     "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' "
     "in 'parameters'. But no field is set"),
    ({"inputs": [1]}, 400,
     "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' "
     "in 'parameters'. But no field is set"),
    ({"inputs": [tensor(parameters={"binary_data_size": 8})]}, 400,
     "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' "
     "in 'parameters'. But set 'data' 'binary_data_size'"),
    ({"inputs": [tensor(data=None, parameters={"shared_memory_region": "r"})]}, 501,
     "Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable."),
    ({"inputs": [tensor(shape=[2**62, 4])]}, 400,
     "invalid shape for input 'INPUT0': shape [4611686018427387904,4] causes total element count to exceed maximum size of "
     "9223372036854775807"),
    ({"inputs": [tensor(shape=[1, 100000], data=[1])]}, 400,
     "JSON input 'INPUT0' has a byte_size (400000 bytes) that exceeds the maximum allowed value of 100000 bytes. Use "
     "--http-max-input-size to increase the limit."),
    ({"inputs": [tensor()], "parameters": {"triton_x": 1}}, 400,
     "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified."),
    ({"inputs": [tensor()], "parameters": {"k": None}}, 400,
     "parameter 'k' has invalid type. It should be either 'int', 'bool', or 'string'."),
    ({"inputs": [tensor()], "parameters": {"k": [1]}}, 400,
     "parameter 'k' has invalid type. It should be either 'int', 'bool', or 'string'."),
    ({"inputs": [tensor()], "parameters": {"sequence_id": -1}}, 500,
     "Unable to parse 'sequence_id': attempt to access JSON non-string as string"),
    ({"inputs": [tensor()], "parameters": {"sequence_id": "x" * 129}}, 501,
     "string correlation ID cannot be longer than 128 characters"),
    ({"inputs": [tensor()], "outputs": [{}]}, 500, "Unable to parse 'name': attempt to access non-existing object member 'name'"),
    ({"inputs": [tensor()], "outputs": [{"name": "nobody"}]}, 400, "unexpected inference output 'nobody' for model 'm'"),
    ({"inputs": [tensor(), tensor()]}, 400, "[request id: <id_unknown>] input 'INPUT0' already exists in request"),
    ({"id": "7", "inputs": [tensor()], "outputs": [{"name": "OUTPUT0"}, {"name": "OUTPUT0"}]}, 400,
     "[request id: 7] output 'OUTPUT0' already exists in request"),
    ({"inputs": [tensor(datatype="FP64", shape=[2**60 - 1, 2], data=[1])]}, 400,
     "invalid shape for input 'INPUT0': shape [1152921504606846975,2] causes total byte size to exceed maximum size of "
     "9223372036854775807"),
    *(({"inputs": [tensor(shape=[], data=data)]}, 400,
       "[request id: <id_unknown>] input 'INPUT0' has no shape but model requires batch dimension for 'm'")
      for data in ([], [1], [1, 2])),
]


@pytest.mark.parametrize("body,status,text", FIELDS, ids=range(len(FIELDS)))
def test_wrong_fields_are_named(server, body, status, text):
    response = server.infer("m", body)
    assert (response.json()["error"], response.status_code) == (text, status)
    assert response.headers["Content-Type"] == "application/json"


VALIDATION = [
    ("m", [tensor(name="other")], "unexpected inference input 'other' for model 'm'"),
    ("m", [], "[request id: <id_unknown>] expected 1 inputs but got 0 inputs for model 'm'. Got input(s) [], but missing required "
              "input(s) ['INPUT0']. Please provide all required input(s)."),
    ("m", [tensor(datatype="INT32")],
     "[request id: <id_unknown>] inference input 'INPUT0' data-type is 'INT32', but model 'm' expects 'FP32'"),
    ("m", [tensor(shape=[1, 2, 1])], "[request id: <id_unknown>] unexpected shape for input 'INPUT0' for model 'm'. Expected "
                                     "[-1,-1], got [1,2,1]. "),
    ("m", [tensor(shape=[5, 1], data=[1] * 5)], "[request id: <id_unknown>] inference request batch-size must be <= 4 for 'm'"),
    ("fixed", [tensor(shape=[2, 3], data=[1] * 6)],
     "[request id: <id_unknown>] unexpected shape for input 'INPUT0' for model 'fixed'. Expected [3,2], got [2,3]. "),
    ("optional", [tensor(name="B", shape=[1], data=[1])], None),
    ("optional", [], "[request id: <id_unknown>] expected number of inputs between 1 and 2 but got 0 inputs for model 'optional'. "
                     "Got input(s) [], but missing required input(s) ['A']. Please provide all required input(s)."),
]


@pytest.mark.parametrize("model,inputs,text", VALIDATION, ids=range(len(VALIDATION)))
def test_requests_that_do_not_fit_the_model_are_refused(server, model, inputs, text):
    response = server.infer(model, {"inputs": inputs})
    if text is None:  # only the count is compared: the backend decides
        assert response.status_code in (200, 400, 500)
        return
    assert response.status_code == 400
    assert response.json()["error"].startswith(text)


def binary(server, head, blob, length=None, model="m", **headers):
    text = json.dumps(head).encode() if not isinstance(head, bytes) else head
    headers["Inference-Header-Content-Length"] = str(len(text) if length is None else length)
    return server.infer(model, text + blob, headers=headers)


def entry(size, shape=(1, 2), **more):
    return {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": list(shape), "parameters": {"binary_data_size": size},
                        **more}]}


BINARY = [
    (entry(8), b"1234", "unexpected size for input 'INPUT0', expecting 4 additional bytes for model 'm'"),
    (entry(8), b"123456789", "unexpected additional input data for model 'm'"),
    (entry(12), b"123456789012",
     "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'm'. Expected 8, got 12"),
    (entry(0), b"", "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'm'. Expected 8, got 0"),
    (entry(8, shape=(0, 2)), b"12345678", "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'm'. "),
    (entry(2**63), b"", "unexpected size for input 'INPUT0', expecting 9223372036854775808 additional bytes for model 'm'"),
]


@pytest.mark.parametrize("head,blob,text", BINARY, ids=range(len(BINARY)))
def test_binary_sizes_must_fit(server, head, blob, text):
    response = binary(server, head, blob)
    assert response.status_code == 400
    assert response.json()["error"].startswith(text)


@pytest.mark.parametrize("length,text", [
    ("-1", "inference header size should be in range (0, 2), got: -1"),
    ("3", "inference header size should be in range (0, 2), got: 3"),
    ("x", "Unable to parse Inference-Header-Content-Length, got: x"),
    ("9999999999", "Unable to parse Inference-Header-Content-Length, value is out of range [ -2147483648, 2147483647 ], got: "
                   "9999999999"),
])
def test_header_length_must_lie_in_the_body(server, length, text):
    response = binary(server, b"{}", b"", length)
    assert (response.status_code, response.json()["error"]) == (400, text)
    assert response.headers["Content-Type"] == "text/plain"


def test_header_length_is_read_as_far_as_it_is_a_number(server):
    head = json.dumps({"inputs": [tensor()]}).encode()
    assert binary(server, head, b"", f"{len(head)}abc").status_code == 200


STRINGS = [
    (struct.pack("<I", 1) + b"a", 2, "expected 2 string elements for inference input 'INPUT0' for model 'text', got 1"),
    (struct.pack("<I", 1) + b"a" + struct.pack("<I", 0), 1, "unexpected number of string elements"),
    (b"\1\0", 1, "incomplete string length indicator for inference input"),
    (struct.pack("<I", 15) + b"a", 1, "string element 0 of inference input 'INPUT0' for model 'text' is 14 bytes longer than what came"),
]


@pytest.mark.parametrize("blob,count,text", STRINGS)
def test_string_tensors_are_counted(server, blob, count, text):
    head = {"inputs": [{"name": "INPUT0", "datatype": "BYTES", "shape": [count], "parameters": {"binary_data_size": len(blob)}}]}
    response = binary(server, head, blob, model="text")
    assert response.status_code == 400
    assert text in response.json()["error"]


def test_nesting_is_limited_and_deep_json_is_survived(server):
    nested = [1]
    for _ in range(100):
        nested = [nested]
    response = server.infer("m", {"inputs": [tensor(shape=[1, 1], data=nested)]})
    assert response.status_code == 400
    assert response.json()["error"] == "JSON nesting depth exceeds maximum allowed limit (100)"
    deep = "[" * 40_000 + "]" * 40_000
    assert server.infer("m", deep).json()["error"] == "JSON nesting depth exceeds maximum allowed limit (100)"
    response = server.infer("m", '{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,1],"data":%s}]}' % deep)
    assert response.status_code == 400


def test_shapes_with_a_great_many_dimensions_are_refused(server):
    response = server.infer("m", {"inputs": [tensor(shape=[1] * 20_000, data=[1])]})
    assert response.status_code == 400
    assert "unexpected shape for input 'INPUT0'" in response.json()["error"]


def test_json_larger_than_the_limit_is_refused(server):
    response = server.infer("m", b'{"inputs":[' + b" " * 200_000 + b"]}")
    assert response.status_code == 400
    assert response.json()["error"].startswith("request JSON size of 200013 bytes exceeds the maximum allowed input size of 100000")


def test_unknown_members_are_ignored_and_odd_text_comes_back(server):
    assert server.infer("m", {"inputs": [tensor(extra=1)], "more": {}}).status_code == 200
    response = server.infer("m", b'{"id":"\xff\xfe","inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,1],"data":[1]}]}')
    assert response.status_code == 200
    assert b'"id":"\xff\xfe"' in response.content


def raw(server, data, shutdown=True):
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=20) as s:
        s.sendall(data)
        if shutdown:
            s.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while chunk := s.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer


@pytest.mark.parametrize("request_bytes,status", [
    (b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", b"400"),
    (b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"400"),
    (b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", b"400"),
    (b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", b"4"),
    (b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
    (b"GET / HTTP/9.9\r\n\r\n", b"505"),
    (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
    (b"GET /v2 HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", b"400"),
    (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"4"),
    (b"GET /v2 HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", b"431"),
])
def test_broken_http_is_answered_and_the_connection_closed(server, request_bytes, status):
    answer = raw(server, request_bytes)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]


def test_a_body_that_ends_early_disturbs_nobody(server):
    head = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    assert not raw(server, head).startswith(b"HTTP/1.1 200")
    assert server.get("/v2/health/live").status_code == 200


def test_a_length_nobody_has_memory_for_is_refused_or_never_filled(server):
    before = server.rss_kib()
    for length in (2**40, 2**50, 2**62):
        raw(server, f"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\nabc".encode())
    assert server.rss_kib() - before < 50_000


@pytest.mark.parametrize("port", ["http_port", "grpc_port"])
@pytest.mark.parametrize("sent", [b"", b"x" * 60_000])
def test_a_tunnel_over_http2_is_refused_whatever_it_announces_and_sends(server, port, sent):
    with Http2Connection(getattr(server, port)) as client:
        stream = client.expect()
        head = client.encoder.encode([(":method", "CONNECT"), (":authority", "x"), ("content-length", "2")])
        client.send(*client.head_frames(stream, head), *client.data_frames(stream, sent))
        answer = client.answer(stream)
        assert answer.headers[":status"] == "405"
        assert b"CONNECT is not allowed" in answer.data
