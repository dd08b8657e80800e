"""Headers and metadata that become parameters of requests; the model answers with its request's parameters."""
import http.client
import json

import grpc
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.inference import body
from support.server import PATIENCE, run_neso
from tritonclient.grpc import service_pb2, service_pb2_grpc

RESERVED = ["sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers", "binary_data_output",
            "triton_", "triton_anything"]


def refused(name):
    return f"Header '{name}' is reserved for Triton usage and cannot be forwarded."


def start(repository, start_server, *flags):
    repository.add_identity("m", parameters={"echo_parameters": "true"})
    repository.add_identity("decoupled", extra="model_transaction_policy { decoupled: true }",
                            parameters={"echo_parameters": "true", "repeat": "2"})
    return start_server(repository.path, *flags)


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    return start(module_repository, start_module_server, "--http-header-forward-pattern=my.*key",
                 "--grpc-header-forward-pattern=MY.*KEY")


@pytest.fixture(scope="module")
def greedy(module_repository, start_module_server):
    """Takes whatever comes."""
    return start(module_repository, start_module_server, "--http-header-forward-pattern=.*",
                 "--grpc-header-forward-pattern=.*")


def infer(server, headers, content=None, path="/v2/models/m/infer"):
    """Headers as they are written, repeated ones too: status and body."""
    content = json.dumps(body([1.0], p=1)) if content is None else content
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=20 * PATIENCE)
    connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
    for name, value in [("Host", "h"), ("Content-Length", str(len(content))), *headers]:
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(content.encode())
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, answer


def echoed(server, headers):
    """The parameters of the response, in order; a repeated name comes twice."""
    status, answer = infer(server, headers)
    assert status == 200, answer
    return [list(pair) for pair in dict(json.loads(answer, object_pairs_hook=list))["parameters"]]


# --- HTTP -----------------------------------------------------------------------------------------------------------
def test_http_headers_that_match_follow_the_request_s_parameters(server):
    assert echoed(server, [("X-My-Key", "a"), ("other", "b"), ("MYKEY", ""), ("my", "c")]) == [
        ["p", 1], ["X-My-Key", "a"], ["MYKEY", ""]]


def test_http_headers_may_be_repeated(server):
    assert echoed(server, [("my-key", "1"), ("My-Key", "2"), ("my-key", "1")]) == [
        ["p", 1], ["my-key", "1"], ["My-Key", "2"], ["my-key", "1"]]


def test_http_headers_are_strings_whatever_they_hold(server):
    assert echoed(server, [("my-key", "17"), ("my-key2", "true"), ("my-key-bin", "YWJj")]) == [
        ["p", 1], ["my-key", "17"], ["my-key2", "true"], ["my-key-bin", "YWJj"]]


def test_raw_requests_get_headers_too(server):
    headers = [("my-key", "a"), ("Inference-Header-Content-Length", "0")]
    status, answer = infer(server, headers, content="1234")
    assert status == 200
    assert json.loads(answer[:-4])["parameters"] == {"my-key": "a"}


def test_all_headers_may_be_asked_for(greedy):
    assert [name for name, _ in echoed(greedy, [("A", "1")])] == ["p", "Host", "Content-Length", "A"]


@pytest.mark.parametrize("name", RESERVED)
def test_http_headers_with_a_meaning_are_refused(server, greedy, name):
    assert infer(greedy, [(name, "1")]) == (400, json.dumps({"error": refused(name)}, separators=(",", ":")).encode())
    # It is nobody's business unless it was asked for.
    assert echoed(server, [(name, "1")]) == [["p", 1]]


def test_other_errors_come_first(greedy):
    status, answer = infer(greedy, [("priority", "1")], content="{")
    assert status == 500
    assert b"failed to parse the request JSON buffer" in answer


def test_generate_forwards_nothing(greedy):
    for kind in ("generate", "generate_stream"):
        status, answer = infer(greedy, [("my-key", "a"), ("priority", "x")], content='{"INPUT0":1}',
                               path=f"/v2/models/m/{kind}")
        assert status == 200
        assert b"my-key" not in answer


