"""The client library for Java: a program that uses all of it asks this server, and a real Triton."""
import subprocess

import pytest
from support.pages import blocks
from support.server import PATIENCE, ROOT
from support.simple_models import add_simple_models
from support.triton import Triton, needs_triton

LIBRARY = ROOT / ".deps" / "java-client" / "lib"
HERE = ROOT / "tests" / "java_client"
PAGE = ROOT / "docs" / "java-client.md"
DATATYPES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "fp16", "bf16", "fp32", "fp64", "bytes"]
CHECKS = ["datatypes", "texts", "copies", "outputs", "classes", "arguments", "sequences", "errors", "wrong inputs", "endpoints",
          "attempts", "timeouts", "limits", "threads", "connections"]

pytestmark = pytest.mark.skipif(not LIBRARY.is_dir(), reason="the client for Java is not compiled: scripts/setup languages")


@pytest.fixture(scope="module")
def models(module_repository):
    add_simple_models(module_repository)
    for name in DATATYPES:
        module_repository.add_identity(f"of_{name}", "TYPE_" + {"bytes": "STRING"}.get(name, name.upper()))
    module_repository.add_identity("slow", "TYPE_INT32", parameters={"execute_delay_ms": "600"})
    return module_repository.path


def program(folder, *sources):
    subprocess.run(["javac", "-Xlint:all,-classfile", "-Werror", "-cp", f"{LIBRARY}/*", "-d", folder, *sources], check=True,
                   timeout=60 * PATIENCE)
    return ["java", "-cp", f"{folder}:{LIBRARY}/*"]


@pytest.fixture(scope="module")
def every_method(tmp_path_factory):
    java = program(tmp_path_factory.mktemp("classes"), HERE / "EveryMethod.java")

    def ask(address):
        done = subprocess.run([*java, "EveryMethod", address], capture_output=True, text=True, timeout=60 * PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    return ask


def test_every_method(models, start_module_server, every_method):
    assert every_method(start_module_server(models).http) == [f"passed: {check}" for check in CHECKS]


@needs_triton
def test_every_method_with_a_real_triton(models, every_method):
    server = Triton(models).start()
    try:
        assert every_method(server.http) == [f"passed: {check}" for check in CHECKS]
    finally:
        server.stop()


def test_the_page_s_program(models, start_module_server, tmp_path):
    source = tmp_path / "Ask.java"
    source.write_text(blocks(PAGE, "java", "test:ask")[0])
    server = start_module_server(models)
    done = subprocess.run([*program(tmp_path, source), "Ask", server.http], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert (done.returncode, done.stdout) == (0, blocks(PAGE, "text", "test:output")[0]), done.stderr
