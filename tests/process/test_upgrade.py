"""SIGUSR2: a new process takes over the sockets, and nobody is refused meanwhile."""
import contextlib
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import threading

import pytest
import requests
import tritonclient.grpc as grpcclient
from support.server import PATIENCE, TREE, Server
from support.wait import wait_until
from support.workers import Workers

BODY = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
TAKEN_OVER = r"process (\d+) has taken over; this one finishes what is under way"


def is_there(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


class Line:
    """A server and the processes that followed it; `pid` is the one that serves."""

    def __init__(self, server):
        self.server = server
        self.pid = server.pid

    def upgrade(self):
        before = len(re.findall(TAKEN_OVER, self.server.log))
        os.kill(self.pid, signal.SIGUSR2)
        wait_until(lambda: len(re.findall(TAKEN_OVER, self.server.log)) == before + 1)
        old, self.pid = self.pid, int(re.findall(TAKEN_OVER, self.server.log)[-1])
        return old

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        wait_until(lambda: self.server.process.poll() is not None and not is_there(self.pid))


@pytest.fixture
def line_of():
    with contextlib.ExitStack() as stack:
        def start(server):
            line = Line(server.start())

            def kill():
                for pid in {line.pid, server.pid}:
                    if is_there(pid):
                        os.kill(pid, signal.SIGKILL)
                server.process.wait()
            stack.callback(kill)
            return line
        yield start


class Load(Workers):
    """Threads that make a new connection for each request, until it ends; what went wrong first is in `failures`."""

    MOST_FAILURES = 20  # each; without an end, tests that fail would fill the memory

    def __init__(self, *asks):
        self.failures, self.counts = [], [0] * len(asks)
        super().__init__(functools.partial(self.run, i, ask) for i, ask in enumerate(asks))

    def run(self, i, ask):
        failed = 0
        while not self.stopped() and failed < self.MOST_FAILURES:
            try:
                ask()
                self.counts[i] += 1
            except Exception as error:  # whatever it is, a client has seen it
                failed += 1
                self.failures.append(f"{type(error).__name__}: {error}"[:1000])


def ask_http(server, session=requests):
    answer = session.post(f"{server.url}/v2/models/simple/infer", json=BODY, timeout=30 * PATIENCE)
    assert answer.status_code == 200 and answer.json()["outputs"][0]["data"] == [1, 2], answer.text


def ask_grpc(server):
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpcclient.InferenceServerClient(server.grpc, channel_args=options) as client:
        assert client.is_model_ready("simple", client_timeout=30 * PATIENCE)


def ask_metrics(server):
    assert requests.get(server.metrics_url, timeout=30 * PATIENCE).status_code == 200


def requests_of(trace_file):
    return [trace for trace in json.loads(trace_file.read_text()) if trace.get("model_name") == "simple"]


def test_ten_upgrades_under_a_load_of_new_connections_lose_none(repository, line_of):
    repository.add_identity("simple")
    server = Server(repository.path)
    line = line_of(server)
    with requests.Session() as session, grpcclient.InferenceServerClient(server.grpc) as client:
        kept = (lambda: ask_http(server, session), lambda: client.get_server_metadata(client_timeout=30 * PATIENCE).name)
        with Load(*[lambda: ask_http(server)] * 2, lambda: ask_grpc(server), lambda: ask_metrics(server), *kept) as load:
            for _ in range(10):
                done = list(load.counts)
                line.upgrade()
                wait_until(lambda: all(now > before + 5 for now, before in zip(load.counts, done)))
    assert load.failures == []
    assert server.wait() == 0  # the first process has finished long ago
    print(f"{sum(load.counts[:4])} connections over HTTP, gRPC and the metrics port through 10 upgrades, and "
          f"{sum(load.counts[4:])} requests on two that are kept")
    line.end()


def test_a_request_under_way_is_answered_by_the_old_process(repository, line_of):
    repository.add_identity("simple")
    repository.add_identity("slow", parameters={"execute_delay_ms": "2500"})
    server = Server(repository.path)
    line = line_of(server)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(server.infer("slow", BODY)))
    thread.start()
    wait_until(lambda: server.metric("neso_open_requests", service="HTTP") == 1)
    line.upgrade()
    assert answers == []
    assert server.get("/v2/health/ready").status_code == 200
    thread.join()
    assert answers[0].status_code == 200
    line.end()


