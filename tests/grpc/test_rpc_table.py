"""Every RPC of the contract, once answered and once refused: one table, which must name all that the service has."""
import grpc
import numpy as np
import pytest
import tritonclient.utils.shared_memory as shm
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from support.server import free_port

SERVICE = pb.DESCRIPTOR.services_by_name["GRPCInferenceService"]
KEY = f"/neso_rpcs_{free_port()}"


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity")
    module_repository.add_identity("spare")
    module_repository.add_identity("decoupled", extra="model_transaction_policy { decoupled: true }")
    region = shm.create_shared_memory_region("rpcs", KEY, 4096)
    yield start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=identity",
                              "--load-model=decoupled", "--allow-client-shm=true")
    shm.destroy_shared_memory_region(region)


@pytest.fixture(scope="module")
def stub(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def infer(model="identity", bytes_sent=64):
    request = pb.ModelInferRequest(model_name=model, id="1")
    request.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 16])
    request.raw_input_contents.append(bytes(np.ones(bytes_sent, np.uint8)))
    return request


def setting(**values):
    request = pb.TraceSettingRequest()
    for name, value in values.items():
        request.settings[name].value.append(value)
    return request


def log_setting(**values):
    request = pb.LogSettingsRequest()
    for name, value in values.items():
        request.settings[name].string_param = value
    return request


def load(**parameters):
    request = pb.RepositoryModelLoadRequest(model_name="spare")
    for name, value in parameters.items():
        request.parameters[name].int64_param = value
    return request


C = grpc.StatusCode
# RPC: request, what the answer must show, bad request, its status, a part of its message.
TABLE = {
    "ServerLive": (pb.ServerLiveRequest(), lambda a: a.live, None, None, None),
    "ServerReady": (pb.ServerReadyRequest(), lambda a: a.ready, None, None, None),
    "ModelReady": (pb.ModelReadyRequest(name="identity"), lambda a: a.ready,
                   pb.ModelReadyRequest(name="identity", version="nine"), C.INVALID_ARGUMENT,
                   "failed to get model version from specified version string 'nine'"),
    "ServerMetadata": (pb.ServerMetadataRequest(), lambda a: a.name == "triton" and "trace" in a.extensions, None, None, None),
    "ModelMetadata": (pb.ModelMetadataRequest(name="identity"), lambda a: a.inputs[0].shape == [-1, -1],
                      pb.ModelMetadataRequest(name="identity", version="nine"), C.INVALID_ARGUMENT,
                      "failed to get model version from specified version string 'nine'"),
    "ModelInfer": (infer(), lambda a: a.raw_output_contents[0] == b"\1" * 64,
                   infer(bytes_sent=60), C.INVALID_ARGUMENT, "input byte size mismatch for input 'INPUT0'"),
    "ModelConfig": (pb.ModelConfigRequest(name="identity"), lambda a: a.config.max_batch_size == 8,
                    pb.ModelConfigRequest(name="identity", version="9"), C.NOT_FOUND, "version 9 is not found"),
    "ModelStatistics": (pb.ModelStatisticsRequest(), lambda a: {s.name for s in a.model_stats} >= {"identity"},
                        pb.ModelStatisticsRequest(name="nobody"), C.INVALID_ARGUMENT,
                        "requested model 'nobody' is not available"),
    "RepositoryIndex": (pb.RepositoryIndexRequest(), lambda a: {m.name for m in a.models} >= {"identity", "spare"},
                        pb.RepositoryIndexRequest(repository_name="r"), C.UNIMPLEMENTED,
                        "'repository_name' specification is not supported"),
    "RepositoryModelLoad": (load(), lambda a: True, load(config=1), C.INVALID_ARGUMENT,
                            "invalid value type for load parameter 'config', expected string_param."),
    "RepositoryModelUnload": (pb.RepositoryModelUnloadRequest(model_name="spare"), lambda a: True,
                              pb.RepositoryModelUnloadRequest(repository_name="r", model_name="spare"), C.UNIMPLEMENTED,
                              "'repository_name' specification is not supported"),
    "SystemSharedMemoryRegister": (
        pb.SystemSharedMemoryRegisterRequest(name="mine", key=KEY, byte_size=4096), lambda a: True,
        pb.SystemSharedMemoryRegisterRequest(name="mine", key=KEY, byte_size=4096), C.ALREADY_EXISTS,
        "shared memory region 'mine' already in manager"),
    "SystemSharedMemoryStatus": (
        pb.SystemSharedMemoryStatusRequest(name="mine"), lambda a: a.regions["mine"].byte_size == 4096,
        pb.SystemSharedMemoryStatusRequest(name="yours"), C.NOT_FOUND,
        "Unable to find system shared memory region: 'yours'"),
    # What is not there needs no unregistering.
    "SystemSharedMemoryUnregister": (pb.SystemSharedMemoryUnregisterRequest(name="mine"), lambda a: True, None, None, None),
    "CudaSharedMemoryStatus": (pb.CudaSharedMemoryStatusRequest(), lambda a: not a.regions,
                               pb.CudaSharedMemoryStatusRequest(name="yours"), C.NOT_FOUND,
                               "Unable to find cuda shared memory region: 'yours'"),
    "CudaSharedMemoryRegister": (None, None, pb.CudaSharedMemoryRegisterRequest(
        name="gpu", raw_handle=bytes(64), device_id=0, byte_size=64), C.INVALID_ARGUMENT, "GPUs not supported"),
    "CudaSharedMemoryUnregister": (pb.CudaSharedMemoryUnregisterRequest(), lambda a: True, None, None, None),
    "TraceSetting": (pb.TraceSettingRequest(), lambda a: list(a.settings["trace_level"].value) == ["OFF"],
                     setting(trace_rate="often"), C.INVALID_ARGUMENT, "Unable to parse 'trace_rate', got: often"),
    "LogSettings": (pb.LogSettingsRequest(), lambda a: a.settings["log_format"].string_param == "default",
                    log_setting(log_format="of my own"), C.INVALID_ARGUMENT,
                    "invalid argument for log_format, got: of my own"),
}


