"""`neso perf --service-kind triton_c_api`: a server within the process, Neso's library and a real Triton's."""
import csv
import json
import os
import signal
import subprocess
import time

import psutil
import pytest
from support.perf import QUICK, counted, exported, latencies
from support.processes import is_over
from support.python_models import PythonModels, python_on_path
from support.server import PATIENCE, TREE, run_neso
from support.triton import LIBRARIES, Triton, needs_triton
from support.wait import wait_until


@pytest.fixture(scope="module")
def models(module_repository):
    module_repository.add_identity("wide", dims=(16,))
    module_repository.add_identity("texts", datatype="TYPE_STRING", dims=(2,))
    module_repository.add_identity("numbers", datatype="TYPE_INT32", dims=(2,), max_batch_size=0)
    module_repository.add_identity("slow", dims=(1,), parameters={"execute_delay_ms": "20"})
    module_repository.add_identity("thrice", dims=(2,), extra="model_transaction_policy { decoupled: true }",
                                   parameters={"repeat": "3"})
    module_repository.add_identity("steps", dims=(1,), extra="sequence_batching { }")
    module_repository.add_identity("broken", parameters={"execute_delay_ms": "soon"})
    return module_repository.path


def words(models, *more):
    return [str(word) for word in ("perf", "--service-kind", "triton_c_api", "--model-repository", models, *more)]


@pytest.fixture
def perf(models):
    return lambda *more, **settings: run_neso(*words(models, *more), **settings)


