"""CUDA shared memory of the client library for C++: its examples, with the driver that stands in for NVIDIA's on both sides, and
a toolkit that stands in for CUDA's (tests/gpu)."""
import os
import subprocess

import pytest
from support import gpu
from support.server import BUILD, IS_SANITIZED, PATIENCE
from support.simple_models import add_simple_models

EXAMPLES = BUILD / "cpp_client/examples_cuda"
PROTOCOLS = ["http", "grpc"]
pytestmark = [gpu.needs_stand_in, pytest.mark.skipif(IS_SANITIZED, reason="the stand-in has a sanitizer's runtime, programs have not")]


@pytest.fixture(scope="module")
def models(module_repository):
    add_simple_models(module_repository)
    return module_repository.path


@pytest.fixture(scope="module")
def server(models, start_module_server):
    return start_module_server(models, "--allow-client-shm=true", env=gpu.environment())


def run(protocol, server, **env):
    program = EXAMPLES / f"simple_{protocol}_cudashm_client"
    return subprocess.run([program, "-u", getattr(server, protocol)], capture_output=True, text=True, timeout=60 * PATIENCE,
                          env={**os.environ, **env})


def with_driver(*modes):
    return {"LD_LIBRARY_PATH": str(gpu.DRIVER.parent), "NESO_FAKE_CUDA": ",".join(modes)}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tensors_in_gpu_memory(server, protocol):
    before = set(os.listdir("/dev/shm"))
    done = run(protocol, server, **with_driver("guarded", "exporting"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "PASS : Cuda Shared Memory\n", "")
    assert not {name for name in set(os.listdir("/dev/shm")) - before if name.startswith("neso_fake_gpu")}
    assert server.get("/v2/cudasharedmemory/status").json() == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_missing_is_said(server, models, start_server, protocol):
    no_gpu = run(protocol, server, **with_driver("none"))
    assert (no_gpu.returncode, no_gpu.stderr) == (1, "GPU 0: no CUDA-capable device is detected\n")
    without = start_server(models, "--allow-client-shm=true", env=gpu.environment("none"))
    refused = run(protocol, without, **with_driver("guarded", "exporting"))
    assert refused.returncode == 1
    assert refused.stderr.endswith("GPUs not supported\n"), refused.stderr


@pytest.mark.skipif(any(os.path.exists(f"{folder}/libcuda.so.1") for folder in ("/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu")),
                    reason="this machine has a CUDA driver")
def test_a_machine_without_a_driver(server):
    done = run("http", server)
    assert (done.returncode, done.stderr) == (1, "GPU 0: CUDA driver version is insufficient for CUDA runtime version\n")
