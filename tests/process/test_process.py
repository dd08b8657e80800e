"""The server as a process: exit codes and what it says on its way out, start-up log, signals, draining."""
import fcntl
import os
import pathlib
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
import time

import pytest
import requests
from support.server import PATIENCE, TREE, Server, run_neso

# --- Ends at once ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("args, last_lines", [
    (["--help"], ["", ""]),
    (["--no-such-option"], ["", ""]),
    (["--version"], ["", ""]),
    (["-h"], ["", ""]),
    (["--allow-http"], ["", ""]),
    (["--http-port=abc"], ['Bad option: "--http-port".', "Invalid option value. Got abc"]),
    (["--allow-http", "maybe"], ['Bad option: "--allow-http".', "invalid value for bool option: maybe"]),
    (["extra"], ["", "Unexpected argument: extra"]),
    (["--http-port=8001"],
     ["", "The server cannot listen to HTTP requests and GRPC requests at the same address and port 0.0.0.0:8001"]),
])
def test_as_tritonserver_a_bad_command_line_shows_usage_and_the_reason(args, last_lines):
    result = run_neso(*args, program="tritonserver")
    assert result.returncode == 1
    assert result.stdout == ""
    assert "Usage: tritonserver [options]\n" in result.stderr
    assert "  --model-repository <string>\n" in result.stderr
    assert result.stderr.split("\n")[-3:-1] == last_lines


