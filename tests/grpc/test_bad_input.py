"""Messages that no client library would send: the right status, and nobody else is disturbed."""
import random
import signal
import time

import grpc
import numpy as np
import pytest
from support.inference import open_requests, until_executing
from support.server import PATIENCE
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

SERVICE = "/inference.GRPCInferenceService/"


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity")
    module_repository.add_identity("slow", parameters={"execute_delay_ms": "500"})
    return start_module_server(module_repository.path)


@pytest.fixture
def channel(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield channel


def good():
    message = pb.ModelInferRequest(model_name="identity", id="7")
    message.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 2])
    message.raw_input_contents.append(np.ones(2, np.float32).tobytes())
    return message


def still_serves(channel):
    answer = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(good(), timeout=20)
    assert answer.id == "7"


def refused(channel, method, body, **kwargs):
    with pytest.raises(grpc.RpcError) as error:
        channel.unary_unary(SERVICE + method)(body, timeout=20, **kwargs)
    return error.value.code(), error.value.details()


@pytest.mark.parametrize("method", ["ModelInfer", "ModelReady", "RepositoryModelLoad", "LogSettings"])
def test_messages_that_cannot_be_parsed(channel, method):
    for body in [b"\xff", b"\x0a\x05ab", b"\x0a\x02\xff\xfe", b"\x00\x00", b"\x2c"]:
        assert refused(channel, method, body) == (grpc.StatusCode.INTERNAL, "Unable to parse request")
    still_serves(channel)


def test_an_empty_infer_request_names_no_model(channel):
    code, text = refused(channel, "ModelInfer", b"")
    assert code == grpc.StatusCode.NOT_FOUND and "unknown model: ''" in text


def test_unknown_methods(channel):
    for path in [SERVICE + "Nothing", SERVICE, "/other.Service/ModelInfer", "/grpc.health.v1.Health/List"]:
        with pytest.raises(grpc.RpcError) as error:
            channel.unary_unary(path)(b"", timeout=20)
        assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    still_serves(channel)


def test_unary_methods_take_one_message(channel):
    body = good().SerializeToString()
    for bodies in [[], [body, body]]:
        with pytest.raises(grpc.RpcError) as error:
            channel.stream_unary(SERVICE + "ModelInfer")(iter(bodies), timeout=20)
        assert error.value.code() == grpc.StatusCode.INTERNAL
    still_serves(channel)


def test_a_stream_ends_at_what_cannot_be_parsed(channel):
    call = channel.stream_stream(SERVICE + "ModelStreamInfer")(iter([good().SerializeToString(), b"\xff"]), timeout=20)
    with pytest.raises(grpc.RpcError) as error:
        list(call)
    assert error.value.code() == grpc.StatusCode.INTERNAL
    still_serves(channel)


def test_damaged_requests_never_break_the_server(channel):
    body = good().SerializeToString()
    chance = random.Random(1)
    infer = channel.unary_unary(SERVICE + "ModelInfer")
    for _ in range(300):
        damaged = bytearray(body)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            infer(bytes(damaged[:chance.randint(1, len(damaged))]), timeout=20)
        except grpc.RpcError as error:
            assert error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND,
                                    grpc.StatusCode.UNIMPLEMENTED), error
    still_serves(channel)


def test_shapes_that_overflow(channel):
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    for shape in [[1, 1 << 62], [8, (1 << 63) - 1], [1, -1], [-5, 2], [0, 0], [1 << 40, 1 << 40], []]:
        message = good()
        del message.inputs[0].shape[:]
        message.inputs[0].shape.extend(shape)
        with pytest.raises(grpc.RpcError) as error:
            stub.ModelInfer(message, timeout=20)
        assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT, shape
    still_serves(channel)


def test_floods_of_names_are_refused_quickly(channel):
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    message = good()
    for i in range(100_000):
        message.inputs.add(name=f"i{i}")
    begin = time.monotonic()
    with pytest.raises(grpc.RpcError) as error:
        stub.ModelInfer(message, timeout=60 * PATIENCE)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert time.monotonic() - begin < 10 * PATIENCE
    still_serves(channel)


def test_what_runs_when_the_server_is_told_to_stop_is_answered(repository, start_server):
    repository.add_identity("slow", parameters={"execute_delay_ms": "1000"})
    server = start_server(repository.path)
    with grpc.insecure_channel(server.grpc) as channel:
        message = good()
        message.model_name = "slow"
        running = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer.future(message, timeout=20)
        wait_until(lambda: open_requests(server, "GRPC") == 1)
        until_executing()
        server.process.send_signal(signal.SIGTERM)
        assert running.result().id == "7"
    assert server.wait() == 0
    server.process = None
