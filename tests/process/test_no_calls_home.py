"""Nobody who serves a model calls home by it: with every backend at work, the server writes no file into the user's home,
looks up no name and connects to nobody."""
import os
import re
import shutil
import subprocess

import pytest
from support.one_of_each import add_optional, ask
from support.onnx_models import double
from support.python_models import IDENTITY, PythonModels, python_on_path
from support.server import PATIENCE, TREE

# Systems that tell that they build and test are left alone by some libraries; and those who opt out, too.
TELLING = re.compile(r"CI|GITHUB_ACTIONS|TF_BUILD|XDG_.*|.*TELEMETRY.*|DO_NOT_TRACK")


def require_strace():
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: scripts/setup test installs it")
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"strace may not trace here: {tried.stderr.strip()}")


@pytest.fixture
def everything(repository):
    """A model for each backend of the tree."""
    repository.add_identity("identity")
    repository.add("onnxruntime", None, files={"model.onnx": double()})
    PythonModels(repository).add("python", IDENTITY)
    add_optional(repository)
    # No engine of TensorRT is loaded without a GPU.
    assert sorted(set(os.listdir(TREE / "backends")) - {"tensorrt"}) == sorted(os.listdir(repository.path))
    return repository


def test_no_backend_calls_home(everything, start_server, tmp_path, monkeypatch):
    require_strace()
    for name in filter(TELLING.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    calls = tmp_path / "calls"
    server = start_server(everything.path, env={"HOME": str(home), "ASAN_OPTIONS": "detect_leaks=0",
                                                 **python_on_path()}, prefix=[
        "strace", "-D", "-f", "-qq", "-o", str(calls), "-e", "trace=openat,connect,sendto,sendmsg,sendmmsg"])
    models = os.listdir(everything.path)
    for model in models:
        assert server.get(f"/v2/models/{model}/ready").status_code == 200
    for model in set(models) - {"identity", "onnxruntime", "python"}:
        ask(server, model)
    answer = server.infer("onnxruntime", {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]})
    assert answer.json()["outputs"][0]["data"] == [2, 4, 6]
    answer = server.infer("python", {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [1]}]})
    assert answer.json()["outputs"][0]["data"] == [1]
    server.stop(timeout=40 * PATIENCE)

    assert list(home.rglob("*")) == []
    lines = calls.read_text().splitlines()
    assert any("libonnxruntime.so.1" in line for line in lines)
    # What who looks up a name reads and asks, and whoever connects.
    assert [line for line in lines if re.search(r'"/etc/(resolv\.conf|hosts|nsswitch\.conf|gai\.conf)"', line)] == []
    assert [line for line in lines if re.search(r"AF_INET|sin6?_port|AF_NETLINK", line)] == []
