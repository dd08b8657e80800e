"""Models that a framework's Python module makes, in a process of its own: importing one takes seconds, and a thread for each
core.

    folder = made_by(MODELS, PYTHON)      # PYTHON: where the module is, in what scripts/setup installed
"""
import hashlib
import os
import pathlib
import subprocess
import sys

from support.server import BUILD, ROOT


def run_with(modules, script, *args, **environment):
    """What the script prints."""
    paths = os.pathsep.join([str(modules), str(ROOT / "tests")])
    done = subprocess.run([sys.executable, "-W", "ignore", str(script), *map(str, args)], text=True, capture_output=True,
                          env=os.environ | {"PYTHONPATH": paths} | environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def made_by(script, modules, run=run_with):
    """The folder of what `script` makes; made again when it has changed."""
    digest = hashlib.sha256(script.read_bytes() + (modules.parent / ".key").read_bytes()).hexdigest()[:12]
    folder = pathlib.Path(BUILD) / "test_models" / f"{script.parent.name}-{script.stem}-{digest}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        run(modules, script, folder)
        (folder / "complete").touch()
    return folder
