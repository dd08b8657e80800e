"""Models of PyTorch, made by its Python module in a process of its own, and their configurations."""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

from support.repository import tensor
from support.server import BUILD, ROOT, TREE

PYTHON = ROOT / ".deps/pytorch/python"
BUILT = (TREE / "backends/pytorch/libtriton_pytorch.so").exists() and PYTHON.exists()
MODELS = ROOT / "tests/pytorch/make_models.py"
PACKAGES = ROOT / "tests/pytorch/make_packages.py"


def run_with_torch(script, *args):
    """What the script prints. Importing PyTorch takes seconds, and a thread for each core."""
    with tempfile.TemporaryDirectory() as compiled:
        environment = os.environ | {"PYTHONPATH": str(PYTHON), "TORCHINDUCTOR_CACHE_DIR": compiled}
        done = subprocess.run([sys.executable, "-W", "ignore", str(script), *map(str, args)], env=environment, text=True,
                              capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def made_by(script):
    """The folder of what `script` makes; made again when it has changed."""
    digest = hashlib.sha256(script.read_bytes() + (PYTHON.parent / ".key").read_bytes()).hexdigest()[:12]
    folder = pathlib.Path(BUILD) / "test_models" / f"{script.stem}-{digest}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        run_with_torch(script, folder)
        (folder / "complete").touch()
    return folder


def config(inputs, outputs, max_batch_size=8, extra="", platform="pytorch_libtorch"):
    """`inputs` and `outputs`: name to (datatype, dims), or to (datatype, dims, what else stands in the tensor)."""
    def listed(key, tensors):
        return "\n".join(f"{key} {tensor(name, *what)}" for name, what in tensors.items())

    return (f'platform: "{platform}"\nmax_batch_size: {max_batch_size}\n'
            f'{listed("input", inputs)}\n{listed("output", outputs)}\n{extra}')


def parameters(**values):
    return "\n".join(f'parameters {{ key: "{key}" value: {{ string_value: "{value}" }} }}' for key, value in values.items())
