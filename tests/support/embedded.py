"""The server in another program's process, by the C interface.

    run_embedded(folder, [["load", "m"], ["index"]])      # ["", [{"name": "m", ...}]]: what each step gave
"""
import ctypes
import json
import os
import subprocess
import sys

from support.server import PATIENCE, TREE

_EXPLICIT = 2  # TRITONSERVER_MODEL_CONTROL_EXPLICIT


def run_embedded(repository, steps, env=None):
    """Steps: load, unload, register and unregister with a name or path, which give "" or the error; index."""
    result = subprocess.run([sys.executable, "-c", "from support import embedded; embedded.main()"],
                            input=json.dumps({"repository": str(repository), "steps": steps}), text=True, capture_output=True,
                            env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(__file__)), **(env or {})},
                            timeout=60 * PATIENCE)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout.splitlines()[-1])


class _Library:
    def __init__(self):
        self.library = ctypes.CDLL(str(TREE / "lib/libtritonserver.so"))
        for name in ("TRITONSERVER_ErrorMessage", "TRITONSERVER_ErrorCodeString"):
            getattr(self.library, name).restype = ctypes.c_char_p

    def try_to(self, function, *args):
        """The error's text, or ""."""
        call = getattr(self.library, "TRITONSERVER_" + function)
        call.restype = ctypes.c_void_p
        error = call(*(arg.encode() if isinstance(arg, str) else arg for arg in args))
        if error is None:
            return ""
        text = self.library.TRITONSERVER_ErrorMessage(ctypes.c_void_p(error)).decode()
        self.library.TRITONSERVER_ErrorDelete(ctypes.c_void_p(error))
        return text

    def do(self, function, *args):
        error = self.try_to(function, *args)
        assert not error, (function, error)

    def new(self, function, *args):
        made = ctypes.c_void_p()
        self.do(function, ctypes.byref(made), *args)
        return made


def _index(library, server):
    message = ctypes.c_void_p()
    library.do("ServerModelIndex", server, 0, ctypes.byref(message))
    base, size = ctypes.c_char_p(), ctypes.c_size_t()
    library.do("MessageSerializeToJson", message, ctypes.byref(base), ctypes.byref(size))
    entries = json.loads(ctypes.string_at(base, size.value))
    library.do("MessageDelete", message)
    return entries


def main():
    order = json.load(sys.stdin)
    library = _Library()
    options = library.new("ServerOptionsNew")
    library.do("ServerOptionsSetModelRepositoryPath", options, order["repository"])
    library.do("ServerOptionsSetBackendDirectory", options, str(TREE / "backends"))
    library.do("ServerOptionsSetModelControlMode", options, _EXPLICIT)
    library.do("ServerOptionsSetLogInfo", options, False)
    server = library.new("ServerNew", options)
    library.do("ServerOptionsDelete", options)
    steps = {
        "load": lambda name: library.try_to("ServerLoadModel", server, name),
        "unload": lambda name: library.try_to("ServerUnloadModel", server, name),
        "register": lambda path: library.try_to("ServerRegisterModelRepository", server, path, None, 0),
        "unregister": lambda path: library.try_to("ServerUnregisterModelRepository", server, path),
        "index": lambda: _index(library, server),
    }
    results = [steps[name](*args) for name, *args in order["steps"]]
    library.do("ServerStop", server)
    library.do("ServerDelete", server)
    print(json.dumps(results), flush=True)
