"""Tree models made by their own libraries, and a server for each module of tests."""
import functools
import pathlib

import numpy as np
import pytest
from support.model_server import model_servers
from support.optional_backends import skip_unless_built
from support.tree_models import FILES, config, folder_of, format_of

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    skip_unless_built(items, HERE, "fil")


class TreeModel:
    """`one.file`, `one.format`, and what its library says: `one.rows`, `one.scores`, `one.shap`."""

    def __init__(self, name):
        folder = folder_of(name)
        self.file = (folder / f"{name}.model").read_bytes()
        self.format = format_of(name)
        self.usual_file = FILES[self.format]
        if (folder / f"{name}.npz").exists():
            arrays = np.load(folder / f"{name}.npz")
            self.rows, self.scores = arrays["rows"], arrays["scores"]
            self.features, self.classes = self.rows.shape[1], self.scores.shape[1]
            self.shap = arrays["shap"] if "shap" in arrays else None

    def config(self, width=None, **more):
        """Gives what the model predicts, unless more is said."""
        return config(self.format, self.features, width or self.classes, **more)


@pytest.fixture(scope="session")
def models():
    """models("xgb_cancer"): that model."""
    return functools.cache(TreeModel)


@pytest.fixture(scope="module")
def fil(module_repository, start_module_server):
    with model_servers("checkpoint.tl", module_repository, start_module_server) as start:
        yield start()


@pytest.fixture
def start_fil(repository, start_server):
    """Starts a server of its own, with options."""
    with model_servers("checkpoint.tl", repository, start_server) as start:
        yield start
