"""What /metrics tells of the machine, and the options that change what is told."""
import re
import socket
import time

import pytest
import requests
import tritonclient.grpc as grpcclient
from support.inference import ask
from support.server import Server, run_neso
from support.wait import wait_for_port, wait_until
from tritonclient.utils import InferenceServerException

MACHINE = ["nv_cpu_utilization", "nv_cpu_memory_total_bytes", "nv_cpu_memory_used_bytes"]
PINNED = ["nv_pinned_memory_pool_total_bytes", "nv_pinned_memory_pool_used_bytes"]
DURATION = "nv_inference_request_duration_us"


@pytest.fixture
def start(repository, start_server):
    repository.add_identity("m")
    return lambda *args, **kwargs: start_server(repository.path, *args, **kwargs)


def test_machine_gauges_agree_with_the_system(start):
    server = start()
    text = server.metrics()
    for name in MACHINE + PINNED:
        assert f"# TYPE {name} gauge\n" in text
        assert re.search(rf"^{name} [0-9.e+-]+$", text, re.M), name
    with open("/proc/meminfo") as file:
        total = int(re.search(r"MemTotal:\s+(\d+) kB", file.read()).group(1)) * 1024
    assert f"\nnv_cpu_memory_total_bytes {total}\n" in text
    assert 0 < server.metric("nv_cpu_memory_used_bytes") < total
    assert 0 <= server.metric("nv_cpu_utilization") <= 1
    assert "\nnv_pinned_memory_pool_total_bytes 268435456\n" in text
    assert "\nnv_pinned_memory_pool_used_bytes 0\n" in text


def test_the_pinned_pool_has_the_size_asked_for(start):
    assert "\nnv_pinned_memory_pool_total_bytes 1048576\n" in start("--pinned-memory-pool-byte-size=1048576").metrics()


def test_whole_numbers_have_no_decimals(start):
    server = start()
    ask(server, "m")
    for line in server.metrics().splitlines():
        if line.startswith("nv_"):
            value = line.rsplit(" ", 1)[1]
            assert not re.fullmatch(r"-?\d+\.0*", value), line
            if "_duration_secs" not in line and "_utilization" not in line:
                assert re.fullmatch(r"\d+", value), line


def test_what_is_not_enabled_is_not_mentioned(start):
    text = start().metrics()
    for word in ("nv_cache", "summary", "histogram", "nv_gpu", "gpu_uuid", "namespace"):
        assert word not in text


def test_what_clients_do_is_counted_by_service(start):
    server = start("--memory-budget=100000000")
    assert server.metric("neso_memory_budget_limit_bytes") == 100_000_000
    ask(server, "m")
    refused = str(server.infer("m", "{}").status_code)
    server.get("/v2/nowhere")
    assert server.metric("neso_answers_total", service="HTTP", code="200") >= 1
    assert server.metric("neso_answers_total", service="HTTP", code=refused) == 1
    assert server.metric("neso_answers_total", service="HTTP", code="404") == 1
    with grpcclient.InferenceServerClient(server.grpc) as client:
        with pytest.raises(InferenceServerException):
            client.get_model_metadata("nobody")
        for _ in range(3):
            client.is_server_live()
    assert server.metric("neso_answers_total", service="GRPC", code="NOT_FOUND") == 1
    assert server.metric("neso_answers_total", service="GRPC", code="OK") == 3
    assert server.metric("neso_accepted_connections_total", service="GRPC") == 1
    assert server.metric("neso_refused_connections_total", service="GRPC") == 0


def test_bytes_are_counted_on_the_wire(start):
    server = start()
    blob = b"x" * 200_000
    for _ in range(3):
        assert server.post("/v2/models/m/infer", blob).status_code != 200
    assert wait_until(lambda: server.metric("neso_received_bytes_total", service="HTTP") or 0) >= 600_000
    wait_until(lambda: 100 < server.metric("neso_sent_bytes_total", service="HTTP") < 100_000)


def test_connections_beyond_the_limit_are_counted(start):
    server = start("--http-limit=connections=1")
    wait_until(lambda: server.metric("neso_open_connections", service="HTTP") == 0)
    refused = server.metric("neso_refused_connections_total", service="HTTP")
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=10) as first:
        first.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        assert first.recv(100)
        with socket.create_connection(("127.0.0.1", server.http_port), timeout=10) as second:
            assert second.recv(100) == b""
        assert server.metric("neso_refused_connections_total", service="HTTP") == refused + 1


