"""Instances on GPUs: which a model gets, and what keeps it from them."""
import re

import pytest
from support import gpu
from support.control import load
from support.plugins import needs_plugins
from support.server import TEST_BACKENDS

pytestmark = [gpu.needs_stand_in,
              needs_plugins("instances")]

TENSORS = 'input { name: "IN" data_type: TYPE_INT32 dims: [1] } output { name: "OUT" data_type: TYPE_INT32 dims: [1] }'


@pytest.fixture
def serve(repository, start_server):
    def start(groups, *args, modes=(), **options):
        repository.add("m", f'backend: "instances" {TENSORS} {groups}')
        return start_server(repository.path, f"--backend-directory={TEST_BACKENDS}", "--model-control-mode=explicit", *args,
                            env=gpu.environment(*modes), **options)
    return start


def told(server):
    """name, kind, device and host policy of each instance, as the plug-in was told of them."""
    lines = re.findall(r"instance: (\S+) kind (\S+) device (\d+) active.*?policy (\{.*?\}\})", server.log.replace('\\"', '"'))
    return sorted(lines)


def groups(server):
    return [(group["kind"], group["count"], group["gpus"]) for group in
            server.get("/v2/models/m/config").json()["instance_group"]]


def test_a_model_that_does_not_say_gets_every_usable_gpu(serve):
    server = serve("", "--load-model=m")
    assert groups(server) == [("KIND_GPU", 1, [0])]
    assert told(server) == [("m_0", "GPU", "0", '{"gpu_0":{}}')]
    assert "GPU 0: Stand-in A, 16384 MiB, compute capability 9.0" in server.log
    assert "GPU 1: Stand-in B, 16384 MiB, compute capability 7.0: less than --min-supported-compute-capability" in server.log


def test_the_least_compute_capability_decides_which_are_usable(serve):
    server = serve("instance_group { count: 2 }", "--load-model=m", "--min-supported-compute-capability=7.0")
    assert groups(server) == [("KIND_GPU", 2, [0, 1])]
    assert [(name, kind, device) for name, kind, device, _ in told(server)] == [
        ("m_0_0", "GPU", "0"), ("m_0_0", "GPU", "1"), ("m_0_1", "GPU", "0"), ("m_0_1", "GPU", "1")]


def test_a_gpu_that_is_not_usable_is_refused(serve):
    server = serve("instance_group { kind: KIND_GPU gpus: [1] }")
    error = load(server, "m").json()["error"]
    assert ("instance group m_0 of model m specifies invalid or unsupported gpu id 1. GPUs with at least the minimum required "
            "CUDA compute compatibility of 7.500000 are: 0") in error


def test_the_cpu_can_be_asked_for(serve):
    server = serve("instance_group { kind: KIND_CPU }", "--load-model=m")
    assert groups(server) == [("KIND_CPU", 1, [])]
    assert "Stand-in" not in server.log.split("Collecting metrics")[0]


def test_a_full_gpu_takes_no_model(serve):
    server = serve("", "--model-load-gpu-limit=0:0.9", modes=("full",))
    error = load(server, "m").json()["error"]
    assert "can not create model 'm': memory limit set for GPU 0 has exceeded, model loading is rejected" in error


def test_a_limit_that_is_kept_lets_models_in(serve):
    server = serve("", "--model-load-gpu-limit=0:0.9", "--load-model=m")
    assert groups(server) == [("KIND_GPU", 1, [0])]


def test_a_driver_without_gpus_leaves_the_cpu(serve):
    server = serve("", "--load-model=m", modes=("none",))
    assert groups(server) == [("KIND_CPU", 1, [])]
    assert "the machine's GPUs are not used: " in server.log
    error = load(server, "m", {"instance_group": [{"kind": "KIND_GPU"}], "backend": "instances", "name": "m"}).json()["error"]
    assert "has kind KIND_GPU but no GPUs are available" in error
