"""A worker: runs the model of one instance, and ends with the server.

Started by the backend as `main()` with the arguments: folder of this package, process of the server, size of a region of
the shared memory, name of the instance. Descriptor 3 is the socket whose end says that the server is gone, and on which
it asks whether the model is ready; descriptor 4 is the shared memory.
"""
import ctypes
import json
import os
import socket
import sys
import threading

_SOCKET, _MEMORY = 3, 4
_LACKS_NUMPY = 72  # an exit status


def main():
    folder, parent, region_size, name = sys.argv[1:5]
    library = os.path.join(folder, "libneso_python_ring.so")
    if not ctypes.CDLL(library).neso_die_with(int(parent), ("py:" + name)[-15:].encode()):
        os._exit(1)
    _restore_library_path()
    channel = _connect(library, int(region_size))
    try:
        _run(channel)
    finally:
        sys.stdout = sys.__stdout__
        sys.stderr = sys.__stderr__


def _restore_library_path():
    """What an environment put there was for starting its Python; what the model starts is not of the environment."""
    environment, path = os.environ.get("VIRTUAL_ENV"), os.environ.get("LD_LIBRARY_PATH", "")
    if not environment or not path.startswith(f"{environment}/lib:"):
        return
    path = path.partition(":")[2]
    if path:
        os.environ["LD_LIBRARY_PATH"] = path
    else:
        del os.environ["LD_LIBRARY_PATH"]


def _connect(library, region_size):
    try:
        from .channel import Channel
    except ImportError as error:
        # There is no channel to tell it by: the server knows the status (worker.cc), and people read the rest.
        print(f"{sys.executable}: Python models need NumPy: {error}", file=sys.stderr)
        os._exit(_LACKS_NUMPY)
    return Channel(_SOCKET, _MEMORY, region_size, library)


def _run(channel):
    from . import bls, faults, forks, limits, logger, runner, wire

    limits.tell_when_ended()
    limits.prefer_for_oom_killer()
    bls.connect(channel)
    forks.keep_apart(channel)
    logger.redirect()
    running = None
    listening = False
    while True:
        kind, _, ident, offset, length = channel.next_work()
        if kind == wire.EXECUTE:
            running.execute(ident, offset, length)
        elif kind == wire.INITIALIZE:
            try:
                what = json.loads(channel.memory[offset:offset + length])
                limits.limit_memory(what["memory_limit"])
                running = runner.Runner(channel, what)
                if not listening:
                    threading.Thread(target=_listen, args=[running], daemon=True).start()
                    listening = True
                running.initialize()
            except BaseException as error:
                channel.send(wire.FAILED, 0, 0, faults.report(error, "initialize").encode(errors="replace"))
                continue
            channel.send(wire.DONE, wire.HAS_IS_READY if running.has_is_ready else 0)
        elif kind == wire.AUTO_COMPLETE:
            try:
                what = json.loads(channel.memory[offset:offset + length])
                limits.limit_memory(what["memory_limit"])
                completed = runner.auto_complete(what)
            except BaseException as error:
                channel.send(wire.FAILED, 0, 0, faults.report(error, "auto_complete_config").encode(errors="replace"))
                continue
            channel.send(wire.DONE, 0, 0, json.dumps(completed).encode())
        elif kind == wire.FINALIZE:
            if running is not None:
                running.finalize()
            sys.stdout.flush()
            sys.stderr.flush()
            channel.send(wire.DONE)
            return


def _listen(running):
    """Answers whether the model is ready, and ends the process when the server is gone."""
    with socket.socket(fileno=os.dup(_SOCKET)) as server:
        while True:
            question = server.recv(64)
            if not question:
                os._exit(0)
            running.answer_is_ready(int.from_bytes(question[:8], "little"))
