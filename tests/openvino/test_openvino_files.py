"""Files that are missing, damaged, changed while they serve, or something else altogether."""
import random
import re

import numpy as np
import pytest
from support.control import load, unload
from support.damage import with_other_bytes
from support.openvino_models import MODELS, check_scores, config, ir, made_by
from support.server import IS_SANITIZED

PIXELS = {"pixels": ("TYPE_FP32", [64])}
SCORES = {"scores": ("TYPE_FP32", [10])}
CONFIG = config(PIXELS, SCORES, 1)
FILES = 510
NUMBERS = ["", "0", "-1", "7", "65536", "2147483648", "-2147483648", "9223372036854775807", "18446744073709551616", "1e30", "x"]
WORDS = ["", "?", "f16", "i4", "string", "dynamic", "If", "Loop", "Gather", "Reshape", "StridedSlice", "ReadValue", "opset8", "0,0"]


def replaced(text, choose, pattern, values):
    found = choose.choice(list(re.finditer(pattern, text)))
    return text[:found.start()] + choose.choice(values) + text[found.end():]


def with_another_structure(content, choose):
    """XML as before, with another number or word in it, or lines left out, doubled or moved."""
    text = content.decode()
    for _ in range(choose.choice([1, 1, 1, 2, 3])):
        way = choose.randrange(4)
        if way < 2:
            text = replaced(text, choose, r'(?<=[",> ])-?\d+(?=[",< ])', NUMBERS)
        elif way == 2:
            text = replaced(text, choose, r'(?<=(?:type|sion|name|hape|ames|_pad)=")[^"]*(?=")', WORDS)
        else:
            lines = text.split("\n")
            taken = lines.pop(choose.randrange(len(lines)))
            for _ in range(choose.randrange(3)):
                lines.insert(choose.randrange(len(lines)), taken)
            text = "\n".join(lines)
    return text.encode()


def ask(server, model):
    return server.infer(model, {"inputs": [{"name": "pixels", "datatype": "FP32", "shape": [1, 64], "data": [0.0] * 64}]})


