"""Files that are not as they were written, or something else altogether: an error at load, and the server goes on."""
import json
import random
import re
import struct

import numpy as np
import pytest
from support.control import load

FORMATS = {"xgb_cancer": "text", "lgb_categories": "text", "xgb_cancer_ubj": "binary", "old_cancer": "binary",
           "skl_cancer_boosting": "binary"}
FILES = 500
NUMBERS = [b"-1", b"0", b"1", b"7", b"255", b"65536", b"2147483647", b"-2147483648", b"4294967296", b"99999999999999999999", b"1e400",
           b"nan", b"inf", b"", b"[]", b"0.5"]
WORDS = [0, 1, -1, 2, 3, 255, 1 << 15, 1 << 20, 1 << 30, (1 << 31) - 1, -(1 << 31)]


def with_other_bytes(whole, choose):
    """Some bytes changed, or a part of the file only."""
    content = bytearray(whole)
    for _ in range(choose.choice([1, 1, 2, 4, 16])):
        content[choose.randrange(len(content))] ^= choose.randrange(1, 256)
    return bytes(content[:choose.randrange(len(content))] if choose.random() < 0.2 else content)


def with_other_numbers(whole, choose):
    """In text, some numbers others than they were: what a reader takes for good."""
    content = whole
    places = [match.span() for match in re.finditer(rb"-?\d+(\.\d+)?([eE][-+]?\d+)?", whole)]
    for begin, end in sorted(choose.sample(places, choose.choice([1, 1, 2, 4])), reverse=True):
        content = content[:begin] + choose.choice(NUMBERS) + content[end:]
    return content


def with_other_words(whole, choose):
    """The same in a binary file: 4 or 8 bytes, of either order."""
    content = bytearray(whole)
    for _ in range(choose.choice([1, 1, 2, 4])):
        word = struct.pack(choose.choice("<>") + choose.choice("iq"), choose.choice(WORDS))
        # Heads are short, and say most.
        at = choose.randrange(min(len(content), choose.choice([400, len(content)])) - len(word))
        content[at:at + len(word)] = word
    return bytes(content)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", FORMATS)
def test_the_server_survives_files_of_all_kinds(start_fil, models, name):
    """Every other file is one that its reader may well take for good."""
    fil, model = start_fil(), models(name)
    shap = model.features + 1
    fil.load("good", model.file, model.config(), model.usual_file)
    row = json.dumps({"inputs": [{"name": "input__0", "datatype": "FP32", "shape": [1, model.features], "data": [0.5] * model.features}]})
    refused = 0
    for seed in range(FILES):
        choose = random.Random(seed)
        change = with_other_bytes if seed % 2 else with_other_numbers if FORMATS[name] == "text" else with_other_words
        fil.add("changed", change(model.file, choose), model.config(shap=shap), model.usual_file)
        answer = load(fil.server, "changed")
        assert answer.status_code in (200, 400), (seed, answer.text)
        if answer.status_code == 400:
            refused += 1
            assert "failed to load model 'changed': " in answer.text or "model 'changed'" in answer.text, (seed, answer.text)
        else:
            fil.server.post("/v2/models/changed/infer", row)  # an answer or an error, whatever it says
    assert refused > FILES / 5
    np.testing.assert_allclose(fil.infer("good", input__0=model.rows)["output__0"], model.scores[:, 0], atol=1e-6)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("what, content", [
    ("nothing", b""),
    ("text", b"dear reader\n" * 100),
    ("onnx", b"\x08\x07\x12\x04test"),
    ("zeros", bytes(1000)),
    ("pickle", b"\x80\x05\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x07sklearn\x94."),
])
def test_what_is_no_model_is_refused(fil, models, name, what, content):
    model = models(name)
    assert f"failed to load model '{name}_{what}': " in fil.load_error(f"{name}_{what}", content, model.config(), model.usual_file)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_cut_off_is_refused(fil, models, name):
    """Not served with the trees that are there."""
    model = models(name)
    for tenths in (1, 3, 5, 7):
        called, part = f"{name}_{tenths}_tenths", model.file[:len(model.file) * tenths // 10]
        assert f"failed to load model '{called}': " in fil.load_error(called, part, model.config(), model.usual_file)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_a_model_of_another_format_is_refused(fil, models, name, other):
    if name == other:
        return
    model = models(name)
    error = fil.load_error(f"{name}_as_{other}", models(other).file, model.config(), model.usual_file)
    assert f"failed to load model '{name}_as_{other}': " in error


def test_a_tree_that_goes_in_circles_is_refused(fil, models):
    """Its nodes are each other's children: a reader that walks it does not come to its end."""
    model = models("xgb_cancer")
    changed = json.loads(model.file)
    changed["learner"]["gradient_booster"]["model"]["trees"][0]["left_children"][1] = 0
    error = fil.load_error("circle", json.dumps(changed).encode(), model.config(), model.usual_file)
    assert "failed to load model 'circle': " in error


def test_a_checkpoint_that_promises_more_than_it_has_is_refused(fil, models):
    model = models("skl_cancer_boosting")
    content = bytearray(model.file)
    content[14:22] = struct.pack("<q", 1 << 60)  # trees
    assert "failed to load model 'promise': " in fil.load_error("promise", bytes(content), model.config(), model.usual_file)


def test_what_is_no_file_is_not_opened(fil, models):
    model = models("xgb_cancer")
    folder = fil.repository.add("fifo", model.config())
    (folder / "1").mkdir(exist_ok=True)
    (folder / "1/xgboost.json").mkdir()
    assert "Could not open model file" in fil.load_error("fifo")
