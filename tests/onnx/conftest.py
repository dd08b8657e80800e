"""One server for each module of tests, in explicit mode: a test adds its models and loads them."""
import numpy as np
import pytest
from support.model_server import model_servers


@pytest.fixture(scope="module")
def onnx(module_repository, start_module_server):
    with model_servers("model.onnx", module_repository, start_module_server) as start:
        yield start()


@pytest.fixture
def start_onnx(repository, start_server):
    """Starts a server of its own, with options: start_onnx("--strict-model-config=true")."""
    with model_servers("model.onnx", repository, start_server) as start:
        yield start


@pytest.fixture
def rows():
    """rows(count, width): random FP32 rows."""
    random = np.random.default_rng(7)
    return lambda count, width: random.standard_normal((count, width), dtype=np.float32)
