"""Waiting for what a server does after it has answered."""
import time

from .server import PATIENCE


def wait_until(condition, timeout=10):
    """Returns what `condition` gives once that is true."""
    deadline = time.monotonic() + timeout * PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not so after {timeout * PATIENCE} s"
        time.sleep(0.02)
    return result
