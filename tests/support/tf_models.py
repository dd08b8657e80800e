"""Models of TensorFlow, made by its Python module in a process of its own, and their configurations."""
from support import made_models
from support.optional_backends import python_of
from support.repository import declared
from support.server import ROOT

PYTHON = python_of("tensorflow")
MODELS = ROOT / "tests/tensorflow/make_models.py"


def folder():
    """Where the models are; made again when make_models.py has changed."""
    return made_models.made_by(MODELS, PYTHON)


def saved_model(name, called="model.savedmodel"):
    """The files of that SavedModel, as they stand in a version folder."""
    top = folder() / f"{name}.savedmodel"
    return {f"{called}/{path.relative_to(top)}": path.read_bytes() for path in top.rglob("*") if path.is_file()}


def graph(name):
    """The bytes of that GraphDef."""
    return (folder() / f"{name}.graphdef").read_bytes()


def config(inputs, outputs, max_batch_size=8, extra="", platform="tensorflow_savedmodel"):
    """`inputs` and `outputs`: name to (datatype, dims), or to (datatype, dims, what else stands in the tensor)."""
    return f'platform: "{platform}"\nmax_batch_size: {max_batch_size}\n{declared(inputs, outputs)}\n{extra}'
