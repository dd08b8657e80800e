"""docs/python-client.md works as shown; so does the package, installed."""
import os
import subprocess
import sys
import zipfile

import pytest
from support.optional_backends import python_of
from support.pages import blocks
from support.server import PATIENCE, ROOT

PAGE = ROOT / "docs" / "python-client.md"


@pytest.fixture(scope="module")
def digits(tmp_path_factory, start_module_server):
    work = tmp_path_factory.mktemp("digits")
    subprocess.run([sys.executable, ROOT / "examples" / "digits" / "train.py", work / "models"], check=True)
    return start_module_server(work / "models")


def run(code, server, path):
    return subprocess.run([sys.executable, "-c", code.replace("localhost:8001", server.grpc)], capture_output=True, text=True,
                          timeout=60 * PATIENCE, env={**os.environ, "PYTHONPATH": str(path)})


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel's contents."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    subprocess.run(["cp", "-r", ROOT / "clients" / "python", source], check=True)
    made = subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, source],
                          capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    (wheel,) = folder.glob("neso_client-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert "neso_client/py.typed" in archive.namelist()
        archive.extractall(folder / "installed")
    return folder / "installed"


def needs(module, setup):
    missing = not (python_of(setup) / module).exists()
    return pytest.param(f"test:{'frame' if module == 'pandas' else module}", python_of(setup), id=module, marks=pytest.mark.skipif(
        missing, reason=f"{module} is not installed: scripts/setup {setup}"))


@pytest.mark.parametrize("example, more", [("test:client", ""), ("test:asyncio", ""), needs("pandas", "python-client"),
                                           needs("torch", "pytorch")])
def test_asking_a_model(digits, installed, example, more):
    code, shown = blocks(PAGE, "python", example)[0], blocks(PAGE, "text", example)[0]
    result = run(code, digits, f"{installed}{os.pathsep}{more}" if more else installed)
    assert (result.stdout, result.stderr) == (shown, "")


def test_what_does_not_fit(digits, installed):
    before = 'import numpy as np\nfrom neso_client import Client\nclient = Client("localhost:8001")\n'
    code, shown = blocks(PAGE, "python", "test:error")[0], blocks(PAGE, "text", "test:error")[0]
    result = run(before + code, digits, installed)
    assert result.stderr.splitlines()[-1] == f"neso_client.errors.InvalidInput: {shown.strip()}"
