"""TRITONSERVER_SERVER_DELAY_GRPC_RESPONSE_SEC: users' tests hold responses back to see their clients give up."""
import time

import grpc
import numpy as np
import pytest
from support.inference import ask
from support.server import PATIENCE
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

DELAY = max(1, round(PATIENCE))  # seconds, whole ones


def request(model):
    message = pb.ModelInferRequest(model_name=model)
    message.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 1])
    message.raw_input_contents.append(np.ones(1, np.float32).tobytes())
    return message


def test_inference_responses_are_held_back_and_nothing_else(repository, start_server):
    repository.add_identity("m")
    server = start_server(repository.path, env={"TRITONSERVER_SERVER_DELAY_GRPC_RESPONSE_SEC": str(DELAY)})
    with grpc.insecure_channel(server.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        begin = time.monotonic()
        assert stub.ServerReady(pb.ServerReadyRequest()).ready
        assert ask(server, "m").status_code == 200
        with pytest.raises(grpc.RpcError) as error:
            stub.ModelInfer(request("m"), timeout=0.2)
        assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert time.monotonic() - begin < DELAY, "others are not held back meanwhile"
        begin = time.monotonic()
        assert stub.ModelInfer(request("m"), timeout=30).model_name == "m"
        assert time.monotonic() - begin >= DELAY
        begin = time.monotonic()
        answers = list(stub.ModelStreamInfer(iter([request("m")]), timeout=30))
        assert time.monotonic() - begin >= DELAY
        assert [answer.error_message for answer in answers] == [""]
