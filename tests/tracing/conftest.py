import pytest
from support.otlp import Collector, opentelemetry


@pytest.fixture
def start_tracing(start_server, tmp_path):
    """Starts a server that traces every request to `server.trace_file`, unless told otherwise."""
    def start(repository, *args, level=("TIMESTAMPS",), rate=1, **kwargs):
        file = tmp_path / "traces.json"
        server = start_server(repository.path, *(f"--trace-config=level={name}" for name in level),
                              f"--trace-config=rate={rate}", f"--trace-config=triton,file={file}", *args, **kwargs)
        server.trace_file = file
        return server

    return start


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path) as collector:
        yield collector


@pytest.fixture
def start(repository, start_server, collector):
    """Starts a server that sends the spans of every request to `collector`, unless told otherwise."""
    def start(*settings, args=(), env=None, **kwargs):
        return start_server(repository.path, *opentelemetry(collector.url, *settings, **kwargs), *args, env=env)
    return start
