"""`neso perf --shared-memory`: tensors go through memory that the server maps, over HTTP and gRPC."""
import pathlib

import pytest
import requests
from support import gpu
from support.server import run_neso


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("wide", dims=(16,))
    module_repository.add_identity("open", dims=(-1,))
    module_repository.add_identity("texts", datatype="TYPE_STRING", dims=(2,))
    return start_module_server(module_repository.path, "--allow-client-shm=true")


def run(server, protocol, *words):
    url = server.grpc if protocol == "grpc" else server.http
    return run_neso("perf", "-i", protocol, "-u", url, "--shared-memory", "system", *map(str, words))


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("model, more", [
    ("wide", ("-b", 4)),
    ("open", ("--shape", "INPUT0:30000")),  # 120 KB, for which there is more room than is usual
    ("texts", ()),
])
def test_requests_are_answered_and_nothing_is_left(server, protocol, model, more):
    if model == "open":
        more += ("--output-shared-memory-size", 200_000)
    ran = run(server, protocol, "-m", model, "--concurrency-range", 4, "--request-count", 100, *more)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Request count: 100\n" in ran.stdout
    assert requests.get(f"{server.url}/v2/systemsharedmemory/status").json() == []
    assert not list(pathlib.Path("/dev/shm").glob("neso_perf_*"))


def test_a_stream_is_measured(server):
    ran = run(server, "grpc", "-m", "wide", "--streaming", "--request-count", 20)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_too_little_room_for_an_output_is_said(server, protocol):
    ran = run(server, protocol, "-m", "open", "--shape", "INPUT0:30000", "--request-count", 1)
    assert ran.returncode == 99 and "the server answers" in ran.stderr
    assert not list(pathlib.Path("/dev/shm").glob("neso_perf_*"))


def test_a_server_that_shares_none_says_so(module_repository, start_module_server):
    other = start_module_server(module_repository.path)
    ran = run(other, "http", "-m", "wide", "--request-count", 1)
    assert ran.returncode == 99 and "shared memory" in ran.stderr.lower()


@gpu.needs_stand_in
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_tensors_lie_in_memory_of_a_gpu(module_repository, start_module_server, protocol):
    served = start_module_server(module_repository.path, "--allow-client-shm=true", env=gpu.environment("exporting"))
    for words in (("-b", 4), ("--concurrency-range", 4), *([("--streaming",)] if protocol == "grpc" else [])):
        ran = run_neso("perf", "-i", protocol, "-u", served.grpc if protocol == "grpc" else served.http, "-m", "wide",
                       "--shared-memory", "cuda", "--request-count", "20", *map(str, words), env=gpu.environment("exporting"))
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "Request count: 20\n" in ran.stdout
    assert requests.get(f"{served.url}/v2/cudasharedmemory/status").json() == []


@gpu.needs_stand_in
def test_a_machine_without_a_gpu_says_so(server):
    ran = run_neso("perf", "-u", server.http, "-m", "wide", "--shared-memory", "cuda", env=gpu.environment("none"))
    assert ran.returncode == 99 and "does not start: no CUDA-capable device is detected" in ran.stderr
    ran = run_neso("perf", "-u", server.http, "-m", "wide", "--shared-memory", "cuda", env=gpu.environment())
    assert ran.returncode == 99 and "memory of GPU 0 cannot be shared" in ran.stderr
