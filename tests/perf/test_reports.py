"""What `neso perf` writes beside its text: the metrics of GPUs, a page with plots, and two servers compared."""
import csv
import html.parser
import http.server
import json
import re
import threading

import pytest
from support.perf import QUICK
from support.server import run_neso


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("quick", dims=(1,))
    module_repository.add_identity("same", dims=(1,), extra="response_cache { enable: true }")
    return start_module_server(module_repository.path, "--cache-config=local,size=1048576")


@pytest.fixture(scope="module")
def slower(tmp_path_factory, start_module_server):
    from support.repository import ModelRepository
    repository = ModelRepository(tmp_path_factory.mktemp("slower") / "models")
    repository.add_identity("quick", dims=(1,), parameters={"execute_delay_ms": "20"})
    return start_module_server(repository.path)


@pytest.fixture
def perf(server):
    return lambda *words, **kwargs: run_neso("perf", "-u", f"127.0.0.1:{server.http_port}", *map(str, words), **kwargs)


@pytest.fixture
def gpu_metrics():
    """A server of metrics whose machine has a GPU, as this one need not have."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            text = ('nv_gpu_utilization{gpu_uuid="GPU-1"} 0.5\nnv_gpu_power_usage{gpu_uuid="GPU-1"} 60\n'
                    'nv_gpu_memory_used_bytes{gpu_uuid="GPU-1"} 1000\nnv_gpu_memory_total_bytes{gpu_uuid="GPU-1"} 4000\n').encode()
            if self.path == "/escapes":
                text = text.replace(b"GPU-1", b"\x1b[2J")
            self.send_response(200 if self.path in ("/metrics", "/escapes") else 404)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as metrics:
        thread = threading.Thread(target=metrics.serve_forever)
        thread.start()
        yield f"127.0.0.1:{metrics.server_port}"
        metrics.shutdown()
        thread.join()


def test_the_use_of_gpus_is_reported(perf, gpu_metrics, tmp_path):
    ran = perf("-m", "quick", "--collect-metrics", "--metrics-url", f"{gpu_metrics}/metrics", "--metrics-interval", 20,
               "--verbose-csv", "-f", tmp_path / "a.csv", *QUICK)
    assert ran.returncode == 0, ran.stderr
    assert ("  Server Prometheus Metrics: \n    Avg GPU Utilization:\n      GPU-1 : 50%\n    Avg GPU Power Usage:\n"
            "      GPU-1 : 60 watts\n    Max GPU Memory Usage:\n      GPU-1 : 1000 bytes\n    Total GPU Memory:\n"
            "      GPU-1 : 4000 bytes\n") in ran.stdout
    [row] = csv.DictReader((tmp_path / "a.csv").open())
    assert (row["Avg GPU Utilization"], row["Total GPU Memory"]) == ("GPU-1:0.5;", "GPU-1:4000;")


def test_a_terminal_does_not_obey_what_is_measured(perf, gpu_metrics):
    ran = perf("-m", "quick", "--collect-metrics", "--metrics-url", f"{gpu_metrics}/escapes", "--metrics-interval", 20, *QUICK)
    assert ran.returncode == 0 and "      ?[2J : 50%\n" in ran.stdout and "\x1b" not in ran.stdout, ran


def test_metrics_come_from_the_server(perf, server, gpu_metrics):
    ran = perf("-m", "quick", "--collect-metrics", "--metrics-url", f"127.0.0.1:{server.metrics_port}/metrics", *QUICK)
    assert ran.returncode == 0, ran.stderr
    ran = perf("-m", "quick", "--collect-metrics", "--metrics-url", f"{gpu_metrics}/other", *QUICK)
    assert ran.returncode == 99 and "/other answers 404: expected metrics. See --metrics-url" in ran.stderr


def test_hits_of_the_cache_are_reported(perf, tmp_path):
    ran = perf("-m", "same", "-f", tmp_path / "a.csv", *QUICK)
    assert ran.returncode == 0, ran.stderr
    assert int(re.search(r"Cache hit count: (\d+)", ran.stdout).group(1)) > 10
    [row] = csv.DictReader((tmp_path / "a.csv").open())
    assert float(row["Server Cache Hit"]) >= 0 and "Server Cache Miss" in row


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.addresses = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "xlink:href")]


def test_a_page_shows_each_load_and_needs_nothing_else(perf, tmp_path):
    ran = perf("-m", "quick", "--concurrency-range", "1:2", "--html", tmp_path / "report.html", *QUICK)
    assert ran.returncode == 0, ran.stderr
    page = (tmp_path / "report.html").read_text()
    tags = Tags(page)
    assert tags.found.count("svg") == 2 + 2 * 2 and tags.found.count("tr") == 3
    assert not tags.addresses and "script" not in tags.found and "url(" not in page
    for title in ("Latency against load", "Throughput against load", "How latencies are spread: 2 at a time",
                  "Latency over time: 1 at a time"):
        assert f">{title}</text>" in page


def test_two_servers_take_turns(perf, slower):
    ran = perf("-m", "quick", "--versus", f"127.0.0.1:{slower.http_port}", "-r", 3, "-p", 100, timeout=40)
    assert ran.returncode == 0, ran.stderr
    ratios = ran.stdout.split("B divided by A, in each round:\n")[1]
    throughput, latency = (float(re.search(rf"{what}: ([\d.e+]+)", ratios).group(1)) for what in ("Throughput", "p50 latency"))
    assert throughput < 0.9 and latency > 1.2
    assert "3 windows of each server in turn" in ran.stdout


def json_of(ran, code=0):
    assert ran.returncode == code, ran.stderr
    return json.loads(ran.stdout)


def test_json_for_programs(perf, server):
    told = json_of(perf("-m", "quick", "--concurrency-range", "1:2", "--percentile", 75, "--json", "-v", *QUICK))
    assert (told["model"], told["url"], told["protocol"], told["batch_size"]) == (
        "quick", f"127.0.0.1:{server.http_port}", "http", 1)
    assert [result["concurrency"] for result in told["results"]] == [1, 2] and "limit" not in told
    result = told["results"][1]
    latency = result["latency_us"]
    assert result["stable"] and not result["interrupted"] and result["request_count"] > 10 and result["delayed_share"] == 0
    assert result["throughput"] == pytest.approx(result["request_count"] / result["seconds"], rel=0.01)
    assert list(latency) == ["avg", "std", "p50", "p75", "p90", "p95", "p99"]
    assert 0 < latency["p50"] <= latency["p75"] <= latency["p90"] <= latency["p95"] <= latency["p99"]
    counts = result["server"]["inference_stats"]
    assert set(counts) == {"success", "queue", "compute_input", "compute_infer", "compute_output"}
    assert result["server"]["inference_count"] == counts["success"]["count"] > 10 and counts["success"]["ns"] > 0


def test_json_has_what_the_text_has(perf, server, slower, gpu_metrics):
    told = json_of(perf("-m", "same", "--collect-metrics", "--metrics-url", f"{gpu_metrics}/metrics", "--json", *QUICK))
    [result] = told["results"]
    assert result["server"]["inference_stats"]["cache_hit"]["count"] > 10
    assert result["gpus"] == {"GPU-1": {"utilization": 0.5, "power_watts": 60, "memory_used_bytes": 1000,
                                        "memory_total_bytes": 4000}}

    told = json_of(perf("-m", "quick", "--versus", f"127.0.0.1:{slower.http_port}", "-r", 2, "--json", *QUICK))
    [compared] = told["comparisons"]
    assert (compared["concurrency"], compared["rounds"]) == (1, 2)
    assert compared["second"]["latency_us"]["p50"]["min"] > 20_000
    assert compared["ratio"]["throughput"]["max"] < 1 < compared["ratio"]["latency"]["avg"]["min"]


def test_json_of_a_search_has_the_limit(slower):
    words = ("perf", "-m", "quick", "-u", f"127.0.0.1:{slower.http_port}", "--find-limit", "--json", *QUICK)
    assert 1 <= json_of(run_neso(*words, "-l", "90"))["limit"] <= 16
    assert json_of(run_neso(*words, "-l", "5"))["limit"] == 0


def test_json_when_nothing_is_stable_or_there_is_no_server(perf, slower):
    ran = run_neso("perf", "-m", "quick", "-u", f"127.0.0.1:{slower.http_port}", "--json", "-p", "1", "-s", "0.001", "-r", "3")
    assert json_of(ran, code=2)["results"] == [] and "Failed to obtain stable measurement" in ran.stderr
    ran = run_neso("perf", "-m", "quick", "-u", "127.0.0.1:1", "--json")
    assert (ran.returncode, ran.stdout) == (99, "") and "127.0.0.1:1" in ran.stderr
