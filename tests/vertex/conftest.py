"""Servers with the Vertex AI service."""
import pytest
from support.server import free_port
from support.vertex import ROUTES, Vertex


@pytest.fixture
def start_vertex(start_server):
    def start(repository, *args, env=None, **kwargs):
        port = free_port()
        server = start_server(repository.path, "--allow-vertex-ai=true", f"--vertex-ai-port={port}", *args,
                              env={**ROUTES, **(env or {})}, **kwargs)
        return Vertex(server, port)
    return start
