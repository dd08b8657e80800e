import shutil
import uuid

import pytest
from support.object_stores import S3, STORES, running


@pytest.fixture(scope="module", params=sorted(STORES))
def store(request):
    """Each store, for as long as a module's tests last."""
    with running(STORES[request.param]) as store:
        yield store


@pytest.fixture(scope="module")
def s3():
    with running(S3) as store:
        yield store


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
