"""Programs for tritonclient, run with the stock one and with the modules over neso-client."""
import os
import subprocess
import sys

from .server import PATIENCE, ROOT

PATH = os.pathsep.join(str(ROOT / "clients" / part) for part in ("tritonclient", "python"))
OURS = {**os.environ, "PYTHONPATH": PATH}
STOCK = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def output(command, env):
    result = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, env=env, timeout=100 * PATIENCE, cwd=ROOT)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
    return result.stdout
