"""The page of the command `neso` shows commands that work."""
import os
import shutil
import subprocess

import numpy as np
import pytest
from support.access import KeyFile
from support.certificates import Authority, tls_flags
from support.onnx_models import double, model, node
from support.pages import blocks
from support.repository import tensor
from support.server import PATIENCE, ROOT, TREE

PAGE = ROOT / "docs" / "command-line.md"


def run(marker, folder, server=None, **env):
    """What the commands print, asking `server` in place of the one that they name."""
    path = f"{TREE / 'bin'}:{os.environ['PATH']}"
    commands = blocks(PAGE, "sh", marker)[0]
    if server:
        commands = commands.replace("localhost:8000", server.http).replace("localhost:8001", server.grpc)
    result = subprocess.run(["bash", "-ec", commands], capture_output=True, text=True, cwd=folder,
                            env={**os.environ, "PATH": path, **env}, timeout=60 * PATIENCE)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.parametrize("marker", ["test:commands", "test:completion"])
def test_the_page_s_commands_work(marker, tmp_path):
    run(marker, tmp_path)


def add_digits(repository):
    """A model like that of the example, whose scores are its first pixels."""
    shapes = {"pixels": ("FLOAT", [None, 64])}, {"scores": ("FLOAT", [None, 10])}
    first = model([node("Slice", "pixels begin end axis", "scores")], *shapes,
                  {"begin": np.int64([0]), "end": np.int64([10]), "axis": np.int64([1])})
    repository.add("digits", f"""
        backend: "onnxruntime"
        max_batch_size: 8
        input {tensor("pixels", dims=(64,))}
        output {tensor("scores", dims=(10,))}
        """, files={"model.onnx": first})


@pytest.fixture(scope="module")
def digits(module_repository, start_module_server):
    add_digits(module_repository)
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=digits")


@pytest.fixture
def asked(digits):
    return {"NESO_URL": digits.http, "NESO_METRICS_URL": f"127.0.0.1:{digits.metrics_port}"}


def test_the_page_s_question_has_the_page_s_answer(asked, tmp_path):
    np.save(tmp_path / "digit.npy", np.eye(64)[3])
    assert run("test:infer", tmp_path, **asked) == blocks(PAGE, "text", "test:infer")[0]


def test_the_page_s_question_over_grpc(digits, tmp_path):
    np.save(tmp_path / "digit.npy", np.eye(64)[3])
    assert run("test:grpc", tmp_path, digits) == blocks(PAGE, "text", "test:infer")[0]


def test_the_page_s_questions_to_a_server_that_is_secured(repository, start_server, tmp_path):
    np.save(tmp_path / "digit.npy", np.eye(64)[3])
    root = Authority(tmp_path, "root")
    pair = root.issue("server")
    keys = KeyFile(tmp_path / "keys.json")
    (tmp_path / "operator.key").write_text(keys.create("operator", operations="all"))
    add_digits(repository)
    server = start_server(repository.path, *tls_flags("http", pair), *tls_flags("grpc", pair), f"--access-keys={keys.path}",
                          tls={"verify": str(root.certificate)})
    told = run("test:secured", tmp_path, server)
    assert "| digits " in told and told.endswith(blocks(PAGE, "text", "test:infer")[0])


def test_the_page_s_questions_to_a_server(asked, tmp_path):
    told = run("test:asking", tmp_path, **asked)
    for shown in ("| ready ", "| digits ", "| pixels ", '"name": "digits"', "| average ms ", "| nv_inference_count "):
        assert shown in told


def test_the_page_s_questions_over_grpc(digits, tmp_path):
    told = run("test:asking-grpc", tmp_path, digits)
    for shown in ("| ready ", '"name":"digits","version":"1","state":"READY"', "loaded digits in ", '"inference_count":'):
        assert shown in told


def test_the_page_s_watch(asked, tmp_path):
    assert "| digits |" in run("test:top", tmp_path, **asked)


def test_the_page_s_repository(tmp_path):
    for name in ("digits", "export"):
        (tmp_path / f"{name}.onnx").write_bytes(double())
    told = run("test:repository", tmp_path)
    assert "| digits   | 1        | onnxruntime |" in told and "| opt-125m | 1        | vllm        |" in told
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["digits", "opt-125m"]
    run("test:elsewhere", shutil.copytree(tmp_path, tmp_path / "copy", ignore=lambda *_: ["copy"]))
    assert "ExecStart=" in (tmp_path / "copy/digits.service").read_text()
    assert "onnxruntime vllm" in (tmp_path / "copy/Dockerfile").read_text()


def test_the_page_s_loads(asked, module_repository, tmp_path):
    shutil.copy(module_repository.path / "digits/1/model.onnx", tmp_path / "digits.onnx")
    assert "loaded digits in " in run("test:control", tmp_path, **asked)
    subprocess.run([TREE / "bin/neso", "load", "digits"], env={**os.environ, **asked}, check=True)
