"""Triton's examples, written anew: scripts for tritonclient run unchanged with the stock one, with ours, and with ours against Triton."""
import re

import pytest
from support.drop_in import OURS, STOCK, output
from support.example_models import add_picture_models, add_repeat, write_pictures
from support.python_models import python_on_path
from support.server import ROOT, Server
from support.simple_models import add_simple_models
from support.triton import Triton, needs_triton

FOLDER = ROOT / "tests" / "python_client" / "scripts"
NEEDS_A_GPU, NEEDS_PICTURES = {"simple_cudashm_client"}, {"image_client", "ensemble_image_client", "grpc_image_client"}
FLAGS = ["--model-control-mode=explicit", "--load-model=*"]
ENVIRONMENTS = pytest.mark.parametrize("env", [STOCK, OURS], ids=["stock", "ours"])


def examples():
    """(script, protocol, arguments): those of both protocols are told which one."""
    for script in sorted(FOLDER.glob("*.py")):
        if script.stem in NEEDS_A_GPU | NEEDS_PICTURES:
            continue
        if '"--protocol"' not in script.read_text():
            yield pytest.param(script, "grpc" if "grpc" in script.stem else "http", [], id=script.stem)
        else:
            for protocol in ("http", "grpc"):
                yield pytest.param(script, protocol, ["-i", protocol], id=f"{script.stem}-{protocol}")


EXAMPLES = pytest.mark.parametrize("script, protocol, arguments", list(examples()))


@pytest.fixture(scope="module")
def models(module_repository):
    module_repository.add_identity("identity")
    module_repository.add_identity("pair_int8", "TYPE_INT8", tensors=2)
    add_simple_models(module_repository)
    add_repeat(module_repository)
    add_picture_models(module_repository)
    return module_repository.path


@pytest.fixture(scope="module")
def neso(models):
    server = Server(models, *FLAGS, "--allow-client-shm=true", env=python_on_path()).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def triton(models):
    server = Triton(models, *FLAGS, env=python_on_path()).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"))


def run(script, url, env, *arguments):
    told = output([script, "-u", url, *arguments], env)
    assert told.splitlines()[-1] == f"PASS: {script.stem}"
    return told


@EXAMPLES
@ENVIRONMENTS
def test_examples(script, protocol, arguments, env, neso):
    run(script, getattr(neso, protocol), env, *arguments)


@needs_triton
@EXAMPLES
def test_examples_with_triton(script, protocol, arguments, triton):
    try:
        run(script, getattr(triton, protocol), OURS, *arguments)
    except AssertionError as error:
        if "it is currently in use" not in str(error):
            raise
        run(script, getattr(triton, protocol), OURS, *arguments)  # Triton uses a region for a moment after its answer


def classify(server, pictures, env):
    for name, protocol, arguments in [("image_client", "http", ["-i", "http", "-m", "colours", "-s", "INCEPTION"]),
                                      ("image_client", "http", ["-i", "http", "-m", "colours", "--async"]),
                                      ("image_client", "grpc", ["-i", "grpc", "-m", "colours", "--streaming"]),
                                      ("ensemble_image_client", "http", ["-i", "http"]),
                                      ("ensemble_image_client", "grpc", ["-i", "grpc"]),
                                      ("grpc_image_client", "grpc", ["-m", "colours"])]:
        told = run(FOLDER / f"{name}.py", getattr(server, protocol), env, *arguments, "-c", 2, *pictures)
        assert re.findall(r"= (\w+)", told) == ["blue", "green", "red", "blue"], name


@ENVIRONMENTS
def test_pictures(neso, pictures, env):
    classify(neso, pictures, env)


@needs_triton
def test_pictures_with_triton(triton, pictures):
    classify(triton, pictures, OURS)
