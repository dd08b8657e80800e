"""What sanitizers cannot tell of libraries that are built without them."""
import os

import pytest
from support.server import IS_SANITIZED


@pytest.fixture(scope="module", autouse=True)
def leaks_not_looked_for():
    """For folders, or modules, of tests whose servers open libraries that confuse the search for leaks: those that DALI opens and
    closes again have left some bytes behind, whose owner has no name any more that lsan.supp could tell; beside OpenVINO the search
    crashes; and TorchScript's reader keeps what it has begun to build of a file in which it then finds a fault."""
    with pytest.MonkeyPatch.context() as patch:
        if IS_SANITIZED:
            patch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
        yield
