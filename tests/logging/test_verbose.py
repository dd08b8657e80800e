"""What --log-verbose=1 adds to the log, which scripts look for; and that nothing of it is there without."""
import re

import grpc
import numpy as np
import pytest
import requests
import tritonclient.grpc as grpcclient

from support.inference import ask, body
from support.onnx_models import double
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("m")
    module_repository.add_identity("batching", extra="dynamic_batching { }")
    module_repository.add_identity("urgent", extra="dynamic_batching { } optimization { priority: PRIORITY_MAX }")
    module_repository.add_identity("failing", parameters={"execute_error": "on purpose"})
    return start_module_server(module_repository.path, "--log-verbose=1", "--model-control-mode=explicit", "--load-model=*")


def messages(server):
    return re.findall(r'\] "(.*)"$', server.log, re.M)


def expect(server, message):
    wait_until(lambda: message in messages(server))


def test_each_http_request(server):
    requests.get(f"{server.url}/v2/health/live?x=1", timeout=10)
    requests.head(f"{server.url}/v2/no/such", timeout=10)
    requests.put(f"{server.url}/v2/put", timeout=10)
    requests.delete(f"{server.url}/v2/delete", timeout=10)
    requests.get(server.metrics_url, timeout=10)
    ask(server, "m")
    for line in ["0 /v2/health/live", "1 /v2/no/such", "3 /v2/put", "4 /v2/delete", "0 /metrics", "2 /v2/models/m/infer"]:
        expect(server, f"HTTP request: {line}")


def grpc_request(model, id, values=(1.0,)):
    request = pb.ModelInferRequest(model_name=model, id=id)
    request.inputs.add(name="INPUT0", datatype="FP32", shape=[1, len(values)])
    request.raw_input_contents.append(np.array(values, np.float32).tobytes())
    return request


def test_each_grpc_request(server):
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.is_server_live()
    with grpc.insecure_channel(server.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        stub.ModelInfer(grpc_request("m", "x"))
        list(stub.ModelStreamInfer(iter([grpc_request("m", "y")])))
    for method in ["ServerLive", "ModelInfer", "ModelStreamInfer"]:
        expect(server, f"gRPC request: /inference.GRPCInferenceService/{method}")


def test_each_failed_inference_with_its_id(server):
    ask(server, "failing", id="http-1")
    ask(server, "failing")
    server.infer("m", body([1.0], id="http-2") | {"outputs": [{"name": "NONE"}]})
    with grpc.insecure_channel(server.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        for request in [grpc_request("failing", "grpc-1"), grpc_request("none", "grpc-2")]:
            with pytest.raises(grpc.RpcError):
                stub.ModelInfer(request)
        list(stub.ModelStreamInfer(iter([grpc_request("failing", "stream-1"), grpc_request("none", "stream-2")])))
    for id in ["http-1", "<id_unknown>", "grpc-1", "stream-1"]:
        expect(server, f"[request id: {id}] Infer failed: on purpose")
    for id in ["http-2", "grpc-2", "stream-2"]:
        wait_until(lambda id=id: any(line.startswith(f"[request id: {id}] Infer failed: ") for line in messages(server)))


def test_the_batcher_and_the_backends_settings(server):
    expect(server, "Starting dynamic-batcher thread for batching at nice 5...")
    expect(server, "Starting dynamic-batcher thread for urgent at nice 0...")
    assert not any("batcher thread for m " in line for line in messages(server))
    expect(server, "Adding default backend config setting: default-max-batch-size,4")


def test_the_onnx_backend_s_configuration(repository, start_server):
    repository.add("onnx", None, files={"model.onnx": double()})
    server = start_server(repository.path, "--log-verbose=1", "--backend-config=onnxruntime,some=thing")
    lines = [line for line in messages(server) if line.startswith("backend configuration:")]
    assert len(lines) == 1 and '\\"some\\":\\"thing\\"' in lines[0]


def test_the_level_can_be_changed_while_the_server_runs(server):
    server.post("/v2/logging", {"log_verbose_level": 0})
    requests.get(f"{server.url}/v2/quiet", timeout=10)
    server.post("/v2/logging", {"log_verbose_level": 1})
    requests.get(f"{server.url}/v2/loud", timeout=10)
    expect(server, "HTTP request: 0 /v2/loud")
    assert "HTTP request: 0 /v2/quiet" not in messages(server)


def test_nothing_of_it_without_being_asked(repository, start_server):
    repository.add_identity("m", extra="dynamic_batching { }")
    repository.add_identity("failing", parameters={"execute_error": "on purpose"})
    server = start_server(repository.path)
    ask(server, "failing", id="a")
    ask(server, "m")
    server.stop()
    for text in ["request:", "Infer failed", "batcher thread", "default backend config"]:
        assert text not in server.log
