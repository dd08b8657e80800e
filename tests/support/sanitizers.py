"""What sanitizers cannot tell of libraries that are built without them."""
import os

import pytest
from support.server import IS_SANITIZED


@pytest.fixture(scope="module", autouse=True)
def leaks_not_looked_for():
    """For modules of tests, or folders of them, whose servers open libraries that confuse the search for leaks: those that DALI and
    TorchScript's operators open and close again have left some bytes behind, whose owner has no name any more that lsan.supp could
    tell, and beside OpenVINO the search itself crashes."""
    before = os.environ.get("ASAN_OPTIONS", "")
    if IS_SANITIZED:
        os.environ["ASAN_OPTIONS"] = before + ":detect_leaks=0"
    yield
    if IS_SANITIZED:
        os.environ["ASAN_OPTIONS"] = before
