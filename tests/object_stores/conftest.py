import shutil
import uuid

import pytest
from support.object_stores import STORES


def _running(scheme):
    kind = STORES[scheme]
    if not kind.is_there():
        pytest.skip(f"no {kind.program}: run scripts/setup test")
    return kind().start()


@pytest.fixture(scope="module", params=sorted(STORES))
def store(request):
    """Each store, for as long as a module's tests last."""
    running = _running(request.param)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def s3():
    running = _running("s3")
    yield running
    running.stop()


@pytest.fixture
def folder():
    """The name of a test's own folder in a bucket."""
    return uuid.uuid4().hex[:12]


@pytest.fixture
def temporary(tmp_path):
    """Where a server's temporary files go, which is looked into afterwards."""
    path = tmp_path / "tmp"
    path.mkdir()
    yield path
    shutil.rmtree(path, ignore_errors=True)
