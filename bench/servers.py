"""The servers under comparison: Neso, a real Triton with the same plug-ins, and the bare floor."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
TREE = ROOT / "out"
TRITON = ROOT / ".deps" / "pytriton"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    def __init__(self, name, command, port, env=None, log=subprocess.DEVNULL):
        self.name, self.port = name, port
        self.started = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **(env or {})})
        self.pid = self.process.pid

    def until_ready(self, timeout=60):
        """Seconds from exec to the first 200 of /v2/health/ready."""
        while time.perf_counter() - self.started < timeout:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode} while starting")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v2/health/ready", timeout=5) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - self.started
            except OSError:
                pass
            time.sleep(0.0005)
        raise RuntimeError(f"{self.name} was not ready within {timeout} s")

    def stop(self):
        """Seconds from SIGTERM to the end."""
        before = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.perf_counter() - before

    def memory_mib(self, field="Rss"):
        """`Rss`, or "Private": what belongs to this process alone."""
        total = 0
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(field):
                total += int(line.split()[1])
        return total / 1024

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))


def common_flags(repository, backends, port):
    return [f"--model-repository={repository}", f"--backend-directory={backends}", f"--http-port={port}",
            "--allow-grpc=false", "--allow-metrics=false", "--log-info=false"]


def neso(repository, backends=TREE / "backends"):
    port = free_port()
    return Process("Neso", [str(TREE / "bin" / "neso"), *common_flags(repository, backends, port)], port)


def triton(repository, backends=TREE / "backends"):
    port = free_port()
    return Process("Triton 2.51", [str(ROOT / "scripts" / "triton"), *common_flags(repository, backends, port)], port)


def has_triton():
    return (TRITON / "pytriton").exists() and (ROOT / "scripts" / "triton").exists()


def floor(program):
    """A bare epoll program that answers every POST with its body."""
    port = free_port()
    return Process("floor", [str(program), str(port)], port)


def need(tool):
    if shutil.which(tool) is None:
        raise SystemExit(f"bench: '{tool}' is missing; `make setup` installs it")
