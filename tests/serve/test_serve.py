"""`neso serve` and `neso init`: names, ports, changes, and what is no model. What it prints is run in test_kinds.py."""
import os
import re
import signal
import socket
import subprocess

import numpy as np
import pytest
from support.model_kinds import plus, python_file
from support.onnx_models import double
from support.optional_backends import is_built
from support.server import PATIENCE, TREE, free_port, run_neso
from support.serving import Served, port_options
from support.wait import wait_until


@pytest.fixture
def serve():
    running = []

    def start(*args, **kwargs):
        running.append(Served(*args, **kwargs))
        return running[-1].until_ready()

    yield start
    for served in running:
        served.stop(by=signal.SIGTERM)


@pytest.fixture
def refuse(tmp_path):
    """What `neso serve` says of that, and that it leaves nothing behind."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def run(what, *options, code=1):
        result = run_neso("serve", str(what), f"--backend-directory={TREE / 'backends'}", *port_options(), *options,
                          env={"TMPDIR": str(scratch)})
        assert result.returncode == code and result.stdout == "", result
        assert os.listdir(scratch) == []
        return result.stderr
    return run


def test_the_name_is_that_of_the_file_in_characters_that_a_url_may_have(serve, tmp_path):
    (tmp_path / "my digits.onnx").write_bytes(plus(1))
    assert serve(tmp_path / "my digits.onnx").ask("my_digits", x=[1, 2])["y"].tolist() == [2, 3]


def test_a_python_file_may_import_those_beside_it(serve, tmp_path):
    (tmp_path / "helper.py").write_text("FACTOR = 3\n")
    (tmp_path / "model.py").write_text(python_file("FACTOR * x", "from helper import FACTOR"))
    assert serve(tmp_path / "model.py", "--name", "times").ask("times", x=[1, 2])["y"].tolist() == [3, 6]


def test_a_change_is_served_whether_it_is_written_or_moved_into_place(serve, tmp_path):
    file = tmp_path / "net.onnx"
    file.write_bytes(plus(1))
    served = serve(file)

    def answer():
        return served.ask("net", x=[0, 1])["y"].tolist()
    assert answer() == [1, 2]
    file.write_bytes(plus(2))
    wait_until(lambda: answer() == [2, 3], timeout=20)
    (tmp_path / "new").write_bytes(plus(5))
    os.replace(tmp_path / "new", file)
    wait_until(lambda: answer() == [5, 6], timeout=20)


@pytest.mark.parametrize("name, content, expected", [
    ("net.onnx", b"", "is empty"),
    ("net.onnx", plus(1)[:40], "begins as an ONNX model, but is damaged or cut off"),
    ("net.onnx", b"\xff\xd8\xff\xe0\0\x10JFIF", "is no model, or is damaged: expected ONNX, TorchScript"),
    ("net.pt", b"PK\x03\x04 and no end", "is a ZIP archive that is damaged or cut off"),
    ("net.pkl", b"\x80\x04\x95....", "is a pickle"),
    ("net.xml", b"<?xml version='1.0'?><svg/>", "is XML, but no network of OpenVINO"),
    ("net.json", b'{"trees": []}', "is JSON, but no model of XGBoost"),
    ("notes.txt", b"what I think of it", "expected ONNX, TorchScript"),
    ("tool.py", b"print('hello')", "expected a class TritonPythonModel"),
])
def test_what_is_no_model_is_told_what_it_is(refuse, tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    said = refuse(tmp_path / name)
    assert said.startswith(f"error: '{tmp_path / name}' ") and expected in said


def test_a_folder_without_a_model_or_with_two_is_told_what_to_name(refuse, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    assert f"error: '{folder}' holds no model: expected a file of a model" in refuse(folder)
    (folder / "notes.txt").write_text("None yet.\n")
    assert f"error: '{folder}' holds no model: expected a file of a model" in refuse(folder)
    for name in ("a.onnx", "b.onnx"):
        (folder / name).write_bytes(plus(1))
    assert f"holds more than one model: name one of them, '{folder}/a.onnx', '{folder}/b.onnx'" in refuse(folder, code=2)
    assert "error: there is no file, no folder and no Python package 'no_such_thing'" in refuse("no_such_thing")


def test_a_file_that_its_backend_refuses_is_named_with_the_reason(refuse, tmp_path):
    whole = plus(1)
    (tmp_path / "net.onnx").write_bytes(whole.replace(b"Add", b"Odd"))
    said = refuse(tmp_path / "net.onnx")
    assert re.search(r"^error: .*net.*Odd", said, re.MULTILINE), said


def test_a_taken_port_names_who_has_it_and_what_to_type(refuse, tmp_path):
    (tmp_path / "net.onnx").write_bytes(double())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refuse(tmp_path / "net.onnx", f"--http-port={port}")
    assert re.search(rf"error: port {port}, for HTTP, is taken by '.+' \(process {os.getpid()}\): end that, or say --port auto", said), said


def test_ports_are_three_in_a_row_or_those_that_are_free(serve, tmp_path):
    (tmp_path / "net.onnx").write_bytes(plus(1))
    port = free_port()
    first = serve(tmp_path / "net.onnx", "--port", str(port), ports=())
    assert f"serving at HTTP localhost:{port}, gRPC localhost:{port + 1};" in first.output
    second = serve(tmp_path / "net.onnx", "--port", "auto", ports=())
    assert second.url != first.url
    assert second.ask("net", x=[1, 2])["y"].tolist() == [2, 3]


def test_a_missing_backend_says_how_to_get_it(refuse, tmp_path):
    (tmp_path / "net.xml").write_text("<?xml version='1.0'?><net name='n'></net>")
    (tmp_path / "backends").mkdir()
    said = refuse(tmp_path / "net.xml", f"--backend-directory={tmp_path / 'backends'}")
    assert "make build BACKENDS=openvino" in said


def test_an_engine_of_tensorrt_without_a_gpu_says_what_is_missing(refuse, tmp_path):
    (tmp_path / "net.plan").write_bytes(b"ftrt" + bytes(60))
    said = refuse(tmp_path / "net.plan")
    assert ("tensorrt" if is_built("tensorrt") else "make build BACKENDS=tensorrt") in said


@pytest.mark.parametrize("name, content", [("net.pt", "torchscript"), ("net.txt", b"tree\nversion=v4\n")])
def test_formats_that_do_not_tell_their_tensors_say_what_to_type(refuse, tmp_path, name, content):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else b"")
    if name == "net.pt":
        import zipfile
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("net/constants.pkl", b"")
    said = refuse(tmp_path / name, code=2)
    assert "add them, with -1 for what is open, such as --input 'image=FP32[-1,3,224,224]'" in said
    said = refuse(tmp_path / name, "--input", "image=FP32", "--output", "y=FP32[1]", code=2)
    assert "--input: 'image=FP32': expected <name>=<datatype>[<dims>]" in said
    for datatype in ("FP99", "fp32", ""):
        said = refuse(tmp_path / name, "--input", f"image={datatype}[-1]", "--output", "y=FP32[1]", code=2)
        assert f"--input: 'image={datatype}[-1]': '{datatype}' is no datatype: expected one of BOOL, " in said


def test_ctrl_c_ends_at_once_also_while_the_model_loads(tmp_path):
    (tmp_path / "model.py").write_text(python_file("x", "import time\ntime.sleep(3600)"))
    slow = Served(tmp_path / "model.py")
    wait_until(lambda: any(name.startswith("neso-") for name in os.listdir(slow.scratch)))
    slow.process.send_signal(signal.SIGINT)
    # By the signal itself when it comes before there is anybody to take it.
    assert slow.process.wait(10 * PATIENCE) in (0, -signal.SIGINT)


def test_init_writes_a_configuration_that_serves(start_server, tmp_path):
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


def test_init_writes_all_texts_so_that_they_can_be_read(start_server, tmp_path):
    folder = tmp_path / "models" / "double"
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "model.onnx").write_bytes(double())
    (folder / "labels.txt").write_text("none\none\n")
    told = r'{\"a\": \"C:\\\\tmp\"}\n'
    (folder / "config.pbtxt").write_text(
        'backend: "onnxruntime" output { name: "y" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "labels.txt" }\n'
        f'parameters {{ key: "say \\"it\\"" value: {{ string_value: "{told}" }} }}')
    before = start_server(folder.parent).get("/v2/models/double/config").json()
    assert run_neso("init", str(folder), "--force").returncode == 0
    after = start_server(folder.parent).get("/v2/models/double/config").json()
    assert before["parameters"] == {'say "it"': {"string_value": '{"a": "C:\\\\tmp"}\n'}}
    for member in ("parameters", "output", "input"):
        assert after[member] == before[member]
