"""Files that are not as they were written, or something else altogether: an error at load, and the server goes on."""
import io
import json
import random
import zipfile

import numpy as np
import pytest
from support.control import load
from support.damage import with_other_bytes
from support.sanitizers import leaks_not_looked_for  # noqa: F401
from support.torch_models import config

IMAGE = {"image": ("TYPE_FP32", [1, 8, 8])}
SCORES = {"scores": ("TYPE_FP32", [10])}
FILES = 500


def with_another_member(whole, choose):
    """Bytes of one of the members that PyTorch interprets changed, put in or left out, with a checksum that fits."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(made, "w") as new:
        names = [name for name in old.namelist() if "/data/" not in name and not name.endswith("debug_pkl")]
        chosen = choose.choice(names)
        for name in old.namelist():
            content = bytearray(old.read(name))
            for _ in range(choose.choice([1, 1, 2, 4]) if name == chosen else 0):
                at, noise = choose.randrange(len(content) + 1), bytes(choose.randrange(256) for _ in range(choose.randrange(8)))
                content[at:at + choose.choice([0, 1, 1, len(noise)])] = noise
            new.writestr(name, bytes(content))
    return made.getvalue()


def ask(server, model):
    body = {"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 1, 8, 8], "data": [0.0] * 64}]}
    return server.post(f"/v2/models/{model}/infer", json.dumps(body))


@pytest.mark.timeout(300)
def test_the_server_survives_files_of_all_kinds(start_torch, models):
    """Every third file is one whose checksums fit: then PyTorch reads it."""
    torch = start_torch()
    whole = models("digits")
    torch.load("good", whole, config(IMAGE, SCORES))
    refused = 0
    for seed in range(FILES):
        choose = random.Random(seed)
        changed = (with_another_member if seed % 3 == 0 else with_other_bytes)(whole, choose)
        torch.add("changed", changed, config(IMAGE, SCORES))
        answer = load(torch.server, "changed")
        assert answer.status_code in (200, 400), (seed, answer.text)
        if answer.status_code == 400:
            refused += 1
            assert "failed to load model 'changed': " in answer.text or "unable to load model 'changed'" in answer.text, (
                seed, answer.text)
        else:
            ask(torch.server, "changed")  # an answer or an error, whatever it says
    assert refused > FILES / 2
    np.testing.assert_array_equal(torch.infer("good", image=np.zeros((1, 1, 8, 8), np.float32))["scores"].shape, (1, 10))


@pytest.mark.timeout(600)
def test_the_server_survives_damaged_packages(start_torch, packages):
    """What is in them is a library: one byte other than it was written, and nothing of it may run."""
    torch = start_torch()
    whole = packages("whole")
    configured = config({"ARGS[0]": ("TYPE_FP32", [3, 4])}, {"RESULT": ("TYPE_FP32", [3, 4])}, 0, platform="torch_aoti")
    for seed in range(100):
        torch.add("changed", with_other_bytes(whole, random.Random(seed)), configured, "model.pt2")
        answer = load(torch.server, "changed")
        assert answer.status_code in (200, 400), (seed, answer.text)
    torch.load("good", whole, configured, "model.pt2")
    assert torch.infer("good", **{"ARGS[0]": np.ones((3, 4), np.float32)})["RESULT"].sum() == 24


@pytest.mark.parametrize("name, content, text", [
    ("nothing", b"", "expected a ZIP archive, as PyTorch writes its models, got something else or only a part of one"),
    ("onnx", b"\x08\x07\x12\x04test", "expected a ZIP archive"),
    ("text", b"import torch\n" * 100, "expected a ZIP archive"),
])
def test_what_is_no_model_is_named(torch, name, content, text):
    error = torch.load_error(name, content, config(IMAGE, SCORES))
    assert f"failed to load model '{name}': " in error and text in error


def test_an_archive_of_something_else_is_named(torch):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("letter.txt", "dear reader")
    assert "failed to load model 'letter': " in torch.load_error("letter", made.getvalue(), config(IMAGE, SCORES))


def test_a_weight_with_a_bit_turned_over_is_found(torch, models):
    whole = bytearray(models("heavy"))
    whole[len(whole) // 2] ^= 1
    error = torch.load_error("bit", bytes(whole), config({"x": ("TYPE_FP32", [1024])}, {"y": ("TYPE_FP32", [1024])}))
    assert "the file is damaged: 'heavy/data/" in error and "in it is not what was written" in error


def test_a_file_that_is_not_there(torch):
    torch.repository.add("missing", config(IMAGE, SCORES))
    path = torch.repository.path / "missing/1/model.pt"
    assert f"unable to find '{path}' for model instance 'missing_0" in torch.load_error("missing")
