"""The C interface for Java: a program uses a server in its own process by the bindings that are published for Triton, and by
those that scripts/java_bindings makes; by the former a real Triton, too."""
import os
import platform
import re
import subprocess
import zipfile

import pytest
from support.pages import blocks
from support.server import IS_SANITIZED, PATIENCE, ROOT, TREE
from support.simple_models import add_simple_models
from support.triton import LIBRARIES, needs_triton

BINDINGS = ROOT / ".deps" / "java-bindings"
PUBLISHED = BINDINGS / "published"
MADE = BINDINGS / "made" / "tritonserver-java-bindings.jar"
PAGE = ROOT / "docs" / "java-bindings.md"
QUICK = "-J-XX:TieredStopAtLevel=1"  # they are done before the virtual machine's second compiler is worth its time
GLOBAL = "org.bytedeco.tritonserver.global.tritonserver"
CHECKS = ["version", "ready", "documents", "numbers", "texts", "requests", "streams", "threads", "errors", "allocators", "traces",
          "loading", "metrics", "null references"]

pytestmark = [
    pytest.mark.skipif(not BINDINGS.is_dir(), reason="the bindings for Java are not made: scripts/setup languages"),
    pytest.mark.skipif(IS_SANITIZED, reason="Java's virtual machine cannot load a sanitizer's build"),
]
needs_published = pytest.mark.skipif(platform.machine() != "x86_64", reason="the published bindings are for x86-64")


@pytest.fixture(scope="module")
def models(module_repository):
    add_simple_models(module_repository)
    module_repository.add_identity("identity", "TYPE_INT32")
    module_repository.add_identity("many", "TYPE_INT32", parameters={"repeat": "100"},
                                   extra="model_transaction_policy { decoupled: true }")
    return module_repository.path


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """The programs, compiled with the published bindings alone."""
    folder = tmp_path_factory.mktemp("classes")
    page = folder / "Sum.java"
    page.write_text(blocks(PAGE, "java", "test:sum")[0])
    subprocess.run(["javac", QUICK, "-Xlint:all,-path,-classfile", "-Werror", "-cp", f"{PUBLISHED}/*", "-d", folder, page,
                    *(ROOT / "tests" / "java_bindings").glob("*.java")], check=True, timeout=60 * PATIENCE)
    return folder


@pytest.fixture
def run(classes, models, tmp_path):
    def run(program, *arguments, bindings, library=TREE / "lib"):
        done = subprocess.run(
            ["java", f"-Dorg.bytedeco.javacpp.cachedir={tmp_path}", "-cp", f"{classes}:{bindings}", program, models,
             TREE / "backends", *arguments],
            env={**os.environ, "LD_LIBRARY_PATH": str(library)}, capture_output=True, text=True, timeout=60 * PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def passed(checks):
    return "".join(f"passed: {check}\n" for check in checks)


@needs_published
def test_every_check_with_the_published_bindings(run):
    checks = [*CHECKS, "exceptions", "stop"]
    assert run("InProcess", *checks, bindings=f"{PUBLISHED}/*") == passed(checks)


@needs_published
@needs_triton
def test_every_check_with_a_real_triton(run):
    checks = [*CHECKS, "stop"]
    assert run("InProcess", *checks, bindings=f"{PUBLISHED}/*", library=LIBRARIES) == passed(checks)


def test_every_check_with_the_bindings_made_here(run):
    checks = [*CHECKS, "exceptions", "stop"]
    assert run("InProcess", *checks, bindings=MADE) == passed(checks)


def test_a_program_may_exit_while_the_server_runs(run):
    assert run("InProcess", "numbers", "exit", bindings=MADE) == passed(["numbers", "exit"])


def test_the_page_s_program(run):
    assert run("Sum", bindings=MADE) == blocks(PAGE, "text", "test:sum-output")[0]


def surface(jar):
    """What programs see of the bindings: the public members of each class."""
    names = [name.removesuffix(".class").replace("/", ".") for name in zipfile.ZipFile(jar).namelist()
             if re.fullmatch(r"org/bytedeco/tritonserver/tritonserver/\w+\.class", name)]
    text = subprocess.run(["javap", QUICK, "-public", "-constants", "-cp", jar, GLOBAL, *names], check=True,
                          capture_output=True, text=True, timeout=60 * PATIENCE).stdout
    classes = re.findall(r"^public .*?class (\S+).*?\{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    return {name: set(members.splitlines()) for name, members in classes}


def test_the_bindings_made_here_have_what_the_newest_published_ones_have():
    made, published = surface(MADE), surface(next((PUBLISHED / "newest").glob("*.jar")))
    assert len(published[GLOBAL]) > 700
    assert {name: members - made.get(name, set()) for name, members in published.items()} == dict.fromkeys(published, set())


@pytest.mark.parametrize("arguments, error", [
    (["--triton-home", "/nowhere"], "no include/triton/core/tritonserver.h in '/nowhere': --triton-home names the server's tree"),
    (["-j"], "-j wants a folder"),
    (["--core-tag", "main"], "unknown option '--core-tag': --triton-home DIR or --jar-install-path DIR"),
])
def test_wrong_options_of_the_script(arguments, error):
    done = subprocess.run([ROOT / "scripts" / "java_bindings", *arguments], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert done.returncode == 1
    assert error in done.stderr
