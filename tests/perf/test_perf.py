"""`neso perf`: what it sends, measures and writes, against a real server."""
import csv
import json
import subprocess
import time

import pytest
from support.perf import QUICK
from support.server import IS_SANITIZED, PATIENCE, TREE, free_port, run_neso


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("wide", dims=(16,))
    module_repository.add_identity("open", dims=(-1,))
    module_repository.add_identity("texts", datatype="TYPE_STRING", dims=(2,))
    module_repository.add_identity("single", dims=(4,), max_batch_size=0)
    module_repository.add_identity("slow", dims=(1,), parameters={"execute_delay_ms": "20"})
    module_repository.add_identity("slower", dims=(1,), parameters={"execute_delay_ms": "1500"})
    return start_module_server(module_repository.path)


@pytest.fixture
def perf(server):
    return lambda *words: run_neso("perf", "-u", f"127.0.0.1:{server.http_port}", *map(str, words))


def test_a_load_is_measured_on_both_sides(perf):
    ran = perf("-m", "wide", "-b", 4, "--concurrency-range", "2", *QUICK)
    assert (ran.returncode, ran.stderr) == (0, "")
    for text in ("*** Measurement Settings ***\n  Batch size: 4\n  Service Kind: TRITON\n",
                 "Measurement window: 100 msec\n", "Request concurrency: 2\n  Client: \n    Request count: ",
                 "    p99 latency: ", "  Server: \n    Inference count: ", "(overhead ",
                 "Inferences/Second vs. Client Average Batch Latency\nConcurrency: 2, throughput: "):
        assert text in ran.stdout, ran.stdout
    count = int(ran.stdout.split("Request count: ")[1].split()[0])
    served = int(ran.stdout.split("Successful request count: ")[1].split()[0])
    inferences = int(ran.stdout.split("Inference count: ")[1].split()[0])
    assert count > 10 and abs(served - count) <= max(20, count // 10) and inferences == 4 * served


def ask_150_at_a_time(server, limits):
    words = ("-u", server.http, "-m", "wide", "--concurrency-range", "150", "--request-count", "300")
    return subprocess.run(["sh", "-c", f'{limits}; exec "$@"', "sh", TREE / "bin/neso", "perf", *words],
                          capture_output=True, text=True, timeout=30 * PATIENCE)


def test_as_many_requests_at_a_time_as_the_system_allows(server):
    ran = ask_150_at_a_time(server, "ulimit -S -n 100")
    assert ran.returncode == 0 and "Request count: 300\n" in ran.stdout, ran.stderr


@pytest.mark.skipif(IS_SANITIZED, reason="without a free descriptor the sanitizer takes objects for what they are not")
def test_more_requests_at_a_time_than_the_system_allows(server):
    ran = ask_150_at_a_time(server, "ulimit -n 100")
    assert ran.returncode == 99 and f"cannot connect to {server.http}: Too many open files" in ran.stderr


def test_csv_has_a_row_for_each_load(perf, tmp_path):
    ran = perf("-m", "texts", "--concurrency-range", "1:3:2", "--percentile", 80, "-f", tmp_path / "a.csv", *QUICK)
    assert ran.returncode == 0, ran.stderr
    rows = list(csv.reader((tmp_path / "a.csv").open()))
    assert rows[0] == ["Concurrency", "Inferences/Second", "Client Send", "Network+Server Send/Recv", "Server Queue",
                       "Server Compute Input", "Server Compute Infer", "Server Compute Output", "Client Recv", "p50 latency",
                       "p80 latency", "p90 latency", "p95 latency", "p99 latency"]
    assert sorted(row[0] for row in rows[1:]) == ["1", "3"]
    assert float(rows[1][1]) <= float(rows[2][1]) and all(len(row) == len(rows[0]) for row in rows)


def test_every_request_is_exported(perf, tmp_path):
    path = tmp_path / "a.json"
    before = time.time_ns()
    ran = perf("-m", "single", "--request-count", 50, "--profile-export-file", path)
    assert ran.returncode == 0, ran.stderr
    export = json.loads(path.read_text())
    assert export["service_kind"] == "triton"
    [experiment] = export["experiments"]
    assert experiment["experiment"] == {"mode": "concurrency", "value": 1}
    assert len(experiment["requests"]) == 50 and len(experiment["window_boundaries"]) == 2
    for request in experiment["requests"]:
        assert before < request["timestamp"] < request["response_timestamps"][0] < time.time_ns()
    begin, end = experiment["window_boundaries"]
    times = [time for request in experiment["requests"] for time in (request["timestamp"], *request["response_timestamps"])]
    assert begin <= min(times) and max(times) <= end
    again = perf("-m", "single", "--request-count", 50, "--profile-export-file", path)
    assert again.returncode == 3 and "Path must not already exist." in again.stderr


def test_texts_of_any_length_are_exported(perf, tmp_path):
    assert perf("-m", "texts", "--request-count", 2, "--profile-export-file", tmp_path / "a.json").returncode == 0
    [experiment] = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["experiments"]
    text = experiment["requests"][0]["request_inputs"]["INPUT0"]
    assert len(text) == 2 * (4 + 128) and text.startswith("\x80\0\0\0")  # each behind the four bytes of its length


@pytest.mark.parametrize("distribution", ["constant", "poisson"])
def test_a_rate_is_kept(perf, distribution):
    ran = perf("-m", "wide", "--request-rate-range", 400, "--request-distribution", distribution, *QUICK)
    assert ran.returncode == 0, ran.stderr
    throughput = float(ran.stdout.rsplit("throughput: ", 1)[1].split()[0])
    assert 250 < throughput < 600


def test_latencies_at_a_rate_count_from_the_intended_time(perf):
    """Twice what the model can do: those that wait for their turn are not spared."""
    ran = perf("-m", "slow", "--request-rate-range", 200, "--request-count", 100)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout.split("p99 latency: ")[1].split()[0]) > 100_000


