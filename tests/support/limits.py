"""Servers on machines too small for them.

    server = start_server(repository.path, prefix=limited(memory=1 << 30))

Limits of the process, so that neither privileges nor control groups are needed: address space stands for memory (every
byte that a process has lies in it), and the number of processes of the user for threads. That last limit does not bind
root, so a root's server is started as a user whom nobody else is; it may still read what root's tests wrote.
"""
import os
import resource
import sys

_LAUNCH = """
import os, resource, sys
for pair in sys.argv[1].split(","):
    which, value = pair.split("=")
    resource.setrlimit(int(which), (int(value), int(value)))
os.execv(sys.argv[2], sys.argv[2:])
"""


def _threads_of_this_user():
    count = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{pid}/task"))
        except OSError:
            pass
    return count


def limited(memory=None, descriptors=None, threads=None):
    """What stands before the command of a server that may have so many bytes, descriptors or threads."""
    limits = {}
    prefix = []
    if memory:
        limits[resource.RLIMIT_AS] = memory
    if descriptors:
        limits[resource.RLIMIT_NOFILE] = descriptors
    if threads and os.getuid() == 0:
        user = 200_000_000 + os.getpid()
        reading = "+dac_read_search,+dac_override"
        prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", f"--inh-caps={reading}",
                  f"--ambient-caps={reading}"]
        limits[resource.RLIMIT_NPROC] = threads
    elif threads:
        limits[resource.RLIMIT_NPROC] = threads + _threads_of_this_user()
    return [*prefix, sys.executable, "-c", _LAUNCH, ",".join(f"{which}={value}" for which, value in limits.items())]
