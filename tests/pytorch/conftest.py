"""Models made with PyTorch's Python module, once for each state of make_models.py, and a server for each module of tests."""
import hashlib
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from support.model_server import ModelServer
from support.server import BUILD, TREE

HERE = pathlib.Path(__file__).parent
PYTHON = HERE.parents[1] / ".deps/pytorch/python"
BUILT = (TREE / "backends/pytorch/libtriton_pytorch.so").exists() and PYTHON.exists()


def pytest_collection_modifyitems(items):
    if BUILT:
        return
    mark = pytest.mark.skip(reason="the optional backend pytorch is not built: make build BACKENDS=pytorch")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(mark)


def run_with_torch(script, *args):
    """In a process of its own: importing PyTorch takes seconds, and a thread of its own for each core."""
    environment = dict(os.environ, PYTHONPATH=str(PYTHON), TORCHINDUCTOR_CACHE_DIR=str(pathlib.Path(args[0]) / "inductor"))
    done = subprocess.run([sys.executable, "-W", "ignore", str(script), *map(str, args)], env=environment, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr


def made_by(script):
    """The folder of what `script` makes; made again when it has changed."""
    digest = hashlib.sha256(script.read_bytes() + (PYTHON.parent / ".key").read_bytes()).hexdigest()[:12]
    folder = BUILD / "test_models" / f"{script.stem}-{digest}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        run_with_torch(script, folder)
        (folder / "complete").touch()
    return folder


@pytest.fixture(scope="session")
def models():
    """models("digits"): the bytes of that model."""
    folder = made_by(HERE / "make_models.py")
    return lambda name: (folder / f"{name}.pt").read_bytes()


@pytest.fixture(scope="session")
def digits():
    """Arrays: images, labels, and the network's scores in the framework."""
    return np.load(made_by(HERE / "make_models.py") / "digits.npz")


@pytest.fixture(scope="module")
def torch(module_repository, start_module_server):
    with_client = ModelServer("model.pt", module_repository, start_module_server)
    yield with_client
    with_client.client.close()


@pytest.fixture
def start_torch(repository, start_server):
    """Starts a server of its own, with options."""
    started = []

    def start(*args):
        started.append(ModelServer("model.pt", repository, start_server, *args))
        return started[-1]

    yield start
    for one in started:
        one.client.close()