def test_the_limit_is_found(perf):
    ran = perf("-m", "slow", "--find-limit", "-l", 50, *QUICK)
    assert ran.returncode == 0, ran.stderr
    assert "requests at a time stay below 50 ms\n" in ran.stdout
    assert "went over the set limit of 50 msec" in ran.stderr


def test_a_load_that_is_not_stable_is_judged_by_its_latency(perf, tmp_path):
    ran = perf("-m", "slow", "--find-limit", "-l", 70, "-p", 100, "-s", 0.001, "-r", 3, "-f", tmp_path / "a.csv")
    assert ran.returncode == 0, ran.stderr
    assert "Failed to obtain stable measurement within 3 measurement windows for concurrency 1." in ran.stderr
    limit = int(ran.stdout.split("Limit: ")[1].split(" requests at a time stay below 70 ms\n")[0])
    assert limit >= 2 and {row["Concurrency"] for row in csv.DictReader((tmp_path / "a.csv").open())} >= {"1", "2"}


def test_no_limit_is_made_of_windows_without_an_answer(perf):
    ran = perf("-m", "slower", "--find-limit", "-l", 5, "-p", 10, "-r", 3)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "Limit: not found. With 1 requests at a time there were windows without an answer" in ran.stdout


def test_a_shape_is_asked_for(perf):
    ran = perf("-m", "open")
    assert ran.returncode == 99 and "needs to have its shape fully defined. See the --shape option." in ran.stderr
    ran = perf("-m", "open", "--shape", "INPUT0:7", "--input-data", "zero", "--request-count", 3)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("words, code, text", [
    (("-m", "none"), 99, "unknown model"),
    (("-m", "single", "-b", "2"), 99, "can not specify batch size > 1 as the model does not support batching"),
    (("-m", "wide", "-b", "9"), 99, "batch size 9 is more than the model's 8"),
    (("-m", "wide", "--shape", "x:1"), 99, "the model has no such input"),
    (("-m", "wide", "--shape", "INPUT0:3", "--request-count", "1"), 99, "the server answers 400"),
    (("-m", "wide", "-u", "ftp://a"), 3, "'ftp://a' is no address of a server: expected HOST:PORT, or that after http://"),
    (("-q",), 99, "Error: Invalid short option '-q'"),
    ((), 3, "Failed to parse -m (model name). The value must be specified."),
])
def test_what_is_wrong_is_said(perf, words, code, text):
    ran = perf(*words)
    assert ran.returncode == code and text in ran.stderr, ran.stderr


def test_scripts_for_perf_analyzer_run(perf):
    ran = perf("-m", "wide", "--service-kind", "triton", "--max-threads", 4, "-t", 2, "--request-count", 5)
    assert (ran.returncode, ran.stderr) == (0, "WARNING: -t, -d or -c are deprecated: use --concurrency-range 2\n")
    assert "Request concurrency: 2\n" in ran.stdout
    ran = perf("-m", "wide", "--service-kind", "tfserving")
    assert ran.returncode == 3 and "expected triton, triton_c_api or openai, got 'tfserving': what is measured are servers" in ran.stderr
    ran = perf("--version")
    assert (ran.returncode, ran.stdout) == (0, "") and ran.stderr.startswith("Perf Analyzer Version ")


def test_the_port_of_the_other_protocol_is_said(server):
    ran = run_neso("perf", "-m", "wide", "-u", server.grpc)
    assert ran.returncode == 99 and "\nif it speaks gRPC there: -i grpc; if it speaks TLS: https://" in ran.stderr
    ran = run_neso("perf", "-m", "wide", "-i", "grpc", "-u", server.http)
    assert ran.returncode == 99 and "\ngRPC has a port of its own, 8001 unless it was changed" in ran.stderr


def test_a_server_that_is_not_there():
    port = free_port()
    ran = run_neso("perf", "-m", "a", "-u", f"127.0.0.1:{port}")
    assert (ran.returncode, ran.stderr) == (99, f"error: cannot connect to 127.0.0.1:{port}: Connection refused\n")
