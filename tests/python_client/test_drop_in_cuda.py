"""CUDA shared memory of the modules of tritonclient, with the driver that stands in for NVIDIA's on both sides."""
import os
import subprocess
import sys

import pytest
from support import gpu
from support.drop_in import OURS, output
from support.server import IS_SANITIZED, PATIENCE, ROOT

pytestmark = [gpu.needs_stand_in, pytest.mark.skipif(IS_SANITIZED, reason="the stand-in has a sanitizer's runtime, programs have not")]

CLIENT = """
import sys
import numpy as np
import tritonclient.http as httpclient
import tritonclient.grpc as grpcclient
import tritonclient.utils.cuda_shared_memory as cuda

array, strings = np.arange(16, dtype=np.float32).reshape(1, 16), np.array([b"neso", b"", "gr\\u00fc\\u00dfe"], dtype=object)
for module, url in zip((httpclient, grpcclient), sys.argv[1:]):
    region = cuda.create_shared_memory_region("tensors", 128, 0)
    assert cuda.allocated_shared_memory_regions() == [region]
    with module.InferenceServerClient(url) as client:
        client.register_cuda_shared_memory("tensors", cuda.get_raw_handle(region), 0, 128)
        cuda.set_shared_memory_region(region, [array[:, :8], array[:, 8:]])
        tensor = module.InferInput("INPUT0", [1, 16], "FP32").set_shared_memory("tensors", 64)
        output = module.InferRequestedOutput("OUTPUT0")
        output.set_shared_memory("tensors", 64, offset=64)
        client.infer("identity", [tensor], outputs=[output])
        assert np.array_equal(cuda.get_contents_as_numpy(region, np.float32, [2, 16]), np.concatenate([array, array]))

        shown = cuda.as_shared_memory_tensor(region, "FP32", [2, 16])
        assert shown.__dlpack_device__() == (2, 0)
        other = cuda.create_shared_memory_region("other", 192, 0)
        cuda.set_shared_memory_region_from_dlpack(other, [shown, array + 100])  # one of the GPU, one of the host
        assert np.array_equal(cuda.get_contents_as_numpy(other, np.float32, [3, 16]), np.concatenate([array, array, array + 100]))

        cuda.set_shared_memory_region(other, [strings])
        assert cuda.get_contents_as_numpy(other, np.object_, [3]).tolist() == [b"neso", b"", "gr\\u00fc\\u00dfe".encode()]

        def refused(call, *args):
            try:
                call(*args)
            except cuda.CudaSharedMemoryException as error:
                print(error)

        refused(cuda.set_shared_memory_region, region, array)
        refused(cuda.set_shared_memory_region, region, [[1.0]])
        refused(cuda.set_shared_memory_region, region, [np.zeros(33, np.float32)])
        refused(cuda.set_shared_memory_region_from_dlpack, region, [np.zeros((2, 2), np.float32).T])
        refused(cuda.get_contents_as_numpy, region, np.float32, [33])
        refused(cuda.create_shared_memory_region, "x", 64, 7)
        client.unregister_cuda_shared_memory("tensors")
    cuda.destroy_shared_memory_region(region)
    cuda.destroy_shared_memory_region(other)
    refused(cuda.destroy_shared_memory_region, other)
    assert cuda.allocated_shared_memory_regions() == []
"""

SAID = """input_values must be specified as a list/tuple of numpy arrays
each element of input_values must be a numpy array
unable to set values in cuda shared memory: expected at most 128 bytes, got 132
expected a tensor whose elements lie in row order without gaps
unable to read cuda shared memory: expected at most 128 bytes, got 132
unable to create cuda shared memory handle: cuDeviceGet: invalid device ordinal (101)
unable to destroy the cuda shared memory region: it is not allocated
"""


ENVIRONMENT = {**OURS, "LD_LIBRARY_PATH": str(gpu.DRIVER.parent), "NESO_FAKE_CUDA": "guarded,exporting"}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity")
    return start_module_server(module_repository.path, "--allow-client-shm=true", env=gpu.environment())


def test_regions_of_gpu_memory(server):
    before = set(os.listdir("/dev/shm"))
    result = subprocess.run([sys.executable, "-c", CLIENT, server.http, server.grpc], capture_output=True, text=True, env=ENVIRONMENT,
                            timeout=60 * PATIENCE)
    assert (result.returncode, result.stdout, result.stderr) == (0, SAID * 2, "")
    assert not {name for name in set(os.listdir("/dev/shm")) - before if name.startswith("neso_fake_gpu")}


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_example(server, protocol):
    script = ROOT / "tests" / "python_client" / "scripts" / "simple_cudashm_client.py"
    assert output([script, "-i", protocol, "-u", getattr(server, protocol)], ENVIRONMENT) == "PASS: simple_cudashm_client\n"
