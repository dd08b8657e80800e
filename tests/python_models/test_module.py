"""What `triton_python_backend_utils` has besides requests and responses: conversions, DLPack, what a model says of its
readiness."""
import json

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.clients import arrays_of, inputs_of
from support.wait import wait_until

CONVERSIONS = """
def execute(self, requests):
    u = pb_utils
    assert (u.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START, u.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END) == (1, 2)
    assert (u.TRITONSERVER_RESPONSE_COMPLETE_FINAL, u.TRITONSERVER_REQUEST_RELEASE_ALL) == (1, 1)
    assert u.TRITONSERVER_REQUEST_RELEASE_RESCHEDULE == 2
    assert u.TRITONSERVER_MEMORY_CPU == u.MemoryType.TRITONSERVER_MEMORY_CPU
    assert u.PreferredMemory(u.TRITONSERVER_MEMORY_CPU, 1).preferred_device_id == 1
    kinds = [np.bool_, np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64, np.float16,
             np.float32, np.float64, np.object_]
    assert [u.triton_to_numpy_type(i) for i in range(1, 14)] == kinds
    assert [u.numpy_to_triton_type(kind) for kind in kinds] == list(range(1, 14))
    assert u.numpy_to_triton_type(np.bytes_) == 13
    assert u.triton_string_to_numpy("TYPE_STRING") is np.object_ and u.triton_string_to_numpy("TYPE_FP16") is np.float16
    assert u.TRITON_STRING_TO_NUMPY["TYPE_INT8"] is np.int8
    for unknown in ("TYPE_BF16", "FP32"):
        try: u.triton_string_to_numpy(unknown)
        except KeyError: pass
        else: raise AssertionError(unknown)
    strings = np.array([["a", b"\\xff"], ["\\u00fc", 3]], dtype=object)
    encoded = u.serialize_byte_tensor(strings)
    assert encoded == b"\\1\\0\\0\\0a\\1\\0\\0\\0\\xff\\2\\0\\0\\0\\xc3\\xbc\\1\\0\\0\\0" + b"3"
    assert u.deserialize_bytes_tensor(encoded).tolist() == [b"a", b"\\xff", "\\u00fc".encode(), b"3"]
    assert u.serialize_byte_tensor(np.array([], dtype=object)) == () and u.serialize_byte_tensor(np.zeros(2)) is None
    assert u.serialize_byte_tensor(np.array([b"ab"])) == b"\\2\\0\\0\\0ab"
    for bad, text in ((b"\\1\\0", "Invalid bytes tensor data: incomplete length field"),
                      (b"\\2\\0\\0\\0a", "Invalid bytes tensor data: string extends beyond buffer")):
        try: u.deserialize_bytes_tensor(bad)
        except u.TritonModelException as e: assert str(e) == text
        else: raise AssertionError(bad)
    E = u.TritonError
    assert [E.UNKNOWN, E.INTERNAL, E.NOT_FOUND, E.INVALID_ARG, E.UNAVAILABLE, E.UNSUPPORTED, E.ALREADY_EXISTS,
            E.CANCELLED] == list(range(8))
    assert E("t").code() == E.INTERNAL and E("t", E.CANCELLED).message() == "t"
    response = u.InferenceResponse([u.Tensor("a", np.zeros((2, 3), np.int8))], parameters={"x": 1})
    assert u.get_output_tensor_by_name(response, "a").shape() == [2, 3]
    assert u.get_output_tensor_by_name(response, "b") is None and not response.has_error()
    assert json.loads(response.parameters()) == {"x": 1} and response.output_tensors()[0].is_cpu()
    assert u.get_input_tensor_by_name(requests[0], "other") is None
    request = u.InferenceRequest(request_id="r", correlation_id="c", inputs=[], requested_output_names=["o"],
                                 model_name="m", flags=1, timeout=5, parameters={"p": True})
    request.set_flags(3)
    assert (request.request_id(), request.correlation_id(), request.flags(), request.timeout()) == ("r", "c", 3, 5)
    assert request.requested_output_names() == {"o"} and json.loads(request.parameters()) == {"p": True}
    assert not requests[0].is_cancelled() and requests[0].trace().get_context() is None
    for scheduler in ("sequence_batching", "ensemble_scheduling"):
        try: u.ModelConfig(json.dumps({"name": "m", scheduler: {}})).set_dynamic_batching()
        except ValueError as e: assert str(e) == (f"Configuration specified scheduling_choice as '{scheduler}', but "
            "auto-complete-config function for model 'm' tries to set scheduling_choice as 'dynamic_batching'"), str(e)
        else: raise AssertionError(scheduler)
    for what, call in (("load", u.load_model), ("unload", u.unload_model)):
        try: call("conversions")
        except u.TritonModelException as e: assert str(e) == (
            f"Failed to {what} model: explicit model load / unload is not allowed if polling is enabled"), str(e)
        else: raise AssertionError(what)
    assert u.TRITONSERVER_MEMORY_GPU == u.MemoryType.TRITONSERVER_MEMORY_GPU != u.TRITONSERVER_MEMORY_CPU
    assert u.using_decoupled_model_transaction_policy({"model_transaction_policy": {"decoupled": True}})
    try: response.output_tensors()[0].triton_dtype()
    except TypeError: pass
    else: raise AssertionError("triton_dtype")
    return [answer(OUT=values(request)) for request in requests]
"""

