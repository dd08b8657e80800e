"""Requests that name very many things: refused beyond the limits, and quick below them, over HTTP and gRPC."""
import contextlib
import time

import grpc
import pytest
from support.inference import ask, values
from support.server import PATIENCE
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

MANY = 10_000  # the limit
MIB = 1 << 20


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("m")
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=*")


@pytest.fixture
def channel(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield channel


@pytest.fixture(autouse=True)
def serves_on(server):
    yield
    assert values(ask(server, "m")) == [1]


@contextlib.contextmanager
def quickly(seconds=2):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds * PATIENCE


def tensors(count, **more):
    # Long names that differ at their ends make comparing expensive.
    return [{"name": f"{'x' * 40}{i}", "datatype": "FP32", "shape": [1, 1], "data": [1], **more} for i in range(count)]


def outputs(count):
    return [{"name": f"{'x' * 40}{i}"} for i in range(count)]


@pytest.mark.parametrize("inputs,asked,text", [
    (MANY, 0, f"[request id: <id_unknown>] expected 1 inputs but got {MANY} inputs for model 'm'. Got input(s) ['xxx"),
    (80_000, 0, f"expected at most {MANY} inputs and outputs but got 80000 inputs and 0 outputs for model 'm'"),
    (1, MANY, "unexpected inference output 'xxx"),
    (1, 160_000, f"expected at most {MANY} inputs and outputs but got 1 inputs and 160000 outputs for model 'm'"),
])
def test_tensors_over_http(server, inputs, asked, text):
    body = {"inputs": tensors(inputs), "outputs": outputs(asked)}
    with quickly():
        response = server.infer("m", body)
    assert response.status_code == 400
    assert response.json()["error"].startswith(text)


def test_an_output_named_twice_among_many(server):
    response = server.infer("m", {"inputs": tensors(1), "outputs": outputs(9_000) + outputs(1)})
    assert response.json()["error"] == f"[request id: <id_unknown>] output '{'x' * 40}0' already exists in request"


@pytest.mark.parametrize("kind", ["infer", "generate", "generate_stream"])
def test_parameters_over_http(server, kind):
    body = {"parameters": {f"p{i}": i for i in range(MANY + 1)}}
    if kind == "infer":
        body["inputs"] = tensors(1)
    with quickly():
        response = server.post(f"/v2/models/m/{kind}", body)
    assert (response.status_code, response.json()["error"]) == (
        400, f"expected at most {MANY} parameters but got {MANY + 1} for model 'm'")


def test_members_over_generate(server):
    with quickly():
        response = server.post("/v2/models/m/generate", {f"p{i}": i for i in range(MANY + 1)})
    assert response.json()["error"] == f"expected at most {MANY} parameters but got {MANY + 1} for model 'm'"


# --- gRPC ------------------------------------------------------------------------------------------------------------
def refused(channel, method, message):
    with pytest.raises(grpc.RpcError) as error:
        channel.unary_unary(f"/inference.GRPCInferenceService/{method}")(message, timeout=20 * PATIENCE)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT, error.value
    return error.value.details()


def empty_fields(number, size=4 * MIB):
    """A field of two bytes, over and over."""
    return bytes([number << 3 | 2, 0]) * (size // 2)


def of_tensor(*fields):
    content = b"".join(fields)
    return b"\x2a" + varint(len(content)) + content


def varint(number):
    out = b""
    while number >= 128:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


HEAD = b"\x0a\x01m"  # model_name
COUNT = 2 * MIB
INFER = {
    "inputs": (empty_fields(5), f"expected at most {MANY} inputs and outputs but got {COUNT} inputs and 0 outputs for model 'm'"),
    "outputs": (empty_fields(6), f"expected at most {MANY} inputs and outputs but got 0 inputs and {COUNT} outputs for model 'm'"),
    "parameters": (empty_fields(4), f"expected at most {MANY} parameters but got {COUNT} for model 'm'"),
    "raw contents": (empty_fields(7), "[request id: <id_unknown>] expected 1 inputs but got 0 inputs"),
    "tensor's parameters": (of_tensor(empty_fields(4)),
                            f"expected at most 200000 dimensions and parameters of tensors but got {COUNT} for model 'm'"),
    "contents": (of_tensor(empty_fields(5)),
                 f"expected at most 200000 dimensions and parameters of tensors but got {COUNT} for model 'm'"),
    "dimensions": (of_tensor(b"\x1a" + varint(COUNT) + b"\1" * COUNT),
                   f"expected at most 200000 dimensions and parameters of tensors but got {COUNT} for model 'm'"),
}


@pytest.mark.parametrize("fields,text", INFER.values(), ids=INFER)
def test_fields_of_two_bytes_take_no_memory(channel, peak, fields, text):
    with quickly():
        assert refused(channel, "ModelInfer", HEAD + fields).startswith(text)
    assert peak() < 60 * MIB


def setting():
    """A map entry whose value has very many texts."""
    values_of = empty_fields(1)
    entry = b"\x0a\x01k\x12" + varint(len(values_of)) + values_of
    return b"\x0a" + varint(len(entry)) + entry


@pytest.mark.parametrize("method,message", [
    ("TraceSetting", setting()),
    ("RepositoryModelLoad", empty_fields(3)),
    ("ModelReady", b"\x78\x00" * COUNT),  # a field it does not know
    ("ModelReady", b"\x7b\x7c" * COUNT),  # groups likewise
], ids=["values", "map entries", "unknown fields", "groups"])
def test_messages_of_very_many_fields(channel, peak, method, message):
    with quickly():
        assert refused(channel, method, message) == "expected a message of at most 100000 fields, got more"
    assert peak() < 60 * MIB


def test_inputs_at_the_limit_over_grpc(channel):
    request = pb.ModelInferRequest(model_name="m")
    for tensor in tensors(MANY - 1) + tensors(1):
        request.inputs.add(name=tensor["name"], datatype="FP32", shape=[1, 1])
        request.raw_input_contents.append(b"1234")
    with quickly(), pytest.raises(grpc.RpcError) as error:
        service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request, timeout=20 * PATIENCE)
    assert error.value.details() == f"[request id: <id_unknown>] input '{'x' * 40}0' already exists in request"
