"""Metrics of GPUs, and of what models do there; against stand-ins for NVML (fake_nvml.cc) and DCGM (fake_dcgm.cc)."""
import re

import pytest
from support import gpu

pytestmark = gpu.needs_stand_in

A, B = gpu.UUIDS


@pytest.fixture
def start(repository, start_server):
    repository.add_identity("m", extra='instance_group { kind: KIND_GPU } dynamic_batching {}')
    repository.add_identity("host", extra='instance_group { kind: KIND_CPU }')

    def start(*args, **env):
        return start_server(repository.path, "--metrics-interval-ms=0", *args, env=gpu.environment(**env))
    return start


def ask(server, model):
    body = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 1], "data": [1]}]}
    assert server.infer(model, body).status_code == 200


def test_each_gpu_has_its_metrics(start):
    server = start()
    assert server.metric("nv_gpu_utilization", gpu_uuid=A) == 0.37
    assert server.metric("nv_gpu_utilization", gpu_uuid=B) == 0
    assert server.metric("nv_gpu_memory_total_bytes", gpu_uuid=B) == 17179869184
    assert server.metric("nv_gpu_memory_used_bytes", gpu_uuid=A) == 1000000000
    assert server.metric("nv_gpu_power_usage", gpu_uuid=A) == 71.5
    assert server.metric("nv_gpu_power_limit", gpu_uuid=A) == 700
    text = server.metrics()
    assert f'nv_gpu_power_limit{{gpu_uuid="{B}"}}' not in text, "a GPU that does not tell has no line"
    assert "Collecting metrics for GPU 0: Stand-in A" in server.log


def test_energy_is_counted_from_the_start_of_the_server(start):
    server = start()
    first = server.metric("nv_energy_consumption", gpu_uuid=A)
    assert 0 < first < 123, "what the GPU used before is not the server's"
    assert server.metric("nv_energy_consumption", gpu_uuid=A) > first


def test_what_a_model_does_on_a_gpu_has_its_label(start):
    server = start()
    ask(server, "m")
    ask(server, "host")
    for family in ("nv_inference_request_success", "nv_inference_count", "nv_inference_exec_count"):
        assert server.metric(family, model="m", version="1", gpu_uuid=A) == 1
        assert re.findall(rf'{family}{{model="(\w+)",version="1"}} (\d+)', server.metrics()) == [("host", "1"), ("m", "0")]
    assert server.metric("nv_inference_request_failure", model="m", version="1", gpu_uuid=A, reason="OTHER") == 0
    assert server.metric("nv_inference_pending_request_count", model="m") == 0
    assert f'nv_model_load_duration_secs{{gpu_uuid="{A}"' not in server.metrics()
    statistics = server.get("/v2/models/m/stats").json()["model_stats"][0]
    assert statistics["inference_count"] == 1


@pytest.mark.parametrize("args, env", [(["--allow-gpu-metrics=false"], {}), ([], {"TRITON_SERVER_CPU_ONLY": "1"})])
def test_they_can_be_left_out(start, args, env):
    server = start(*args, **env)
    ask(server, "m")
    assert "gpu" not in server.metrics().lower()
    assert server.metric("nv_inference_count", model="m") == 1


needs_dcgm = pytest.mark.skipif(not gpu.DCGM.exists(), reason="the stand-in for DCGM is not built")


@needs_dcgm
def test_where_dcgm_is_there_it_tells(start):
    server = start(NESO_DCGM=str(gpu.DCGM))
    assert server.metric("nv_gpu_utilization", gpu_uuid=A) == 0.61
    assert server.metric("nv_gpu_memory_total_bytes", gpu_uuid=B) == 81559 << 20
    assert server.metric("nv_gpu_memory_used_bytes", gpu_uuid=A) == 1 << 30
    assert server.metric("nv_gpu_power_usage", gpu_uuid=A) == 81.25
    assert server.metric("nv_gpu_power_limit", gpu_uuid=A) == 350
    first = server.metric("nv_energy_consumption", gpu_uuid=A)
    assert 0 < first < 77
    assert server.metric("nv_energy_consumption", gpu_uuid=A) > first
    text = server.metrics()
    for blank in ("power_usage", "power_limit", "memory_used_bytes"):
        assert f'nv_gpu_{blank}{{gpu_uuid="{B}"}}' not in text, "a GPU that does not tell has no line"
    assert "Collecting metrics for GPU 0: Stand-in A" in server.log


@needs_dcgm
def test_a_dcgm_that_does_not_start_leaves_it_to_nvml(start):
    server = start(NESO_DCGM=str(gpu.DCGM), NESO_FAKE_DCGM="none")
    assert server.metric("nv_gpu_power_usage", gpu_uuid=A) == 71.5


@needs_dcgm
def test_a_dcgm_that_fails_later_is_asked_three_times(start):
    server = start(NESO_DCGM=str(gpu.DCGM), NESO_FAKE_DCGM="lost")
    for _ in range(5):
        assert "nv_inference_count" in server.metrics()
    assert server.log.count("reading them failed 3 times") == 1


def test_without_nvml_the_rest_is_there(start):
    server = start(NESO_FAKE_NVML="none")
    assert "nv_gpu_utilization" not in server.metrics()
    assert "no metrics of GPUs: NVML" in server.log
    ask(server, "m")
    assert server.metric("nv_inference_count", model="m", gpu_uuid=A) == 1
