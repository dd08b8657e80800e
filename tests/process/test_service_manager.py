"""What systemd hears of the server and gives it: notify, watchdog, socket activation. It is played by the test."""
import os
import signal
import socket
import subprocess
import time

import pytest
import requests
import tritonclient.grpc as grpcclient
from support.server import PATIENCE, Server, run_neso
from support.wait import wait_until


class Manager:
    """The receiving end of NOTIFY_SOCKET; `heard` are the messages, each a dict."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)
        self.heard = []

    def listen(self):
        try:
            while True:
                self.heard.append(dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines()))
        except BlockingIOError:
            return self.heard

    def until(self, key, value=None):
        def has_come():
            return any(key in message and value in (None, message[key]) for message in self.listen())
        wait_until(has_come)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    name = f"neso-test-{os.getpid()}-{time.monotonic_ns()}"
    manager = Manager(str(tmp_path / "notify") if request.param == "path" else "\0" + name)
    manager.name = str(tmp_path / "notify") if request.param == "path" else "@" + name
    yield manager
    manager.socket.close()


def test_a_service_manager_hears_of_loading_serving_and_stopping(repository, manager):
    repository.add_identity("simple")
    server = Server(repository.path, "--exit-timeout-secs=7", env={"NOTIFY_SOCKET": manager.name}).start()
    manager.until("READY")
    first, *_, ready = manager.listen()
    assert first == {"STATUS": "Loading models"}
    assert ready == {"READY": "1", "STATUS": "Serving", "MAINPID": str(server.pid)}
    assert {"EXTEND_TIMEOUT_USEC": "30000000"} in manager.heard or len(manager.heard) == 2
    server.process.send_signal(signal.SIGHUP)  # nobody's terminal has ended
    assert server.get("/v2/health/ready").status_code == 200
    server.stop()
    manager.until("STOPPING")
    assert manager.heard[-1]["EXTEND_TIMEOUT_USEC"] == "7300000"
    assert not any("WATCHDOG" in message for message in manager.heard)


def test_the_watchdog_is_fed_while_network_threads_answer(repository, manager):
    repository.add_identity("simple")
    server = Server(repository.path, env={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "200000"}).start()
    wait_until(lambda: sum("WATCHDOG" in message for message in manager.listen()) >= 3)
    server.process.send_signal(signal.SIGSTOP)  # a process that hangs feeds nothing
    manager.listen()
    manager.heard.clear()
    time.sleep(0.5)
    assert manager.listen() == []
    server.process.send_signal(signal.SIGCONT)
    manager.until("WATCHDOG")
    server.stop()


def test_another_process_watchdog_is_not_fed(repository, manager):
    repository.add_identity("simple")
    server = Server(repository.path, env={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "100000",
                                          "WATCHDOG_PID": "1"}).start()
    manager.until("READY")
    server.stop()
    assert not any("WATCHDOG" in message for message in manager.listen())


def test_an_upgrade_tells_who_the_service_is(repository, manager):
    repository.add_identity("simple")
    server = Server(repository.path, env={"NOTIFY_SOCKET": manager.name}).start()
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: sum("READY" in message for message in manager.listen()) == 2)
    successor = int([message for message in manager.heard if "READY" in message][-1]["MAINPID"])
    manager.until("MAINPID", str(successor))
    # By then systemd has not heard the successor, which was not the service's main process.
    wait_until(lambda: {"MAINPID": str(successor), "STATUS": "Serving"} in manager.listen())
    assert successor != server.pid
    assert server.wait() == 0
    os.kill(successor, signal.SIGTERM)
    manager.until("STOPPING")  # of the successor: the first one has left quietly
    assert sum("STOPPING" in message for message in manager.heard) == 1


def activated(server, names, sockets):
    """Starts the server as systemd does: sockets from descriptor 3 on, LISTEN_PID its own."""
    script = "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[1], sys.argv[1:])"
    fds = [os.dup(one.fileno()) for one in sockets]

    def place():
        copies = [os.dup2(fd, 50 + i) for i, fd in enumerate(fds)]
        for i, fd in enumerate(copies):
            os.dup2(fd, 3 + i, inheritable=True)

    env = {**server.env, "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(names)}
    server.process = subprocess.Popen(["python3", "-c", script, *server.command], stdout=server.log_file,
                                      stderr=subprocess.STDOUT, env=env, preexec_fn=place, close_fds=False)
    for fd in fds:
        os.close(fd)
    return server


def listening(kind=socket.AF_INET, address=("127.0.0.1", 0)):
    one = socket.socket(kind)
    one.bind(address)
    one.listen(64)
    return one


def test_sockets_of_a_service_manager_are_used_and_left_to_it(repository):
    repository.add_identity("simple")
    server = Server(repository.path, "--http-port=1", "--grpc-port=2", "--metrics-port=3")  # ports that nobody may take
    http, grpc, metrics = sockets = [listening() for _ in range(3)]
    server.http_port, server.grpc_port, server.metrics_port = (one.getsockname()[1] for one in sockets)
    early = socket.create_connection(http.getsockname())  # before the process is there
    early.sendall(b"GET /v2/health/ready HTTP/1.0\r\n\r\n")
    activated(server, ["http", "grpc", "metrics"], sockets).until_ready()
    assert early.makefile("rb").read().startswith(b"HTTP/1.1 200 ")
    with grpcclient.InferenceServerClient(server.grpc) as client:
        assert client.is_server_ready()
    assert requests.get(server.metrics_url).status_code == 200
    environment = open(f"/proc/{server.pid}/cmdline").read()
    assert "--http-port=1" in environment
    server.stop()
    with socket.create_connection(http.getsockname()) as client:  # the manager's socket still listens
        http.settimeout(10 * PATIENCE)
        http.accept()[0].close()
        assert client.recv(1) == b""
    for one in (early, *sockets):
        one.close()


def test_a_socket_file_of_a_service_manager_stays(repository, tmp_path):
    repository.add_identity("simple")
    server = Server(repository.path, f"--http-address=unix:{tmp_path}/http", "--metrics-address=127.0.0.1")
    http = listening(socket.AF_UNIX, f"{tmp_path}/http")
    activated(server, ["http"], [http])
    wait_until(lambda: "Started Metrics Service" in server.log)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"{tmp_path}/http")
        client.sendall(b"GET /v2/health/live HTTP/1.0\r\n\r\n")
        assert client.makefile("rb").read().startswith(b"HTTP/1.1 200 ")
    server.stop()
    assert (tmp_path / "http").exists()
    http.close()


def test_a_socket_without_a_name_that_is_known_is_told(repository):
    server = Server(repository.path, ready=False)
    with listening() as one:
        activated(server, ["neso.socket"], [one])
        assert server.wait() == 1
    assert ("error: expected sockets named http, grpc, metrics, sagemaker, vertex (FileDescriptorName= of a socket unit). "
            "Got 'neso.socket'\n") in server.log


def test_sockets_of_another_process_are_not_taken(repository):
    result = run_neso(f"--model-repository={repository.path}/no", env={"LISTEN_FDS": "1", "LISTEN_PID": "1",
                                                                       "LISTEN_FDNAMES": "http"})
    assert result.returncode == 1 and "failed to stat file" in result.stderr