def test_without_the_option_nothing_is_forwarded(repository, start_server):
    server = start(repository, start_server, "--http-header-forward-pattern=", "--grpc-header-forward-pattern=")
    assert echoed(server, [("my-key", "a"), ("priority", "1")]) == [["p", 1]]
    assert grpc_parameters(server, [("my-key", "a"), ("priority", "1")]) == {"p": 1}


# --- gRPC -----------------------------------------------------------------------------------------------------------
def request(model="m"):
    made = service_pb2.ModelInferRequest(model_name=model, raw_input_contents=[b"1234"])
    made.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 1])
    made.parameters["p"].int64_param = 1
    return made


def plain(message):
    return {name: getattr(value, value.WhichOneof("parameter_choice")) for name, value in message.parameters.items()}


def stub_of(server):
    return service_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(server.grpc))


def grpc_parameters(server, metadata):
    """What a unary call gets, which each message of a stream has to get, too."""
    stub = stub_of(server)
    unary = plain(stub.ModelInfer(request(), metadata=metadata, timeout=20 * PATIENCE))
    answers = list(stub.ModelStreamInfer(iter([request(), request(), request("decoupled")]), metadata=metadata,
                                         timeout=20 * PATIENCE))
    assert len(answers) == 4
    for answer in answers:
        assert not answer.error_message
        got = plain(answer.infer_response)
        del got["triton_final_response"]
        assert got == unary
    return unary


def test_metadata_that_match_become_parameters(server):
    assert grpc_parameters(server, [("x-my-key", "a"), ("other", "b"), ("mykey", "")]) == {
        "p": 1, "x-my-key": "a", "mykey": ""}


def test_binary_metadata_are_decoded(server):
    assert grpc_parameters(server, [("my-key-bin", b"abc"), ("my-key2-bin", "caf\u00e9".encode())]) == {
        "p": 1, "my-key-bin": "abc", "my-key2-bin": "caf\u00e9"}


def test_all_metadata_but_those_of_the_protocol_may_be_asked_for(greedy):
    assert set(grpc_parameters(greedy, [("a", "1")])) == {"p", "a", "user-agent"}


@pytest.mark.parametrize("name", RESERVED)
def test_metadata_with_a_meaning_are_refused(server, greedy, name):
    with pytest.raises(grpc.RpcError) as raised:
        stub_of(greedy).ModelInfer(request(), metadata=[(name, "1")])
    assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.INVALID_ARGUMENT, refused(name))
    answers = stub_of(greedy).ModelStreamInfer(iter([request(), request("decoupled")]), metadata=[(name, "1")])
    assert [answer.error_message for answer in answers] == [refused(name)] * 2
    assert grpc_parameters(server, [(name, "1")]) == {"p": 1}


# --- stock clients, command line --------------------------------------------------------------------------------------
def test_the_stock_clients_headers_arrive(server):
    def tensor(module):
        made = module.InferInput("INPUT0", [1, 1], "FP32")
        made.set_data_from_numpy(np.ones([1, 1], np.float32))
        return [made]

    with httpclient.InferenceServerClient(server.http) as client:
        result = client.infer("m", tensor(httpclient), headers={"My-Key": "a"}, parameters={"p": 1})
        assert result.get_response()["parameters"] == {"p": 1, "My-Key": "a"}
    with grpcclient.InferenceServerClient(server.grpc) as client:
        result = client.infer("m", tensor(grpcclient), headers={"my-key": "a"}, parameters={"p": 1})
        assert plain(result.get_response()) == {"p": 1, "my-key": "a"}


@pytest.mark.parametrize("option", ["http-header-forward-pattern", "grpc-header-forward-pattern"])
def test_what_is_no_expression_ends_the_start(option):
    result = run_neso(f"--{option}=x(")
    assert result.returncode == 1
    assert result.stderr.rstrip().endswith(
        f'error: --{option}: invalid regular expression \'x(\': missing ): (?i)x(')
