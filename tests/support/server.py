"""A server process under test.

The tree it is started from is `out/` unless NESO_TREE names another one (the sanitizer builds do).
"""
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import tempfile
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = pathlib.Path(os.environ.get("NESO_TREE", ROOT / "out"))
BUILD = pathlib.Path(os.environ.get("NESO_BUILD", ROOT / "build/release"))
TEST_BACKENDS = BUILD / "test_backends"  # a backend directory: tests/backends/CMakeLists.txt
IS_SANITIZED = BUILD.name in ("asan", "tsan")
# How much longer than on a machine of its own everything may take: two tests at once, a sanitizer.
PATIENCE = float(os.environ.get("NESO_TEST_PATIENCE", "1"))
# Servers whose threads are held up at random, for so long: tests/delays.cc.
DELAYS = os.environ.get("NESO_TEST_DELAYS")


_given_ports = set()


def free_port():
    """Below those that the system gives to outgoing connections, which would take it before the server is up; never one
    that was given before, nor one that another process of the same run may give."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = random.randrange(10_000 + worker, 32_000, workers)
        if port in _given_ports:
            continue
        _given_ports.add(port)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def settled(read, part):
    """What `read` gives once `part` of it has stopped changing: counts follow an answer by a moment, because a backend
    answers before it reports."""
    value = read()
    for _ in range(5):
        time.sleep(0.01)
        before, value = value, read()
        if part(before) == part(value):
            break
    return value


class Server:
    """Started with `Server(repository.path, "--model-control-mode=explicit").start()`; stop() checks a clean end.

    `tls`: how requests to a server whose HTTP speaks TLS are made, as arguments of `requests`: {"verify": path}.
    `prefix`: the command that runs the server's; it keeps the process for the server."""

    other_ends = ()  # exit statuses that are as good as the expected one

    def __init__(self, repository=None, *args, ready=True, env=None, http_port=None, tls=None, prefix=()):
        self.tls = tls or {}
        self.http_port = http_port or free_port()
        self.grpc_port = free_port()
        self.metrics_port = free_port()
        repositories = [repository] if isinstance(repository, (str, os.PathLike)) else list(repository or [])
        self.command = [
            *prefix,
            str(TREE / "bin" / "neso"),
            *(f"--model-repository={path}" for path in repositories),
            f"--backend-directory={TREE / 'backends'}",
            "--http-address=127.0.0.1",
            f"--http-port={self.http_port}",
            "--grpc-address=127.0.0.1",
            f"--grpc-port={self.grpc_port}",
            f"--metrics-port={self.metrics_port}",
            *args,
        ]
        self.env = {**os.environ, **(env or {})}
        if DELAYS:
            self.env["LD_PRELOAD"] = f"{BUILD / 'test_libraries/delays.so'} {self.env.get('LD_PRELOAD', '')}"
        self.wait_for_ready = ready
        self.process = None
        self.log_file = tempfile.NamedTemporaryFile(mode="w+", suffix=".log", prefix="neso-")

    @property
    def http(self):
        return f"127.0.0.1:{self.http_port}"

    @property
    def grpc(self):
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.http}"

    @property
    def metrics_url(self):
        return f"http://127.0.0.1:{self.metrics_port}/metrics"

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        return pathlib.Path(self.log_file.name).read_text(errors="replace")

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log_file, stderr=subprocess.STDOUT, env=self.env)
        if self.wait_for_ready:
            self.until_ready()
        return self

    def until_ready(self, timeout=20):
        deadline = time.monotonic() + timeout * PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode} while starting:\n{self.log}")
            try:
                if requests.get(f"{self.url}/v2/health/ready", timeout=5, **self.tls).status_code == 200:
                    return self
            except requests.ConnectionError:
                pass
            time.sleep(0.01)
        raise AssertionError(f"the server is not ready after {timeout} s:\n{self.log}")

    def wait(self, timeout=20):
        """The exit status of a server that ends by itself."""
        return self.process.wait(timeout * PATIENCE)

    def stop(self, expect=0, timeout=40):
        """Ends the server as an operator does; its exit status must be `expect`."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the server did not stop within {timeout} s:\n{self.log[-5000:]}")
        finally:
            self.process_ended = True
        process, self.process = self.process, None
        assert status in (expect, *self.other_ends), f"the server ended with {status}, expected {expect}:\n{self.log[-8000:]}"
        assert not re.search(r"(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:)", self.log), self.log[-8000:]

    # --- requests -----------------------------------------------------------------------------------------------
    def get(self, path, **kwargs):
        def read():
            return requests.get(self.url + path, timeout=30 * PATIENCE, **self.tls, **kwargs)
        return settled(read, lambda response: response.content) if path.endswith("/stats") else read()

    def post(self, path, body=None, **kwargs):
        if body is not None and not isinstance(body, (str, bytes)):
            kwargs["json"] = body
        else:
            kwargs["data"] = body
        return requests.post(self.url + path, timeout=60 * PATIENCE, **self.tls, **kwargs)

    def infer(self, model, body, **kwargs):
        return self.post(f"/v2/models/{model}/infer", body, **kwargs)

    def metrics(self):
        def read():
            return requests.get(self.metrics_url, timeout=10 * PATIENCE).text
        # The machine's own figures never stand still.
        return settled(read, lambda text: [line for line in text.splitlines() if line.startswith("nv_inference")])

    def metric(self, name, **labels):
        """The value of one line of /metrics; None when there is none."""
        from prometheus_client.parser import text_string_to_metric_families

        for family in text_string_to_metric_families(self.metrics()):
            for sample in family.samples:
                if sample.name in (name, name + "_total") and labels.items() <= sample.labels.items():
                    return sample.value
        return None

    def rss_kib(self):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))

    def thread_count(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))


def run_neso(*args, env=None, timeout=20, program="neso"):
    """Runs the server program to its end, with nothing added to the arguments."""
    return subprocess.run([str(TREE / "bin" / program), *args], capture_output=True, text=True,
                          env={**os.environ, **(env or {})}, timeout=timeout * PATIENCE)
