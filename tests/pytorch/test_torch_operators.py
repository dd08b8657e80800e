"""Operators of a user, from a library that the configuration names."""
import pathlib

import numpy as np
import pytest
from support.server import BUILD, IS_SANITIZED
from support.torch_models import config, run_with_torch

pytestmark = [pytest.mark.timeout(300),  # importing PyTorch takes its time
              pytest.mark.skipif(IS_SANITIZED, reason="the library needs its sanitizer in the process, which Python has not")]
LIBRARY = BUILD / "test_libraries/torch_operators.so"
X = {"x": ("TYPE_FP32", [1])}
Y = {"y": ("TYPE_FP32", [1])}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    file = tmp_path_factory.mktemp("operators") / "triple.pt"
    run_with_torch(pathlib.Path(__file__).parent / "make_operator_model.py", LIBRARY, file)
    return file.read_bytes()


def operations(file):
    return f'model_operations {{ op_library_filename: "{file}" }}'


def test_operators_are_there_once_a_configuration_names_their_library(torch, model):
    assert "neso_test" in torch.load_error("without", model, config(X, Y))
    assert "unable to load the library of operators 'none.so': " in torch.load_error(
        "no_library", model, config(X, Y, extra=operations("none.so")))
    torch.load("whole_path", model, config(X, Y, extra=operations(LIBRARY)))
    assert torch.infer("whole_path", x=np.float32([[2]]))["y"].item() == 6


def test_a_library_in_the_version_folder(start_torch, model):
    torch = start_torch()
    torch.repository.add("beside", config(X, Y, extra=operations("mine.so")),
                         files={"model.pt": model, "mine.so": LIBRARY.read_bytes()})
    torch.load("beside")
    assert torch.infer("beside", x=np.float32([[2]]))["y"].item() == 6
