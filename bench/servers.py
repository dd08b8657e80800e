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
FORMER = "Neso before"
TRITON = ROOT / ".deps" / "pytriton"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    def __init__(self, name, command, port, grpc_port=None, is_floor=False):
        self.name, self.port, self.grpc_port, self.is_floor = name, port, grpc_port, is_floor
        self.started = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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


def serve(name, program, repository, grpc, *flags, tree=None):
    port, grpc_port = free_port(), free_port()
    return Process(name, [
        str(program), f"--model-repository={repository}", f"--backend-directory={(tree or TREE) / 'backends'}", f"--http-port={port}",
        *([f"--grpc-port={grpc_port}"] if grpc else ["--allow-grpc=false"]), "--allow-metrics=false", "--log-info=false",
        *flags],
        port, grpc_port)


CACHE = "--cache-config=local,size=268435456"


def neso(repository, grpc=False):
    # The Triton compared with allows shared memory and knows no flag for it.
    return serve("Neso", TREE / "bin" / "neso", repository, grpc, CACHE, "--allow-client-shm=true")


def former_neso(repository, tree):
    """Another tree's, which may not know all of the models."""
    return serve(FORMER, tree / "bin" / "neso", repository, True, "--allow-client-shm=true", "--exit-on-error=false",
                 "--strict-readiness=false", tree=tree)


def triton(repository, grpc=False):
    return serve("Triton 2.51", ROOT / "scripts" / "triton", repository, grpc, CACHE)


def has_triton():
    return (TRITON / "pytriton").exists() and (ROOT / "scripts" / "triton").exists()


def floor(name, program, *arguments):
    """A bare epoll program, which answers every request with its body, or with what it makes of it."""
    port = free_port()
    return Process(name, [str(program), str(port), *map(str, arguments)], port, grpc_port=port, is_floor=True)


def need(tool):
    if shutil.which(tool) is None:
        raise SystemExit(f"bench: '{tool}' is missing; `make setup` installs it")
