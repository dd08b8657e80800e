"""Pipelines made with DALI's Python module, and a server for each module of tests."""
import pathlib

import numpy as np
import pytest
from support.dali_models import BUILT, MODELS, made_by
from support.model_server import model_servers

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    if BUILT:
        return
    mark = pytest.mark.skip(reason="the optional backend dali is not built: make build BACKENDS=dali")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(mark)


@pytest.fixture(scope="session")
def answers():
    """Arrays: what DALI's Python module computes of the photos china and flower."""
    return np.load(made_by(MODELS) / "answers.npz")


@pytest.fixture(scope="module")
def dali(module_repository, start_module_server):
    with model_servers("model.dali", module_repository, start_module_server) as start:
        yield start()


@pytest.fixture
def start_dali(repository, start_server):
    """Starts a server of its own, with options."""
    with model_servers("model.dali", repository, start_server) as start:
        yield start
