"""Loads with tensors in shared memory, over HTTP and gRPC.

    with SharedMemory(64 << 20) as memory:
        memory.register(server)                                   # servers.Process, or whatever has its `port`
        body, head = http_request([memory.tensor("INPUT0", 602112)], [memory.tensor("OUTPUT0", 602112, at=1 << 20)])
        http_load.run(server.pid, server.port, "identity", body, head, connections, seconds)
"""
import dataclasses
import json
import os
import pathlib
import urllib.request

from tritonclient.grpc import service_pb2

import grpc_load

REGION = "bench"
SMALL, LARGE = 602_112, 64 << 20  # an image as FP32, and the largest tensor that Triton takes without another flag


@dataclasses.dataclass
class Tensor:
    """FP32 of one row, somewhere in the region."""
    name: str
    byte_size: int
    offset: int

    def http(self):
        return {"name": self.name, "datatype": "FP32", "shape": [1, self.byte_size // 4],
                "parameters": {"shared_memory_region": REGION, "shared_memory_offset": self.offset,
                               "shared_memory_byte_size": self.byte_size}}

    def describe(self, message):
        message.name = self.name
        message.parameters["shared_memory_region"].string_param = REGION
        message.parameters["shared_memory_offset"].int64_param = self.offset
        message.parameters["shared_memory_byte_size"].int64_param = self.byte_size


class SharedMemory:
    """An object in /dev/shm, all of it there."""

    def __init__(self, byte_size):
        self.byte_size = byte_size
        self.path = pathlib.Path(f"/dev/shm/neso_bench_{os.getpid()}")
        self.path.write_bytes(bytes(byte_size))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.path.unlink()

    def register(self, server):
        body = json.dumps({"key": f"/{self.path.name}", "byte_size": self.byte_size}).encode()
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/v2/systemsharedmemory/region/{REGION}/register", body).close()

    @staticmethod
    def tensor(name, byte_size, at=0):
        return Tensor(name, byte_size, at)


def http_request(inputs, outputs):
    """(body, length of its JSON), for http_load.run."""
    outputs = [{"name": tensor.name, "parameters": tensor.http()["parameters"]} for tensor in outputs]
    body = json.dumps({"inputs": [tensor.http() for tensor in inputs], "outputs": outputs}, separators=(",", ":")).encode()
    return body, len(body)


def grpc_request(model, inputs, outputs):
    """A length-prefixed ModelInferRequest, for grpc_load.run."""
    request = service_pb2.ModelInferRequest(model_name=model)
    for tensor in inputs:
        message = request.inputs.add(datatype="FP32", shape=[1, tensor.byte_size // 4])
        tensor.describe(message)
    for tensor in outputs:
        tensor.describe(request.outputs.add())
    return grpc_load.framed(request)


def requests_of(size, memory):
    """(what, model, inputs, outputs): copied by the model, and not even looked at."""
    half = memory.byte_size // 2
    yield "identity", "identity", [memory.tensor("INPUT0", size)], [memory.tensor("OUTPUT0", size, half)]
    yield ("not read", "unread", [memory.tensor("INPUT0", 64), memory.tensor("INPUT1", size)],
           [memory.tensor("OUTPUT0", 64, half)])