DLPACK = """
class Elsewhere:
    def __dlpack_device__(self):
        return 8, 0
    def __dlpack__(self, **kwargs):
        raise AssertionError("not asked")

def execute(self, requests):
    tensor = requests[0].inputs()[0]
    array = tensor.as_numpy()
    T = pb_utils.Tensor
    same = np.from_dlpack(tensor)
    assert np.shares_memory(same, array)
    copy = T.from_dlpack("X", tensor.to_dlpack())
    assert copy.name() == "X" and np.shares_memory(copy.as_numpy(), array) and copy.shape() == [2, 3]
    assert tensor.__dlpack_device__() == (1, 0)
    for kind in (np.bool_, np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64, np.float16,
                 np.float64):
        given = np.array([0, 1, 1], dtype=kind)
        got = T.from_dlpack("X", T("Y", given)).as_numpy()
        assert got.dtype == kind and got.tolist() == given.tolist()
    assert T.from_dlpack("X", np.arange(3)).as_numpy().tolist() == [0, 1, 2]
    unused = tensor.to_dlpack()
    del unused
    told = []
    used = tensor.to_dlpack()
    T.from_dlpack("X", used)
    for wrong in (lambda: T.from_dlpack("X", np.arange(6).reshape(2, 3).T), lambda: T.from_dlpack("X", self.Elsewhere()),
                  lambda: T("S", np.array([b"a"], dtype=object)).to_dlpack(), lambda: T.from_dlpack("X", used),
                  lambda: T.from_dlpack("", np.arange(3))):
        try: wrong()
        except pb_utils.TritonModelException as e: told.append(str(e))
    return [answer(OUT=np.array([json.dumps(told)], dtype=object))]
"""

BF16 = """
def execute(self, requests):
    tensor = requests[0].inputs()[0]
    try: tensor.as_numpy()
    except pb_utils.TritonModelException as e: assert str(e) == ("Tensor dtype is BF16 and cannot be converted to NumPy. "
                                                                "Use to_dlpack() and from_dlpack() instead."), str(e)
    else: raise AssertionError("as_numpy")
    return [pb_utils.InferenceResponse([pb_utils.Tensor.from_dlpack("OUT", tensor)])]
"""

READY = """
def initialize(self, args):
    self.state = 0.0

def execute(self, requests):
    self.state = values(requests[0])[0]
    return [answer(OUT=values(requests[0]))]

{keyword} is_ready(self):
    if self.state == 1: return False
    if self.state == 2: return "yes"
    if self.state == 3: raise RuntimeError("cannot say")
    if self.state == 4: time.sleep(5.5)
    return True
"""


@pytest.fixture(scope="module")
def server(models, serve):
    models.add("conversions", CONVERSIONS)
    models.add("dlpack", DLPACK, {"IN": ("TYPE_FP32", (2, 3))}, {"OUT": "TYPE_STRING"})
    models.add("bf16", BF16, {"IN": "TYPE_BF16"}, {"OUT": "TYPE_BF16"})
    models.add("ready", READY.replace("{keyword}", "def"))
    models.add("ready_async", READY.replace("{keyword}", "async def"))
    models.add("ready_late", READY.replace("{keyword}", "def"))
    return serve()


def test_conversions(client):
    assert arrays_of(client.infer("conversions", inputs_of({"IN": np.float32([3])})))["OUT"] == [3]


def test_dlpack(client):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    told = json.loads(arrays_of(client.infer("dlpack", inputs_of({"IN": array})))["OUT"][0])
    assert told[:3] == [
        "DLPack tensor is not contiguous. Only contiguous DLPack tensors that are stored in C-Order are supported.",
        "DLDevice type 8 is not support by Python backend.", "DLPack does not have support for string tensors."]
    assert told[3].startswith("expected a DLPack capsule")
    assert told[4] == "Tensor name cannot be an empty string."


def test_bf16_passes_through_dlpack(server):
    with grpcclient.InferenceServerClient(server.grpc) as client:
        tensor = grpcclient.InferInput("IN", [3], "BF16")
        tensor._raw_content = np.uint16([0x3F80, 0x4000, 0xC040]).tobytes()
        result = client.infer("bf16", [tensor])
        assert result.get_response().outputs[0].datatype == "BF16"
        assert result.get_response().raw_output_contents[0] == tensor._raw_content


def test_a_model_has_five_seconds_to_say_whether_it_is_ready(server, client):
    client.infer("ready_late", inputs_of({"IN": np.float32([4])}))
    answer = server.get("/v2/models/ready_late/ready")
    assert answer.status_code == 400
    assert answer.json()["reason"] == "Model 'ready_late' is not ready (is_ready() took longer than 5000 ms)."
    client.infer("ready_late", inputs_of({"IN": np.float32([0])}))
    assert wait_until(lambda: client.is_model_ready("ready_late"))


@pytest.mark.parametrize("model", ["ready", "ready_async"])
@pytest.mark.parametrize("state, reason", [
    (1, "Model '{model}' is not ready (user-defined check failed)."), (2, "is_ready() must return a boolean value"),
    (3, "is_ready() raised an exception")])
def test_a_model_says_whether_it_is_ready(server, client, model, state, reason):
    def tell(state):
        client.infer(model, inputs_of({"IN": np.float32([state])}))

    tell(0)
    assert client.is_model_ready(model)
    tell(state)
    answer = server.get(f"/v2/models/{model}/ready")
    assert answer.status_code == 400 and reason.format(model=model) in answer.json()["reason"]
    assert not client.is_server_ready()
    tell(0)
    assert client.is_model_ready(model) and client.is_server_ready()
    if state == 3:
        wait_until(lambda: "RuntimeError: cannot say" in server.log)
