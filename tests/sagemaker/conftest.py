"""Servers with the SageMaker service."""
import pytest
from support.sagemaker import Sagemaker
from support.server import free_port


@pytest.fixture
def start_sagemaker(tmp_path, start_server):
    def start(repository, *args, env=None, **kwargs):
        port = free_port()
        root = tmp_path / "ml"  # as /opt/ml
        server = start_server(repository.path, "--allow-sagemaker=true", f"--sagemaker-port={port}", *args,
                              env={"NESO_SAGEMAKER_ROOT": str(root), **(env or {})}, **kwargs)
        return Sagemaker(server, port, root)
    return start


@pytest.fixture
def multi_model(repository, start_sagemaker):
    """A server without models of its own, to which they are added."""
    return start_sagemaker(repository, "--model-control-mode=explicit")
