"""What a call has left of its time, where it takes several steps."""
import time
from typing import Optional

SHORTEST = 0.001  # seconds: 0 means to sockets that nobody waits
LONGEST = 2_000_000  # 23 days: they count milliseconds in 31 bits


def end_of(timeout: Optional[float]) -> Optional[float]:
    return None if timeout is None else time.monotonic() + timeout


def left_until(end: Optional[float]) -> Optional[float]:
    return None if end is None else max(end - time.monotonic(), SHORTEST)
