"""The pages that come first, done as they stand: the first ten minutes, and serving one file."""
import json
import shlex
import shutil

import numpy as np
import pytest
from support import torch_models, tree_models
from support.onnx_models import model, node
from support.optional_backends import needs_backends
from support.pages import blocks
from support.reader import Reader
from support.server import ROOT

DOCS = ROOT / "docs"
ONE_FILE = DOCS / "serving-one-file.md"


@pytest.fixture
def reader(tmp_path):
    reader = Reader(tmp_path)
    yield reader
    reader.stop()


def digits():
    return model([node("MatMul", "pixels weights", "scores")], {"pixels": ("FLOAT", [None, 64])}, {"scores": ("FLOAT", [None, 10])},
                 {"weights": np.ones((64, 10), np.float32)})


def test_the_first_ten_minutes(reader):
    reader.follow(DOCS / "first-ten-minutes.md")
    [iris] = json.loads(reader.run("neso stats iris --json"))["model_stats"]
    assert iris["execution_count"] < iris["inference_count"] / 2, "batches are what the page is about in the end"


def test_serving_one_file(reader):
    (reader.folder / "digits.onnx").write_bytes(digits())
    reader.do(ONE_FILE.name, None, "console", blocks(ONE_FILE, "console", "test:serve")[0])
    assert reader.server is not None


@pytest.mark.parametrize("file, source", [
    pytest.param("network.pt", lambda: torch_models.made_by(torch_models.MODELS) / "digits.pt", marks=needs_backends("pytorch")),
    pytest.param("cancer.json", lambda: tree_models.folder_of("xgb_cancer") / "xgb_cancer.model", marks=needs_backends("fil"))])
def test_files_that_do_not_tell_their_tensors(reader, file, source):
    shutil.copy(source(), reader.folder / file)
    [line] = [line for line in blocks(ONE_FILE, "sh", "test:tensors")[0].splitlines() if shlex.split(line)[2] == file]
    assert f"model '{file.split('.')[0]}' is ready" in reader.run(line)


def test_a_configuration_to_begin_with(reader):
    for name in ("digits.onnx", "models/digits/1/model.onnx"):
        (reader.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (reader.folder / name).write_bytes(digits())
    reader.do(ONE_FILE.name, None, "console", blocks(ONE_FILE, "console", "test:init")[0])
    assert "pixels" in (reader.folder / "models/digits/config.pbtxt").read_text()
