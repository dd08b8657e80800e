"""Makes the environment that a model's requirements.txt asks for, in the user's cache, once for all who ask for the same.

Started by the backend as `main()` with the arguments: folder of this package, process of the server, requirements file.
Descriptor 3 gets what is to be said meanwhile, descriptor 4 the environment's folder.
"""
import ctypes
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv

_PROGRESS, _RESULT = 3, 4
_MADE = "made-by-neso"  # is there when all the rest is


def main():
    folder, parent, requirements = sys.argv[1:4]
    die_with = ctypes.CDLL(os.path.join(folder, "libneso_python_ring.so")).neso_die_with
    if not die_with(int(parent), b"py:requirements"):
        os._exit(1)
    for stream in (1, 2):
        os.dup2(_PROGRESS, stream)
    os.close(_PROGRESS)
    os.set_inheritable(_RESULT, False)
    try:
        environment = _environment(requirements, functools.partial(die_with, os.getpid(), b"py:pip"))
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
    os.write(_RESULT, environment.encode())


def _environment(requirements, die_with_this):
    cache = os.path.join(_cache(), "neso", "python-environments")
    os.makedirs(cache, mode=0o700, exist_ok=True)
    place = os.path.join(cache, _key(requirements))
    with open(place + ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("the same environment is being made by another process; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        made = os.path.join(place, _MADE)
        if not os.path.exists(made):
            shutil.rmtree(place, ignore_errors=True)  # of one that was interrupted
            try:
                _make(place, requirements, die_with_this)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
            open(made, "w").close()
    return place


def _cache():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(cache):
        raise OSError("expected a folder for caches in XDG_CACHE_HOME or HOME, found neither")
    return cache


def _key(requirements):
    """The text of the file and what says which Python this is; files that it names are not looked into."""
    with open(requirements, "rb") as file:
        said = file.read()
    here = "\0".join(["1", sys.version, os.path.realpath(sys.executable), *_outer()])
    return hashlib.sha256(here.encode() + b"\0\0" + said).hexdigest()[:32]


def _outer():
    """Where this interpreter has its own packages."""
    return [path for path in sys.path if path.endswith(("site-packages", "dist-packages")) and os.path.isdir(path)]


def _make(place, requirements, die_with_this):
    print(f"an environment is made in {place}", flush=True)
    venv.EnvBuilder(symlinks=True).create(place)
    # What the interpreter has can be used, too, NumPy and pip most of all; what is asked for comes before it.
    packages = sysconfig.get_path("purelib", "posix_prefix", {"base": place})
    with open(os.path.join(packages, "outer.pth"), "w") as file:
        file.writelines(f"import site; site.addsitedir({path!r})\n" for path in _outer())
    python = os.path.join(place, "bin", "python")
    environment = dict(os.environ, VIRTUAL_ENV=place)
    environment.pop("PYTHONHOME", None)

    def run(*arguments, check=True):
        return subprocess.run([python, "-m", *arguments], env=environment, cwd=os.path.dirname(requirements), check=check,
                              preexec_fn=die_with_this)

    if run("pip", "--version", check=False).returncode != 0:
        run("ensurepip")
    run("pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--requirement",
        requirements)
