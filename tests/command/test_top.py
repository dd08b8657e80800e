"""`neso top` of a server that works."""
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import threading

import pytest
from support.server import PATIENCE, TREE, run_neso


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("busy", dims=(3,))
    module_repository.add_identity("idle", dims=(3,))
    return start_module_server(module_repository.path)


@pytest.fixture
def load(server):
    """Requests of two rows, one after the other."""
    ends = threading.Event()
    body = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [2, 3], "data": [0] * 6}]}

    def ask():
        while not ends.is_set():
            assert server.infer("busy", body).status_code == 200

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    ends.set()
    thread.join()


def addresses(server):
    return ["-u", server.http, "--metrics-url", f"127.0.0.1:{server.metrics_port}"]


def test_one_interval(server, load):
    told = run_neso("top", "--once", "--interval", "0.5", "--json", *addresses(server))
    assert told.returncode == 0, told.stderr
    busy, idle = json.loads(told.stdout)["models"]
    assert (busy["name"], idle["name"]) == ("busy", "idle"), "the busiest comes first"
    assert busy["requests_per_s"] > 1 and busy["batch"] >= 2 and busy["total_ms"] > 0 and busy["waiting"] >= 0
    assert busy["inferences_per_s"] == pytest.approx(2 * busy["requests_per_s"], rel=0.2)
    assert idle["requests_per_s"] == idle["total_ms"] == 0
    table = run_neso("top", "--once", "--interval", "0.2", *addresses(server)).stdout
    assert "CPU " in table and "| busy " in table and "\x1b" not in table, "no terminal, no control characters"


def test_without_metrics_it_shows_what_there_is(server):
    told = run_neso("top", "--once", "--interval", "0.1", "-u", server.http)
    assert told.returncode == 0, told.stderr
    assert "| -  " in told.stdout


def test_it_goes_on_until_it_is_ended(server):
    process = subprocess.Popen([TREE / "bin/neso", "top", "--interval", "0.1", *addresses(server)], stdout=subprocess.PIPE,
                               text=True)
    tables = 0
    while tables < 3:
        line = process.stdout.readline()
        assert line
        tables += "| model " in line
    process.terminate()
    process.wait(10 * PATIENCE)


def on_a_terminal(server, rows, columns, until, term="xterm"):
    """What is shown until `until` comes for the second time."""
    main, other = pty.openpty()
    fcntl.ioctl(main, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
    process = subprocess.Popen([TREE / "bin/neso", "top", "--interval", "0.1", *addresses(server)], stdout=other,
                               env={**os.environ, "TERM": term})
    shown = ""
    while shown.count(until) < 2:
        shown += os.read(main, 4096).decode()
    process.terminate()
    process.wait(10 * PATIENCE)
    os.close(main)
    os.close(other)
    return shown


def test_a_terminal_is_drawn_anew(server):
    shown = on_a_terminal(server, 40, 120, "\x1b[H\x1b[J")
    assert "Ctrl-C ends" in shown and "compute" in shown and "no room" not in shown


def test_a_small_terminal_shows_the_busiest_models(server, load):
    shown = on_a_terminal(server, 8, 80, "Ctrl-C ends")
    screen = shown.split("\x1b[H\x1b[J")[1].split("\r\n")
    assert len(screen) == 8 and max(map(len, screen)) <= 80, screen
    assert "| busy " in screen[4] and "idle" not in "".join(screen)
    assert "models not shown: 1" in screen[6] and "no room for compute, queue" in screen[6]


def test_a_dumb_terminal_gets_no_control_characters(server):
    for term in ("dumb", ""):
        assert "\x1b" not in on_a_terminal(server, 40, 120, "Ctrl-C ends", term)