@pytest.mark.parametrize("name", list(TABLE))
def test_the_answer(stub, name):
    request, is_right, *_ = TABLE[name]
    if request is None:
        pytest.skip("succeeds only with a GPU of the client's, which this machine does not have")
    assert is_right(getattr(stub, name)(request, timeout=30))


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row[2] is not None])
def test_the_refusal(stub, name):
    _, _, request, code, text = TABLE[name]
    if name == "SystemSharedMemoryRegister":
        # An earlier test may have taken it away.
        stub.SystemSharedMemoryUnregister(pb.SystemSharedMemoryUnregisterRequest())
        stub.SystemSharedMemoryRegister(request)
    with pytest.raises(grpc.RpcError) as error:
        getattr(stub, name)(request, timeout=30)
    assert error.value.code() == code
    assert text in error.value.details()


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row[0] is not None])
def test_a_message_that_is_none(server, name):
    """What a call can always get wrong: bytes that are not its message."""
    with grpc.insecure_channel(server.grpc) as channel:
        call = channel.unary_unary(f"/{SERVICE.full_name}/{name}", request_serializer=bytes)
        with pytest.raises(grpc.RpcError) as error:
            call(b"\xff\xff\xff\xff", timeout=30)
    assert error.value.code() == C.INTERNAL


def test_streams_answer_and_refuse(stub):
    answers = list(stub.ModelStreamInfer(iter([infer(), infer("nobody")]), timeout=30))
    assert answers[0].infer_response.raw_output_contents[0] == b"\1" * 64
    assert "Request for unknown model: 'nobody' is not found" in answers[1].error_message
    (answer,) = stub.ModelStreamInfer(iter([infer("decoupled")]), timeout=30)
    assert answer.infer_response.raw_output_contents[0] == b"\1" * 64


def test_decoupled_models_need_a_stream(stub):
    with pytest.raises(grpc.RpcError) as error:
        stub.ModelInfer(infer("decoupled"), timeout=30)
    assert error.value.code() == C.UNIMPLEMENTED


def test_no_rpc_is_forgotten():
    assert set(TABLE) | {"ModelStreamInfer"} == {method.name for method in SERVICE.methods}
