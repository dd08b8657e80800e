"""The wheels of scripts/wheels: pip puts them into a fresh environment, and the server serves from there."""
import configparser
import email
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from support import onnx_models
from support.one_of_each import add_optional, ask
from support.optional_backends import is_built, python_of
from support.repository import ModelRepository
from support.server import IS_SANITIZED, ROOT, TREE, Server

TOOLS = ROOT / ".deps/packaging/bin"
LIMIT = 15_000_000
pytestmark = [pytest.mark.skipif(IS_SANITIZED, reason="packages are made of builds without sanitizers"),
              pytest.mark.skipif(not TOOLS.exists(), reason="what makes wheels is not set up: scripts/setup package")]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """{name of the distribution: its file}"""
    dist = tmp_path_factory.mktemp("dist")
    made = subprocess.run([TOOLS / "python", ROOT / "scripts/wheels", TREE, "0.1.0", dist], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return {name.split("-")[0]: dist / name for name in made.stdout.split()}


def with_binaries(wheels):
    return [(name, file) for name, file in wheels.items() if name not in ("neso_client", "neso_mlflow", "tritonclient")]


@pytest.fixture(scope="module")
def environment(wheels, tmp_path_factory):
    """A fresh one with all wheels and nothing else; frameworks are where pip would have put them, as links."""
    folder = tmp_path_factory.mktemp("environment") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    subprocess.run([sys.executable, "-m", "pip", f"--python={folder}/bin/python", "install", "--quiet", "--no-index", "--no-deps",
                    *wheels.values()], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (own,) = (ROOT / ".deps/venv").glob("lib/python*/site-packages")
    for source, names in [(own, ["onnxruntime", "numpy", "numpy.libs"]), (python_of("openvino"), ["openvino"]),
                          (python_of("fil"), ["treelite", "treelite.libs"]), (python_of("pytorch"), ["torch", "nvidia/cu*"]),
                          (python_of("tensorflow"), ["tensorflow"]), (python_of("dali"), ["nvidia/dali", "nvidia/nvimgcodec"])]:
        for found in (path for name in names for path in source.glob(name)):
            link = packages / found.relative_to(source)
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(found)
    return folder


@pytest.fixture
def serve(environment):
    """Starts the environment's `neso` with these arguments; it has to end cleanly."""
    running = []

    def start(*args):
        server = Server(None, *args)
        server.command = [word for word in server.command if not word.startswith("--backend-directory")]
        server.command[0] = str(environment / "bin/neso")
        running.append(server)
        return server.start()

    yield start
    for server in running:
        server.stop()


def test_the_tag_is_what_the_page_says_and_the_size_is_small(wheels):
    page = (ROOT / "docs/installing.md").read_text()
    assert wheels["neso_client"].name == "neso_client-0.1.0-py3-none-any.whl"
    assert wheels["tritonclient"].name == "tritonclient-2.73.0+neso.0.1.0-py3-none-any.whl"
    assert wheels["neso_mlflow"].name == "neso_mlflow-0.1.0-py3-none-any.whl"
    for name, file in with_binaries(wheels):
        tag = re.fullmatch(rf"{name}-0\.1\.0-py3-none-(manylinux_(2_\d+)_\w+)\.whl", file.name)
        assert tag and file.stat().st_size < LIMIT, file
        print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")
    tag = re.search(r"-(manylinux_2_(\d+))_\w+\.whl", wheels["neso_server"].name)
    assert f"`{tag[1]}`" in page and f"glibc 2.{tag[2]} " in page


def test_libraries_are_looked_for_beside_their_own_place_only(environment):
    (package,) = environment.glob("lib/python*/site-packages/neso_server")
    asked = 0
    for path in package.rglob("*"):
        if path.is_file() and path.open("rb").read(4) == b"\x7fELF":
            dynamic = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
            for folders in re.findall(r"R(?:UN)?PATH\).*\[(.*)\]", dynamic):
                asked += 1
                assert all(folder.startswith("$ORIGIN") for folder in folders.split(":")), (path, folders)
    assert asked > 5


def test_pip_puts_commands_pages_and_completions_where_they_are_looked_for(environment):
    def said(program, *words):
        return subprocess.run([environment / "bin" / program, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout

    assert said("neso", "--version") == said("python", "-m", "neso_server", "--version") == \
        subprocess.run([TREE / "bin/neso", "--version"], capture_output=True, text=True).stdout != ""
    assert said("tritonserver", "--help").startswith("Usage: tritonserver [options]\n")
    for place in ("man/man1/neso-serve.1", "bash-completion/completions/neso", "zsh/site-functions/_neso",
                  "fish/vendor_completions.d/neso.fish"):
        assert (environment / "share" / place).exists(), place


def test_a_unit_of_the_environment_s_command_runs_models_on_its_python(environment, tmp_path):
    said = subprocess.run([environment / "bin/neso", "service", tmp_path], capture_output=True, text=True, check=True).stdout
    [path] = re.findall("^Environment=PATH=(.*)$", said, re.MULTILINE)
    assert shutil.which("python3", path=path) == str(environment / "bin/python3")


def test_models_of_the_backends_without_a_framework_are_served(serve, environment, repository):
    repository.add_identity("identity")
    repository.add("which", """
        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 1 ] }
        output { name: "python" data_type: TYPE_STRING dims: [ 1 ] }
        """, files={"model.py": """
import sys
import numpy
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("python", numpy.array([sys.prefix], dtype=object))])]
"""})
    server = serve(f"--model-repository={repository.path}")
    body = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
    assert server.infer("identity", body).json()["outputs"][0]["data"] == [1, 2]
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]}
    assert server.infer("which", body).json()["outputs"][0]["data"] == [str(environment)]


def test_one_file_is_served_with_the_framework_s_own_package(environment, tmp_path):
    (tmp_path / "model.onnx").write_bytes(onnx_models.double())
    server = Server(None)
    ports = [word for word in server.command if re.match("--(http|grpc|metrics)", word)]
    server.command = [str(environment / "bin/neso"), "serve", str(tmp_path / "model.onnx"), *ports]
    server.start()
    try:
        answer = server.infer("model", {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]})
        assert answer.json()["outputs"][0]["data"] == [2, 4, 6]
        maps = open(f"/proc/{server.pid}/maps").read()
        assert "onnxruntime/capi/libonnxruntime" in maps
    finally:
        server.stop()


@pytest.mark.parametrize("backend", ["openvino", "fil", "pytorch", "tensorflow", "dali"])
def test_a_backend_finds_its_framework_s_package(backend, serve, tmp_path):
    if not is_built(backend):
        pytest.skip(f"optional backend is not built: make build BACKENDS={backend}")
    models = ModelRepository(tmp_path / "all")
    add_optional(models)
    repository = tmp_path / "models"
    repository.mkdir()
    shutil.move(models.path / backend, repository)
    server = serve(f"--model-repository={repository}")
    ask(server, backend)


def test_each_wheel_has_its_bill_of_materials(wheels):
    for name, file in with_binaries(wheels):
        with zipfile.ZipFile(file) as contents:
            assert f"{name}-0.1.0.dist-info/sboms/neso.cdx.json" in contents.namelist()


@pytest.mark.parametrize("name", ["neso_server", "neso_client", "neso_mlflow"])
def test_a_wheel_has_its_licence(wheels, name):
    with zipfile.ZipFile(wheels[name]) as contents:
        info = f"{name}-0.1.0.dist-info"
        said = email.message_from_bytes(contents.read(f"{info}/METADATA"))
        assert (said["License-Expression"], said["License-File"]) == ("Apache-2.0", "LICENSE")
        assert contents.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


def test_mlflow_finds_its_targets_by_the_wheel_s_entry_points(wheels):
    entries = configparser.ConfigParser()
    with zipfile.ZipFile(wheels["neso_mlflow"]) as contents:
        entries.read_string(contents.read("neso_mlflow-0.1.0.dist-info/entry_points.txt").decode())
    assert {section: dict(entries[section]) for section in entries.sections()} == {
        "mlflow.deployments": {"neso": "neso_mlflow", "triton": "neso_mlflow"}}
