"""The wheels of both packages: made without the network, what is in them, and types that hold for who uses them."""
import email
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from support.optional_backends import python_of
from support.server import PATIENCE, ROOT

TOOLS = python_of("python-client")
HERE = ROOT / "tests" / "python_client"
needs_tools = pytest.mark.skipif(not TOOLS.exists(), reason="no mypy, no setuptools: scripts/setup python-client")


def ran(*command, path=""):
    result = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, timeout=120 * PATIENCE,
                            env={**os.environ, "PYTHONPATH": str(path)})
    assert result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    for name in ("python", "tritonclient"):
        source = shutil.copytree(ROOT / "clients" / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        ran("-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, source, path=TOOLS)
    return {wheel.name.partition("-")[0]: wheel for wheel in folder.glob("*-py3-none-any.whl")}


def about(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name)), archive.namelist()


@needs_tools
def test_what_the_wheels_say(wheels):
    ours, files = about(wheels["neso_client"])
    assert ours["Requires-Python"] == ">=3.9" and ours.get_all("Provides-Extra") == ["pandas"] and "neso_client/py.typed" in files
    drop_in, files = about(wheels["tritonclient"])
    assert drop_in["Version"].startswith("2.73.0+neso.") and drop_in["Requires-Python"] == ">=3.9"
    assert set(drop_in.get_all("Provides-Extra")) == {"http", "grpc", "cuda", "perf-analyzer", "all"}
    required = {text.partition(";")[0].strip() for text in drop_in.get_all("Requires-Dist")}
    assert required == {"numpy>=1.23", "ml_dtypes>=0.3", "neso-client>=0.1", "protobuf>=4.21"}
    for wheel in (ours, drop_in):
        assert wheel["License-Expression"] == "Apache-2.0" and wheel.get_all("License-File") == ["LICENSE"]
    packages = {file.partition("/")[0] for file in files if not file.startswith("tritonclient-")}
    assert packages == {"tritonclient", "tritonhttpclient", "tritongrpcclient", "tritonclientutils", "tritonshmutils"}


@needs_tools
def test_the_wheels_installed(wheels, tmp_path):
    ran("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile", "--target", tmp_path, *wheels.values())
    told = ran("-c", "import tritonclient.grpc.aio, tritonclient.http, tritongrpcclient, neso_client; print(tritonclient.__file__)",
               path=tmp_path)
    assert told.stdout.startswith(str(tmp_path))


@needs_tools
def test_types_hold(tmp_path):
    env = {**os.environ, "PYTHONPATH": str(TOOLS), "MYPYPATH": str(ROOT / "clients" / "python")}
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.12", "--cache-dir", tmp_path]
    program = (HERE / "typed_program.py").read_text()
    (tmp_path / "wrong.py").write_text(program.replace('timeout=1.0, outputs=["scores"]', 'timeout="1", outputs=[1]'))
    right, wrong = (subprocess.run([*command, path], capture_output=True, text=True, env=env, timeout=120 * PATIENCE)
                    for path in (HERE / "typed_program.py", tmp_path / "wrong.py"))
    assert right.returncode == 0, right.stdout
    assert 'Argument "timeout" to "infer" of "Client" has incompatible type "str"' in wrong.stdout
