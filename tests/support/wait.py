"""Waiting for what a server does after it has answered."""
import socket
import time

from .server import PATIENCE


def wait_until(condition, timeout=10):
    """Returns what `condition` gives once that is true."""
    deadline = time.monotonic() + timeout * PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not so after {timeout * PATIENCE} s"
        time.sleep(0.005)
    return result


def wait_for_port(port):
    """Until somebody listens."""
    def accepts():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0
    wait_until(accepts)
