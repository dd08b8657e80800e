"""`neso perf` that is interrupted, or whose server goes away: what was measured until then is told and written, and nothing is left."""
import csv
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import psutil
import pytest
import requests
from support.processes import is_over
from support.server import PATIENCE, TREE, run_neso
from support.wait import wait_until

ENDLESS = ("-p", "60000")
SWEEP = ("-m", "quick", "--concurrency-range", "1:100", "-p", "50", "-s", "1000")


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("quick", dims=(4,), parameters={"execute_delay_ms": "1"})
    module_repository.add_identity("late", dims=(4,), parameters={"execute_delay_ms": "3000"})
    return start_module_server(module_repository.path, "--allow-client-shm=true", "--model-control-mode=explicit", "--load-model=*")


class Running:
    """A command, until() its output has a text; then end()."""

    def __init__(self, folder, *words, **options):
        self.told = folder / "told.txt"
        with self.told.open("w") as told:
            self.process = subprocess.Popen([TREE / "bin/neso", *map(str, words)], stdout=told, stderr=subprocess.PIPE, text=True,
                                            **options)

    def until(self, text):
        wait_until(lambda: text in self.told.read_text() or self.process.poll() is not None, timeout=20)
        return self

    def end(self, *signals):
        """(exit code, stdout, stderr)"""
        for number in signals:
            self.process.send_signal(number)
            time.sleep(0.2)  # two of a kind at once are one
        _, complaint = self.process.communicate(timeout=20 * PATIENCE)
        return self.process.returncode, self.told.read_text(), complaint


@pytest.mark.parametrize("protocol, number", [("http", signal.SIGINT), ("grpc", signal.SIGTERM)])
def test_a_sweep_tells_what_it_has_measured_and_leaves_nothing(server, tmp_path, protocol, number):
    running = Running(tmp_path, "perf", "-i", protocol, "-u", getattr(server, protocol), "--shared-memory", "system", "-f",
                      tmp_path / "a.csv", *SWEEP).until("Request concurrency: 3\n")
    block = f"neso_perf_{running.process.pid}_0"
    assert block in [region["name"] for region in requests.get(f"{server.url}/v2/systemsharedmemory/status").json()]
    code, told, complaint = running.end(number)
    assert code == 128 + number, complaint
    assert f"Interrupt signal ({int(number)}) received.\nWaiting for in-flight inferences to complete.\n" in complaint
    assert "Concurrency: 2, throughput: " in told
    assert {row["Concurrency"] for row in csv.DictReader((tmp_path / "a.csv").open())} >= {"1", "2"}
    assert requests.get(f"{server.url}/v2/systemsharedmemory/status").json() == []
    assert not pathlib.Path("/dev/shm", block).exists()


@pytest.mark.parametrize("words", [ENDLESS, ("--request-count", 10**6), ("--measurement-mode", "count_windows",
                                                                         "--measurement-request-count", 10**6)], ids=lambda w: w[0])
def test_a_window_ends_at_once(server, tmp_path, words):
    running = Running(tmp_path, "perf", "-u", server.http, "-m", "quick", "-f", tmp_path / "a.csv", *words).until("Request concurrency: 1\n")
    time.sleep(0.5)
    code, told, _ = running.end(signal.SIGINT)
    assert code == 130 and "    Interrupted after " in told
    [row] = csv.DictReader((tmp_path / "a.csv").open())
    assert 10 < float(row["Inferences/Second"]) < 1100


def test_the_second_one_does_not_wait(server, tmp_path):
    running = Running(tmp_path, "perf", "-u", server.http, "-m", "late", *ENDLESS).until("Request concurrency: 1\n")
    code, told, complaint = running.end(signal.SIGINT, signal.SIGINT)
    assert code == -signal.SIGINT and "Throughput: " not in told and "Interrupt signal (2) received." in complaint


