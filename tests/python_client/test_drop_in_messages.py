"""What the modules of tritonclient say before anything is sent, the same by the stock client and by ours."""
import os
import subprocess
import sys

import pytest
from support.server import PATIENCE, ROOT

BOTH = {"stock": None, "ours": os.pathsep.join(str(ROOT / "clients" / part) for part in ("tritonclient", "python"))}

SAID = '''
import copy, pickle, struct
import numpy as np
import tritonclient.grpc as grpc, tritonclient.http as http
from tritonclient.http.auth import BasicAuth
from tritonclient.utils import *

def said(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except InferenceServerException as error:
        print(error)
    else:
        print("nothing")

for module in (http, grpc):
    tensor = module.InferInput("x", [1, 2], "FP32")
    said(tensor.set_data_from_numpy, [1, 2])
    said(tensor.set_data_from_numpy, np.zeros((1, 2), np.int32))
    said(tensor.set_data_from_numpy, np.zeros((2, 2), np.float32))
    said(module.InferInput("x", [1], "BF16").set_data_from_numpy, np.zeros(1, np.float64))
    said(module.InferRequestedOutput("y", class_count=2).set_shared_memory, "region", 4)
    tensor.set_data_from_numpy(np.zeros((1, 2), np.float32))
    client = module.InferenceServerClient("localhost:1")
    for name in ("timeout", "triton_mine", "sequence_id"):
        said(client.infer, "m", [tensor], parameters={name: 1})
    said(client.is_model_ready, "m", 1)
    said(client.unregister_plugin)
    client.register_plugin(BasicAuth("someone", "secret"))
    said(client.register_plugin, BasicAuth("someone", "secret"))
    request = module.Request({})
    client.plugin()(request)
    print(request.headers)
said(grpc.InferenceServerClient("localhost:1").infer, "m", [], parameters={"a": [1]})
said(grpc.InferenceServerClient("localhost:1").async_stream_infer, "m", [])
said(http.InferenceServerClient, "http://localhost:1")
said(http.InferInput("x", [1], "BF16").set_data_from_numpy, np.zeros(1, np.float32), binary_data=False)
said(http.InferInput("x", [1], "BYTES").set_data_from_numpy, np.array([b"\\xff"], np.object_), binary_data=False)
said(serialized_byte_size, np.zeros(1))
said(serialize_byte_tensor, np.zeros(1))
print(serialized_byte_size(np.array([b"ab", b"c"], np.object_)), serialize_byte_tensor(np.array(["ab", b"c", 7], np.object_)).item())
print(deserialize_bytes_tensor(b"\\x01\\0\\0\\0a\\0\\0\\0\\0"))
try:
    deserialize_bytes_tensor(b"\\x05\\0\\0\\0a")
except struct.error:
    print("it ends too early")
body = b'{"outputs":[{"name":"y","datatype":"INT32","shape":[2],"parameters":{"binary_data_size":8}}]}'
result = http.InferResult.from_response_body(body + b"\\1\\0\\0\\0\\2\\0\\0\\0", header_length=len(body))
print(pickle.loads(pickle.dumps(result)).as_numpy("y"), copy.deepcopy(result).as_numpy("y"))
none = body.replace(b"[2]", b"[0]").replace(b"8", b"0")
print(http.InferResult.from_response_body(none, header_length=len(none)).as_numpy("y").dtype)
print(grpc.InferResult(grpc.service_pb2.ModelInferResponse(
    outputs=[{"name": "y", "datatype": "INT8", "shape": [0]}])).as_numpy("y").dtype)
print([np_to_triton_dtype(kind) for kind in (bool, np.int8, np.uint64, np.float16, np.float64, np.object_, np.dtype('S3'))])
print([triton_to_np_dtype(name) for name in ("BOOL", "BF16", "BYTES", "FP32", "NONE")])
print(np_to_triton_dtype(np.dtype("f4").newbyteorder(">")))
shape = [1, 2]
for given in (shape, (1, 2), np.int64([1, 2])):
    tensor = grpc.InferInput("x", given, "FP32")
    shape.append(3)
    print(tensor.shape() == [1, 2], tensor.set_shape((3,)).shape() == [3])
    shape.pop()
for call in (lambda: grpc.InferInput("x", [1.5], "FP32"), lambda: grpc.InferInput(None, [1], "FP32"), lambda: grpc.InferInput("x", None, "FP32"),
             lambda: client.infer(None, [tensor]), lambda: client.infer(5, [tensor]), lambda: client.infer("m", [tensor], request_id=5),
             lambda: client.infer("m", [tensor], timeout=1.5), lambda: client.infer("m", [tensor], sequence_id=1.5),
             lambda: client.infer("m", [tensor], priority="1")):
    try:
        print(call())
    except TypeError as error:
        print("TypeError")
print(http.InferenceServerClient.generate_request_body([tensor_ := http.InferInput("x", [1], "INT32").set_data_from_numpy(
    np.int32([7]))], request_id="a", sequence_id=5, sequence_start=True, priority=2, timeout=9, parameters={"mine": "b"}))
'''


@pytest.fixture(scope="module")
def said():
    def run(path):
        env = {**os.environ, "PYTHONPATH": path or ""}
        result = subprocess.run([sys.executable, "-c", SAID], capture_output=True, text=True, env=env, timeout=60 * PATIENCE)
        assert result.returncode == 0, result.stderr
        # What follows this is advice, in each client's own words.
        return [line.partition("expected BF16.")[0] for line in result.stdout.splitlines()]

    return {name: run(path) for name, path in BOTH.items()}


def test_both_clients_say_the_same(said):
    assert said["ours"] == said["stock"]
