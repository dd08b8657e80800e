"""What tests of latency metrics share."""
import pytest


@pytest.fixture
def start(repository, start_server):
    """Starts a server, with options, of a model "m" whose executions take 20 ms."""
    repository.add_identity("m", parameters={"execute_delay_ms": "20"})

    def start(*args):
        return start_server(repository.path, *args)
    return start


@pytest.fixture
def by_label():
    """by_label(server, name, model, label): {the label's value: the metric's}, as printed, in order."""
    def read(server, name, model, label):
        start = f'{name}{{model="{model}",version="1",{label}="'
        lines = [line[len(start):] for line in server.metrics().splitlines() if line.startswith(start)]
        return {line.split('"')[0]: line.split()[-1] for line in lines}
    return read