def test_the_process_tells_of_itself(start):
    before = time.time()
    server = start()
    assert before - 2 <= server.metric("process_start_time_seconds") <= time.time() + 2
    assert server.metric("process_resident_memory_bytes") == pytest.approx(server.rss_kib() * 1024, rel=0.2)
    assert server.metric("process_threads") == pytest.approx(server.thread_count(), abs=4)
    assert 0 < server.metric("process_open_fds") < server.metric("process_max_fds")
    assert server.metric("process_cpu_seconds_total") >= 0
    assert 0 <= server.metric("neso_uptime_seconds") <= time.time() - before + 1
    assert server.metric("neso_server_ready") == 1
    assert server.metric("neso_build_info", triton_version="2.73.0") == 1


def test_models_tell_their_limits_and_states(repository, start_server):
    repository.add_identity("m", max_batch_size=4,
                            extra="instance_group { kind: KIND_CPU count: 3 } "
                                  "dynamic_batching { default_queue_policy { max_queue_size: 7 } }")
    repository.add_identity("single", max_batch_size=0)
    repository.add("bad", 'backend: "no_such"')
    repository.add("unreadable", "no configuration")
    repository.add("empty", 'backend: "identity"', versions=())
    server = start_server(repository.path, "--exit-on-error=false", "--strict-readiness=false")
    assert server.metric("neso_model_max_batch_size", model="m", version="1") == 4
    assert server.metric("neso_model_max_batch_size", model="single") is None
    assert server.metric("neso_model_instances", model="m") == 3
    assert server.metric("neso_model_max_queue_size", model="m") == 7
    assert server.metric("neso_model_max_queue_size", model="single") is None
    states = {state: server.metric("neso_model_versions", state=state)
              for state in ("READY", "LOADING", "UNLOADING", "UNAVAILABLE")}
    assert states == {"READY": 2, "LOADING": 0, "UNLOADING": 0, "UNAVAILABLE": 3}
    assert server.metric("neso_model_versions", state="UNKNOWN") is None
    assert server.metric("neso_server_ready") == 1


def test_a_server_with_a_model_that_failed_is_not_ready_for_its_metrics_either(repository):
    repository.add_identity("m")
    repository.add("bad", 'backend: "no_such"')
    server = Server(repository.path, "--exit-on-error=false", ready=False).start()
    try:
        wait_for_port(server.http_port)
        assert server.get("/v2/health/ready").status_code == 400
        assert server.metric("neso_server_ready") == 0
    finally:
        server.stop()


def test_cpu_metrics_can_be_left_out(start):
    text = start("--allow-cpu-metrics=false").metrics()
    assert "nv_cpu_" not in text
    assert "nv_inference_count" in text


def test_without_counter_latencies_durations_are_left_out_and_counters_stand_still(start):
    server = start("--metrics-config=counter_latencies=false")
    assert ask(server, "m").status_code == 200
    text = server.metrics()
    assert "_duration_us" not in text
    for name in ("nv_inference_request_success", "nv_inference_count", "nv_inference_exec_count"):
        assert f'{name}{{model="m",version="1"}} 0\n' in text
    assert server.get("/v2/models/m/stats").json()["model_stats"][0]["inference_count"] == 1


@pytest.mark.parametrize("setting", ["counter_latencies=true", "counter_latencies=no"])
def test_only_the_word_false_turns_counter_latencies_off(start, setting):
    assert DURATION in start(f"--metrics-config={setting}").metrics()


def test_a_metrics_setting_has_a_name(repository):
    result = run_neso(f"--model-repository={repository.path}", "--metrics-config=counter_latencies")
    assert result.returncode == 1
    assert "--metrics-config" in result.stderr


def test_without_metrics_the_port_is_closed_and_serving_goes_on(start):
    server = start("--allow-metrics=false")
    with pytest.raises(requests.ConnectionError):
        server.metrics()
    assert ask(server, "m").status_code == 200
    assert server.get("/metrics").status_code == 404, "nor is it anywhere else"


def test_the_port_and_address_can_be_chosen(start):
    server = start("--metrics-address=127.0.0.2")
    assert requests.get(f"http://127.0.0.2:{server.metrics_port}/metrics", timeout=10).status_code == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.metrics_port), timeout=10)


def test_metrics_are_served_while_the_server_is_not_ready(repository, start_server):
    repository.add("bad", 'backend: "no_such"')
    server = start_server(repository.path, "--exit-on-error=false", "--strict-readiness=false")
    assert "nv_cpu_memory_total_bytes" in server.metrics()
    assert "nv_inference" not in server.metrics()
