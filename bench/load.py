"""What a load measures: rates and latencies at the client, CPU time of the server."""
import dataclasses
import os
import pathlib
import time


@dataclasses.dataclass
class Result:
    """One run of one load on one server."""
    requests_per_s: float
    p50_us: float
    p99_us: float
    cpu_us: float  # of the server process and its children, a request
    errors: int


def children(pid):
    """pid and all its descendants."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = pathlib.Path(f"/proc/{entry}/stat").read_text()
        except OSError:
            continue
        parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += parents.get(found[-1], [])
    return found


def cpu_seconds(pid):
    """CPU seconds of a process tree so far, from the processes' own clocks: threads that have ended count."""
    total = 0
    for process in children(pid):
        try:
            total += time.clock_gettime_ns(~process << 3 | 2)  # what clock_getcpuclockid(3) gives
        except OSError:
            pass
    return total / 1e9
