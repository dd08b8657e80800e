"""Models made with OpenVINO's Python module, and their configurations."""
import pathlib

import numpy as np

from support import made_models
from support.optional_backends import python_of
from support.repository import declared, parameters
from support.server import ROOT

PYTHON = python_of("openvino")
MODELS = ROOT / "tests/openvino/make_models.py"
EXACT = 1e-4  # how far probabilities may be apart in FP32
# Where a network is served as it is: on processors with BF16 OpenVINO computes in that, with three digits.
TOLERANCE = 0.02 if {"avx512_bf16", "amx_bf16"} & set(pathlib.Path("/proc/cpuinfo").read_text().split()) else EXACT


def made_by(script):
    return made_models.made_by(script, PYTHON)


def ir(name):
    """The files of that model, as they stand in a version folder."""
    folder = made_by(MODELS)
    return {f"model.{ending}": (folder / f"{name}.{ending}").read_bytes() for ending in ("xml", "bin")}


def config(inputs, outputs, max_batch_size=8, extra=""):
    """`inputs` and `outputs`: name to (datatype, dims), or to (datatype, dims, what else stands in the tensor). It computes in FP32
    on all processors, unless `extra` says something of it.
    """
    extra += "" if "HINT_BF16" in extra else "\n" + parameters(HINT_BF16="NO")
    return f'backend: "openvino"\nmax_batch_size: {max_batch_size}\n{declared(inputs, outputs)}\n{extra}'


def check_scores(scores, expected, tolerance=EXACT):
    """`expected`: of the network where it was trained."""
    np.testing.assert_allclose(scores, expected, atol=tolerance)