@pytest.mark.timeout(600)
def test_the_server_survives_files_of_all_kinds(start_openvino, digits):
    openvino = start_openvino()
    models, onnx = [ir("digits_of_one"), ir("remembering")], (made_by(MODELS) / "digits.onnx").read_bytes()
    openvino.load("good", models[0], CONFIG)
    answers = {200: 0, 400: 0}
    for seed in range(FILES):
        choose = random.Random(seed)
        whole = models[seed // 5 % 2]
        changed, settings = dict(whole), CONFIG if whole is models[0] else 'backend: "openvino"'
        if seed % 5 == 0:
            changed = {"model.onnx": with_other_bytes(onnx, choose)}
            settings = CONFIG + 'default_model_filename: "model.onnx"'
        elif seed % 5 == 1:
            changed["model.bin"] = with_other_bytes(whole["model.bin"], choose)
        elif seed % 5 == 2:
            changed["model.xml"] = with_other_bytes(whole["model.xml"], choose)
        else:
            changed["model.xml"] = with_another_structure(whole["model.xml"], choose)
        openvino.add("changed", changed, settings)
        answer = load(openvino.server, "changed")
        assert answer.status_code in (200, 400), (seed, answer.text)
        answers[answer.status_code] += 1
        if answer.status_code == 200:
            ask(openvino.server, "changed")  # an answer or an error, whatever it says
    assert min(answers.values()) > FILES / 10, answers
    check_scores(openvino.infer("good", pixels=digits["pixels"][:1])["scores"], digits["scores"][:1])


def test_a_file_that_is_not_there(openvino):
    openvino.repository.add("missing", CONFIG)
    path = openvino.repository.path / "missing/1/model.xml"
    assert f"unable to find '{path}' for model 'missing'" in openvino.load_error("missing")


def test_weights_that_are_not_there(openvino):
    whole = ir("digits")
    path = openvino.repository.path / "no_weights/1/model.bin"
    error = openvino.load_error("no_weights", {"model.xml": whole["model.xml"]}, CONFIG)
    assert f"unable to find '{path}' for model 'no_weights'" in error


def test_weights_that_are_cut_off(openvino):
    whole = ir("digits")
    error = openvino.load_error("cut", whole | {"model.bin": whole["model.bin"][:-100]}, CONFIG)
    assert "unable to read model 'cut': " in error and "bin file" in error


@pytest.mark.parametrize("name, content", [
    ("nothing", b""), ("onnx", b"\x08\x07\x12\x04test"), ("archive", b"PK\x03\x04"), ("text", b"import openvino\n" * 100),
    ("page", b"<html></html>")])
def test_what_is_no_model_is_named(openvino, name, content):
    error = openvino.load_error(name, content, CONFIG)
    assert f"unable to read model '{name}': " in error
    assert "expected an IR, XML with an element <net>, got something else" in error


def test_an_onnx_model_that_is_none(openvino):
    error = openvino.load_error("none", ir("digits")["model.xml"], CONFIG + 'default_model_filename: "model.onnx"', "model.onnx")
    assert "unable to read model 'none': " in error


def test_elements_within_elements_without_end(openvino):
    error = openvino.load_error("deep", b"<net>" + b"<layers><layer><body>" * 50000, CONFIG)
    assert "expected an IR with at most 300 elements within one another, got more" in error


def test_layers_that_do_not_say_what_they_keep(openvino):
    changed = ir("remembering")
    changed["model.xml"] = changed["model.xml"].replace(b"variable_id=", b"variable=")
    error = openvino.load_error("unnamed", changed, 'backend: "openvino"')
    assert "expected a variable_id in the data of each layer ReadValue and Assign, got one without" in error


def test_outputs_without_a_name(openvino):
    changed = ir("digits")
    changed["model.xml"] = re.sub(rb' (output_)?names="(scores|Result_\d+)"', b"", changed["model.xml"])
    assert ("autofill failed for model 'no_name': output 0 has no name in the model"
            in openvino.load_error("no_name", changed, 'backend: "openvino"'))


def test_absurd_shapes(openvino):
    for shape in ("1,9223372036854775807", "4000000000,4000000000", "-5,64", ",".join(["64"] * 40)):
        changed = ir("digits_of_one")
        changed["model.xml"] = changed["model.xml"].replace(b'shape="1,64"', f'shape="{shape}"'.encode())
        error = openvino.load_error("absurd", changed, 'backend: "openvino"')
        assert "model 'absurd'" in error


def test_files_are_free_once_a_model_is_loaded(openvino, digits):
    """Written over while the model serves, as by somebody who copies its next version there."""
    folder = openvino.add("free", ir("digits_of_one"), CONFIG) / "1"
    openvino.load("free")
    for file in ("model.bin", "model.xml"):
        (folder / file).write_bytes(b"")
    check_scores(openvino.infer("free", pixels=digits["pixels"][:1])["scores"], digits["scores"][:1])


@pytest.mark.skipif(IS_SANITIZED, reason="sanitizers keep what is freed")
def test_memory_goes_back_with_the_model(start_openvino):
    """Of 16 MiB of weights nothing stays, however often they come and go."""
    openvino = start_openvino()
    tensors = {"x": ("TYPE_FP32", [1024])}, {"y": ("TYPE_FP32", [1024])}
    openvino.add("heavy", ir("heavy"), config(*tensors, 1))
    sizes = []
    for _ in range(12):
        openvino.load("heavy")
        openvino.infer("heavy", x=np.ones((1, 1024), np.float32))
        assert unload(openvino.server, "heavy").status_code == 200
        sizes.append(openvino.server.rss_kib())
    assert min(sizes[6:]) < min(sizes[2:4]) + 16 * 1024, sizes
