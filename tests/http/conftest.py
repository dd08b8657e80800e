"""What tests of HTTP share: the memory that a request costs the server."""
import os
import pathlib
import re

import pytest


@pytest.fixture
def peak(server):
    """How many bytes more the server has had resident since the test began, at most."""
    if "TSAN_OPTIONS" in os.environ:
        pytest.skip("the thread sanitizer's own memory is part of the server's, and grows with it")
    process = pathlib.Path(f"/proc/{server.pid}")

    def field(name):
        return 1024 * int(re.search(rf"{name}:\s+(\d+)", (process / "status").read_text()).group(1))
    (process / "clear_refs").write_text("5")
    before = field("VmRSS")
    return lambda: field("VmHWM") - before
