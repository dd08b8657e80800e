"""`neso serve`: one file is served without a repository, and the call that is printed is answered."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import numpy
import pytest
import requests

from support.onnx_models import double, model, node
from support.server import PATIENCE, TREE, free_port, run_neso
from support.wait import wait_until

MODEL_PY = """
import numpy
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [2]})
        config.add_output({"name": "y", "data_type": "TYPE_FP32", "dims": [2]})
        return config

    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("y", pb_utils.get_input_tensor_by_name(request, "x").as_numpy() + FACTOR)])
                for request in requests]
"""


class Served:
    def __init__(self, what, *options, env=None, cwd=None):
        self.port = free_port()
        ports = [f"--http-port={self.port}", f"--grpc-port={free_port()}", f"--metrics-port={free_port()}"]
        self.scratch = tempfile.mkdtemp(prefix="neso-test-serve-")
        self.log = open(os.path.join(self.scratch, "log"), "w+")
        self.env = {**os.environ, "TMPDIR": self.scratch, **(env or {})}
        command = [str(TREE / "bin/neso"), "serve", str(what), f"--backend-directory={TREE / 'backends'}", *ports, *options]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, env=self.env, cwd=cwd)
        wait_until(lambda: "Ctrl-C ends" in self.output or self.process.poll() is not None, timeout=60 * PATIENCE)
        assert self.process.poll() is None, self.output

    @property
    def output(self):
        with open(self.log.name) as file:
            return file.read()

    def printed_line(self):
        return re.search(r"from a shell:\n\n(.+)\n", self.output).group(1)

    def printed_program(self):
        return re.search(r"in Python:\n\n(.+?)\n\nserving at", self.output, re.DOTALL).group(1)

    def check_calls(self):
        line = self.printed_line().replace("curl ", "curl -sS -w '%{http_code}' ")
        answer = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30 * PATIENCE)
        assert answer.stdout.endswith("200"), (line, answer)
        program = subprocess.run([sys.executable, "-c", self.printed_program()], capture_output=True, text=True, timeout=60 * PATIENCE)
        assert program.returncode == 0 and program.stdout, program.stderr
        return answer.stdout

    def ask(self, name, values):
        answer = requests.post(f"http://127.0.0.1:{self.port}/v2/models/{name}/infer", timeout=30, json={
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [len(values)], "data": values}]})
        return answer.json()["outputs"][0]["data"] if answer.ok else answer.text

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(40 * PATIENCE)
        left = glob.glob(self.scratch + "/neso-*")
        output = self.output
        shutil.rmtree(self.scratch)
        assert (status, left) == (0, []), output


@pytest.fixture
def serve():
    running = []

    def start(*args, **kwargs):
        running.append(Served(*args, **kwargs))
        return running[-1]

    yield start
    for served in running:
        served.stop()


def plus(number):
    return model([node("Add", "x number", "y")], {"x": ("FLOAT", [2])}, {"y": ("FLOAT", [2])},
                 {"number": numpy.float32([number])})


def test_an_onnx_file_answers_the_printed_calls(serve, tmp_path):
    file = tmp_path / "my digits.bin"  # its name says nothing
    file.write_bytes(double())
    served = serve(file)
    assert "model 'my_digits' is ready" in served.output
    assert '"model_name":"my_digits"' in served.check_calls()


def test_a_python_file_and_its_folder(serve, tmp_path):
    (tmp_path / "helper.py").write_text("FACTOR = 3\n")
    (tmp_path / "model.py").write_text("from helper import FACTOR\n" + MODEL_PY)
    # The python3 of the environment runs it, as of an active venv.
    venv = {"PATH": os.path.dirname(sys.executable) + ":" + os.environ["PATH"]}
    served = serve(tmp_path / "model.py", "--name", "adder", env=venv)
    served.check_calls()
    assert served.ask("adder", [1, 2]) == [4, 5]


def test_a_model_folder_a_repository_and_a_package(serve, repository, tmp_path):
    repository.add("double", None, files={"model.onnx": double()})
    assert '"model_name":"double"' in serve(repository.path / "double").check_calls()
    assert '"model_name":"double"' in serve(repository.path).check_calls()
    package = tmp_path / "site" / "acme_models" / "data"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("raise RuntimeError('nobody imports it')\n")
    (package / "net.onnx").write_bytes(double())
    served = serve("acme_models", env={"PYTHONPATH": str(tmp_path / "site")}, cwd="/")
    assert '"model_name":"acme_models"' in served.check_calls()


def test_a_change_is_served_and_a_broken_one_is_not(serve, tmp_path):
    file = tmp_path / "net.onnx"
    file.write_bytes(plus(1))
    served = serve(file)
    assert served.ask("net", [0, 1]) == [1, 2]
    file.write_bytes(plus(2))
    wait_until(lambda: served.ask("net", [0, 1]) == [2, 3], timeout=20 * PATIENCE)
    file.write_bytes(b"half a model")
    wait_until(lambda: "failed to load 'net'" in served.output, timeout=20 * PATIENCE)
    assert served.ask("net", [0, 1]) == [2, 3]
    (tmp_path / "new").write_bytes(plus(5))
    os.replace(tmp_path / "new", file)
    wait_until(lambda: served.ask("net", [0, 1]) == [5, 6], timeout=20 * PATIENCE)


@pytest.mark.parametrize("name, content, expected", [
    ("net.onnx", b"", "is empty"),
    ("net.onnx", b"\x08\x08\x12\x05maker\x3a\x05gr", "begins as an ONNX model, but is damaged or cut off"),
    ("net.pkl", b"\x80\x04\x95....", "is a pickle"),
    ("notes.txt", b"what I think of it", "expected ONNX, TorchScript"),
    ("tool.py", b"print('hello')", "expected a class TritonPythonModel"),
])
def test_what_is_no_model_is_told_what_it_is(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    result = run_neso("serve", str(tmp_path / name), env={"TMPDIR": str(tmp_path)})
    assert result.returncode == 1 and result.stderr.startswith(f"error: '{tmp_path / name}' ") and expected in result.stderr
    assert sorted(os.listdir(tmp_path)) == [name]


def test_a_taken_port_names_who_has_it_and_auto_takes_another(serve, tmp_path):
    (tmp_path / "net.onnx").write_bytes(double())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_neso("serve", str(tmp_path / "net.onnx"), f"--http-port={port}", f"--grpc-port={free_port()}",
                          f"--metrics-port={free_port()}")
        assert result.returncode == 1
        assert re.search(rf"error: port {port}, for HTTP, is taken by '.+' \(process {os.getpid()}\)", result.stderr), result.stderr


def test_a_missing_backend_says_how_to_get_it(tmp_path):
    (tmp_path / "net.xml").write_text("<?xml version='1.0'?><net name='n'></net>")
    empty = tmp_path / "backends"
    empty.mkdir()
    result = run_neso("serve", str(tmp_path / "net.xml"), f"--backend-directory={empty}", f"--http-port={free_port()}",
                      f"--grpc-port={free_port()}", f"--metrics-port={free_port()}")
    assert result.returncode == 1
    if not (TREE / "backends/openvino").exists():
        assert "make build BACKENDS=openvino" in result.stderr


def test_init_writes_a_configuration_that_serves(repository, start_server, tmp_path):
    folder = tmp_path / "models" / "double"
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "model.onnx").write_bytes(double())
    shown = run_neso("init", str(folder / "1" / "model.onnx"), "--stdout")
    assert shown.returncode == 0, shown.stderr
    assert 'input { name: "x" data_type: TYPE_FP32' in shown.stdout and not (folder / "config.pbtxt").exists()
    assert run_neso("init", str(folder)).returncode == 0
    written = (folder / "config.pbtxt").read_text()
    refused = run_neso("init", str(folder))
    assert refused.returncode == 1 and "--force writes it anew" in refused.stderr
    assert run_neso("init", str(folder), "--force").returncode == 0
    assert (folder / "config.pbtxt").read_text() == written
    start_server(folder.parent, "--disable-auto-complete-config")
