"""Texts of errors that are longer than metadata can be: the status comes all the same, and as much of the text as fits."""
import urllib.parse

import grpc
import pytest
from support.http2 import Http2Connection
from support.server import PATIENCE
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

NAMES = {"long": "m" * 70_000, "two bytes a character": "ä" * 23_000, "percent": "%" * 30_000, "four bytes": "🦉" * 9_000,
         "just too long": "m" * 6_200}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity")
    return start_module_server(module_repository.path)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("method", ["ModelInfer", "ModelMetadata", "ModelConfig"])
def test_a_long_name_of_no_model(server, method, name):
    request = getattr(pb, f"{method}Request")(**{"model_name" if method == "ModelInfer" else "name": name})
    with Http2Connection(server.grpc_port) as client:
        answer = client.answer(client.call(f"/inference.GRPCInferenceService/{method}", request.SerializeToString()))
        assert answer.status == "5"
        assert len(answer.text) <= 6 * 1024
        text = urllib.parse.unquote_to_bytes(answer.text).decode()  # cut between characters
        assert text.startswith(f"Request for unknown model: '{name[:500]}") and text.endswith("...")
    with grpc.insecure_channel(server.grpc) as channel:
        with pytest.raises(grpc.RpcError) as error:
            getattr(service_pb2_grpc.GRPCInferenceServiceStub(channel), method)(request, timeout=20 * PATIENCE)
        assert error.value.code() == grpc.StatusCode.NOT_FOUND
        assert error.value.details() == text


def test_what_fits_is_whole(server):
    name = "m" * 5_000
    with Http2Connection(server.grpc_port) as client:
        request = pb.ModelInferRequest(model_name=name).SerializeToString()
        answer = client.answer(client.call("/inference.GRPCInferenceService/ModelInfer", request))
        assert answer.text.startswith(f"Request for unknown model: '{name}'") and not answer.text.endswith("...")


@pytest.mark.parametrize("value", [" v", "v ", "\tv\t", "  ", "a b"])
def test_blanks_around_a_value_are_accepted(server, value):
    with Http2Connection(server.grpc_port) as client:
        assert client.answer(client.call("/inference.GRPCInferenceService/ServerLive", b"",
                                         fields=[("x-padded", value)])).status == "0"
