"""What the README and the pages show works as shown; the example of `make run` does, too."""
import concurrent.futures
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from support import onnx_models
from support.pages import blocks
from support.python_models import python_on_path
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, TREE, free_port
from support.wait import wait_until

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The model repository of the example."""
    work = tmp_path_factory.mktemp("digits")
    subprocess.run([sys.executable, ROOT / "examples" / "digits" / "train.py", work / "models"], check=True)
    return work


@pytest.fixture(scope="module")
def server(digits, start_module_server):
    return start_module_server(digits / "models")


def test_the_readme_s_client(server):
    code = blocks(ROOT / "README.md", "python", "test:client")[0]
    assert "localhost:8000" in code
    result = subprocess.run([sys.executable, "-c", code.replace("localhost:8000", server.http)], capture_output=True,
                            text=True, timeout=60 * PATIENCE)
    assert result.returncode == 0, result.stderr
    scores = [float(number) for number in re.findall(r"\d[\d.e+-]*", result.stdout)]
    assert len(scores) == 10
    assert abs(sum(scores) - 1) < 1e-3


def test_the_readme_s_digit(server):
    command = blocks(ROOT / "README.md", "sh", "test:curl")[0].replace("curl localhost:8000", f"curl -sS {server.http}")
    result = subprocess.run(["bash", "-ec", command], capture_output=True, text=True, timeout=60 * PATIENCE)
    answer, shown = json.loads(result.stdout), json.loads(blocks(ROOT / "README.md", "json", "test:curl")[0])
    # Training ends a little differently on other processors.
    score, *words = answer["outputs"][0].pop("data")[0].split(":")
    shown_score, *shown_words = shown["outputs"][0].pop("data")[0].split(":")
    assert (answer, words) == (shown, shown_words)
    assert abs(float(score) - float(shown_score)) < 0.1


def test_the_readme_s_curl(server):
    assert "curl localhost:8000/v2/models/digits\n" in (ROOT / "README.md").read_text()
    assert server.get("/v2/models/digits").json()["outputs"] == [{"name": "scores", "datatype": "FP32", "shape": [-1, 10]}]
    assert "nv_inference_request_success" in server.metrics()


def test_the_accuracy_of_the_example(server, digits):
    result = subprocess.run([sys.executable, ROOT / "examples" / "digits" / "classify.py", digits / "held_out.npz",
                             server.http], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert result.returncode == 0, result.stdout + result.stderr
    assert float(re.search(r"as answered by the server: ([\d.]+)", result.stdout).group(1)) >= 0.95


@pytest.mark.parametrize("marker", ["test:curl", "test:logging"])
def test_the_http_page_s_curl_gives_what_it_shows(repository, start_server, marker):
    repository.add_identity("identity")
    server = start_server(repository.path)
    command = blocks(DOCS / "http.md", "sh", marker)[0]
    shown = blocks(DOCS / "http.md", "json", marker)[0]
    result = subprocess.run(["bash", "-ec", command.replace("localhost:8000", server.http)], capture_output=True, text=True,
                            timeout=60 * PATIENCE)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == shown.strip()


def test_the_http_page_s_restricted_api(repository, start_server):
    repository.add_identity("identity")
    start, ask = blocks(DOCS / "http.md", "sh", "test:access")[0].splitlines()
    server = start_server(repository.path, start.split()[-1].replace("$ADMIN_KEY", "secret"))
    ask = ask.replace("localhost:8000", server.http).replace("curl", "curl -sf")
    assert subprocess.run(["bash", "-ec", ask], timeout=60 * PATIENCE, env={**os.environ, "ADMIN_KEY": "guess"}).returncode
    result = subprocess.run(["bash", "-ec", ask], capture_output=True, text=True, timeout=60 * PATIENCE,
                            env={**os.environ, "ADMIN_KEY": "secret"})
    assert result.stdout == '[{"name":"identity","version":"1","state":"READY"}]'


def test_the_python_of_the_grpc_page(repository, start_server):
    repository.add_identity("identity")
    page = {marker: blocks(DOCS / "grpc.md", "python", f"test:{marker}")[0] for marker in ("client", "access", "reflection")}

    def run(code, server):
        return subprocess.run([sys.executable, "-c", code.replace("localhost:8001", server.grpc)], capture_output=True,
                              text=True, timeout=60 * PATIENCE)

    server = start_server(repository.path)
    assert run(page["client"], server).stdout == "[[1.  2.5 3. ]]\n"
    assert "ModelStreamInfer" in run(page["reflection"], server).stdout
    restricted = start_server(repository.path, "--grpc-restricted-protocol=inference:admin-key=secret")
    assert "This protocol is restricted" in run(page["client"], restricted).stderr
    preparation = page["client"].rsplit("print", 1)[0]
    result = run(preparation + "secret = 'secret'\n" + page["access"], restricted)
    assert result.returncode == 0, result.stderr


def test_the_http_page_s_description(repository, start_server):
    server = start_server(repository.path)
    command = blocks(DOCS / "http.md", "sh", "test:openapi")[0].replace("localhost:8000", server.http)
    result = subprocess.run(["bash", "-ec", command], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert result.stdout == blocks(DOCS / "http.md", "text", "test:openapi")[0]


def test_the_example_of_an_explanation(repository, start_server):
    repository.add_identity()
    server = start_server(repository.path)
    command = blocks(DOCS / "http.md", "sh", "test:explain")[0].replace("localhost:8000", server.http)
    explain = json.loads(subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30).stdout)["explain"]
    assert explain["problems"] == blocks(DOCS / "http.md", "text", "test:explain")[0].splitlines()


@pytest.mark.parametrize("marker,language", [("test:generate", "json"), ("test:stream", "text")])
def test_the_generate_page_s_curl_gives_what_it_shows(repository, start_server, marker, language):
    repository.add("talk", """
        backend: "identity"
        parameters { key: "response_parameters" value { string_value: "false" } }
        model_transaction_policy { decoupled: true }
        input [ { name: "text_input" data_type: TYPE_STRING dims: [ 1 ] } ]
        output [ { name: "text_output" data_type: TYPE_STRING dims: [ 1 ] } ]
        """)
    server = start_server(repository.path)
    command = blocks(DOCS / "generate.md", "sh", marker)[0]
    shown = blocks(DOCS / "generate.md", language, marker)[0]
    result = subprocess.run(["bash", "-ec", command.replace("localhost:8000", server.http)], capture_output=True, text=True,
                            timeout=60 * PATIENCE)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == shown.strip()


@contextlib.contextmanager
def serving(page, folder, program, **variables):
    """The server that a page starts, in a folder where `out` is the tree."""
    (folder / "out").symlink_to(TREE)
    log = folder / "log"
    # In place of the shell, so that it is the server that is ended.
    command = blocks(page, "sh", "test:serve")[0].replace(f"\nout/bin/{program}", f"\nexec out/bin/{program}")
    with log.open("w") as output:
        process = subprocess.Popen(["bash", "-ec", command], cwd=folder, stdout=output, stderr=subprocess.STDOUT,
                                   env={**os.environ, **variables})

    def answer_to(command):
        assert process.poll() is None, log.read_text()
        return subprocess.run(["bash", "-ec", command], capture_output=True, text=True, timeout=60 * PATIENCE).stdout
    try:
        yield answer_to
    finally:
        process.terminate()
        assert process.wait(20 * PATIENCE) == 0, log.read_text()


def test_the_sagemaker_page_s_model_at_home(tmp_path):
    ModelRepository(tmp_path / "my" / "model").add_identity()
    page = DOCS / "sagemaker.md"
    port = free_port()
    command = blocks(page, "sh", "test:invocations")[0].replace("localhost:8080", f"127.0.0.1:{port}")
    with serving(page, tmp_path, "serve", SAGEMAKER_BIND_TO_PORT=str(port)) as answer_to:
        assert wait_until(lambda: answer_to(command), timeout=20).strip() == blocks(page, "json", "test:invocations")[0].strip()


def test_the_vertex_page_s_predictions(tmp_path):
    ModelRepository(tmp_path / "models").add_identity()
    page = tmp_path / "page.md"
    port = free_port()
    page.write_text((DOCS / "vertex-ai.md").read_text().replace("8080", str(port)).replace(
        "out/bin/neso\n", f"out/bin/neso --metrics-port={free_port()}\n"))
    with serving(page, tmp_path, "neso") as answer_to:
        shown = blocks(page, "json", "test:predict")[0].strip()
        assert wait_until(lambda: answer_to(blocks(page, "sh", "test:predict")[0]), timeout=20).strip() == shown
        assert answer_to(blocks(page, "sh", "test:redirect")[0]) == blocks(page, "text", "test:redirect")[0]


def test_the_shared_memory_page_s_client(repository, start_server):
    repository.add_identity("identity")
    server = start_server(repository.path, "--allow-client-shm=true")
    code = blocks(DOCS / "shared-memory.md", "python", "test:system")[0]
    code = code.replace("localhost:8000", server.http).replace("/my_tensors", f"/my_tensors_{os.getpid()}")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[[0. 1. 2. 3. 4. 5. 6. 7.]]"


def test_the_page_of_backends_in_python(start_server, tmp_path):
    page = DOCS / "backends/python-based.md"
    for name, target in (("out", TREE), ("examples", ROOT / "examples"), ("docs", DOCS)):
        (tmp_path / name).symlink_to(target)
    subprocess.run(["bash", "-ec", blocks(page, "sh", "test:layout")[0]], cwd=tmp_path, env={**os.environ, **python_on_path()},
                   check=True)
    models, backends = re.findall(r"=(build/\S+)", blocks(page, "sh", "test:start")[0])
    server = start_server(tmp_path / models, f"--backend-directory={tmp_path / backends}", env=python_on_path())
    command = blocks(page, "sh", "test:ask")[0].replace("localhost:8000", server.http)
    events = subprocess.run(["bash", "-ec", command], capture_output=True, text=True, timeout=60 * PATIENCE).stdout
    assert events.count('"text_output":') == 40, events


def test_the_tracing_page(repository, start_server, tmp_path):
    repository.add_identity("identity")
    page = DOCS / "tracing.md"
    shell = blocks(page, "sh", "test:options")[0]
    options = [option.replace("/tmp/", f"{tmp_path}/") for option in re.findall(r"--trace-config=\S+", shell)]
    assert len(options) == 3
    server = start_server(repository.path, *options)
    command = blocks(page, "sh", "test:setting")[0].replace("localhost:8000", server.http)
    result = subprocess.run(["bash", "-ec", command], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert result.stdout.strip() == blocks(page, "json", "test:setting")[0].strip().replace("/tmp/", f"{tmp_path}/")
    server.infer("identity", {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 1], "data": [1]}]})
    server.stop()
    code = blocks(page, "python", "test:read")[0].replace("/tmp/", f"{tmp_path}/")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert re.fullmatch(r"identity 1: queued \d+ us, computed \d+ us\n", result.stdout), result.stderr


def test_the_options_of_opentelemetry(repository, start_server):
    repository.add_identity("identity")
    options = re.findall(r"--trace-config=\S+", blocks(DOCS / "tracing.md", "sh", "test:opentelemetry")[0])
    assert len(options) == 5
    settings = start_server(repository.path, *options).get("/v2/trace/setting").json()
    assert (settings["trace_mode"], settings["resource"]) == ("opentelemetry", "service.name=my-models")


def test_the_options_of_the_tensorboard_page(repository, start_server, tmp_path):
    repository.add_identity("identity")
    shell = blocks(DOCS / "tensorboard.md", "sh", "test:tensorboard")[0]
    options = re.findall(r"--tensorboard-\S+", shell)
    assert len(options) == 2
    start_server(repository.path, *(option.replace("/var/log/neso", str(tmp_path)) for option in options)).stop()
    assert list((tmp_path / "tensorboard" / "identity" / "1").glob("events.out.tfevents.*"))


def test_the_configuration_of_the_serving_page(repository, digits, start_server):
    shown = next(block for block in blocks(DOCS / "serving-models.md") if block.startswith("backend:"))
    model = (digits / "models" / "digits" / "1" / "model.onnx").read_bytes()
    folder = repository.add("digits", shown, versions=(1, 2), files={"model.onnx": model})
    shutil.copy(digits / "models" / "digits" / "labels.txt", folder)
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=digits")
    config = server.get("/v2/models/digits/config").json()
    assert config["max_batch_size"] == 64
    assert config["dynamic_batching"]["max_queue_delay_microseconds"] == 100
    assert server.get("/v2/models/digits").json()["versions"] == ["1", "2"]
    # The page's commands, in its order.
    commands = [line for block in blocks(DOCS / "serving-models.md", "sh") for line in block.splitlines()
                if line.startswith("curl")]
    assert len(commands) == 3
    for command in commands:
        result = subprocess.run(["bash", "-ec", command.replace("localhost:8000", server.http).replace(
            "curl", "curl -sf")], capture_output=True, text=True, timeout=60 * PATIENCE)
        assert result.returncode == 0, (command, result.stdout, result.stderr)


def test_the_tls_page(repository, start_server, tmp_path):
    subprocess.run(["bash", "-ec", blocks(DOCS / "tls.md", "sh", "test:certificates")[0]], check=True, cwd=tmp_path,
                   capture_output=True)
    repository.add_identity("identity")
    flags = re.findall(r"--(?:grpc|http)-[a-z-]+=\S+", blocks(DOCS / "tls.md", "sh", "test:server")[0])
    assert len(flags) == 6
    server = start_server(repository.path, *(flag.replace("=server", f"={tmp_path}/server") for flag in flags),
                          tls={"verify": tmp_path / "root.crt"})
    curl = blocks(DOCS / "tls.md", "sh", "test:curl")[0].replace(":8000", f":{server.http_port}")
    subprocess.run(["bash", "-ec", curl.replace("curl", "curl -sSf")], check=True, cwd=tmp_path, timeout=60 * PATIENCE)
    clients = blocks(DOCS / "tls.md", "python", "test:clients")[0]
    clients = clients.replace(":8000", f":{server.http_port}").replace(":8001", f":{server.grpc_port}")
    result = subprocess.run([sys.executable, "-c", clients], capture_output=True, text=True, cwd=tmp_path,
                            timeout=60 * PATIENCE)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "True\nTrue\n"


def test_settings_of_the_onnx_page(repository, digits, start_server):
    page = (DOCS / "onnx-runtime.md").read_text()
    settings = re.findall(r"`((?:parameters|optimization) \{ .*?\})`(?!:? names)", page)
    settings = [text for text in settings if "..." not in text]
    assert len(settings) == 2
    model = (digits / "models" / "digits" / "1" / "model.onnx").read_bytes()
    repository.add("digits", "\n".join(settings), files={"model.onnx": model})
    flags = [f"--backend-config=onnxruntime,{key}={value}" for key, value in
             [("default-max-batch-size", 4), ("intra_op_thread_count", 2), ("enable-global-threadpool", "true")]]
    server = start_server(repository.path, *flags)
    config = server.get("/v2/models/digits/config").json()
    assert config["parameters"]["intra_op_thread_count"] == {"string_value": "4"}
    assert config["optimization"]["graph"]["level"] == 1


def test_the_batching_page_s_model_and_key(repository, start_server):
    page = DOCS / "batching.md"
    settings = blocks(page, marker="test:config")[0] + blocks(page, marker="test:keys")[0]
    repository.add("together", settings, files={"model.py": blocks(page, "python", "test:model")[0]})
    server = start_server(repository.path, env=python_on_path())
    command = blocks(page, "sh", "test:keys-client")[0].replace("localhost:8000", server.http)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        keyed = pool.submit(subprocess.run, ["bash", "-ec", command], capture_output=True, text=True, timeout=60 * PATIENCE)
        other = server.infer("together", {"inputs": [{"name": "VALUE", "datatype": "FP32", "shape": [1, 1], "data": [1]}]})
        for answer in (json.loads(keyed.result().stdout), other.json()):
            assert answer["outputs"][0]["data"] == [1], "of different keys, each alone"


def test_the_sequences_page_s_model_with_a_memory(repository, start_server):
    page = DOCS / "sequences.md"
    repository.add("sum", blocks(page, marker="test:config")[0],
                   files={"model.py": blocks(page, "python", "test:model")[0]})
    server = start_server(repository.path, env=python_on_path())
    client = blocks(page, "python", "test:client")[0].replace("localhost:8000", server.http)
    result = subprocess.run([sys.executable, "-c", client], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert result.stdout == "1.0\n3.0\n6.0\n", result.stderr


def test_the_sequences_page_s_memory_that_the_server_keeps(repository, start_server):
    tensor = ("FLOAT", [None, 1])
    running_sum = onnx_models.model([onnx_models.node("Add", "x past", "y"), onnx_models.node("Identity", "y", "now")],
                                    {"x": tensor, "past": tensor}, {"y": tensor, "now": tensor})
    repository.add("sum", blocks(DOCS / "sequences.md", marker="test:state")[0], files={"model.onnx": running_sum})
    server = start_server(repository.path)
    answers = [server.infer("sum", {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [number]}],
                                    "parameters": {"sequence_id": 1, "sequence_start": number == 1}}).json()
               for number in (1, 2, 3)]
    assert [answer["outputs"][0]["data"] for answer in answers] == [[1], [3], [6]]


def test_the_sequences_page_s_requests_that_come_again(repository, start_server):
    page = DOCS / "sequences.md"
    repository.add("speaker", blocks(page, marker="test:iterative-config")[0],
                   files={"model.py": blocks(page, "python", "test:iterative-model")[0]})
    server = start_server(repository.path, env=python_on_path())
    command = blocks(page, "sh", "test:iterative-client")[0].replace("localhost:8000", server.http)
    result = subprocess.run(["bash", "-ec", command], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert re.findall(r'"WORD":"([^"]+)"', result.stdout) == ["word 1", "word 2", "word 3"], result.stdout


def test_the_example_runs_and_ends():
    env = {**os.environ, "ONCE": "1", "PYTHON": sys.executable, "NESO_TREE": str(TREE), "NESO_HTTP_PORT": str(free_port()),
           "NESO_METRICS_PORT": str(free_port()), "NESO_GRPC_PORT": str(free_port())}
    result = subprocess.run([ROOT / "examples" / "digits" / "run.sh"], capture_output=True, text=True, env=env,
                            timeout=100 * PATIENCE)
    assert result.returncode == 0, result.stdout + result.stderr
    assert float(re.search(r"as answered by the server: ([\d.]+)", result.stdout).group(1)) >= 0.95


def test_the_readme_leads_to_every_page():
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in DOCS.rglob("*.md") if f"]({page.relative_to(ROOT)})" not in readme] == []


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)  # lambdas of C++ look like links
        for link in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"
