"""Models made with TensorFlow's Python module, and a server for each module of tests."""
import pathlib

import numpy as np
import pytest
from support.model_server import model_servers
from support.optional_backends import skip_unless_built
from support.tf_models import folder, graph, saved_model

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    skip_unless_built(items, HERE, "tensorflow")


@pytest.fixture(scope="session")
def models():
    """models("digits"): the files of that SavedModel."""
    return saved_model


@pytest.fixture(scope="session")
def graphs():
    """graphs("digits"): the bytes of that GraphDef."""
    return graph


@pytest.fixture(scope="session")
def digits():
    """Arrays: images, labels, the network's scores in the framework, and what its output is called in the GraphDef."""
    return np.load(folder() / "digits.npz")


@pytest.fixture(scope="module")
def tf(module_repository, start_module_server):
    with model_servers("model.graphdef", module_repository, start_module_server) as start:
        yield start()


@pytest.fixture
def start_tf(repository, start_server):
    """Starts a server of its own, with options."""
    with model_servers("model.graphdef", repository, start_server) as start:
        yield start
