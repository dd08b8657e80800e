"""`neso tune`: the way to serve a model that it finds is better, and can be served."""
import csv
import json
import os
import shutil
import subprocess

import pytest
from support.python_models import python_on_path
from support.server import PATIENCE, TREE, run_neso
from support.wait import wait_until

QUICK = ("-p", "40", "--max-concurrency", "4")


@pytest.fixture
def slow(repository):
    """Takes 20 ms, whatever the batch: two instances are twice as fast, and so is a batch of two requests."""
    repository.add_identity("slow", dims=(1,), parameters={"execute_delay_ms": "20"})
    return repository


def tune(*words, timeout=60):
    return run_neso("tune", *map(str, words), timeout=timeout)


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_more_instances_are_found_to_be_better(slow, tmp_path, start_server):
    ran = tune("slow", f"--model-repository={slow.path}", "--output", tmp_path / "out", "--instances=1,4", "--batch-sizes=0",
               *QUICK)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert "Best: 4 instances, no dynamic batching: " in ran.stdout
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {0o666 & ~umask()}
    config = (tmp_path / "out/config.pbtxt").read_text()
    assert config.startswith("# Written by 'neso tune': ") and "count: 4" in config
    rows = list(csv.DictReader((tmp_path / "out/results.csv").open()))
    assert {row["Instances"] for row in rows} == {"1", "4"} and {row["Concurrency"] for row in rows} == {"1", "2", "4"}
    page = (tmp_path / "out/report.html").read_text()
    assert "<svg" in page and "count: 4" in page and "<script" not in page

    (slow.path / "slow/config.pbtxt").write_text(config)
    server = start_server(slow.path)
    assert server.get("/v2/models/slow/config").json()["instance_group"][0]["count"] == 4


def test_json_for_programs(slow, tmp_path):
    ran = tune("slow", f"--model-repository={slow.path}", "--output", tmp_path / "out", "--instances=1,4", "--batch-sizes=0",
               "--json", *QUICK)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    best = told["best"]
    assert (told["model"], told["folder"]) == ("slow", str(tmp_path / "out"))
    assert (best["instances"], best["max_batch_size"], best["concurrency"]) == (4, 0, 4)
    assert best["throughput"] > 100 and best["latency_p99_us"] > 20_000 and best["ram_mib"] > 1
    assert [trial["instances"] for trial in told["trials"]] == [1, 4]
    assert [load["concurrency"] for load in told["trials"][1]["loads"]] == [1, 2, 4]
    assert (tmp_path / "out/config.pbtxt").exists()


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
    assert ran.returncode == 1 and "no candidate keeps to the limits: The most inferences a second with at most 5 ms" in ran.stderr
    assert "ms is above 5 ms" in ran.stdout
    assert not (tmp_path / "out").exists()


def test_a_load_that_the_server_refuses_is_the_end_of_a_candidate_and_not_of_all(repository, tmp_path):
    repository.add_identity("choosy", dims=(1,), parameters={"execute_delay_ms": "20"}, extra="""
        dynamic_batching { default_queue_policy { max_queue_size: 2 } }""", max_batch_size=1)
    ran = tune("choosy", f"--model-repository={repository.path}", "--output", tmp_path / "out", "--instances=1",
               "--batch-sizes=1", "--delays=0", "-p", "40", "--max-concurrency", "8")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert "; with more: the server answers" in ran.stdout and "Exceeds maximum queue size" in ran.stdout
    assert "Best: 1 instance, batches up to 1, 0 us of delay: " in ran.stdout
    assert "max_queue_size: 2" in (tmp_path / "out/config.pbtxt").read_text()


def test_what_is_found_is_written_also_when_the_model_cannot_be_restored(slow, tmp_path, start_server):
    server = start_server(slow.path, "--model-control-mode=explicit", "--load-model=slow")
    process = subprocess.Popen([TREE / "bin/neso", "tune", "slow", "--url", server.http, "--output", tmp_path / "out",
                                "--instances=1", "--batch-sizes=0", "--delays=0", "-p", "200", "--max-concurrency", "4"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: server.get("/v2/models/slow/stats").json()["model_stats"][0]["inference_count"] > 3)
    shutil.rmtree(slow.path / "slow")
    said, complaint = process.communicate(timeout=60 * PATIENCE)
    assert process.returncode == 1, said + complaint
    assert "error: model 'slow' is not served again as it was before: " in complaint
    assert (tmp_path / "out/config.pbtxt").exists() and (tmp_path / "out/report.html").exists()


HUNGRY = """
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def initialize(self, args):
        self.memory = bytearray(b"x" * (100 << 20))

    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("y", pb_utils.get_input_tensor_by_name(request, "x").as_numpy())])
                for request in requests]
"""


def tune_hungry(repository, folder, *words):
    """A model each of whose instances is a process that takes 100 MiB: the trials, by their instances, and what was said."""
    repository.add("hungry", """
        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 1 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 1 ] }
        """, files={"model.py": HUNGRY})
    ran = run_neso("tune", "hungry", f"--model-repository={repository.path}", "--output", str(folder), "--instances=1,3",
                   *QUICK, *words, timeout=60, env=python_on_path())
    assert ran.returncode == 0, ran.stderr + ran.stdout
    rows = list(csv.DictReader((folder / "results.csv").open()))
    return {row["Instances"]: float(row["RAM (MiB)"]) for row in rows}, ran.stdout


@pytest.mark.parametrize("words", [["--max-ram=300"], ["--objectives=ram=20,throughput"]])
def test_memory_of_all_processes_counts(repository, tmp_path, words):
    ram, said = tune_hungry(repository, tmp_path / "out", *words)
    assert 200 < ram["3"] - ram["1"] < 300 and ram["1"] > 100
    assert "Best: 1 instance, " in said


def test_the_lowest_latency_that_is_fast_enough(slow, tmp_path):
    ran = tune("slow", f"--model-repository={slow.path}", "--output", tmp_path / "out", "--instances=1,4", "--batch-sizes=0",
               "--objectives=latency", "--min-throughput=70", *QUICK)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    # One instance makes at most 50 a second; of four, two requests at a time are enough.
    assert "Best: 4 instances, " in ran.stdout and "infer/sec is below 70" in ran.stdout
    assert "The best of latency (1) with at least 70 inferences a second" in (tmp_path / "out/report.html").read_text()


def test_what_is_wrong_is_said(slow, tmp_path):
    ran = tune("other", f"--model-repository={slow.path}", "--output", tmp_path / "out")
    assert ran.returncode == 1 and "the server ended while it started" in ran.stderr and "other" in ran.stderr
    ran = tune("slow")
    assert ran.returncode == 2 and "expected --model-repository=FOLDER, or --url=HOST:PORT" in ran.stderr
    assert tune("--help").stdout.startswith("Find out how a model is served best")
