"""The client library for C++: programs built from its installed package ask this server, and a real Triton."""
import os
import re
import subprocess

import pytest
from support.certificates import Authority, tls_flags
from support.example_models import add_picture_models, add_repeat, write_pictures
from support.python_models import python_on_path
from support.server import BUILD, PATIENCE
from support.simple_models import add_simple_models
from support.triton import Triton, needs_triton
from support.wait import wait_until

CLIENT = BUILD / "cpp_client"
BOTH = ["infer_client", "async_infer_client", "string_infer_client", "shm_client", "sequence_sync_infer_client",
        "health_metadata", "model_control"]
EXAMPLES = [*(f"simple_http_{name}" for name in BOTH), *(f"simple_grpc_{name}" for name in BOTH),
            "simple_grpc_keepalive_client", "simple_grpc_custom_args_client", "simple_grpc_sequence_stream_infer_client",
            "simple_grpc_custom_repeat", "reuse_infer_objects_client"]
SHOWN = "it is not built: run scripts/setup test, then scripts/build " + os.path.relpath(BUILD)


def run(program, *args):
    assert program.exists(), f"{program}: {SHOWN}"
    done = subprocess.run([str(program), *map(str, args)], capture_output=True, text=True, timeout=100 * PATIENCE)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def models(module_repository):
    add_simple_models(module_repository)
    module_repository.add_identity("identity", "TYPE_INT32")
    module_repository.add_identity("floats")
    module_repository.add_identity("strings", "TYPE_STRING")
    module_repository.add_identity("spare")
    module_repository.add_identity("talkative", "TYPE_INT32", extra="model_transaction_policy { decoupled: true }")
    add_repeat(module_repository)
    add_picture_models(module_repository)
    module_repository.add_identity("slow", "TYPE_INT32", parameters={"execute_delay_ms": "500"})
    module_repository.add_identity("patient", "TYPE_INT32", max_batch_size=16,
                                   extra="dynamic_batching { max_queue_delay_microseconds: 600000000 }")
    return module_repository.path


FLAGS = ["--model-control-mode=explicit", "--load-model=*"]


@pytest.fixture(scope="module")
def server(models, start_module_server, tmp_path_factory):
    trace = tmp_path_factory.mktemp("trace") / "trace.json"
    return start_module_server(models, *FLAGS, "--allow-client-shm=true", f"--trace-config=triton,file={trace}",
                               env=python_on_path())


@pytest.fixture(scope="module")
def triton(models):
    server = Triton(models, *FLAGS, env=python_on_path()).start()
    yield server
    server.stop()


def run_example(name, server):
    urls = {"simple_http": [server.http], "simple_grpc": [server.grpc]}
    assert "PASS" in run(CLIENT / "examples" / name, "-u", *urls.get(name[:11], [server.http, "-g", server.grpc]))


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(server, name):
    run_example(name, server)


@needs_triton
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_with_a_real_triton(triton, name):
    run_example(name, triton)


def classify(server, pictures):
    for protocol in ("http", "grpc"):
        to = ["-i", protocol, "-u", getattr(server, protocol)]
        for shown in (run(CLIENT / "examples/image_client", *to, "-m", "colours", "-c", 2, "-s", "INCEPTION", *pictures),
                      run(CLIENT / "examples/ensemble_image_client", *to, "-c", 2, *pictures)):
            assert re.findall(r"= (\w+)", shown) == ["blue", "green", "red", "blue"]


def test_pictures(server, pictures):
    classify(server, pictures)


@needs_triton
def test_pictures_with_a_real_triton(triton, pictures):
    classify(triton, pictures)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_every_method(server, protocol):
    assert "[  PASSED  ]" in run(CLIENT / "tests" / f"every_{protocol}_method", getattr(server, protocol))


@needs_triton
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_every_method_with_a_real_triton(triton, protocol):
    # Loading with files in the request needs a repository that is Triton's alone; a setting of a trace needs its file. Clients
    # that go have nothing to do with the server, and after them Triton now and then cannot unload its models at its end.
    left_out = "-*LoadsAndUnloads:*ChangesTraceSettings:LifetimeTest.*"
    assert "[  PASSED  ]" in run(CLIENT / "tests" / f"every_{protocol}_method", getattr(triton, protocol),
                                 f"--gtest_filter={left_out}")


@pytest.mark.parametrize("library, namespaces", [("httpclient", "triton::client"),
                                                 ("grpcclient", "triton::client|inference")])
def test_a_shared_library_shows_nothing_but_the_client(library, namespaces):
    shown = subprocess.run(["nm", "-DC", "--defined-only", CLIENT / f"installed/lib/lib{library}.so"], capture_output=True,
                           text=True, check=True).stdout
    names = [line.split(maxsplit=2)[2] for line in shown.splitlines()]
    allowed = re.compile(rf"((typeinfo|vtable|typeinfo name|guard variable) for )?({namespaces})::|descriptor_table_")
    assert len(names) > 50
    assert [name for name in names if not allowed.match(name)] == []


def test_sockets_in_the_file_system(models, start_server, tmp_path):
    start_server(models, f"--http-address=unix:{tmp_path}/http", f"--grpc-address=unix:{tmp_path}/grpc",
                 "--model-control-mode=explicit", "--load-model=simple", ready=False)

    def answers(protocol, address):
        program = CLIENT / "examples" / f"simple_{protocol}_async_infer_client"
        return "PASS" in subprocess.run([program, "-u", address], capture_output=True, text=True, timeout=20 * PATIENCE).stdout
    wait_until(lambda: answers("http", f"unix:{tmp_path}/http"), timeout=20)
    assert answers("http", f"unix://{tmp_path}/http")
    assert answers("http", f"http://unix:{tmp_path}/http")
    wait_until(lambda: answers("grpc", f"unix:{tmp_path}/grpc"), timeout=20)


def test_tls_of_http(models, start_module_server, tmp_path):
    authority = Authority(tmp_path, "ours")
    pair, client = authority.issue("server"), authority.issue("client")
    server = start_module_server(models, *tls_flags("http", pair, authority.certificate), "--model-control-mode=explicit",
                                 "--load-model=identity", tls={"verify": authority.certificate, "cert": client})
    run(CLIENT / "tests" / "http_tls", f"https://{server.http}", authority.certificate, client.certificate, client.key)


def test_tls_of_grpc(models, start_module_server, tmp_path):
    authority = Authority(tmp_path, "ours")
    pair, client = authority.issue("server"), authority.issue("client")
    server = start_module_server(models, *tls_flags("grpc", pair, authority.certificate), "--model-control-mode=explicit",
                                 "--load-model=identity")
    run(CLIENT / "tests" / "grpc_tls", f"localhost:{server.grpc_port}", authority.certificate, client.certificate, client.key)
