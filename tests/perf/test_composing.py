"""`neso perf` on models that are made of others: statistics of each, as text and in CSV files of their own."""
import csv
import re

import pytest
from support.server import run_neso


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("a", parameters={"execute_delay_ms": "5"})
    module_repository.add_identity("b", versions=(1, 3), extra="response_cache { enable: true }")
    module_repository.add_identity("lone", dims=(2,))
    module_repository.add_chain("chain", ["a", "b"], dims=(2,))
    module_repository.add_chain("twice", ["a", "a"], dims=(2,))
    module_repository.add_ensemble("outer", [("chain", {"IN": "IN"}, {"OUT": "x"}),
                                             ("b", {"INPUT0": "x"}, {"OUTPUT0": "OUT"})], dims=(2,))
    return start_module_server(module_repository.path, "--cache-config=local,size=1048576")


@pytest.fixture(params=["http", "grpc"])
def perf(server, request):
    url = server.grpc if request.param == "grpc" else server.http
    return lambda *words: run_neso("perf", "-i", request.param, "-u", url, *map(str, words))


def count_of(text, model):
    """(requests, average latency) of a composing model's block."""
    block = text.split(f"{model}, version: ")[1]
    return (int(re.search(r"Successful request count: (\d+)", block).group(1)),
            float(re.search(r"Avg request latency: (\d+) usec", block).group(1)))


def rows(path):
    return list(csv.reader(path.open()))


def test_each_model_of_an_ensemble_is_reported(perf, tmp_path):
    ran = perf("-m", "outer", "--request-count", 20, "-f", tmp_path / "r.csv")
    assert ran.returncode == 0, ran.stderr
    top = ran.stdout.split("  Server: \n")[1].split("  Composing models: \n")[0]
    assert re.search(r"Avg request latency: \d+ usec \(overhead \d+ usec \+ queue \d+ usec \+ compute \d+ usec\)", top)
    assert "  Composing models: \n  chain, version: 1\n      Inference count: 20\n" in ran.stdout
    assert "      Composing models: \n      a, version: 1\n          Inference count: 20\n" in ran.stdout
    assert "\n  b, version: 3\n" in ran.stdout and "\n      b, version: 3\n" in ran.stdout
    requests, latency = count_of(ran.stdout, "a")
    assert requests == 20 and latency > 5000

    assert {path.name for path in tmp_path.iterdir()} == {"r.csv", "chain_v1.r.csv", "a_v1.r.csv", "b_v3.r.csv"}
    usual = ["Concurrency", "Inferences/Second", "Client Send", "Network+Server Send/Recv", "Server Queue", "Server Compute Input",
             "Server Compute Infer", "Server Compute Output"]
    [head, row] = rows(tmp_path / "a_v1.r.csv")
    assert head == [*usual, "Client Recv"] and len(row) == len(head)
    assert float(row[head.index("Server Compute Infer")]) > 5000 and row[2] == row[-1] == "0"
    [head, row] = rows(tmp_path / "b_v3.r.csv")
    assert head == [*usual, "Server Cache Hit", "Server Cache Miss", "Client Recv"] and len(row) == len(head)
    throughput = float(rows(tmp_path / "r.csv")[1][1])
    assert float(row[1]) == pytest.approx(2 * throughput, rel=0.01)  # called twice a request


def test_a_model_that_is_two_steps_is_told_once(perf, tmp_path):
    ran = perf("-m", "twice", "--request-count", 10, "-f", tmp_path / "r.csv")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("a, version: 1\n") == 1 and count_of(ran.stdout, "a")[0] == 20


def test_rows_follow_those_of_the_model(perf, tmp_path):
    ran = perf("-m", "chain", "--concurrency-range", "1:2", "-p", 100, "-s", 1000, "-f", tmp_path / "r.csv")
    assert ran.returncode == 0, ran.stderr
    assert [row[0] for row in rows(tmp_path / "a_v1.r.csv")] == [row[0] for row in rows(tmp_path / "r.csv")]


def test_models_that_a_model_calls_are_named(perf, tmp_path):
    ran = perf("-m", "lone", "--bls-composing-models", "a:1,b", "--request-count", 5, "-f", tmp_path / "r.csv")
    assert ran.returncode == 0, ran.stderr
    assert "  Composing models: \n  a, version: 1\n      Inference count: 0\n" in ran.stdout
    assert "compute infer" in ran.stdout.split("Composing models")[0]
    assert rows(tmp_path / "b_v3.r.csv")[1][1] == "0"


@pytest.mark.parametrize("words, code, text", [
    (("-m", "lone", "--bls-composing-models", "none"), 99, "unknown model"),
    (("-m", "lone", "--bls-composing-models", "b:2"), 99, "b"),
    (("-m", "chain", "--bls-composing-models", "b"), 99, "model 'chain' is an ensemble, whose steps are known: leave it out"),
    (("-m", "lone", "--bls-composing-models", "a,,b"), 3, "expected NAME:VERSION,NAME, got 'a,,b'"),
])
def test_what_is_wrong_is_said(perf, words, code, text):
    ran = perf(*words)
    assert ran.returncode == code and text in ran.stderr, ran.stderr
