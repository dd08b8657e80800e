"""Fixtures of the tests of `neso perf`."""
import json

import pytest


@pytest.fixture
def data(tmp_path):
    """Writes a file of input data, and says where it is."""
    def write(content):
        path = tmp_path / "data.json"
        path.write_text(json.dumps(content))
        return path
    return write