@pytest.mark.parametrize("args, line", [
    (["digits.onnx"], "error: 'digits.onnx' is not an option; models are served from a folder: put it at "
                      "FOLDER/digits/1/model.onnx, then neso --model-repository=FOLDER"),
    (["--htp-port=9000"], "error: unknown option --htp-port; did you mean --http-port?"),
    (["--http-port=abc"], "error: --http-port: Invalid option value. Got abc"),
    (["--http-port"], "error: --http-port needs a value"),
    (["--model-repository=a", "--load-model=b"],
     "error: Use of '--load-model' requires setting '--model-control-mode=explicit' as well."),
])
def test_people_are_told_their_mistake_and_not_three_hundred_lines(args, line):
    result = run_neso(*args)
    assert (result.returncode, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    assert lines[-1] == line and len(lines) < 8


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_people_who_ask_for_help_can_page_it(option):
    result = run_neso(option)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: neso [options]\n")
    assert "  --model-repository <string>\n" in result.stdout


def test_versions_of_neso_and_of_what_it_speaks():
    result = run_neso("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"neso \d+\.\d+\.\d+ \(speaks Triton Inference Server 2\.73\.0\)\n", result.stdout)


@pytest.mark.parametrize("args, text", [
    ([], "Invalid argument - --model-repository must be specified"),
    (["--model-repository=/no/such/folder"], "Internal - failed to stat file /no/such/folder"),
    (["--model-repository=/etc/passwd"], "Invalid argument - repository path is not a valid directory"),
])
def test_a_server_that_cannot_be_created_says_why(args, text):
    result = run_neso(*args)
    assert result.returncode == 1
    assert result.stderr.endswith(f"error: creating server: {text}\n")
    assert "| server_id " in result.stdout  # the options are shown even then


def test_an_unknown_startup_model_ends_the_server(repository):
    result = run_neso(f"--model-repository={repository.path}", "--model-control-mode=explicit", "--load-model=unknown")
    assert result.returncode == 1
    assert result.stderr.endswith("error: creating server: Internal - failed to load all models\n"
                                  "error: 1 model could not be loaded: 'unknown' (model 'unknown' not found in any model "
                                  "repository)\n")


def test_a_log_file_that_cannot_be_opened_is_an_error(repository):
    result = run_neso(f"--model-repository={repository.path}", "--log-file=/no/such/folder/log")
    assert result.returncode == 1
    assert result.stderr.startswith("Failed to build Triton option:\n")


@pytest.mark.parametrize("option, service", [("--http-port", "HTTP"), ("--metrics-port", "Metrics")])
def test_a_port_in_use_is_an_error(repository, option, service):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run_neso("--grpc-port=0", f"--model-repository={repository.path}", "--http-address=127.0.0.1", "--http-port=0",
                          "--metrics-port=0", f"{option}={port}")
    assert result.returncode == 1
    assert (f"failed to start {service} service: Unavailable - Socket '127.0.0.1:{port}' already in use "
            in result.stderr)


# --- The start-up log -----------------------------------------------------------------------------------------------


def test_start_is_logged_as_tables_and_service_lines(repository, start_server):
    repository.add_identity("simple")
    server = start_server(repository.path, "--strict-readiness=false")
    log = server.log
    order = [r"\| Repository Agent \| Path \|", r"\| Backend +\| Path ", r"\| Model +\| Version \| Status \|",
             r"\| simple \| 1       \| READY  \|", r"\| Option ", r"\| server_version +\| 2\.73\.0 ",
             r"\| strict_readiness +\| 0 ", f'"Started HTTPService at 127.0.0.1:{server.http_port}"',
             f'"Started Metrics Service at 127.0.0.1:{server.metrics_port}"']
    positions = [re.search(pattern, log).start() for pattern in order]
    assert positions == sorted(positions)
    assert re.search(r'^I\d{4} \d\d:\d\d:\d\d\.\d{6} %d [a-z_]+\.cc:\d+\] "' % server.pid, log, re.M)


@pytest.mark.parametrize("columns", [80, 250])
def test_on_a_terminal_nothing_is_wider_than_it_but_single_words(repository, columns):
    repository.add_identity("simple")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    server = Server(repository.path)
    process = subprocess.Popen(server.command, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        shown = b""
        while b"Started Metrics Service" not in shown:
            shown += os.read(ours, 65536)
    finally:
        process.terminate()
        process.wait(20 * PATIENCE)
        os.close(ours)
    lines = shown.decode().splitlines()
    assert all(len(line) <= columns for line in lines if line.startswith(("+", "|")))
    # The list of extensions is too long for 80 columns: lines take the table's place.
    assert any(re.match(r"\| server_version +\| 2\.73\.0 ", line) for line in lines) == (columns == 250)
    assert ("server_version: 2.73.0" in lines) == (columns == 80)


def test_log_options_change_form_and_place(repository, start_server, tmp_path):
    repository.add_identity("simple")
    log_file = tmp_path / "server.log"
    server = start_server(repository.path, "--log-format=ISO8601", f"--log-file={log_file}",
                          env={"TRITON_SERVER_ESCAPE_LOG_MESSAGES": "0"})
    assert server.log == ""
    assert re.search(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ I %d [a-z_]+\.cc:\d+\] Started HTTPService at " % server.pid,
                     log_file.read_text(), re.M)


def test_information_can_be_turned_off(repository, start_server):
    repository.add_identity("simple")
    assert start_server(repository.path, "--log-info=false").log == ""


def test_options_without_effect_are_logged_once(repository, start_server):
    server = start_server(repository.path, "--buffer-manager-thread-count=2", "--strict-readiness=false")
    assert len(re.findall(r"options that have no effect in this server: .*buffer-manager-thread-count", server.log)) == 1


def test_port_zero_is_any_free_port_and_is_told(repository):
    repository.add_identity("simple")
    server = Server(repository.path, "--http-port=0", ready=False).start()
    try:
        deadline = time.monotonic() + 20 * PATIENCE
        while not (found := re.search(r"Started HTTPService at 127.0.0.1:(\d+)", server.log)):
            assert time.monotonic() < deadline, server.log
            time.sleep(0.01)
        assert requests.get(f"http://127.0.0.1:{found.group(1)}/v2/health/ready", timeout=10).status_code == 200
    finally:
        server.stop()


def test_services_can_be_left_out(repository, start_server):
    repository.add_identity("simple")
    server = start_server(repository.path, "--allow-metrics=false")
    assert "Started Metrics Service" not in server.log
    with pytest.raises(requests.ConnectionError):
        server.metrics()


def test_the_limit_of_open_files_is_raised_to_what_the_system_allows(repository):
    server = Server(repository.path)
    server.command = ["bash", "-c", 'ulimit -Sn 64; exec "$@"', "-", *server.command]
    server.start()
    limits = pathlib.Path(f"/proc/{server.pid}/limits").read_text()
    soft, hard = re.search(r"^Max open files +(\d+) +(\d+)", limits, re.M).groups()
    server.stop()
    assert soft == hard != "64"


# --- Signals and draining -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_idle_server_cleanly_and_fast(repository, start_server, number):
    repository.add_identity("simple")
    server = start_server(repository.path)
    kept_alive = socket.create_connection(("127.0.0.1", server.http_port))
    started = time.monotonic()
    server.process.send_signal(number)
    server.process.send_signal(number)  # a second one changes nothing
    assert server.wait() == 0
    assert time.monotonic() - started < 1.0 * PATIENCE
    assert server.log.count(f"Signal ({number.value}) received.\n") == 1
    kept_alive.close()


def send_half_a_request(server):
    connection = socket.create_connection(("127.0.0.1", server.http_port))
    body = b'{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,2],"data":[1,2]}]}'
    connection.sendall(b"POST /v2/models/simple/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
                       % (len(body), body[:10]))
    time.sleep(0.1 * PATIENCE)  # nothing tells from outside that it has been read
    return connection, body[10:]


def test_a_request_under_way_is_answered_before_the_end(repository, start_server):
    repository.add_identity("simple")
    server = start_server(repository.path)
    connection, rest = send_half_a_request(server)
    server.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 20 * PATIENCE
    while "Found 1 HTTP service connections" not in server.log:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.01)
    with pytest.raises(ConnectionError):  # nobody new is let in
        socket.create_connection(("127.0.0.1", server.http_port))
    connection.sendall(rest)
    answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200 ") and b'"data":[1.0,2.0]' in answer
    assert server.wait() == 0


def test_a_stop_that_takes_longer_than_the_exit_timeout_is_an_error(repository):
    repository.add_identity("simple", parameters={"execute_delay_ms": 6000})
    # Such an end joins no thread, on purpose; the thread sanitizer need not tell.
    options = os.environ.get("TSAN_OPTIONS", "") + ":report_thread_leaks=0"
    server = Server(repository.path, "--exit-timeout-secs=1", env={"TSAN_OPTIONS": options}).start()
    connection, rest = send_half_a_request(server)
    connection.sendall(rest)
    time.sleep(0.1 * PATIENCE)  # it executes now
    server.process.send_signal(signal.SIGTERM)
    assert server.wait() == 1
    assert "failed to stop server: Internal - Exit timeout expired. Exiting immediately." in server.log
    connection.close()


def test_another_library_of_the_same_name_on_the_path_is_not_taken(repository, start_server):
    repository.add_identity("simple")
    stubs = TREE / "lib" / "stubs"
    assert (stubs / "libtritonserver.so").exists()
    assert start_server(repository.path, env={"LD_LIBRARY_PATH": str(stubs)}).get("/v2").status_code == 200


def test_a_crash_leaves_a_stack_trace(repository, start_server):
    if "asan" in str(TREE) or "tsan" in str(TREE):
        pytest.skip("sanitizers end a crashed process in their own way")
    server = Server(repository.path, "--strict-readiness=false").start()
    server.process.send_signal(signal.SIGSEGV)
    assert server.wait() == -signal.SIGSEGV
    assert re.search(r"Signal \(11\) received\.\n(.*\n)+.*libtritonserver\.so\(", server.log)