@pytest.fixture
def silent():
    """The port of a server that takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("words", [("perf", "-m", "x"), ("perf", "-m", "x", "-i", "grpc"), ("profile", "-m", "x"), ("tune", "x")], ids=" ".join)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_silent_server_is_not_waited_for(silent, tmp_path, words, number):
    running = Running(tmp_path, *words, "-u", f"127.0.0.1:{silent}")
    wait_until(lambda: any(connection.raddr for connection in psutil.Process(running.process.pid).net_connections()))
    began = time.monotonic()
    code, told, complaint = running.end(number)
    assert (code, told, complaint) == (128 + number, "", "")
    assert time.monotonic() - began < 2 * PATIENCE


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_server_that_falls_silent_is_not_waited_for(server, tmp_path, protocol):
    running = Running(tmp_path, "perf", "-i", protocol, "-u", getattr(server, protocol), "-m", "quick", *ENDLESS).until("Request concurrency: 1\n")
    time.sleep(0.5)
    server.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        code, _, _ = running.end(signal.SIGINT)
        assert code == 130 and time.monotonic() - began < 10 * PATIENCE
    finally:
        server.process.send_signal(signal.SIGCONT)


def test_a_comparison_keeps_its_rounds(server, tmp_path):
    running = Running(tmp_path, "perf", "-u", server.http, "--versus", server.http, "-m", "quick", "-p", 100, "-r", 1000)
    running.until("Request concurrency: 1\n")
    time.sleep(1)
    code, told, _ = running.end(signal.SIGINT)
    assert code == 130 and "windows of each server in turn" in told and "B divided by A" in told


def test_tuning_puts_back_what_the_server_had(server, tmp_path):
    before = server.get("/v2/models/quick/config").json()
    running = Running(tmp_path, "tune", "quick", "--url", server.http, "--output", tmp_path / "out", "--instances=2,3,4,5", "--batch-sizes=0",
                      "--delays=0", "-p", 40)
    wait_until(lambda: server.get("/v2/models/quick/config").json() != before)
    code, _, complaint = running.end(signal.SIGINT)
    assert code == 130, complaint
    assert server.get("/v2/models/quick/config").json() == before


@pytest.fixture
def tuning(server, module_repository, tmp_path):
    """A long search on a server of its own, in a group of processes as a terminal makes them."""
    running = Running(tmp_path, "tune", "quick", f"--model-repository={module_repository.path}", "--output", tmp_path / "out",
                      "--instances=1,2,3,4", "--batch-sizes=0", "--delays=0", "-p", "40", start_new_session=True).until("infer/sec")
    [running.server] = psutil.Process(running.process.pid).children()
    yield running
    if not is_over(running.server):
        running.server.kill()


def test_what_tuning_has_found_is_written_and_its_server_has_not_seen_the_interrupt(tuning, tmp_path):
    os.killpg(tuning.process.pid, signal.SIGINT)
    code, told, complaint = tuning.end()
    assert (code, complaint) == (130, "")  # the server could be asked to load the model as it was
    assert "\nBest: " in told and (tmp_path / "out/config.pbtxt").exists()
    assert is_over(tuning.server)


@pytest.mark.parametrize("signals", [(signal.SIGINT, signal.SIGINT), (signal.SIGKILL,)])
def test_the_server_of_tuning_does_not_outlive_it(tuning, signals):
    for number in signals:
        os.killpg(tuning.process.pid, number)
        time.sleep(0.01)
    tuning.end()
    wait_until(lambda: is_over(tuning.server), timeout=20)


def test_a_server_that_goes_away_takes_no_results_with_it(module_repository, start_module_server, tmp_path):
    server = start_module_server(module_repository.path)
    running = Running(tmp_path, "perf", "-u", server.http, "-f", tmp_path / "a.csv", *SWEEP).until("Request concurrency: 3\n")
    server.stop()
    code, told, complaint = running.end()
    assert code == 99 and re.search("^error: ", complaint, re.MULTILINE), complaint
    assert "Concurrency: 2, throughput: " in told
    assert {row["Concurrency"] for row in csv.DictReader((tmp_path / "a.csv").open())} >= {"1", "2"}


@pytest.mark.parametrize("option", ["-f", "--html", "--profile-export-file"])
def test_a_file_that_cannot_be_written_is_known_before_it_is_measured_for(server, tmp_path, option):
    path = tmp_path / "none" / "a"
    ran = run_neso("perf", "-u", server.http, "-m", "quick", "--request-count", "5", option, str(path))
    assert ran.returncode == 99 and ran.stderr == f"error: cannot write {path}: {path.parent}: No such file or directory\n"
    ran = run_neso("perf", "-u", server.http, "-m", "quick", "--html", str(path.parent.parent))
    assert ran.returncode == 99 and ran.stderr == f"error: cannot write {path.parent.parent}: it is a folder\n"
    assert "Request concurrency" not in ran.stdout
