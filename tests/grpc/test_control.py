"""Every RPC but inference: the stock clients' methods, success and failure, and the same content as over HTTP."""
import asyncio
import json
import socket

import grpc
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.grpc.aio as aioclient
from google.protobuf import json_format
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc
from tritonclient.utils import InferenceServerException

from support.server import run_neso
from support.wait import wait_until

DISABLED = "Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable."


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity", versions=(1, 3), extra="version_policy { all {} }")
    module_repository.add_identity("other")
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=identity")


@pytest.fixture(scope="module")
def client(server):
    with grpcclient.InferenceServerClient(server.grpc) as client:
        yield client


@pytest.fixture(scope="module")
def stub(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def refused(call, message):
    with pytest.raises(grpc.RpcError) as error:
        call(message)
    return error.value.code(), error.value.details()


def as_dict(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def test_health(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("identity")
    assert client.is_model_ready("identity", "3")


def test_the_standard_health_service(server):
    with grpc.insecure_channel(server.grpc) as channel:
        for service in ["", "inference.GRPCInferenceService", "anything"]:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            body = b"\x0a" + bytes([len(service)]) + service.encode() if service else b""
            assert check(body, timeout=20) == b"\x08\x01"  # SERVING


def test_models_that_are_not_there_are_not_ready(client, stub):
    for model, version in [("nobody", ""), ("identity", "2"), ("", "")]:
        assert stub.ModelReady(pb.ModelReadyRequest(name=model, version=version), timeout=20) == pb.ModelReadyResponse()
        assert not client.is_model_ready(model, version)
    assert refused(stub.ModelReady, pb.ModelReadyRequest(name="identity", version="99999999999999999999"))[0] == (
        grpc.StatusCode.INVALID_ARGUMENT)


def test_metadata_is_that_of_http(server, client, stub):
    assert as_dict(client.get_server_metadata()) == server.get("/v2").json()
    got = client.get_model_metadata("identity")
    expected = server.get("/v2/models/identity").json()
    assert got.name == expected["name"] and list(got.versions) == expected["versions"] == ["1", "3"]
    assert got.platform == expected["platform"]
    assert [[t.name, t.datatype, list(t.shape)] for t in got.inputs] == [
        [t["name"], t["datatype"], t["shape"]] for t in expected["inputs"]]
    assert list(client.get_model_metadata("identity", "1").versions) == ["1"]
    assert refused(stub.ModelMetadata, pb.ModelMetadataRequest(name="nobody"))[0] == grpc.StatusCode.NOT_FOUND
    assert refused(stub.ModelMetadata, pb.ModelMetadataRequest(name="identity", version="x"))[0] == (
        grpc.StatusCode.INVALID_ARGUMENT)


def test_config(server, client, stub):
    config = client.get_model_config("identity").config
    assert config.name == "identity" and config.backend == "identity" and config.max_batch_size == 8
    assert config.input[0].dims == [-1]
    assert server.get("/v2/models/identity/config").json()["name"] == config.name
    assert refused(stub.ModelConfig, pb.ModelConfigRequest(name="nobody"))[0] == grpc.StatusCode.NOT_FOUND


def test_statistics(server, client, stub):
    tensor = grpcclient.InferInput("INPUT0", [1, 1], "FP32")
    import numpy as np
    tensor.set_data_from_numpy(np.ones((1, 1), np.float32))
    client.infer("identity", [tensor], model_version="1")
    # Counted a moment after it is answered.
    wait_until(lambda: client.get_inference_statistics("identity", "1").model_stats[0].inference_count)
    statistics = client.get_inference_statistics("identity", "1").model_stats
    assert [s.version for s in statistics] == ["1"]
    assert statistics[0].inference_count == statistics[0].inference_stats.success.count >= 1
    assert statistics[0].batch_stats[0].batch_size == 1
    assert statistics[0].batch_stats[0].compute_infer.count >= 1
    assert {s.name for s in client.get_inference_statistics().model_stats} >= {"identity"}
    http = server.get("/v2/models/identity/versions/1/stats").json()["model_stats"][0]
    assert http["last_inference"] == statistics[0].last_inference
    code, text = refused(stub.ModelStatistics, pb.ModelStatisticsRequest(name="nobody"))
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "'nobody' is not available" in text


def test_index(server, client, stub):
    got = [as_dict(model) for model in client.get_model_repository_index().models]
    assert got == server.post("/v2/repository/index").json()
    ready = stub.RepositoryIndex(pb.RepositoryIndexRequest(ready=True))
    assert {(m.name, m.state) for m in ready.models} >= {("identity", "READY")}
    assert refused(stub.RepositoryIndex, pb.RepositoryIndexRequest(repository_name="r")) == (
        grpc.StatusCode.UNIMPLEMENTED, "'repository_name' specification is not supported")


def test_load_and_unload(client, stub):
    client.load_model("other")
    assert client.is_model_ready("other")
    client.load_model("other", config=json.dumps({"backend": "identity", "max_batch_size": 3, "input": [
        {"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}], "output": [
        {"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]}))
    assert client.get_model_config("other").config.max_batch_size == 3
    client.unload_model("other", unload_dependents=True)
    assert not client.is_model_ready("other")
    client.load_model("fresh", config=json.dumps({"backend": "identity", "max_batch_size": 4, "input": [
        {"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}], "output": [
        {"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]}), files={"file:1/file": b"\x00\xff"})
    assert client.is_model_ready("fresh")
    client.unload_model("fresh")


def test_load_errors(stub):
    load, unload = stub.RepositoryModelLoad, stub.RepositoryModelUnload
    assert refused(load, pb.RepositoryModelLoadRequest(model_name="nobody")) == (
        grpc.StatusCode.INTERNAL, "failed to load 'nobody', failed to poll from model repository")
    for message in [pb.RepositoryModelLoadRequest(model_name="other", repository_name="r"),
                    pb.RepositoryModelUnloadRequest(model_name="other", repository_name="r")]:
        call = load if isinstance(message, pb.RepositoryModelLoadRequest) else unload
        assert refused(call, message) == (
            grpc.StatusCode.UNIMPLEMENTED, "'repository_name' specification is not supported")

    def with_parameter(name, field, value):
        message = pb.RepositoryModelLoadRequest(model_name="other")
        setattr(message.parameters[name], field, value)
        return refused(load, message)
    assert with_parameter("config", "bytes_param", b"{}") == (
        grpc.StatusCode.INVALID_ARGUMENT, "invalid value type for load parameter 'config', expected string_param.")
    assert with_parameter("file:1/x", "string_param", "x") == (
        grpc.StatusCode.INVALID_ARGUMENT, "invalid value type for load parameter 'file:1/x', expected bytes_param.")
    assert with_parameter("more", "bool_param", True) == (
        grpc.StatusCode.INVALID_ARGUMENT, "unrecognized load parameter 'more'.")
    message = pb.RepositoryModelUnloadRequest(model_name="other")
    message.parameters["unload_dependents"].string_param = "x"
    assert refused(unload, message)[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert unload(pb.RepositoryModelUnloadRequest(model_name="nobody")) == pb.RepositoryModelUnloadResponse()


@pytest.mark.parametrize("kind", ["System", "Cuda"])
def test_shared_memory_is_off(stub, kind):
    def ask(what, **fields):
        name = f"{kind}SharedMemory{what}"
        return getattr(stub, name), getattr(pb, name + "Request")(**fields)
    call, message = ask("Status")
    assert len(call(message).regions) == 0
    call, message = ask("Status", name="r")
    assert refused(call, message) == (
        grpc.StatusCode.NOT_FOUND, f"Unable to find {kind.lower()} shared memory region: 'r'")
    for what in ["Register", "Unregister"]:
        call, message = ask(what, name="r")
        assert refused(call, message) == (grpc.StatusCode.UNIMPLEMENTED, DISABLED)


def test_log_settings(server, client, stub):
    before = client.get_log_settings(as_json=True)["settings"]
    assert set(before) == {"log_file", "log_info", "log_warning", "log_error", "log_verbose_level", "log_format"}
    changed = client.update_log_settings({"log_verbose_level": 1, "log_format": "ISO8601", "log_warning": False})
    assert changed.settings["log_verbose_level"].uint32_param == 1
    assert changed.settings["log_format"].string_param == "ISO8601"
    assert not changed.settings["log_warning"].bool_param
    assert changed.settings["log_info"].bool_param
    client.update_log_settings({"log_verbose_level": 0, "log_format": "default", "log_warning": True})

    def change(name, field, value):
        message = pb.LogSettingsRequest()
        setattr(message.settings[name], field, value)
        return refused(stub.LogSettings, message)
    assert change("log_file", "string_param", "x")[0] == grpc.StatusCode.UNIMPLEMENTED
    assert change("log_format", "string_param", "x") == (
        grpc.StatusCode.INVALID_ARGUMENT, "invalid argument for log_format, got: x")
    assert change("log_format", "bool_param", True)[1] == "expect string for 'log_format'"
    assert change("log_info", "string_param", "x")[1] == "expect boolean for 'log_info'"
    assert change("log_verbose_level", "bool_param", True)[1] == "expect int32 for 'log_verbose_level'"
    assert client.get_log_settings(as_json=True)["settings"] == before


def test_the_asyncio_client(server):
    async def run():
        async with aioclient.InferenceServerClient(server.grpc) as client:
            assert await client.is_server_live()
            assert await client.is_server_ready()
            assert await client.is_model_ready("identity")
            assert (await client.get_server_metadata()).version == "2.73.0"
            assert (await client.get_model_metadata("identity")).name == "identity"
            assert (await client.get_model_config("identity")).config.name == "identity"
            assert (await client.get_model_repository_index()).models
            assert (await client.get_inference_statistics("identity")).model_stats
            assert (await client.get_log_settings()).settings
            await client.load_model("other")
            await client.unload_model("other")
            assert not (await client.get_system_shared_memory_status()).regions
            assert not (await client.get_cuda_shared_memory_status()).regions
            assert (await client.get_trace_settings()).settings
            for call in [client.unregister_system_shared_memory(),
                         client.unregister_cuda_shared_memory(), client.register_system_shared_memory("r", "/r", 8)]:
                with pytest.raises(InferenceServerException):
                    await call
    asyncio.run(run())


def test_start_is_logged_and_a_port_in_use_ends_the_server(server, tmp_path):
    assert f'"Started GRPCInferenceService at 127.0.0.1:{server.grpc_port}"' in server.log
    assert server.log.index("Started GRPCInferenceService") < server.log.index("Started HTTPService")
    (tmp_path / "models").mkdir()
    ended = run_neso(f"--model-repository={tmp_path / 'models'}", "--grpc-address=127.0.0.1",
                     f"--grpc-port={server.grpc_port}", "--allow-http=false", "--allow-metrics=false")
    assert ended.returncode == 1
    assert (f"failed to start GRPC service: Unavailable - Socket '127.0.0.1:{server.grpc_port}' already in use "
            in ended.stdout + ended.stderr)


def test_no_grpc_when_it_is_switched_off(repository, start_server):
    server = start_server(repository.path, "--allow-grpc=false")
    assert "GRPCInferenceService" not in server.log
    with socket.socket() as s:
        assert s.connect_ex(("127.0.0.1", server.grpc_port)) != 0
