"""The log's file while somebody rotates it, and a console that nobody reads any more."""
import os
import pty
import signal
import subprocess
import time

import pytest
from support.control import load
from support.server import Server
from support.wait import wait_until


@pytest.fixture
def log_file(tmp_path):
    return tmp_path / "server.log"


@pytest.fixture
def server(repository, start_server, log_file):
    repository.add_identity("m")
    return start_server(repository.path, "--model-control-mode=explicit", f"--log-file={log_file}")


def test_sighup_opens_the_log_anew(server, log_file, tmp_path):
    rotated = tmp_path / "server.log.1"
    log_file.rename(rotated)
    load(server, "m")
    assert "loading: m:1" in rotated.read_text(), "the file that is open is written on, whatever its name"
    assert not log_file.exists()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(log_file.exists)
    before = rotated.read_text()
    load(server, "m", {"backend": "identity", "max_batch_size": 3})
    assert "loading: m:1" in log_file.read_text()
    assert rotated.read_text() == before
    for _ in range(20):  # and as often as one likes
        os.kill(server.pid, signal.SIGHUP)
    assert server.get("/v2/health/ready").status_code == 200


def test_a_folder_that_is_gone_leaves_the_old_file(server, log_file, tmp_path):
    rotated = tmp_path / "old.log"
    log_file.rename(rotated)
    log_file.mkdir()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: "failed to open log file" in rotated.read_text())
    load(server, "m")
    assert "loading: m:1" in rotated.read_text()


@pytest.fixture
def terminal():
    """A server inherits what its parent ignores, as nohup does: it is started as from a terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_without_a_log_file_sighup_stops_the_server(terminal, repository, start_server):
    server = start_server(repository.path)
    os.kill(server.pid, signal.SIGHUP)
    assert server.wait() == 0
    assert "Signal (1) received." in server.log
    server.process = None


def test_the_end_of_its_terminal_stops_the_server(terminal, repository):
    """Each write meets an error then, too."""
    repository.add_identity("m")
    server = Server(repository.path, "--log-info=false")  # nobody reads: what the terminal keeps has to do
    end, its_terminal = pty.openpty()
    server.process = subprocess.Popen(["setsid", "--ctty", *server.command], stdin=its_terminal, stdout=its_terminal,
                                      stderr=its_terminal, env=server.env)
    os.close(its_terminal)
    try:
        server.until_ready()
        os.close(end)
        assert server.wait() == 0
    finally:
        server.stop()


def test_a_server_whose_parent_ignores_sighup_goes_on(repository, start_server):
    server = start_server(repository.path, prefix=["nohup"])
    os.kill(server.pid, signal.SIGHUP)
    time.sleep(0.2)
    assert server.get("/v2/health/live").status_code == 200


def test_a_console_that_is_gone_before_the_start_is_survived(repository):
    """Whoever read the server's output has gone: each write meets a broken pipe."""
    repository.add_identity("m")
    server = Server(repository.path, "--strict-model-config=false")
    reader, writer = os.pipe()
    os.close(reader)
    server.process = subprocess.Popen(server.command, stdout=writer, stderr=writer, env=server.env)
    os.close(writer)
    try:
        server.until_ready()
    finally:
        server.stop()
