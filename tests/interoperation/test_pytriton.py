"""PyTriton itself, whose package has Neso in the place of its own Triton: applications written for it serve as before."""
import pathlib
import signal
import subprocess
import zipfile

import pytest
from support.pages import blocks
from support.pytriton import PAGE, Application, make_environment, type_block
from support.server import PATIENCE, ROOT, TREE
from support.triton import needs_triton

pytestmark = needs_triton

UP = "Press CTRL+C"  # its log says
PROGRAM = ROOT / "tests/interoperation/pytriton_application.py"
TOKEN = "a-token-of-the-tests"
# Other instances of a model give PyTriton's first one a second to open its socket, which a busy machine does not have.
VARIABLES = {"TOKEN": TOKEN, "TRITON_PARALLEL_INSTANCE_LOADING": "0"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pytriton")
    make_environment(folder)
    return folder


@pytest.fixture
def run(environment, tmp_path):
    """Starts an application; what it started is ended with the test."""
    started = []

    def start(program=PROGRAM, up=UP, **variables):
        started.append(Application(environment, tmp_path, program, **VARIABLES, **variables))
        return started[-1].start(up)

    yield start
    for application in started:
        application.kill()


@pytest.fixture(scope="module")
def application(environment, tmp_path_factory):
    running = Application(environment, tmp_path_factory.mktemp("application"), PROGRAM, **VARIABLES)
    try:
        yield running.start(UP)
        running.stop()
    finally:
        running.kill()


def test_the_page(environment, run, tmp_path):
    files = dict(zip(("app.py", "ask.py"), blocks(PAGE, "python")))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    shop = run(tmp_path / "app.py", "successfully loaded 'scale'")
    ask = tmp_path / "ask.py"
    ask.write_text(ask.read_text().replace("localhost:8000", f"localhost:{shop.ports['http']}"))
    done = subprocess.run([shop.python, ask], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert done.stdout == blocks(PAGE, "text", "test:answer")[0], done.stderr
    shop.stop()


def test_the_way_back_leaves_neso_s_own_files_alone(tmp_path):
    """With pip and a small package in the place of the real one, which is too large to be installed twice."""
    server = {f"{folder}/{name}": "Triton's" for folder in ("bin", "lib", "caches", "backends/python", "python_backend_stubs")
              for name in ("one", "two")}
    info = {"METADATA": "Metadata-Version: 2.1\nName: nvidia-pytriton\nVersion: 0.7.0\n", "RECORD": "",
            "WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    with zipfile.ZipFile(tmp_path / "nvidia_pytriton-0.7.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("pytriton/__init__.py", "")
        for name, text in server.items():
            wheel.writestr(f"pytriton/tritonserver/{name}", text)
        for name, text in info.items():
            wheel.writestr(f"nvidia_pytriton-0.7.0.dist-info/{name}", text)
    neso = tmp_path / "a folder/neso"
    for folder in ("bin", "lib", "caches", "backends/python"):
        (neso / folder).mkdir(parents=True)
        (neso / folder / "one").write_text("Neso's")
    files = sorted(neso.rglob("*"))
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": tmp_path.as_uri(), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_QUIET": "1"}
    type_block("test:install", tmp_path, **offline)
    type_block("test:exchange", tmp_path, neso)
    (tree,) = (tmp_path / "env").glob("lib/python*/site-packages/pytriton/tritonserver")
    assert (tree / "bin/one").read_text() == (tree / "backends/python/one").read_text() == "Neso's"
    type_block("test:back", tmp_path, **offline)
    assert {str(path.relative_to(tree)): path.read_text() for path in tree.rglob("*") if path.is_file()} == server
    assert sorted(neso.rglob("*")) == files
    assert {path.read_text() for path in files if path.is_file()} == {"Neso's"}


def test_the_server_is_neso_from_a_copy_of_the_tree(application):
    assert application.server.exe().startswith(application.home.name)
    libraries = {line.split()[-1] for line in open(f"/proc/{application.server.pid}/maps")}
    assert any(path.startswith(application.home.name) and path.endswith("libtriton_python.so") for path in libraries)
    assert not [path for path in libraries if path.startswith(str(TREE)) or "nvidia_pytriton.libs" in path]
    assert "neso_" in application.get("/metrics", "metrics").text


@pytest.mark.parametrize("url", ["HTTP", "GRPC"])
def test_a_bound_function_answers(application, url):
    code = f"""
with ModelClient({url}, "scale") as client:
    one, three = client.infer_sample(np.float32([1, 2.5])), client.infer_batch(np.float32([[1], [2], [3]]))
    print(json.dumps([one["y"].tolist(), three["y"].tolist(), three["executed"][:, 1].tolist()]))"""
    assert application.ask(code) == [[3, 7.5], [[3], [6], [9]], [3, 3, 3]]
    code = f"""
with ModelClient({url}, "reverse") as client:
    print(json.dumps([text.decode() for text in client.infer_sample(np.array(["ä".encode(), b"b", b""]))["OUTPUT_1"]]))"""
    assert application.ask(code) == ["", "b", "ä"]


def test_requests_that_come_at_once_are_one_batch_of_either_instance(application):
    before = application.metric("nv_inference_exec_count", "scale"), application.metric("nv_inference_count", "scale")
    answers = application.ask("""
with FuturesModelClient(HTTP, "scale", max_workers=32) as client:
    futures = [client.infer_sample(np.float32([i])) for i in range(64)]
    answers = [future.result() for future in futures]
    print(json.dumps([[answer["y"].tolist(), *answer["executed"].tolist()] for answer in answers]))""")
    assert [answer[0] for answer in answers] == [[3 * i] for i in range(64)]
    assert {answer[1] for answer in answers} == {0, 1}
    assert max(answer[2] for answer in answers) > 1
    executions, inferences = (after - b for after, b in zip(
        (application.metric("nv_inference_exec_count", "scale"), application.metric("nv_inference_count", "scale")), before))
    assert inferences == 64 and executions < 64


def test_a_function_that_yields_answers_in_parts(application):
    assert application.ask("""
with DecoupledModelClient(GRPC, "spell") as client:
    parts = client.infer_sample(np.array([b"n", b"e", b"s", b"o"]))
    print(json.dumps([part["letter"].item().decode() for part in parts]))""") == ["n", "e", "s", "o"]


def test_an_answer_that_is_known_comes_from_the_cache(application):
    application.ask("""
with ModelClient(HTTP, "reverse") as client:
    for _ in range(3):
        client.infer_sample(np.array([b"again"]))
    print(json.dumps(None))""")
    assert application.metric("nv_cache_num_hits_per_model", "reverse") >= 2


@pytest.mark.parametrize("url", ["HTTP", "GRPC"])
def test_errors_say_what_was_wrong(application, url):
    failed, misnamed, unknown = application.ask(f"""
from pytriton.client.exceptions import PyTritonClientError
def error(model, **inputs):
    try:
        with ModelClient({url}, model, lazy_init=False, init_timeout_s=3) as client:
            client.infer_sample(**inputs)
    except PyTritonClientError as e:
        return type(e).__name__ + ": " + str(e)
print(json.dumps([error("scale", x=np.float32([np.nan])), error("scale", z=np.float32([1])), error("none", x=np.float32([1]))]))""")
    assert failed.startswith("PyTritonClientInferenceServerError") and "ValueError: x has a NaN" in failed
    assert misnamed.startswith("PyTritonClientInferenceServerError") and "'z'" in misnamed
    assert unknown.startswith("PyTritonClientModelUnavailableError") or "none" in unknown


def test_managing_models_takes_the_application_s_token(application):
    assert application.get("/v2/models/stats").status_code == 403
    assert application.get("/v2/models/stats", headers={"triton-access-token": TOKEN}).ok


def test_vertex_ai_s_mode_serves_from_files(run):
    shop = run(AIP_MODE="PREDICTION", AIP_PREDICT_ROUTE="/predict", AIP_HEALTH_ROUTE="/health")
    assert list(pathlib.Path(shop.home.name).glob("workspace_*/model-store/scale/config.pbtxt"))
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2.5]}]}
    answer = shop.post("/predict", "vertex_ai", json=body)
    assert answer.ok and answer.json()["outputs"][0]["data"] == [3, 7.5], answer.text
    shop.stop()


def test_an_application_ends_when_its_server_is_killed(run):
    shop = run()
    shop.server.kill()
    assert shop.process.wait(60 * PATIENCE) == 0, shop.log
    shop.assert_no_process_is_left()


def test_the_server_ends_when_its_application_is_killed(run):
    shop = run()
    shop.process.send_signal(signal.SIGKILL)
    shop.process.wait()
    shop.assert_no_process_is_left()
