"""The modules of tritonclient over neso-client: the stock client's face, the tests written for it, and scripts, unchanged."""
import json
import os
import subprocess
import sys

import pytest
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, Server
from support.triton import Triton, needs_triton

PATH = os.pathsep.join(str(ROOT / "clients" / part) for part in ("tritonclient", "python"))
OURS = {**os.environ, "PYTHONPATH": PATH}
STOCK = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
SCRIPTS = sorted((ROOT / "tests" / "python_client" / "scripts").glob("simple_*.py"))

FACE = """
import importlib, inspect, json
face = {}
for name in ("tritonclient.http", "tritonclient.grpc", "tritonclient.http.aio", "tritonclient.grpc.aio", "tritonclient.utils",
             "tritonclient.utils.shared_memory", "tritonclient.http.auth", "tritonclient.grpc.auth", "tritonclient.http.aio.auth",
             "tritonclient.grpc.aio.auth", "tritonhttpclient", "tritongrpcclient", "tritonclientutils", "tritonshmutils",
             "tritonshmutils.shared_memory"):
    module = importlib.import_module(name)
    for key, value in vars(module).items():
        if key.startswith("_") or not getattr(value, "__module__", "").startswith("tritonclient") or inspect.ismodule(value):
            continue
        if not inspect.isclass(value):
            face[f"{name}.{key}"] = [str(p) for p in inspect.signature(value).parameters.values()] if callable(value) else None
            continue
        for member, function in inspect.getmembers(value, lambda m: inspect.isfunction(m) or inspect.ismethod(m)):
            if not member.startswith("_") or member == "__init__" and key != "InferResult":
                face[f"{name}.{key}.{member}"] = [str(p) for p in inspect.signature(function).parameters.values()]
print(json.dumps(face))
"""


def output(command, env):
    result = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=env, timeout=100 * PATIENCE, cwd=ROOT)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
    return result.stdout


# Helpers of the stock client's own modules, which it shows by accident.
ACCIDENTS = {"tritonclient.grpc.raise_error_grpc", "tritonclient.grpc.aio.raise_error_grpc"}


def test_every_name_and_argument_is_there():
    stock, ours = (json.loads(output(["-c", FACE], env)) for env in (STOCK, OURS))
    missing = {name: arguments for name, arguments in stock.items() if name not in ACCIDENTS and (name not in ours or
               arguments is not None and [text.split(":")[0] for text in ours[name]] != [text.split(":")[0] for text in arguments])}
    assert missing == {}


@pytest.mark.parametrize("tests", ["clients/test_every_method.py", "http/test_infer.py", "grpc/test_stream.py"])
def test_what_is_tested_with_the_stock_client_passes_with_ours(tests):
    told = output(["-m", "pytest", "-q", "-p", "no:cacheprovider", ROOT / "tests" / tests], OURS)
    assert " passed" in told and "failed" not in told


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    repository = ModelRepository(tmp_path_factory.mktemp("drop_in") / "models")
    repository.add_identity("identity")
    return repository.path


@pytest.fixture(scope="module")
def neso(models):
    server = Server(models, "--allow-client-shm=true").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def triton(models):
    server = Triton(models).start()
    yield server
    server.stop()


def run_script(script, server, env):
    assert output([script, "-u", server.grpc if "grpc" in script.stem else server.http], env).splitlines()[-1] == f"PASS: {script.stem}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
@pytest.mark.parametrize("env", [STOCK, OURS], ids=["stock", "ours"])
def test_scripts_run_unchanged(script, env, neso):
    run_script(script, neso, env)


@needs_triton
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_scripts_run_with_triton(script, triton):
    run_script(script, triton, OURS)
