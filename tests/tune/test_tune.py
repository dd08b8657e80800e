"""`neso tune`: the way to serve a model that it finds is better, and can be served."""
import csv

import pytest
from support.server import run_neso

QUICK = ("-p", "40", "--max-concurrency", "4")


@pytest.fixture
def slow(repository):
    """Takes 20 ms, whatever the batch: two instances are twice as fast, and so is a batch of two requests."""
    repository.add_identity("slow", dims=(1,), parameters={"execute_delay_ms": "20"})
    return repository


def tune(*words, timeout=60):
    return run_neso("tune", *map(str, words), timeout=timeout)


def test_more_instances_are_found_to_be_better(slow, tmp_path, start_server):
    ran = tune("slow", f"--model-repository={slow.path}", "--output", tmp_path / "out", "--instances=1,4", "--batch-sizes=0",
               *QUICK)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert "Best: 4 instances, no dynamic batching: " in ran.stdout
    config = (tmp_path / "out/config.pbtxt").read_text()
    assert config.startswith("# Written by 'neso tune': ") and "count: 4" in config
    rows = list(csv.DictReader((tmp_path / "out/results.csv").open()))
    assert {row["Instances"] for row in rows} == {"1", "4"} and {row["Concurrency"] for row in rows} == {"1", "2", "4"}
    page = (tmp_path / "out/report.html").read_text()
    assert "<svg" in page and "count: 4" in page and "<script" not in page

    (slow.path / "slow/config.pbtxt").write_text(config)
    server = start_server(slow.path)
    assert server.get("/v2/models/slow/config").json()["instance_group"][0]["count"] == 4


def test_a_running_server_is_left_as_it_was(slow, tmp_path, start_server):
    server = start_server(slow.path, "--model-control-mode=explicit", "--load-model=slow")
    before = server.get("/v2/models/slow/config").json()
    ran = tune("slow", "--url", server.http, "--output", tmp_path / "out", "--instances=1", "--batch-sizes=0,4", "--delays=0", *QUICK)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert "Best: 1 instance, batches up to 4, 0 us of delay: " in ran.stdout
    assert "dynamic_batching {" in (tmp_path / "out/config.pbtxt").read_text()
    assert server.get("/v2/models/slow/config").json() == before


def test_a_budget_that_nothing_keeps_to(slow, tmp_path):
    ran = tune("slow", f"--model-repository={slow.path}", "--output", tmp_path / "out", "--instances=1", "--batch-sizes=0",
               "--latency-budget=5", *QUICK)
    assert ran.returncode == 1 and "no candidate keeps to 5 ms" in ran.stderr
    assert not (tmp_path / "out").exists()


def test_what_is_wrong_is_said(slow, tmp_path):
    ran = tune("other", f"--model-repository={slow.path}", "--output", tmp_path / "out")
    assert ran.returncode == 1 and "the server ended while it started" in ran.stderr and "other" in ran.stderr
    ran = tune("slow")
    assert ran.returncode == 2 and "expected --model-repository=FOLDER, or --url=HOST:PORT" in ran.stderr
    assert tune("--help").stdout.startswith("Find out how a model is served best")
