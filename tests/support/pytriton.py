"""NVIDIA's PyTriton, unchanged, with the tree under test in the place of the Triton that it carries."""
import contextlib
import json
import os
import pathlib
import shlex
import signal
import subprocess
import tempfile

import psutil
import requests

from .pages import blocks
from .server import PATIENCE, ROOT, TREE, free_port, settled
from .triton import LIBRARIES, TRITON
from .wait import wait_until

PAGE = ROOT / "docs" / "guides" / "pytriton.md"


def make_environment(folder):
    """`folder/env` as pip makes it, by links, and the server exchanged as the page says."""
    subprocess.run([TRITON / "python/bin/python3", "-m", "venv", "--without-pip", folder / "env"], check=True)
    (packages,) = (folder / "env/lib").glob("python*/site-packages")
    (needed,) = (TRITON / "python/lib").glob("python*/site-packages")
    (packages / "needed.pth").write_text(str(needed))
    for part in (TRITON / "pytriton").iterdir():
        link = packages / "pytriton" / part.name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(part) if part.name != "tritonserver" else link.mkdir()
    for library in LIBRARIES.iterdir():
        link = packages / LIBRARIES.name / library.name
        link.parent.mkdir(exist_ok=True)
        if library.name != "libtritonserver.so":  # which scripts/setup adds
            link.symlink_to(library)
    type_block("test:exchange", folder)


def type_block(marker, folder, neso=TREE, **variables):
    """What the page says to type there, in a folder with the environment `env`; Neso is elsewhere than on the page."""
    text = blocks(PAGE, "sh", marker)[0].replace("neso=/opt/neso\n", f"neso={shlex.quote(str(neso))}\n")
    assert "/opt/neso" not in text
    subprocess.run(["bash", "-ec", text], cwd=folder, env={**os.environ, **variables}, check=True)


class Application:
    """A program of PyTriton's, which serves until it is stopped; what it says, and the server's temporary files, are in `folder`."""

    def __init__(self, environment, folder, program, **variables):
        self.folder, self.program = folder, program
        self.python = environment / "env/bin/python"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.home = tempfile.TemporaryDirectory(prefix="pt-")  # a short path: PyTriton's sockets lie there
        self.ports = {name: free_port() for name in ("http", "grpc", "metrics", "vertex_ai")}
        settings = {f"PYTRITON_TRITON_CONFIG_{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        self.env = {**os.environ, **settings, "PYTRITON_HOME": self.home.name, "TMPDIR": str(self.temporary),
                    "PYTHONUNBUFFERED": "1", **variables}  # else what the server says comes when there are 8 KB of it
        self.process, self.processes = None, []

    def start(self, up):
        """Until its log says so."""
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen([self.python, self.program], cwd=self.folder, env=self.env, stdout=log, stderr=log)
        wait_until(lambda: up in self.log or self.process.poll() is not None, timeout=60)
        assert self.process.poll() is None, self.log
        self.processes = psutil.Process(self.process.pid).children(recursive=True)
        return self

    @property
    def log(self):
        return (self.folder / "log").read_text()

    @property
    def server(self):
        return next(process for process in self.processes if process.name() in ("tritonserver", "neso"))

    def get(self, path, port="http", **kwargs):
        return requests.get(f"http://127.0.0.1:{self.ports[port]}{path}", timeout=30 * PATIENCE, **kwargs)

    def post(self, path, port="http", **kwargs):
        return requests.post(f"http://127.0.0.1:{self.ports[port]}{path}", timeout=60 * PATIENCE, **kwargs)

    def metric(self, name, model):
        """The value of the model's line of that name."""
        lines = settled(lambda: self.get("/metrics", "metrics").text.splitlines(), lambda text: [
            line for line in text if line.startswith(name)])
        return next(float(line.split()[-1]) for line in lines if line.startswith(f'{name}{{model="{model}"'))

    def ask(self, code):
        """What a client of the same environment prints, read as JSON; HTTP and GRPC are where it asks."""
        preface = ("import json\nimport numpy as np\nfrom pytriton.client import *\n"
                   f"HTTP, GRPC = 'http://127.0.0.1:{self.ports['http']}', 'grpc://127.0.0.1:{self.ports['grpc']}'\n")
        done = subprocess.run([self.python, "-W", "ignore", "-c", preface + code], cwd=self.folder, env=self.env,
                              capture_output=True, text=True, timeout=60 * PATIENCE)
        assert done.returncode == 0, done.stderr + self.log
        return json.loads(done.stdout)

    def stop(self):
        """By Ctrl-C, as a user does."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60 * PATIENCE) == 0, self.log
        self.assert_no_process_is_left()
        assert not list(self.temporary.iterdir()) and not list(pathlib.Path(self.home.name).glob("workspace_*/*"))

    def assert_no_process_is_left(self):
        _, left = psutil.wait_procs(self.processes, timeout=10 * PATIENCE)
        assert not left, self.log
        assert not [name for name in os.listdir("/dev/shm") if name.startswith(f"pytrtion{self.process.pid}-")]

    def kill(self):
        """What a test that failed may have left; children are looked for while their parent is there."""
        if self.process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.processes += psutil.Process(self.process.pid).children(recursive=True)
            for process in [self.process, *self.processes]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self.process.wait()
            psutil.wait_procs(self.processes, timeout=10 * PATIENCE)
        self.home.cleanup()
