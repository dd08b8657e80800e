"""Tensors in a GPU's memory, which no CPU can touch here, for backends and parts of the server that use the CPU."""
import numpy as np
import pytest
from support import gpu
from support.shared_memory import PAGE, Api, SharedObject
from tritonclient.utils import InferenceServerException

pytestmark = gpu.needs_stand_in

VALUES = np.array([[1.5, -2, 3, 0.25]], np.float32)


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    repository = module_repository
    repository.add_identity("identity")
    repository.add_identity("batching", extra="dynamic_batching { max_queue_delay_microseconds: 300000 preferred_batch_size: 2 }")
    repository.add_identity("strings", datatype="TYPE_STRING")
    repository.add_identity("cached", extra="response_cache { enable: true }")
    repository.add_chain("chain", ["identity", "identity"])
    repository.add_ensemble("through", [("identity", {"INPUT0": "IN"}, {"OUTPUT0": "OUT"})], outputs=("OUT",))
    return start_module_server(repository.path, "--allow-client-shm=true", "--cache-config=local,size=1048576",
                               env=gpu.environment())


@pytest.fixture(params=["http", "grpc"])
def api(request, server):
    api = Api(request.param, server)
    with SharedObject(PAGE) as memory:
        api.memory = memory
        api.register_cuda_shared_memory("gpu", gpu.handle(memory), 1, PAGE)
        yield api
        api.unregister_cuda_shared_memory()


def test_an_input_there_reaches_a_backend_of_the_cpu(api):
    api.memory.put(VALUES, 32)
    result = api.infer("identity", [api.input("INPUT0", [1, 4], "FP32", "gpu", 16, 32)])
    assert result.as_numpy("OUTPUT0").tolist() == VALUES.tolist()


def test_an_output_goes_there(api):
    api.infer("identity", [api.inline("INPUT0", VALUES, "FP32")], outputs=[api.output("OUTPUT0", "gpu", 16, 64)])
    assert api.memory.get(np.float32, 4, 64).tolist() == VALUES[0].tolist()


def test_both_are_there(api):
    api.memory.put(VALUES)
    api.infer("identity", [api.input("INPUT0", [1, 4], "FP32", "gpu", 16)], outputs=[api.output("OUTPUT0", "gpu", 16, 64)])
    assert api.memory.get(np.float32, 4, 64).tolist() == VALUES[0].tolist()


def test_strings_are_read_there(api):
    text = b"\x03\0\0\0abc\x00\0\0\0"
    api.memory.put(text)
    result = api.infer("strings", [api.input("INPUT0", [1, 2], "BYTES", "gpu", len(text))])
    assert result.as_numpy("OUTPUT0").tolist() == [[b"abc", b""]]


def test_ensembles_pass_them_on(api):
    api.memory.put(VALUES)
    for model in ("chain", "through"):
        api.infer(model, [api.input("IN", [1, 4], "FP32", "gpu", 16)], outputs=[api.output("OUT", "gpu", 16, 128)])
        assert api.memory.get(np.float32, 4, 128).tolist() == VALUES[0].tolist()
        api.memory.put(bytes(16), 128)


def test_a_cached_answer_goes_there(api):
    for _ in range(2):
        api.infer("cached", [api.inline("INPUT0", VALUES, "FP32")], outputs=[api.plain_output("OUTPUT0")])
    api.infer("cached", [api.inline("INPUT0", VALUES, "FP32")], outputs=[api.output("OUTPUT0", "gpu", 16, 192)])
    assert api.memory.get(np.float32, 4, 192).tolist() == VALUES[0].tolist()


def test_too_small_a_region_is_refused(api):
    with pytest.raises(InferenceServerException, match="shared memory size specified with the request for output 'OUTPUT0'"):
        api.infer("identity", [api.inline("INPUT0", VALUES, "FP32")], outputs=[api.output("OUTPUT0", "gpu", 8)])
