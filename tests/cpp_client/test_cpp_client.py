"""The client library for C++: programs built from its installed package ask this server, and a real Triton."""
import os
import re
import subprocess

import pytest
from support.certificates import Authority, tls_flags
from support.server import BUILD, PATIENCE
from support.simple_models import add_simple_models
from support.triton import Triton, needs_triton

CLIENT = BUILD / "cpp_client"
HTTP_EXAMPLES = ["infer_client", "async_infer_client", "string_infer_client", "shm_client", "sequence_sync_infer_client",
                 "health_metadata", "model_control"]
SHOWN = "it is not built: run scripts/setup test, then scripts/build " + os.path.relpath(BUILD)


def run(program, *args):
    assert program.exists(), f"{program}: {SHOWN}"
    done = subprocess.run([str(program), *map(str, args)], capture_output=True, text=True, timeout=100 * PATIENCE)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def models(module_repository):
    add_simple_models(module_repository)
    module_repository.add_identity("identity", "TYPE_INT32")
    module_repository.add_identity("floats")
    module_repository.add_identity("strings", "TYPE_STRING")
    module_repository.add_identity("spare")
    module_repository.add_identity("slow", "TYPE_INT32", parameters={"execute_delay_ms": "500"})
    return module_repository.path


FLAGS = ["--model-control-mode=explicit", "--load-model=*"]


@pytest.fixture(scope="module")
def server(models, start_module_server, tmp_path_factory):
    trace = tmp_path_factory.mktemp("trace") / "trace.json"
    return start_module_server(models, *FLAGS, "--allow-client-shm=true", f"--trace-config=triton,file={trace}")


@pytest.fixture(scope="module")
def triton(models):
    server = Triton(models, *FLAGS).start()
    yield server
    server.stop()


@pytest.mark.parametrize("name", HTTP_EXAMPLES)
def test_http_examples(server, name):
    assert "PASS" in run(CLIENT / "examples" / f"simple_http_{name}", "-u", server.http)


@needs_triton
@pytest.mark.parametrize("name", HTTP_EXAMPLES)
def test_http_examples_with_a_real_triton(triton, name):
    assert "PASS" in run(CLIENT / "examples" / f"simple_http_{name}", "-u", triton.http)


def test_every_http_method(server):
    assert "[  PASSED  ]" in run(CLIENT / "tests" / "every_http_method", server.http)


@needs_triton
def test_every_http_method_with_a_real_triton(triton):
    # Loading with files in the request needs a repository that is Triton's alone; a setting of a trace needs its file.
    left_out = "-*LoadsAndUnloads:*ChangesTraceSettings"
    assert "[  PASSED  ]" in run(CLIENT / "tests" / "every_http_method", triton.http, f"--gtest_filter={left_out}")


def test_the_shared_library_shows_nothing_but_the_client():
    shown = subprocess.run(["nm", "-DC", "--defined-only", CLIENT / "installed/lib/libhttpclient.so"], capture_output=True,
                           text=True, check=True).stdout
    names = [line.split(maxsplit=2)[2] for line in shown.splitlines()]
    assert len(names) > 50
    assert [name for name in names if not re.match(r"((typeinfo|vtable|typeinfo name) for )?triton::client::", name)] == []


def test_tls(models, start_module_server, tmp_path):
    authority = Authority(tmp_path, "ours")
    pair, client = authority.issue("server"), authority.issue("client")
    server = start_module_server(models, *tls_flags("http", pair, authority.certificate), "--model-control-mode=explicit",
                                 "--load-model=identity", tls={"verify": authority.certificate, "cert": client})
    run(CLIENT / "tests" / "http_tls", f"https://{server.http}", authority.certificate, client.certificate, client.key)
