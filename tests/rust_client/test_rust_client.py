"""The client library for Rust: its own tests, those without a server and those that call every method of this one."""
import os
import re
import subprocess

import pytest
from support.certificates import Authority, tls_flags
from support.pages import blocks
from support.server import PATIENCE, ROOT
from support.simple_models import add_simple_models

PROGRAMS = ROOT / ".deps" / "language-rust" / "client"
CRATE = ROOT / "clients" / "rust"
PAGE = ROOT / "docs" / "rust-client.md"
DATATYPES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "fp16", "bf16", "fp32",
             "fp64", "bytes"]
SOURCES = sorted((CRATE / "tests" / "server").glob("*.rs"))
TEST = re.compile(r"^#\[tokio::test\]\n(?:#\[.*\n)*async fn (\w+)|^echoes! \{ (\w+)", re.MULTILINE)
TESTS = [f"{source.stem}::{match[1] or match[2]}" for source in SOURCES for match in TEST.finditer(source.read_text())]
# These want a server of their own.
WITH_TLS = "connections::a_server_with_tls_and_its_client_know_each_other"
WITH_STOPS = "connections::a_server_that_stops_is_missed_and_found_again"

pytestmark = pytest.mark.skipif(not PROGRAMS.is_dir(),
                                reason="the client for Rust is not compiled: scripts/setup languages")


def program(name, *arguments, **kwargs):
    return subprocess.run([PROGRAMS / name, *arguments], capture_output=True, text=True, timeout=60 * PATIENCE,
                          **kwargs)


def run_test(name, server, **environment):
    return program("server", "--include-ignored", "--exact", name,
                   env={**os.environ, "NESO_URL": server.grpc, **environment})


def assert_passed(done):
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    repository = module_repository
    add_simple_models(repository)
    for name in DATATYPES:
        datatype = "TYPE_" + {"bytes": "STRING"}.get(name, name.upper())
        repository.add_identity(f"of_{name}", datatype, max_batch_size=0)
    for name in ("counted", "spare", "changed"):
        repository.add_identity(name, max_batch_size=0)
    repository.add_identity("two", max_batch_size=0, tensors=2)
    repository.add_identity("slow", max_batch_size=0, parameters={"execute_delay_ms": "1000"})
    repository.add_identity("parameters", max_batch_size=0, parameters={"echo_parameters": "true"})
    repository.add_identity("repeat", max_batch_size=0, parameters={"repeat": "3"},
                            extra="model_transaction_policy { decoupled: true }")
    repository.add_identity("queued", max_batch_size=1, parameters={"execute_delay_ms": "500"}, extra="""
        dynamic_batching { priority_levels: 2 default_priority_level: 2 default_queue_policy {
            default_timeout_microseconds: 60000000 allow_timeout_override: true } }
        instance_group { count: 1 }""")
    labelled = repository.add("labelled", """
        backend: "identity"
        input { name: "INPUT0" data_type: TYPE_FP32 dims: [3] }
        output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [3] label_filename: "labels.txt" }
        """)
    (labelled / "labels.txt").write_text("one\ntwo\nthree\n")
    return start_module_server(repository.path, "--model-control-mode=explicit", "--load-model=*",
                               "--allow-client-shm=true", "--grpc-restricted-protocol=logging:admin=open")


def test_what_needs_no_server():
    done = program("unit")
    assert done.returncode == 0 and re.search(r"ok\. [1-9]\d* passed; 0 failed; 0 ignored", done.stdout), done.stdout


@pytest.mark.parametrize("name", sorted(set(TESTS) - {WITH_TLS, WITH_STOPS}))
def test_with_a_server(name, server):
    assert_passed(run_test(name, server))


def test_no_test_is_left_out():
    assert sorted(TESTS) == sorted(re.findall(r"^(\S+): test$", program("server", "--list").stdout, re.MULTILINE))


def test_every_method_is_called():
    methods = re.findall(r"pub async fn (\w+)", (CRATE / "src" / "client.rs").read_text())
    sources = "".join(source.read_text() for source in SOURCES)
    assert len(methods) > 20
    assert [name for name in methods if not re.search(rf"[.:]{name}(::<.*?>)?\(", sources)] == []


def test_with_tls(repository, start_server, tmp_path):
    repository.add_identity("of_fp32", max_batch_size=0)
    authority = Authority(tmp_path, "ours")
    pair, client = authority.issue("server"), authority.issue("client")
    server = start_server(repository.path, *tls_flags("grpc", pair, authority.certificate))
    assert_passed(run_test(WITH_TLS, server, NESO_CA=str(authority.certificate), NESO_CERT=str(client.certificate),
                           NESO_KEY=str(client.key)))


def test_with_a_server_that_stops(repository, start_server):
    repository.add_identity("of_fp32", max_batch_size=0)
    server = start_server(repository.path)
    process = subprocess.Popen([PROGRAMS / "server", "--include-ignored", "--exact", "--nocapture", WITH_STOPS],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env={**os.environ, "NESO_URL": server.grpc})
    with process:
        printed = []

        def go_on_after(stage, change):
            for line in process.stdout:
                printed.append(line)
                if line == f"stage: {stage}\n":
                    change()
                    process.stdin.write(".")
                    process.stdin.flush()
                    return
            pytest.fail("".join(printed))

        go_on_after("connected", server.stop)
        go_on_after("missed", server.start)
        printed += process.communicate(timeout=60 * PATIENCE)[0]
    assert process.returncode == 0 and "1 passed" in "".join(printed), "".join(printed)


@pytest.mark.parametrize("page", [PAGE, CRATE / "README.md"], ids=lambda page: page.name)
def test_a_page_shows_the_example(page):
    assert blocks(page, "rust", "test:ask")[0] == (CRATE / "examples" / "ask.rs").read_text()


def test_the_example(start_server, tmp_path):
    models = blocks(ROOT / "docs" / "other-languages.md", "sh", "test:models")[0]
    subprocess.run(["bash", "-ec", models], cwd=tmp_path, check=True)
    done = program("ask", start_server(tmp_path / "models").grpc)
    assert (done.returncode, done.stdout) == (0, blocks(PAGE, "text", "test:output")[0]), done.stderr


def test_the_example_without_a_server():
    done = program("ask", "127.0.0.1:1")
    assert done.returncode != 0 and "refused" in done.stderr, done.stderr
