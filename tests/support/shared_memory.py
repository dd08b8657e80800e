"""Memory that tests share with a server, and the stock clients under one face.

    with SharedObject(4096) as memory:                       # an object in /dev/shm
        api = Api("grpc.aio", server)                        # or "http", "http.aio", "grpc"
        api.register_system_shared_memory("r", memory.key, 4096)
        memory.put(np.arange(4, dtype=np.int32))
        api.infer("model", [api.input("IN", [4], "INT32", "r", 16)])
"""
import asyncio
import itertools
import mmap
import os
import pathlib

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.grpc.aio as grpcaio
import tritonclient.http as httpclient
import tritonclient.http.aio as httpaio

PAGE = mmap.PAGESIZE
_count = itertools.count()


def fresh_key():
    return f"/neso_test_{os.getpid()}_{next(_count)}"


class SharedObject:
    def __init__(self, size, key=None):
        self.key = key or fresh_key()
        self.path = pathlib.Path("/dev/shm") / self.key.lstrip("/")
        self.fd = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        os.ftruncate(self.fd, size)
        self.map = mmap.mmap(self.fd, size)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def put(self, array, offset=0):
        content = array if isinstance(array, bytes) else array.tobytes()
        self.map[offset:offset + len(content)] = content

    def get(self, dtype, count, offset=0):
        return np.frombuffer(self.map[offset:offset + np.dtype(dtype).itemsize * count], dtype)

    def truncate(self, size):
        """Nobody here may touch what lies beyond it afterwards."""
        os.ftruncate(self.fd, size)

    def unlink(self):
        self.path.unlink()

    def close(self):
        self.map.close()
        os.close(self.fd)
        self.path.unlink(missing_ok=True)


class Api:
    """Every method of the stock client of that kind; those of asyncio are waited for."""
    KINDS = ["http", "http.aio", "grpc", "grpc.aio"]
    _CLIENTS = {"http": httpclient, "http.aio": httpaio, "grpc": grpcclient, "grpc.aio": grpcaio}

    def __init__(self, kind, server):
        self.is_http = kind.startswith("http")
        self._is_async = kind.endswith(".aio")
        self._client = self._CLIENTS[kind].InferenceServerClient
        self._url = server.http if self.is_http else server.grpc
        self._tensors = httpclient if self.is_http else grpcclient

    def __getattr__(self, method):
        async def call_async(*args, **kwargs):
            async with self._client(self._url) as client:
                return await getattr(client, method)(*args, **kwargs)

        def call(*args, **kwargs):
            if self._is_async:
                return asyncio.run(call_async(*args, **kwargs))
            with self._client(self._url) as client:
                return getattr(client, method)(*args, **kwargs)
        return call

    def input(self, name, shape, datatype, region, byte_size, offset=0):
        return self._tensors.InferInput(name, shape, datatype).set_shared_memory(region, byte_size, offset)

    def inline(self, name, array, datatype):
        return self._tensors.InferInput(name, list(array.shape), datatype).set_data_from_numpy(array)

    def output(self, name, region, byte_size, offset=0):
        output = self._tensors.InferRequestedOutput(name)
        output.set_shared_memory(region, byte_size, offset)
        return output

    def plain_output(self, name, classes=0):
        return self._tensors.InferRequestedOutput(name, class_count=classes)

    def regions(self, name="", kind="system"):
        """Status as HTTP has it: a list of dicts, numbers as numbers."""
        status = getattr(self, f"get_{kind}_shared_memory_status")
        if self.is_http:
            return status(name)
        fields = ("name", "key", "offset", "byte_size") if kind == "system" else ("name", "device_id", "byte_size")
        regions = status(name).regions
        return [{field: getattr(regions[key], field) for field in fields} for key in sorted(regions)]
