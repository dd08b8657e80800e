"""One server for each module of tests, in explicit mode: a test adds its models and loads them."""
import numpy as np
import pytest
from support.model_server import ModelServer


@pytest.fixture(scope="module")
def onnx(module_repository, start_module_server):
    with_client = ModelServer("model.onnx", module_repository, start_module_server)
    yield with_client
    with_client.client.close()


@pytest.fixture
def start_onnx(repository, start_server):
    """Starts a server of its own, with options: start_onnx("--strict-model-config=true")."""
    started = []

    def start(*args):
        started.append(ModelServer("model.onnx", repository, start_server, *args))
        return started[-1]

    yield start
    for one in started:
        one.client.close()


@pytest.fixture
def rows():
    """rows(count, width): random FP32 rows."""
    random = np.random.default_rng(7)
    return lambda count, width: random.standard_normal((count, width), dtype=np.float32)
