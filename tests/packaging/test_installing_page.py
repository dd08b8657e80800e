"""What docs/installing.md says to type, typed on bare machines in the folder dist/ of `make package`."""
import shutil
import subprocess

import numpy as np
import pytest
import tritonclient.http as httpclient
from support import onnx_models
from support.pages import blocks
from support.repository import ModelRepository
from support.server import ROOT, free_port

PAGE = ROOT / "docs/installing.md"
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
def dist(machine, package, signing_key):
    """/srv/dist on the machine, signed, with models beside it and what pip would fetch; the page's folder."""
    folder = machine.root / "srv/dist"
    shutil.copytree(package.parent, folder)
    version = package.name.split("_")[1]
    subprocess.run([ROOT / "scripts/apt_repository", folder / "apt", folder / package.name], check=True, capture_output=True)
    files = [path.name for path in folder.iterdir() if path.is_file() and version in path.name]
    subprocess.run([ROOT / "scripts/checksums", folder, *files], check=True, capture_output=True)
    models = ModelRepository(machine.root / "srv/models")
    models.add_identity("simple")
    (machine.root / "srv/model.onnx").write_bytes(onnx_models.double())
    subprocess.run(["chmod", "-R", "a+rX", machine.root / "srv"], check=True)
    yield folder
    shutil.rmtree(machine.root / "srv")
    (machine.root / "srv").mkdir()


def typed(marker):
    return blocks(PAGE, "sh", marker)[0]


def ports():
    port = free_port()
    return port, f" --http-address=127.0.0.1 --http-port={port} --grpc-port={free_port()} --metrics-port={free_port()}"


def answer(port, model):
    with httpclient.InferenceServerClient(f"127.0.0.1:{port}") as client:
        metadata = client.get_model_metadata(model)
        tensor = httpclient.InferInput(metadata["inputs"][0]["name"], [1, 3], "FP32")
        tensor.set_data_from_numpy(np.array([[1, 2, 3]], dtype=np.float32))
        return client.infer(model, [tensor]).as_numpy(metadata["outputs"][0]["name"]).tolist()


def test_the_wheel_serves_one_file_without_anything_but_python(machine, dist, wheelhouse):
    machine.run("apt-get", "install", "python3-venv")
    shutil.copytree(wheelhouse, dist, dirs_exist_ok=True)
    *prepare, serve = typed("test:wheel").replace("pip install", "pip install --no-index").strip().splitlines()
    machine.shell("\n".join(prepare), "/srv/dist")
    port, options = ports()
    with machine.serving(port, "bash", "-ec", f"cd /srv/dist; exec {serve.replace('model.onnx', '/srv/model.onnx')}{options}"):
        assert answer(port, "model") == [[2, 4, 6]]


def test_the_archive_serves_from_where_it_is_unpacked(machine, dist):
    *prepare, serve = typed("test:archive").strip().splitlines()
    machine.shell("\n".join(prepare), "/srv/dist")
    port, options = ports()
    with machine.serving(port, "bash", "-ec", f"cd /srv/dist; exec {serve.replace('/path/to/models', '/srv/models')}{options}"):
        assert answer(port, "simple") == [[1, 2, 3]]


def test_the_package_and_the_repository_install_and_the_checks_find_no_fault(machine, dist):
    machine.run("apt-get", "install", "gpg", "gpgv")
    machine.shell(typed("test:checks"), "/srv/dist")
    machine.shell(typed("test:package"), "/srv/dist")
    assert "neso" in machine.run("neso", "--version").stdout.lower()
    machine.run("apt-get", "purge", "neso")
    shutil.copytree(dist / "apt", machine.root / "srv/neso")
    machine.shell(typed("test:repository"), "/srv/dist")
    assert "neso" in machine.run("neso", "--version").stdout.lower()
    machine.run("apt-get", "purge", "neso")
    (machine.root / "etc/apt/sources.list.d/neso.list").unlink()


@pytest.fixture
def wheelhouse(machine, tmp_path):
    """What the extra asks for besides, for the machine's Python: fetched here, so that the machine asks nobody."""
    version = {"bookworm": "3.11", "trixie": "3.13"}[machine.release]
    subprocess.run([ROOT / ".deps/venv/bin/pip", "download", "--quiet", "--only-binary=:all:", f"--python-version={version}",
                    "--dest", tmp_path, f"onnxruntime=={pinned_onnxruntime()}"], check=True)
    return tmp_path


def pinned_onnxruntime():
    recipe = (ROOT / "scripts/setup.d/onnxruntime.sh").read_text()
    return recipe.split("onnxruntime_version=")[1].split()[0]
