"""Models made with OpenVINO's Python module, and a server for each module of tests."""
import pathlib

import numpy as np
import pytest
from support.model_server import model_servers
from support.openvino_models import MODELS, made_by
from support.optional_backends import skip_unless_built
from support.sanitizers import leaks_not_looked_for  # noqa: F401

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    skip_unless_built(items, HERE, "openvino")


@pytest.fixture(scope="session")
def digits():
    """Arrays: pixels, labels, and the network's scores where it was trained."""
    return np.load(made_by(MODELS) / "digits.npz")


@pytest.fixture(scope="module")
def openvino(module_repository, start_module_server):
    with model_servers("model.xml", module_repository, start_module_server) as start:
        yield start()


@pytest.fixture
def start_openvino(repository, start_server):
    """Starts a server of its own, with options."""
    with model_servers("model.xml", repository, start_server) as start:
        yield start
