"""What a worker may take, and what it tells when it is ended."""
import faulthandler
import resource
import signal

_STDERR = 2  # the file itself: what sys.stderr gets goes through Python


def tell_when_ended():
    """A crash, or the server's signal that a request has run for too long, writes where each thread is, and ends the
    process, whatever holds the interpreter's lock."""
    faulthandler.enable(file=_STDERR)
    faulthandler.register(signal.SIGVTALRM, file=_STDERR, chain=True)


def prefer_for_oom_killer():
    """Where memory is out, the system ends a worker rather than the server: that costs fewer requests."""
    try:
        with open("/proc/self/oom_score_adj", "r+") as file:
            score = int(file.read())
            file.seek(0)
            file.write(str(min(score + 300, 1000)))
    except OSError:
        pass  # there is none of this here


def limit_memory(limit):
    """Allocations beyond `limit` bytes raise MemoryError, in C they get nothing; 0: no limit. What is shared with the
    server is limited by the size of its region."""
    if not limit:
        return
    used = _allocated()
    if used > limit:
        raise MemoryError(f"Python and NumPy alone take {used} bytes, the limit is {limit} (MEMORY_LIMIT_BYTE_SIZE)")
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _allocated():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmData:"))