def test_each_process_has_a_trace_file_of_its_own(repository, line_of, tmp_path):
    repository.add_identity("simple")
    file = tmp_path / "traces.json"
    server = Server(repository.path, "--trace-config=level=TIMESTAMPS", "--trace-config=rate=1",
                    f"--trace-config=triton,file={file}")
    line = line_of(server)
    for _ in range(3):
        ask_http(server)
    line.upgrade()
    assert server.wait() == 0
    for _ in range(2):
        ask_http(server)
    line.end()
    assert len(requests_of(file)) == 3
    assert len(requests_of(tmp_path / f"traces.json.{line.pid}")) == 2


def test_a_new_process_that_does_not_come_up_changes_nothing(repository, line_of):
    repository.add_identity("simple")
    server = Server(repository.path)
    line = line_of(server)
    repository.add("broken", 'backend: "no_such_backend"')
    with Load(lambda: ask_http(server)) as load:
        os.kill(line.pid, signal.SIGUSR2)
        wait_until(lambda: "nothing takes over: the new process ended with exit code 1; this process goes on" in server.log)
    assert load.failures == []
    shutil.rmtree(repository.path / "broken")
    line.upgrade()  # the next one may
    line.end()


def test_a_program_that_is_gone_changes_nothing(repository, line_of, tmp_path):
    repository.add_identity("simple")
    server = Server(repository.path)
    program = tmp_path / "neso"
    program.symlink_to(TREE / "bin" / "neso")
    server.command[0] = str(program)
    line = line_of(server)
    program.unlink()
    os.kill(line.pid, signal.SIGUSR2)
    wait_until(lambda: "nothing takes over: '" in server.log)
    assert "cannot be started: No such file or directory" in server.log
    assert server.infer("simple", BODY).status_code == 200
    line.end()


def test_socket_files_are_handed_over_and_removed_by_the_last(repository, line_of, tmp_path):
    repository.add_identity("simple")
    server = Server(repository.path, f"--http-address=unix:{tmp_path}/http", f"--grpc-address=unix:{tmp_path}/grpc",
                    "--metrics-address=127.0.0.1", ready=False)
    line = line_of(server)
    wait_until(lambda: "Started Metrics Service" in server.log)

    def ask():
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{tmp_path}/http")
            client.sendall(b"GET /v2/health/live HTTP/1.0\r\n\r\n")
            assert client.makefile("rb").read().startswith(b"HTTP/1.1 200 ")

    with Load(ask) as load:
        for _ in range(3):
            line.upgrade()
    assert load.failures == []
    assert server.wait() == 0
    ask()  # the end of the first has not taken the file away
    with grpcclient.InferenceServerClient(f"unix:{tmp_path}/grpc:{server.grpc_port}") as client:
        assert client.is_server_live()
    assert all(stat.S_ISSOCK(path.lstat().st_mode) for path in (tmp_path / "http", tmp_path / "grpc"))
    line.end()
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(("http", "grpc"))]


def test_a_stop_ends_a_new_process_that_still_loads(repository, line_of):
    repository.add_identity("simple")
    server = Server(repository.path)
    line = line_of(server)
    os.mkfifo(repository.path / "simple" / "hold")
    slow = repository.add_identity("loading")
    (slow / "config.pbtxt").unlink()
    os.mkfifo(slow / "config.pbtxt")  # a FIFO is refused, so the new process may end by itself
    os.kill(line.pid, signal.SIGUSR2)
    wait_until(lambda: "is started, to take over" in server.log)
    line.server.process.send_signal(signal.SIGTERM)
    assert server.wait() == 0
    wait_until(lambda: not any(is_child_of_tree(server, pid) for pid in os.listdir("/proc") if pid.isdigit()))


def is_child_of_tree(server, pid):
    """A process with the arguments of this server."""
    with contextlib.suppress(OSError):
        return f"--http-port={server.http_port}".encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
