"""Settings of models and of the backend."""
import os
import pathlib
import subprocess

import numpy as np
import pytest
from support.dali_models import as_input, config, photo, pipeline
from support.repository import parameters


def threads(one):
    return one.server.thread_count()


def test_threads_are_the_models_choice(start_dali):
    one = start_dali()
    one.load("few", pipeline("add_sub"), config(extra=parameters(num_threads=1)))
    before = threads(one)
    one.load("many", pipeline("add_sub"), config(extra=parameters(num_threads=9)))
    assert threads(one) - before >= 8


def test_a_pipeline_takes_no_more_threads_than_there_are_processors(start_dali):
    """What it says itself was meant for the machine it was made on."""
    one = start_dali()
    one.load("few", pipeline("add_sub"), config())
    before = threads(one)
    one.load("vast", b"\x08\x80\x04" + pipeline("add_sub").removeprefix(b"\x08\x02"), config())  # num_threads: 512
    assert threads(one) - before < len(os.sched_getaffinity(0)) + 16


@pytest.mark.parametrize("value", ["0", "-2", "many"])
def test_numbers_of_threads_that_are_none(dali, value):
    assert "parameter 'num_threads': " in dali.load_error("none", pipeline("add_sub"),
                                                          config(extra=parameters(num_threads=value)))


def test_several_instances_answer_at_once(dali, answers):
    dali.load("several", pipeline("classify"), config(extra="instance_group { count: 3 }"))
    for answer in dali.infer_many("several", [{"ENCODED": as_input(photo("china"))}] * 24):
        np.testing.assert_array_equal(answer.popitem()[1][0], answers["china"])


@pytest.mark.skipif(pathlib.Path("/dev/nvidiactl").exists(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there(dali):
    error = dali.load_error("gpu", pipeline("classify"), config(extra="instance_group { kind: KIND_GPU gpus: [ 0 ] }"))
    assert "KIND_GPU needs an NVIDIA GPU and its driver; KIND_CPU runs pipelines without operators for a GPU" in error


@pytest.fixture
def operators(tmp_path):
    """A library that says when it is opened."""
    source = tmp_path / "operators.c"
    source.write_text('#include <stdio.h>\n__attribute__((constructor)) static void opened(void) '
                      '{ fputs("operators are there\\n", stderr); }\n')
    library = tmp_path / "liboperators.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def test_plug_ins_are_opened_with_the_backend(start_dali, operators):
    one = start_dali(f"--backend-config=dali,plugin_libs={operators}:{operators}")
    one.load("any", pipeline("add_sub"), config())
    assert "operators are there" in one.server.log


def test_a_plug_in_that_is_not_there(start_dali):
    one = start_dali("--backend-config=dali,plugin_libs=/no/such/library.so")
    error = one.load_error("any", pipeline("add_sub"), config())
    assert "unable to load the library of operators '/no/such/library.so' of --backend-config=dali,plugin_libs" in error


def test_memory_is_released_with_the_last_model(start_dali, answers):
    one = start_dali("--backend-config=dali,release_after_unload=true")
    for _ in range(2):
        one.load("classify", pipeline("classify"), config())
        one.infer("classify", ENCODED=as_input(photo("china")))
        assert one.server.post("/v2/repository/models/classify/unload").status_code == 200
