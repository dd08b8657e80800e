"""Models of TensorFlow, made by its Python module in a process of its own, and their configurations."""
import hashlib
import os
import pathlib
import subprocess
import sys

from support.server import BUILD, ROOT, TREE
from support.torch_models import config as any_config

PYTHON = ROOT / ".deps/tensorflow/python"
BUILT = (TREE / "backends/tensorflow/libtriton_tensorflow.so").exists() and PYTHON.exists()
MODELS = ROOT / "tests/tensorflow/make_models.py"


def run_with_tensorflow(script, *args):
    """What the script prints. Importing TensorFlow takes seconds."""
    environment = os.environ | {"PYTHONPATH": str(PYTHON), "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-W", "ignore", str(script), *map(str, args)], env=environment, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def made_models():
    """The folder of what make_models.py makes; made again when it has changed."""
    digest = hashlib.sha256(MODELS.read_bytes() + (PYTHON.parent / ".key").read_bytes()).hexdigest()[:12]
    folder = pathlib.Path(BUILD) / "test_models" / f"tensorflow-{digest}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        run_with_tensorflow(MODELS, folder)
        (folder / "complete").touch()
    return folder


def files_of(folder, called="model.savedmodel"):
    """A SavedModel's files by their paths in a version folder."""
    return {f"{called}/{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def config(inputs, outputs, max_batch_size=8, extra="", platform="tensorflow_savedmodel"):
    """`inputs` and `outputs`: name to (datatype, dims), or to (datatype, dims, what else stands in the tensor)."""
    return any_config(inputs, outputs, max_batch_size, extra, platform)
