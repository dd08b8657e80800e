"""GPUs that are none: a driver that stands in for NVIDIA's (tests/gpu/fake_cuda_driver.cc). GPU 0 has compute capability 9.0,
GPU 1 has 7.0; the CPU cannot touch their memory.

    pytestmark = gpu.needs_stand_in
    server = start_server(repository.path, env=gpu.environment())
    with SharedObject(PAGE) as memory: api.register_cuda_shared_memory("r", gpu.handle(memory), 0, PAGE)
"""
import base64

import pytest
from support.server import BUILD

DRIVER = BUILD / "fake_cuda_driver" / "libcuda.so.1"
NVML = BUILD / "fake_nvml" / "libnvidia-ml.so.1"
DCGM = BUILD / "fake_dcgm" / "libdcgm.so.4"
UUIDS = ["GPU-" + "-".join(digits * count for count in (4, 2, 2, 2, 6)) for digits in ("a0", "a1")]

needs_stand_in = pytest.mark.skipif(not DRIVER.exists() or not NVML.exists(),
                                    reason="the stand-ins for NVIDIA's libraries are not built")


def environment(*modes, **more):
    """`modes`: see fake_cuda_driver.cc. There is no DCGM unless `more` says where."""
    return {"NESO_CUDA_DRIVER": str(DRIVER), "NESO_NVML": str(NVML), "NESO_DCGM": "none", "NESO_FAKE_CUDA": ",".join(("guarded", *modes)), **more}


def handle(memory):
    """What stands for an IPC handle: the key of a SharedObject, which is the GPU's memory then."""
    return base64.b64encode(memory.key.encode().ljust(64, b"\0"))
