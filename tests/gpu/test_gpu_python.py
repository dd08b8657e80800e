"""Python models that make tensors on a GPU, whose memory no CPU can touch here."""
import json

import numpy as np
import pytest
import tritonclient.http as httpclient
from support import gpu
from support.clients import arrays_of, inputs_of
from support.python_models import PythonModels, python_on_path
from support.server import IS_SANITIZED

pytestmark = [gpu.needs_stand_in,
              pytest.mark.skipif(IS_SANITIZED, reason="the stand-in needs its sanitizer in the process, which a model's has not")]

# What a framework's array is to the module: it lies on GPU 1, and says so.
ARRAYS = """
import ctypes, os
from neso_python_worker import dlpack

class OnGpu:
    driver = ctypes.CDLL(os.environ["NESO_CUDA_DRIVER"])

    def __init__(self, array, is_bf16=False):
        self.shape, self.dtype, self.is_bf16 = array.shape, array.dtype, is_bf16
        context, address = ctypes.c_void_p(), ctypes.c_uint64()
        self.driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), 1)
        self.driver.cuCtxPushCurrent_v2(context)
        self.driver.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(max(array.nbytes, 1)))
        self.address = address.value
        self.driver.cuMemcpyAsync(address, ctypes.c_uint64(array.ctypes.data), ctypes.c_size_t(array.nbytes), None)
        self.driver.cuCtxPopCurrent_v2(ctypes.byref(context))

    def __dlpack_device__(self):
        return dlpack.CUDA, 1

    def __dlpack__(self, *, stream=None, **_):
        return dlpack.export_memory(self.address, (dlpack.CUDA, 1), self.shape, self.dtype, self.is_bf16, self)
"""

DOUBLE = """
def execute(self, requests):
    return [pb_utils.InferenceResponse([pb_utils.Tensor.from_dlpack("OUT", OnGpu(2 * values(request)))]) for request in requests]
"""

FACTS = """
def execute(self, requests):
    given = OnGpu(np.arange(6, dtype=np.int16).reshape(2, 3))
    tensor = pb_utils.Tensor.from_dlpack("X", given)
    try: text = tensor.as_numpy()
    except pb_utils.TritonModelException as error: text = str(error)
    again = pb_utils.Tensor.from_dlpack("Y", tensor.to_dlpack())
    facts = [tensor.is_cpu(), tensor.shape(), list(tensor.__dlpack_device__()), text, again.is_cpu(), again.shape(),
             again._held.address == given.address, isinstance(again, pb_utils.Tensor)]
    return [answer(OUT=np.array([json.dumps(facts)], dtype=object))]
"""

CALL = """
def execute(self, requests):
    tensor = pb_utils.Tensor.from_dlpack("INPUT0", OnGpu(values(requests[0])))
    called = pb_utils.InferenceRequest(model_name="identity", inputs=[tensor], requested_output_names=["OUTPUT0"]).exec()
    if called.has_error(): return [error(called.error().message())]
    return [answer(OUT=called.output_tensors()[0].as_numpy())]
"""

BF16 = """
def execute(self, requests):
    bits = np.array([0x3f80, 0x4000], dtype=np.uint16)
    return [pb_utils.InferenceResponse([pb_utils.Tensor.from_dlpack("OUT", OnGpu(bits, is_bf16=True))])]
"""


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    models = PythonModels(module_repository)
    models.add("double", DOUBLE, before=ARRAYS)
    models.add("facts", FACTS, outputs={"OUT": "TYPE_STRING"}, before=ARRAYS)
    models.add("call", CALL, before=ARRAYS)
    models.add("bf16", BF16, outputs={"OUT": "TYPE_BF16"}, before=ARRAYS)
    module_repository.add_identity("identity", max_batch_size=0)
    return start_module_server(module_repository.path, env={**python_on_path(), **gpu.environment()})


def ask(server, model, array):
    with httpclient.InferenceServerClient(server.http) as client:
        return arrays_of(client.infer(model, inputs_of({"IN": array})))["OUT"]


@pytest.mark.parametrize("count", [0, 1, 5, 100_000])
def test_an_output_is_copied_from_there(server, count):
    array = np.arange(count, dtype=np.float32)
    assert ask(server, "double", array).tolist() == (2 * array).tolist()


def test_what_such_a_tensor_says_of_itself(server):
    assert json.loads(ask(server, "facts", np.float32([0]))[0]) == [
        False, [2, 3], [2, 1], "Tensor is stored in GPU and cannot be converted to NumPy.", False, [2, 3], True, True]


def test_a_called_model_gets_it(server):
    assert ask(server, "call", np.float32([1, 2])).tolist() == [1, 2]


def test_bf16(server):
    assert ask(server, "bf16", np.float32([0])).tolist() == [1, 2]


def test_a_model_without_a_group_is_told_of_its_gpu(server):
    group = server.get("/v2/models/double/config").json()["instance_group"][0]
    assert (group["kind"], group["gpus"]) == ("KIND_GPU", [0])
