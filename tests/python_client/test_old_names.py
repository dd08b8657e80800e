"""The packages' old names: they warn as the stock client's do, and lead to the same classes."""
import os
import subprocess
import sys

import pytest
from support.server import PATIENCE, ROOT

OURS = os.pathsep.join(str(ROOT / "clients" / part) for part in ("tritonclient", "python"))
NAMES = {"tritonhttpclient": ("InferenceServerClient", "tritonclient.http"), "tritongrpcclient": ("InferInput", "tritonclient.grpc"),
         "tritongrpcclient.grpc_service_pb2": ("ModelInferRequest", "tritonclient.grpc.service_pb2"),
         "tritongrpcclient.grpc_service_pb2_grpc": ("GRPCInferenceServiceStub", "tritonclient.grpc.service_pb2_grpc"),
         "tritongrpcclient.model_config_pb2": ("ModelConfig", "tritonclient.grpc.model_config_pb2"),
         "tritonclientutils": ("np_to_triton_dtype", "tritonclient.utils"),
         "tritonshmutils.shared_memory": ("create_shared_memory_region", "tritonclient.utils.shared_memory")}


def ran(code, path):
    return subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, timeout=60 * PATIENCE,
                          env={**os.environ, "PYTHONPATH": path})


@pytest.mark.parametrize("old", NAMES)
def test_an_old_name_is_the_new_one_with_a_warning(old):
    name, new = NAMES[old]
    code = f"import {old} as old, {new} as new\nprint(old.{name} is new.{name})"
    results = [ran(code, path) for path in ("", OURS)]
    assert [result.stdout for result in results] == ["True\n", "True\n"], results[1].stderr
    stock, ours = ({line.partition("Warning: ")[2] for line in result.stderr.splitlines() if "The package `triton" in line}
                   for result in results)
    assert stock == ours and stock


def test_cuda_memory_without_cuda():
    for name in ("tritonclient.utils.cuda_shared_memory", "tritonshmutils.cuda_shared_memory"):
        result = ran(f"import {name}", OURS)
        if not result.returncode:
            pytest.skip("this machine has NVIDIA's driver")
        assert "RuntimeError: CUDA shared memory needs a machine with NVIDIA's driver: libcuda.so.1" in result.stderr.splitlines()[-1]
