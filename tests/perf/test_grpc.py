"""`neso perf` over gRPC, calls and streams: the same measurement as over HTTP, against a real server."""
import csv
import json

import pytest
from support.perf import QUICK, counted, latencies
from support.server import free_port, run_neso


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("wide", dims=(16,))
    module_repository.add_identity("image", dims=(-1,))
    module_repository.add_identity("texts", datatype="TYPE_STRING", dims=(2,))
    module_repository.add_identity("single", dims=(4,), max_batch_size=0)
    module_repository.add_identity("slow", dims=(1,), parameters={"execute_delay_ms": "20"})
    module_repository.add_identity("thrice", dims=(2,), extra="model_transaction_policy { decoupled: true }",
                                   parameters={"repeat": "3"})
    return start_module_server(module_repository.path)


@pytest.fixture
def perf(server):
    return lambda *words: run_neso("perf", "-i", "grpc", "-u", server.grpc, *map(str, words))


@pytest.mark.parametrize("way", [(), ("--async",), ("--streaming",)], ids=["calls", "async", "stream"])
@pytest.mark.parametrize("load", [("--concurrency-range", 20), ("--request-rate-range", 300)], ids=["concurrency", "rate"])
def test_a_load_is_measured_on_both_sides(perf, load, way):
    ran = perf("-m", "wide", "-b", 4, *load, *way, *QUICK)
    assert (ran.returncode, ran.stderr) == (0, "")
    count, served = counted(ran.stdout, "Request count"), counted(ran.stdout, "Successful request count")
    assert count > 10 and abs(served - count) <= max(60, count // 10)
    assert counted(ran.stdout, "Inference count") == 4 * served
    assert "p99 latency: " in ran.stdout and f"  Using {'a' if way else ''}synchronous calls for inference\n" in ran.stdout


@pytest.mark.parametrize("way", [(), ("--streaming",)], ids=["calls", "stream"])
@pytest.mark.parametrize("model, options", [
    ("texts", ("--string-length", 5)),
    ("single", ("-x", 1)),
    ("image", ("-b", 2, "--shape", "INPUT0:3000000")),  # 24 MB: more than a window at a time, both ways
])
def test_every_kind_of_request_is_answered(perf, tmp_path, model, options, way):
    path = tmp_path / "a.csv"
    ran = perf("-m", model, *options, *way, "--concurrency-range", 2, "--request-count", 8, "-f", path)
    assert ran.returncode == 0, ran.stderr
    assert counted(ran.stdout, "Request count") == 8
    assert len(list(csv.reader(path.open()))) == 2


def test_every_answer_of_a_decoupled_model_is_counted(perf, tmp_path):
    ran = perf("-m", "thrice", "--streaming", "--async", "--concurrency-range", 3, "--request-count", 30,
               "-f", tmp_path / "a.csv", "--profile-export-file", tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    assert "  Detected decoupled model, using the first response for measuring latency\n" in ran.stdout
    head, row = csv.reader((tmp_path / "a.csv").open())
    requests, responses = (float(row[head.index(name)]) for name in ("Inferences/Second", "Response Throughput"))
    assert responses == pytest.approx(3 * requests, rel=1e-3)
    [experiment] = json.loads((tmp_path / "a.json").read_text())["experiments"]
    assert len(experiment["requests"]) == 30
    for request in experiment["requests"]:
        stamps = request["response_timestamps"]
        assert len(stamps) == len(request["response_outputs"]) == 3 and request["timestamp"] < stamps[0] <= stamps[2]
        assert request["response_outputs"][2] == request["request_inputs"] or \
            list(request["response_outputs"][2].values()) == list(request["request_inputs"].values())


def test_a_decoupled_model_needs_a_stream(perf):
    ran = perf("-m", "thrice")
    assert ran.returncode == 99
    assert "Decoupled models must be run with `--async` and `--streaming` and either `-i grpc` or" in ran.stderr


def test_latencies_are_the_models(perf):
    """One instance that sleeps: with two at a time each waits for the other."""
    ran = perf("-m", "slow", "--concurrency-range", "1:2", "-p", 300, "-s", 1000)
    assert ran.returncode == 0, ran.stderr
    one, two = latencies(ran.stdout)
    assert 20_000 < one < two


@pytest.mark.parametrize("way", [(), ("--streaming",)], ids=["calls", "stream"])
def test_what_the_server_says_is_shown(perf, way):
    ran = perf("-m", "none", *way)
    assert ran.returncode == 99 and "unknown model" in ran.stderr
    ran = perf("-m", "wide", *way, "--shape", "INPUT0:3", "--request-count", 1)
    assert ran.returncode == 99 and "error: the server answers: " in ran.stderr and "unexpected shape" in ran.stderr


def test_a_port_of_another_protocol_is_said(server):
    ran = run_neso("perf", "-i", "grpc", "-m", "wide", "-u", f"127.0.0.1:{server.metrics_port}")
    assert ran.returncode == 99 and "is another protocol spoken at this port?" in ran.stderr
    port = free_port()
    ran = run_neso("perf", "-i", "GRPC", "-m", "wide", "-u", f"127.0.0.1:{port}")
    assert (ran.returncode, ran.stderr) == (99, f"error: cannot connect to 127.0.0.1:{port}: Connection refused\n")
