"""Pipelines made with DALI's Python module, and their configurations."""
import pathlib

import numpy as np
import sklearn.datasets
from support import made_models
from support.optional_backends import python_of
from support.repository import declared
from support.server import ROOT

PYTHON = python_of("dali")
MODELS = ROOT / "tests/dali/make_models.py"


def made_by(script):
    return made_models.made_by(script, PYTHON)


def pipeline(name):
    """The bytes of that pipeline."""
    return (made_by(MODELS) / f"{name}.dali").read_bytes()


def photo(name):
    """The bytes of a JPEG that scikit-learn brings along: china or flower."""
    return (pathlib.Path(sklearn.datasets.__file__).parent / f"images/{name}.jpg").read_bytes()


def as_input(content):
    """A request's tensor of one file."""
    return np.frombuffer(content, np.uint8)[None]


def config(inputs=None, outputs=None, max_batch_size=None, extra=""):
    """`inputs` and `outputs`: name to (datatype, dims), or to (datatype, dims, what else stands in the tensor)."""
    batch = "" if max_batch_size is None else f"max_batch_size: {max_batch_size}\n"
    return f'backend: "dali"\n{batch}{declared(inputs or {}, outputs or {})}\n{extra}'
