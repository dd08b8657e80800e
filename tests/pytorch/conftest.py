"""Models made with PyTorch's Python module, and a server for each module of tests."""
import pathlib

import numpy as np
import pytest
from support.model_server import model_servers
from support.optional_backends import skip_unless_built
from support.torch_models import MODELS, PACKAGES, made_by

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    skip_unless_built(items, HERE, "pytorch")


@pytest.fixture(scope="session")
def models():
    """models("digits"): the bytes of that model."""
    folder = made_by(MODELS)
    return lambda name: (folder / f"{name}.pt").read_bytes()


@pytest.fixture(scope="session")
def packages():
    """packages("digits"): the bytes of that package. Compiling them takes a minute or two."""
    folder = made_by(PACKAGES)
    return lambda name: (folder / f"{name}.pt2").read_bytes()


@pytest.fixture(scope="session")
def digits():
    """Arrays: images, labels, and the network's scores in the framework."""
    return np.load(made_by(MODELS) / "digits.npz")


@pytest.fixture(scope="module")
def torch(module_repository, start_module_server):
    with model_servers("model.pt", module_repository, start_module_server) as start:
        yield start()


@pytest.fixture
def start_torch(repository, start_server):
    """Starts a server of its own, with options."""
    with model_servers("model.pt", repository, start_server) as start:
        yield start
