"""The guides from a framework to a served model: all that a page shows is done, in its order, in an empty folder.

A block after a line that ends with a file's name and a colon is that file. Of a shell block each line is run, and `neso serve` and
`neso --...` go on running while the rest of the page is done. A block without a language after a shell block is what that
prints.
"""
import os
import re
import shlex
import signal
import subprocess
import time

import pytest
import requests
from support.optional_backends import needs_backends, python_of
from support.python_models import python_on_path
from support.server import PATIENCE, ROOT, TREE, free_port

GUIDES = ROOT / "docs" / "guides"
BLOCK = re.compile(r"(?:`(?P<file>[\w./-]+)`:\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Reader:
    """Who follows a guide, with a folder, a shell and, from some line on, a server."""

    def __init__(self, folder, modules=()):
        self.folder = folder
        self.ports = [free_port() for _ in range(3)]
        self.server = None
        self.printed = ""
        self.env = {**os.environ, **python_on_path(), "PYTHONPATH": os.pathsep.join(map(str, modules)), "OMP_NUM_THREADS": "1"}
        self.env["PATH"] = f"{TREE / 'bin'}:{self.env['PATH']}"

    def follow(self, page):
        for block in BLOCK.finditer(page.read_text()):
            if block["file"]:
                self.write(block["file"], block["text"])
            elif block["language"] == "sh":
                self.printed = "".join(self.run(line) for line in block["text"].splitlines())
            else:
                assert block["language"] == "", f"{page.name}: a block of {block['language']} that is no file"
                assert self.printed == block["text"]

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("localhost:8000", f"localhost:{self.ports[0]}"))

    def run(self, line):
        if re.match(r"neso (serve|--)", line):
            self.serve(shlex.split(line))
            return ""
        done = subprocess.run(["bash", "-ec", line], cwd=self.folder, env=self.env, capture_output=True, text=True,
                              timeout=200 * PATIENCE)
        assert done.returncode == 0, f"{line}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def serve(self, command):
        assert self.server is None, "one server a page"
        options = [f"--{name}-port={port}" for name, port in zip(("http", "grpc", "metrics"), self.ports)]
        log = self.folder / "server.log"
        with log.open("w") as output:
            self.server = subprocess.Popen([*command, *options], cwd=self.folder, env=self.env, stdout=output, stderr=output)
        deadline = time.monotonic() + 60 * PATIENCE
        while not self.is_ready():
            assert self.server.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)

    def is_ready(self):
        try:
            return requests.get(f"http://localhost:{self.ports[0]}/v2/health/ready", timeout=5).ok
        except requests.ConnectionError:
            return False

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            assert self.server.wait(40 * PATIENCE) == 0


@pytest.fixture
def follow(tmp_path):
    """Follows the guide of that name; what it serves answers until the test ends, and ends well."""
    readers = []

    def start(name, *modules):
        readers.append(Reader(tmp_path, modules))
        readers[-1].follow(GUIDES / f"{name}.md")
        assert readers[-1].server and readers[-1].printed, "the page serves something and shows what it says"

    yield start
    for reader in readers:
        reader.stop()


def test_scikit_learn(follow):
    follow("scikit-learn")


def test_hugging_face(follow, tmp_path):
    for name in ("examples", ".deps"):  # the page is for a clone
        (tmp_path / name).symlink_to(ROOT / name)
    follow("hugging-face")


@needs_backends("fil")
def test_xgboost(follow):
    follow("xgboost", python_of("fil"))


@needs_backends("pytorch")
def test_pytorch(follow):
    follow("pytorch", python_of("pytorch"))


@needs_backends("tensorflow")
@pytest.mark.skipif(not python_of("keras").exists(), reason="Keras is not set up: scripts/setup keras")
def test_keras(follow):
    follow("keras", python_of("keras"), python_of("tensorflow"))
