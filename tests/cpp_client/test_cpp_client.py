"""The client library for C++: programs built from its installed package ask this server, and a real Triton."""
import os
import re
import subprocess

import pytest
from support import onnx_models
from support.certificates import Authority, tls_flags
from support.python_models import PythonModels, python_on_path
from support.server import BUILD, PATIENCE
from support.simple_models import add_simple_models
from support.triton import Triton, needs_triton

CLIENT = BUILD / "cpp_client"
BOTH = ["infer_client", "async_infer_client", "string_infer_client", "shm_client", "sequence_sync_infer_client",
        "health_metadata", "model_control"]
EXAMPLES = [*(f"simple_http_{name}" for name in BOTH), *(f"simple_grpc_{name}" for name in BOTH),
            "simple_grpc_keepalive_client", "simple_grpc_custom_args_client", "simple_grpc_sequence_stream_infer_client",
            "simple_grpc_custom_repeat", "reuse_infer_objects_client"]
REPEAT = """
def execute(self, requests):
    for request in requests:
        sender = request.get_response_sender()
        for value, delay in zip(values(request, "IN"), values(request, "DELAY")):
            time.sleep(int(delay) / 1000)
            sender.send(answer(OUT=np.array([value], np.int32)))
        sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        time.sleep(int(values(request, "WAIT")[0]) / 1000)
    return None
"""
SHOWN = "it is not built: run scripts/setup test, then scripts/build " + os.path.relpath(BUILD)


def run(program, *args):
    assert program.exists(), f"{program}: {SHOWN}"
    done = subprocess.run([str(program), *map(str, args)], capture_output=True, text=True, timeout=100 * PATIENCE)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


def add_picture_models(repository):
    """"colours" tells the colour of a picture by the mean of each; the ensemble decodes it first."""
    mean = onnx_models.model([onnx_models.node("ReduceMean", "image", "scores", axes=[2, 3], keepdims=0)],
                             {"image": ("FLOAT", [None, 3, 4, 4])}, {"scores": ("FLOAT", [None, 3])})
    folder = repository.add("colours", """
        backend: "onnxruntime"
        max_batch_size: 8
        input { name: "image" data_type: TYPE_FP32 dims: [3, 4, 4] }
        output { name: "scores" data_type: TYPE_FP32 dims: [3] label_filename: "labels.txt" }
        """, files={"model.onnx": mean})
    (folder / "labels.txt").write_text("red\ngreen\nblue\n")
    PythonModels(repository).add("decode", """
def execute(self, requests):
    def picture(file):
        return np.frombuffer(file[-48:], np.uint8).reshape(4, 4, 3).transpose(2, 0, 1)
    return [answer(OUT=np.stack([picture(file) for file in values(request).reshape(-1)]).astype(np.float32))
            for request in requests]
""", {"IN": ("TYPE_STRING", [1])}, {"OUT": ("TYPE_FP32", [3, 4, 4])}, max_batch_size=8)
    folder = repository.add("preprocess_inception_ensemble", """
        platform: "ensemble"
        max_batch_size: 8
        input { name: "INPUT" data_type: TYPE_STRING dims: [1] }
        output { name: "OUTPUT" data_type: TYPE_FP32 dims: [3] label_filename: "labels.txt" }
        ensemble_scheduling {
          step { model_name: "decode" model_version: -1
                 input_map { key: "IN" value: "INPUT" } output_map { key: "OUT" value: "picture" } }
          step { model_name: "colours" model_version: -1
                 input_map { key: "image" value: "picture" } output_map { key: "scores" value: "OUTPUT" } }
        }
        """)
    (folder / "labels.txt").write_text("red\ngreen\nblue\n")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for name, pixel in {"blue": b"\x10\x20\xff", "red": b"\xff\x10\x20"}.items():
        (folder / f"{name}.ppm").write_bytes(b"P6\n4 4\n255\n" + 16 * pixel)
    return [folder / "blue.ppm", folder / "red.ppm"]


@pytest.fixture(scope="module")
def models(module_repository):
    add_simple_models(module_repository)
    module_repository.add_identity("identity", "TYPE_INT32")
    module_repository.add_identity("floats")
    module_repository.add_identity("strings", "TYPE_STRING")
    module_repository.add_identity("spare")
    module_repository.add_identity("talkative", "TYPE_INT32", extra="model_transaction_policy { decoupled: true }")
    PythonModels(module_repository).add(
        "repeat_int32", REPEAT, {"IN": "TYPE_INT32", "DELAY": "TYPE_UINT32", "WAIT": ("TYPE_UINT32", [1])},
        {"OUT": ("TYPE_INT32", [1])}, extra="model_transaction_policy { decoupled: true }")
    add_picture_models(module_repository)
    module_repository.add_identity("slow", "TYPE_INT32", parameters={"execute_delay_ms": "500"})
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
    # Loading with files in the request needs a repository that is Triton's alone; a setting of a trace needs its file.
    left_out = "-*LoadsAndUnloads:*ChangesTraceSettings"
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