@pytest.mark.parametrize("load", [("--concurrency-range", 20), ("--request-rate-range", 300)], ids=["concurrency", "rate"])
def test_a_load_is_measured_on_both_sides(perf, load):
    ran = perf("-m", "wide", "-b", 4, *load, *QUICK)
    assert ran.returncode == 0, ran.stderr
    assert "  Service Kind: TRITON_C_API\n" in ran.stdout
    count, served = counted(ran.stdout, "Request count"), counted(ran.stdout, "Successful request count")
    assert count > 10 and abs(served - count) <= max(60, count // 10)
    assert counted(ran.stdout, "Inference count") == 4 * served


def test_latencies_are_the_models(perf):
    """One instance that sleeps: with two at a time each waits for the other."""
    ran = perf("-m", "slow", "--concurrency-range", "1:2", "-p", 300, "-s", 1000)
    assert ran.returncode == 0, ran.stderr
    one, two = latencies(ran.stdout)
    assert 20_000 < one < two


def test_results_go_to_files(perf, tmp_path):
    ran = perf("-m", "texts", "--string-data", "né", "--request-count", 8, "--json", "-f", tmp_path / "a.csv", "--html",
               tmp_path / "a.html", "--profile-export-file", tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["protocol"], told["url"]) == ("none", "")
    assert len(list(csv.reader((tmp_path / "a.csv").open()))) == 2
    assert json.loads((tmp_path / "a.json").read_text())["service_kind"] == "triton_c_api"
    requests = exported(tmp_path / "a.json")
    assert len(requests) == 8 and "né" in requests[0]["request_inputs"]["INPUT0"]
    for request in requests:
        assert request["response_outputs"] == [{"OUTPUT0": request["request_inputs"]["INPUT0"]}]
    assert "in the process, batch 1" in (tmp_path / "a.html").read_text()


def test_every_answer_of_a_decoupled_model_is_counted(perf, tmp_path):
    ran = perf("-m", "thrice")
    assert ran.returncode == 99 and "`--service-kind=triton_c_api`" in ran.stderr
    ran = perf("-m", "thrice", "--streaming", "--async", "--concurrency-range", 3, "--request-count", 30,
               "--profile-export-file", tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    assert [len(request["response_outputs"]) for request in exported(tmp_path / "a.json")] == [3] * 30


def test_answers_are_compared(perf, data):
    steps = {"data": [{"INPUT0": [1, 2]}, {"INPUT0": [3, 4]}], "validation_data": [{"OUTPUT0": [1, 2]}, {"OUTPUT0": [3, 4]}]}
    ran = perf("-m", "numbers", "--input-data", data(steps), "--request-count", 10)
    assert ran.returncode == 0, ran.stderr
    steps["validation_data"][1]["OUTPUT0"] = [3, 5]
    ran = perf("-m", "numbers", "--input-data", data(steps), "--request-count", 10)
    assert ran.returncode == 99 and "OUTPUT0" in ran.stderr


def test_sequences_begin_and_end(perf, tmp_path):
    ran = perf("-m", "steps", "--concurrency-range", 2, "--request-count", 30, "--sequence-length", 5, "--sequence-id-range",
               "7:20", "--request-parameter", "mood:good:string", "--profile-export-file", tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    assert {request["sequence_id"] for request in exported(tmp_path / "a.json")} <= set(range(7, 20))
    assert "Sequence count: " in ran.stdout


def test_what_the_server_says_is_shown(perf):
    ran = perf("-m", "none")
    assert ran.returncode == 99 and "unknown model: 'none'" in ran.stderr
    ran = perf("-m", "wide", "-x", "7")
    assert ran.returncode == 99 and "'wide'" in ran.stderr and "7" in ran.stderr
    ran = perf("-m", "wide", "-x", "newest")
    assert ran.returncode == 99 and "expected a number above 0 for the model's version, got 'newest'" in ran.stderr
    ran = perf("-m", "wide", "--shape", "INPUT0:3", "--request-count", 1)
    assert ran.returncode == 99 and "error: the server answers: " in ran.stderr and "unexpected shape" in ran.stderr


def test_a_model_that_does_not_load_is_told_in_the_log(perf):
    ran = perf("-m", "broken")
    assert ran.returncode == 99
    assert "execute_delay_ms" in ran.stderr and "unknown model: 'broken'" in ran.stderr


@pytest.mark.parametrize("more, text", [
    (("-u", "localhost:1"), "-u is for a server that runs elsewhere"),
    (("-i", "grpc"), "-i is for a server that runs elsewhere"),
    (("--api-key", "k"), "--api-key is for a server that runs elsewhere"),
    (("--shared-memory", "system"), "--shared-memory is of no use with --service-kind triton_c_api"),
    (("--collect-metrics",), "--collect-metrics is of no use"),
    (("--versus", "localhost:1"), "--versus is of no use"),
    (("-H", "a:b"), "--header is of no use"),
    (("--trace-level", "TIMESTAMPS"), "tracing is of no use"),
], ids=lambda part: part[0] if isinstance(part, tuple) else "")
def test_what_is_for_servers_is_refused(perf, more, text):
    ran = perf("-m", "wide", *more)
    assert ran.returncode == 3 and text in ran.stderr


def test_the_repository_and_the_library_are_asked_for(tmp_path):
    ran = run_neso("perf", "-m", "wide", "--service-kind", "triton_c_api")
    assert ran.returncode == 3 and "needs --model-repository FOLDER" in ran.stderr
    ran = run_neso("perf", "-m", "wide", "--model-repository", str(tmp_path))
    assert ran.returncode == 3 and "add --service-kind triton_c_api" in ran.stderr
    ran = run_neso(*words(tmp_path, "-m", "wide", "--triton-server-directory", tmp_path))
    assert ran.returncode == 99 and f"{tmp_path}/lib/libtritonserver.so: cannot open shared object file" in ran.stderr
    ran = run_neso(*words(tmp_path / "none", "-m", "wide"))
    assert ran.returncode == 99 and str(tmp_path / "none") in ran.stderr


def test_an_interrupt_tells_what_was_measured(models):
    process = subprocess.Popen([TREE / "bin/neso", *words(models, "-m", "slow", "-p", 60000)], stdout=subprocess.PIPE, text=True)
    assert any(line.startswith("Request concurrency: 1") for line in process.stdout)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=20 * PATIENCE)
    assert process.returncode == 130 and "    Interrupted after " in told


def test_python_models_leave_nothing(repository):
    PythonModels(repository).add("thinker", """
        def execute(self, requests):
            return [answer(OUT=values(request)) for request in requests]
    """)
    process = subprocess.Popen([TREE / "bin/neso", *words(repository.path, "-m", "thinker", "--shape", "IN:4", "-p", 100, "-s", 1000)],
                               stdout=subprocess.PIPE, text=True, env={**os.environ, **python_on_path()})
    workers = []

    def has_worker():
        workers[:] = psutil.Process(process.pid).children(recursive=True)
        return workers or process.poll() is not None

    wait_until(has_worker, timeout=20)
    told, _ = process.communicate(timeout=20 * PATIENCE)
    assert process.returncode == 0 and counted(told, "Request count") > 10
    assert workers
    wait_until(lambda: all(is_over(worker) for worker in workers), timeout=5)


@needs_triton
def test_a_real_triton_in_the_process(perf, tmp_path):
    """Its plug-ins find its functions, not those of the library that the command is in."""
    tree = tmp_path / "triton"
    (tree / "lib").mkdir(parents=True)
    (tree / "lib/libtritonserver.so").symlink_to(LIBRARIES / "libtritonserver.so")
    (tree / "backends").symlink_to(TREE / "backends")
    ran = perf("-m", "numbers", "--triton-server-directory", tree, "--concurrency-range", 4, "--request-count", 50, "-v",
               env={"LD_LIBRARY_PATH": str(LIBRARIES)}, timeout=60)
    assert ran.returncode in (0, *Triton.other_ends), ran.stderr  # when all is done
    assert counted(ran.stdout, "Request count") == counted(ran.stdout, "Successful request count") == 50
    assert "pinned_memory_manager.cc" in ran.stderr  # of its log, not ours
