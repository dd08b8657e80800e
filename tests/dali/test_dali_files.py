"""Where a model's pipeline is looked for, and Python files that make one."""
import os
import sys
import textwrap

import numpy as np
import pytest
from support.dali_models import PYTHON, config, pipeline
from support.model_server import model_servers

SCRIPT = textwrap.dedent("""
    from nvidia.dali import fn, pipeline_def, types
    from nvidia.dali.plugin.triton import autoserialize

    @autoserialize
    @pipeline_def(batch_size=16, num_threads=1, device_id=None, output_dtype=[types.INT32], output_ndim=[1])
    def double():
        return fn.external_source(name="X", device="cpu", dtype=types.INT32, ndim=1) * 2
    """)



@pytest.fixture(scope="module")
def python_with_dali(tmp_path_factory):
    """An environment whose python3 has DALI."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "python3"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={PYTHON} exec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def scripted(python_with_dali, module_repository, start_module_server):
    def start(*args, **kwargs):
        return start_module_server(*args, env=python_with_dali, **kwargs)

    with model_servers("model.dali", module_repository, start) as begin:
        yield begin()


def doubled(one, name):
    return list(one.infer(name, X=np.int32([[1, 2]])).values())[0].tolist()


def test_a_python_file_is_serialized(scripted):
    assert scripted.load("script", SCRIPT, config(), "dali.py")["max_batch_size"] == 16
    assert doubled(scripted, "script") == [[2, 4]]


def test_a_python_file_of_another_name(scripted):
    scripted.load("named", SCRIPT, config(extra='default_model_filename: "mine.py"'), "mine.py")
    assert doubled(scripted, "named") == [[2, 4]]


def test_a_serialized_pipeline_of_another_name(dali):
    dali.load("other", pipeline("same"), config({"X": ("TYPE_INT8", [1])}, {"Y": ("TYPE_INT8", [1])},
                                                extra='default_model_filename: "mine.bin"'), "mine.bin")


def test_the_serialized_pipeline_comes_first(dali):
    dali.add("both", "raise SystemExit('nobody runs this')", file="dali.py")
    dali.load("both", pipeline("scalar"), config())


def test_a_damaged_pipeline_beside_a_python_file(scripted):
    scripted.add("mended", SCRIPT, file="dali.py")
    scripted.load("mended", b"PK\3\4", config())
    assert doubled(scripted, "mended") == [[2, 4]]


@pytest.mark.parametrize("name, script, text", [
    ("raises", "raise ValueError('as it is')", "ValueError: as it is"),
    ("syntax", "def f(:", "SyntaxError"),
    ("unmarked", SCRIPT.replace("@autoserialize\n", ""), "Precisely one autoserialize function must exist in the module"),
    ("missing", "import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
])
def test_what_python_says_is_told(scripted, name, script, text):
    error = scripted.load_error(name, script, config(), "dali.py")
    folder = scripted.repository.path / name / "1"
    assert (f"DALI Backend error: Failed to load model file. The program looked in the following locations: "
            f"{folder}/model.dali, {folder}/dali.py. Please make sure that the model exists in any of the locations and is "
            "properly serialized or can be properly serialized.") in error
    assert f"{folder}/model.dali: there is no such file" in error and text in error


def test_a_python_file_that_never_ends(python_with_dali, repository, start_server):
    def start(*args, **kwargs):
        return start_server(*args, env=python_with_dali, **kwargs)

    with model_servers("model.dali", repository, start) as begin:
        one = begin("--backend-config=dali,autoserialize-timeout-secs=1")
        error = one.load_error("endless", "import time\nwhile True: time.sleep(1)", config(), "dali.py")
        assert "it was not serialized within 1" in error


def test_a_python3_without_dali(repository, start_server, tmp_path):
    (tmp_path / "python3").symlink_to("/usr/bin/python3")
    with model_servers("model.dali", repository, start_server) as begin:
        one = begin()
        error = one.load_error("script", SCRIPT, config(), "dali.py")
        assert "has no DALI" in error and "install nvidia-dali-cuda130 for it, or name its folder in PYTHONPATH" in error


def test_names_that_leave_the_folder(dali):
    outside = config(extra='default_model_filename: "../../other/1/model.dali"')
    assert "must stay inside the directory of model 'outside'" in dali.load_error("outside", b"", outside)
    inside = config(extra='default_model_filename: "more/../model.dali"')
    assert "Invalid '..' sequence found in model path: 'more/../model.dali'" in dali.load_error("inside", b"", inside)
    assert "Invalid character '$' found in model path" in dali.load_error(
        "odd", b"", config(extra='default_model_filename: "$HOME.dali"'))


def test_nothing_there(dali):
    error = dali.load_error("nothing", b"", config(), "readme.txt")
    assert "Failed to load model file." in error and "/nothing/1/dali.py: there is no such file" in error
