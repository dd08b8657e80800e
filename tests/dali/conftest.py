"""Pipelines made with DALI's Python module, and a server for each module of tests."""
import pathlib

import numpy as np
import pytest
from support.dali_models import MODELS, made_by
from support.model_server import model_servers
from support.optional_backends import skip_unless_built
from support.sanitizers import leaks_not_looked_for  # noqa: F401

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    skip_unless_built(items, HERE, "dali")


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
