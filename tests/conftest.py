"""Fixtures of the whole-server tests: real server processes on free ports, model repositories in temporary folders."""
import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

# ONNX Runtime in the tests' own process, and in those they start, calls nobody either.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# Who starts the tests in the background of a shell has them, and all servers, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from support.repository import ModelRepository  # noqa: E402
from support.server import Server  # noqa: E402


@pytest.fixture
def repository(tmp_path):
    return ModelRepository(tmp_path / "models")


@pytest.fixture
def start_server():
    """Starts servers that end with the test; a server that does not end cleanly fails it."""
    running = []

    def start(*args, **kwargs):
        server = Server(*args, **kwargs)
        running.append(server)
        return server.start()

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def module_repository(tmp_path_factory):
    return ModelRepository(tmp_path_factory.mktemp("repository") / "models")


@pytest.fixture(scope="module")
def start_module_server():
    running = []

    def start(*args, **kwargs):
        server = Server(*args, **kwargs)
        running.append(server)
        return server.start()

    yield start
    for server in running:
        server.stop()
