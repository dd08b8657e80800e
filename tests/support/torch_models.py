"""Models of PyTorch, made by its Python module in a process of its own, and their configurations."""
import tempfile

from support import made_models
from support.optional_backends import python_of
from support.repository import declared
from support.server import ROOT

PYTHON = python_of("pytorch")
MODELS = ROOT / "tests/pytorch/make_models.py"
PACKAGES = ROOT / "tests/pytorch/make_packages.py"


def run_with_torch(script, *args):
    """What the script prints."""
    with tempfile.TemporaryDirectory() as compiled:
        return made_models.run_with(PYTHON, script, *args, TORCHINDUCTOR_CACHE_DIR=compiled)


def made_by(script):
    return made_models.made_by(script, PYTHON, lambda modules, *args: run_with_torch(*args))


def config(inputs, outputs, max_batch_size=8, extra="", platform="pytorch_libtorch"):
    """`inputs` and `outputs`: name to (datatype, dims), or to (datatype, dims, what else stands in the tensor)."""
    return f'platform: "{platform}"\nmax_batch_size: {max_batch_size}\n{declared(inputs, outputs)}\n{extra}'
