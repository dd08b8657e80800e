"""Modules of PyTorch in Python: `runtime: "model.py"`."""
import numpy as np
import pytest
from support.model_server import model_servers
from support.python_models import python_on_path
from support.repository import parameters
from support.torch_models import PYTHON, config
from tritonclient.utils import InferenceServerException

pytestmark = pytest.mark.timeout(600)  # a worker imports PyTorch: seven seconds of a quiet machine
X = {"x": ("TYPE_FP32", [2])}
TWO = {"sum": ("TYPE_FP32", [2]), "difference": ("TYPE_FP32", [2])}
CODE = """
import torch
from torch.nn import Linear, Module


class Network(Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(2))

    def forward(self, x, y):
        assert not torch.is_grad_enabled() and not self.training
        return x + y * self.scale, x - y * self.scale
"""
NOT_COMPILED = {"TORCH_COMPILE_OPTIONAL_PARAMETERS": '{\\"disable\\": true}'}


def python(inputs, outputs, max_batch_size=8, extra="", **values):
    text = config(inputs, outputs, max_batch_size, extra + parameters(**(NOT_COMPILED | values)))
    return text.replace('platform: "pytorch_libtorch"', 'backend: "pytorch" runtime: "model.py"')


@pytest.fixture(scope="module")
def torch(module_repository, start_module_server):
    environment = python_on_path() | {"PYTHONPATH": str(PYTHON)}
    with model_servers("model.py", module_repository, lambda *args: start_module_server(*args, env=environment)) as start:
        yield start()


def test_a_module_is_found_and_batched(torch):
    torch.load("module", CODE, python(X | {"y": ("TYPE_FP32", [2])}, TWO, extra="dynamic_batching { max_queue_delay_microseconds: 20000 }"))
    rows = [np.full((1 + i % 3, 2), i, np.float32) for i in range(12)]
    answers = torch.infer_many("module", [{"x": row, "y": row + 1} for row in rows])
    for row, answer in zip(rows, answers):
        np.testing.assert_array_equal(answer["sum"], row + row + 1)
        np.testing.assert_array_equal(answer["difference"], -np.ones_like(row))


def test_torchscript_where_there_is_no_code(torch, models):
    torch.load("script", models("copy"), python(X, {"y": ("TYPE_FP32", [2])}, 0), file="model.pt")
    np.testing.assert_array_equal(torch.infer("script", x=np.float32([1, 2]))["y"], [1, 2])


@pytest.mark.parametrize("name, code, file, values, text", [
    ("no_class", "import torch\nfrom torch.nn import Linear", "model.py", {}, "Cannot find a subclass of torch.nn.Module"),
    ("no_file", "", "other.py", {}, "No model found in "),
    ("model_twice", CODE, "model.py", {"TORCH_COMPILE_OPTIONAL_PARAMETERS": '{\\"model\\": 1}'},
     "'model' is not an optional parameter for 'torch.compile'"),
])
def test_what_cannot_be_loaded(torch, name, code, file, values, text):
    assert text in torch.load_error(name, code, python(X, TWO, **values), file)


def test_what_a_request_or_the_module_leaves_out_is_said(torch):
    torch.load("optional", CODE, python(X | {"y": ("TYPE_FP32", [2], "optional: true")}, TWO))
    torch.load("short", CODE, python(X | {"y": ("TYPE_FP32", [2])}, TWO | {"third": ("TYPE_FP32", [2])}))
    row = np.float32([[1, 2]])
    with pytest.raises(InferenceServerException, match="input 'y' is needed by the model"):
        torch.infer("optional", x=row)
    with pytest.raises(InferenceServerException, match="expected 3 results of the module, one for each output .*, got 2"):
        torch.infer("short", x=row, y=row)


def test_a_python_without_pytorch_says_so(module_repository, start_server):
    with model_servers("model.py", module_repository, lambda *args: start_server(*args, env=python_on_path())) as start:
        error = start().load_error("without", CODE, python(X, TWO))
    assert "Missing/Incomplete PyTorch package installation" in error
