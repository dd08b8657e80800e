"""CUDA shared memory, with a driver that stands in for the real one (tests/gpu/fake_cuda_driver.cc): its "GPU" is the machine's memory,
and a handle names a shared-memory object. Backends get such tensors as GPU memory."""
import base64
import os
import pathlib

import grpc
import numpy as np
import pytest
from support.plugins import needs_plugins
from support.server import BUILD, TEST_BACKENDS
from support.shared_memory import PAGE, Api, SharedObject
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc
from tritonclient.utils import InferenceServerException

DRIVER = BUILD / "fake_cuda_driver"

pytestmark = [needs_plugins("placement"),
              pytest.mark.skipif(not DRIVER.is_dir(), reason="the stand-in for the driver is not built")]

CPU, GPU = 0, 2
TENSORS = """
    input { name: "IN" data_type: TYPE_INT32 dims: [-1] }
    output { name: "OUT" data_type: TYPE_INT32 dims: [6] }
    """


def start(repository, start_server, **env):
    repository.add("placement", f'backend: "placement" {TENSORS}')
    libraries = f"{DRIVER}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    return start_server(repository.path, f"--backend-directory={TEST_BACKENDS}", "--allow-client-shm=true",
                        env={"LD_LIBRARY_PATH": libraries, **env})


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    return start(module_repository, start_module_server)


@pytest.fixture(params=Api.KINDS)
def api(request, server):
    api = Api(request.param, server)
    yield api
    api.unregister_cuda_shared_memory()
    api.unregister_system_shared_memory()
    assert api.regions(kind="cuda") == []


@pytest.fixture
def memory():
    with SharedObject(PAGE) as memory:
        yield memory


def handle(memory):
    return base64.b64encode(memory.key.encode().ljust(64, b"\0"))


def refusal(call, *args):
    with pytest.raises(InferenceServerException) as error:
        call(*args)
    return error.value.message()


def test_tensors_are_gpu_memory_of_their_device(api, memory):
    api.register_cuda_shared_memory("gpu", handle(memory), 1, PAGE)
    assert api.regions("gpu", "cuda") == [{"name": "gpu", "device_id": 1, "byte_size": PAGE}]
    api.infer("placement", [api.input("IN", [4], "INT32", "gpu", 16)], outputs=[api.output("OUT", "gpu", 24, 64)])
    assert memory.get(np.int32, 6, 64).tolist() == [GPU, 1, GPU, 1, 1, 1]


def test_input_and_output_may_be_in_different_memory(api, memory):
    api.register_cuda_shared_memory("gpu", handle(memory), 0, PAGE)
    result = api.infer("placement", [api.input("IN", [4], "INT32", "gpu", 16)])
    assert result.as_numpy("OUT").tolist() == [GPU, 0, CPU, 0, 1, 0]
    with SharedObject(PAGE) as other:
        api.register_system_shared_memory("system", other.key, PAGE)
        api.infer("placement", [api.input("IN", [4], "INT32", "system", 16)], outputs=[api.output("OUT", "gpu", 24, 64)])
        assert memory.get(np.int32, 6, 64).tolist() == [CPU, 0, GPU, 0, 0, 1]


def test_tensors_outside_of_the_region(api, memory):
    api.register_cuda_shared_memory("gpu", handle(memory), 0, 64)
    for offset, size, text in [(64, 8, "Invalid offset for shared memory region: 'gpu'"),
                               (60, 8, "Invalid offset + byte size for shared memory region: 'gpu'")]:
        assert refusal(api.infer, "placement", [api.input("IN", [2], "INT32", "gpu", size, offset)]) == text


def test_what_the_driver_refuses(api, memory):
    text = "failed to register shared memory region 'gpu': invalid args"
    assert refusal(api.register_cuda_shared_memory, "gpu", base64.b64encode(bytes(64)), 0, 8) == text
    assert refusal(api.register_cuda_shared_memory, "gpu", handle(memory), 2, 8) == text
    assert refusal(api.register_cuda_shared_memory, "gpu", handle(memory), 0, PAGE + 1) == text


def test_names_are_of_both_kinds(api, memory):
    api.register_cuda_shared_memory("r", handle(memory), 0, PAGE)
    taken = "shared memory region 'r' already in manager"
    assert refusal(api.register_system_shared_memory, "r", memory.key, PAGE) == taken
    assert refusal(api.register_cuda_shared_memory, "r", handle(memory), 0, PAGE) == taken
    assert refusal(api.regions, "r") == "The region named 'r' is registered as CUDA shared memory, not system shared memory"
    api.unregister_system_shared_memory("r")
    api.unregister_system_shared_memory()
    assert len(api.regions("r", "cuda")) == 1


def test_a_device_that_no_device_can_be(server, memory):
    with grpc.insecure_channel(server.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        for device in (-1, 2**40, -2**63):
            with pytest.raises(grpc.RpcError) as error:
                stub.CudaSharedMemoryRegister(pb.CudaSharedMemoryRegisterRequest(
                    name="gpu", raw_handle=memory.key.encode().ljust(64, b"\0"), device_id=device, byte_size=8))
            assert error.value.details() == "failed to register shared memory region 'gpu': invalid args"


@pytest.mark.parametrize("env", [{"NESO_FAKE_CUDA": "none"}, {"LD_LIBRARY_PATH": ""}], ids=["no GPU", "no driver"])
def test_without_gpus(repository, start_server, memory, env):
    if "LD_LIBRARY_PATH" in env and any(pathlib.Path(folder, "libcuda.so.1").exists()
                                        for folder in ("/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu")):
        pytest.skip("this machine has a CUDA driver")
    server = start(repository, start_server, **env)
    for kind in ("http", "grpc"):
        api = Api(kind, server)
        assert refusal(api.register_cuda_shared_memory, "gpu", handle(memory), 0, PAGE) == (
            "failed to register CUDA shared memory region: 'gpu', GPUs not supported")
        assert api.regions(kind="cuda") == []
