"""Lets a debugger attach to the worker."""
import os
import sys

from .errors import ModelFault
from .logger import Logger


def listen(what):
    """Where `what` says so: debugpy waits for a debugger, from now on. The model goes on; one that is to wait, too, calls
    debugpy.wait_for_client()."""
    address = what["debugger"]
    if address is None:
        return
    # What it would warn of are modules of Python's own that it cannot stop in.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    try:
        import debugpy
    except ImportError as error:
        raise ModelFault(f"a debugger is to attach (debugpy, DEBUGPY), but {sys.executable} cannot import debugpy "
                         f"({error}): {sys.executable} -m pip install debugpy") from None
    host, port = _listen(debugpy, address["host"], address["port"])
    Logger.log_info(f"'{what['instance']}': process {os.getpid()} waits for a debugger at {host}:{port}; an editor attaches "
                    f'with {{"type": "debugpy", "request": "attach", "connect": {{"host": "{host}", "port": {port}}}}}')


def _listen(debugpy, host, port):
    """Each process needs a port of its own: where the one that is asked for is taken, another one."""
    try:
        try:
            return debugpy.listen((host, port))
        except RuntimeError:
            if port == 0:
                raise
            return debugpy.listen((host, 0))
    except Exception as error:
        raise ModelFault(f"cannot listen for a debugger at {host}:{port} (debugpy, DEBUGPY): {error}") from None
