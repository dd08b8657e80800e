import tritonclient.http as httpclient

import pytest
from support.python_models import PythonModels, python_on_path


@pytest.fixture(scope="module")
def models(module_repository):
    return PythonModels(module_repository)


@pytest.fixture(scope="module")
def serve(start_module_server, module_repository):
    """Starts the server of the module's models."""
    def start(*args, env=None, **kwargs):
        return start_module_server(module_repository.path, *args, env={**python_on_path(), **(env or {})}, **kwargs)
    return start


@pytest.fixture
def client(server):
    with httpclient.InferenceServerClient(server.http) as client:
        yield client
