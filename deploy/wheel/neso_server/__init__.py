"""Neso, an inference server: the programs, libraries and backends that this package's folder has.

`neso` and `tritonserver` on the path, and `python -m neso_server`, are the program of that name in its bin/.
"""
import os
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent


def neso():
    _become("neso")


def tritonserver():
    _become("tritonserver")


def _become(program):
    """The program takes the place of this process: signals and the exit status are its own."""
    # Models that are Python files run on the first python3 of the path: that of this environment, which has their packages.
    own = os.path.dirname(sys.executable)
    os.environ["PATH"] = os.pathsep.join([own, os.environ.get("PATH", os.defpath)])
    path = str(FOLDER / "bin" / program)
    os.execv(path, [path, *sys.argv[1:]])
