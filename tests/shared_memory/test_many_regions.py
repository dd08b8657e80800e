"""Clients that register without end: the server keeps its descriptors, has a bound, and answers."""
import contextlib
import os

import numpy as np
import pytest
import requests
from support.server import IS_SANITIZED
from support.shared_memory import PAGE, Api, SharedObject
from tritonclient.utils import InferenceServerException


def descriptors(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


@pytest.fixture
def start(repository, start_server):
    repository.add_identity("identity", max_batch_size=0)

    def start(*args, **kwargs):
        return start_server(repository.path, "--allow-client-shm=true", *args, **kwargs)
    return start


def register(session, server, name, memory, byte_size=PAGE):
    return session.post(f"{server.url}/v2/systemsharedmemory/region/{name}/register",
                        json={"key": memory.key, "byte_size": byte_size}, timeout=30)


def test_regions_take_no_descriptors(start):
    server = start(prefix=["prlimit", "--nofile=128:128"])
    with SharedObject(PAGE) as memory, requests.Session() as session:
        assert register(session, server, "first", memory).status_code == 200
        before = descriptors(server)
        for i in range(1000):
            assert register(session, server, f"r{i}", memory).status_code == 200
        assert descriptors(server) <= before
        assert server.get("/v2/health/ready").status_code == 200
        memory.put(np.arange(4, dtype=np.float32))
        api = Api("http", server)
        api.infer("identity", [api.input("INPUT0", [4], "FP32", "r999", 16)],
                  outputs=[api.output("OUTPUT0", "r500", 16, 64)])
        assert (memory.get(np.float32, 4, 64) == np.arange(4)).all()


@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_there_is_a_bound(start, kind):
    server = start("--max-shared-memory-regions=3")
    api = Api(kind, server)
    with SharedObject(PAGE) as memory:
        for i in range(3):
            api.register_system_shared_memory(f"r{i}", memory.key, PAGE)
        with pytest.raises(InferenceServerException, match="'r3': expected at most 3 regions; .*--max-shared-memory-regions"):
            api.register_system_shared_memory("r3", memory.key, PAGE)
        api.unregister_system_shared_memory("r1")
        api.register_system_shared_memory("r3", memory.key, PAGE)
        assert [entry["name"] for entry in server.get("/v2/systemsharedmemory/status").json()] == ["r0", "r2", "r3"]


@pytest.mark.skipif(IS_SANITIZED, reason="sanitizers take terabytes of address space")
def test_an_address_space_that_is_used_up_refuses_regions_only(start):
    """Objects that are long and hold nothing: their mappings take addresses, not memory."""
    tebibyte = 1 << 40
    server = start(prefix=["prlimit", f"--as={tebibyte * 2}"])
    with SharedObject(PAGE) as memory, requests.Session() as session:
        with contextlib.suppress(OSError):
            os.ftruncate(memory.fd, tebibyte)
        if os.fstat(memory.fd).st_size != tebibyte:
            pytest.skip("no object of 1 TiB can be made in /dev/shm here")
        codes = [register(session, server, f"r{i}", memory, tebibyte).status_code for i in range(4)]
        assert codes[0] == 200 and codes[-1] == 400, codes
        assert server.get("/v2/health/ready").status_code == 200
        assert server.infer("identity", {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1], "data": [1]}]}
                            ).status_code == 200
