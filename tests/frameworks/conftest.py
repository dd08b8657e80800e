"""One trained network in six formats. What several frameworks are needed for is skipped where one of them is not built."""
import pathlib

import numpy as np
import pytest
from support.frameworks import files_of_formats, onnx_network, trained_network
from support.optional_backends import skip_unless_built
from support.sanitizers import leaks_not_looked_for  # noqa: F401

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    skip_unless_built(items, HERE, "pytorch", "tensorflow", "openvino")


@pytest.fixture(scope="session")
def trained():
    """Arrays: the network's weights, images, labels, and the scores it gives in PyTorch."""
    return np.load(trained_network() / "network.npz")


@pytest.fixture(scope="session")
def formats(trained, tmp_path_factory):
    """Format to the files of a version folder."""
    file = tmp_path_factory.mktemp("onnx") / "model.onnx"
    file.write_bytes(onnx_network(trained))
    return files_of_formats(file)
