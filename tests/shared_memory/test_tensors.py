"""Tensors in memory that the stock clients share with the server: read and written where they are."""
import concurrent.futures
import queue

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.utils.shared_memory as shm
from support.shared_memory import PAGE, Api, SharedObject, fresh_key
from tritonclient.utils import serialize_byte_tensor


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    repository = module_repository
    repository.add_identity("identity", tensors=2)
    repository.add_identity("text", "TYPE_STRING", max_batch_size=0)
    repository.add_identity("batching", max_batch_size=16, parameters={"execute_delay_ms": "20"},
                            extra="dynamic_batching { max_queue_delay_microseconds: 20000 }")
    repository.add_identity("repeat", max_batch_size=0, extra="model_transaction_policy { decoupled: true }",
                            parameters={"repeat": "5"})
    return start_module_server(repository.path, "--allow-client-shm=true")


@pytest.fixture(params=Api.KINDS)
def api(request, server):
    api = Api(request.param, server)
    yield api
    api.unregister_system_shared_memory()
    assert api.regions() == []


@pytest.fixture
def memory():
    with SharedObject(4 * PAGE) as memory:
        yield memory


def floats(count, start=0):
    return np.arange(start, start + count, dtype=np.float32)


def test_with_the_clients_own_helpers(api):
    key = fresh_key()
    handle = shm.create_shared_memory_region("both", key, 128)
    try:
        data = [floats(8), floats(8, 100)]
        shm.set_shared_memory_region(handle, data)
        api.register_system_shared_memory("both", key, 128)
        assert api.regions() == [{"name": "both", "key": key, "offset": 0, "byte_size": 128}]
        api.infer("identity",
                  [api.input(f"INPUT{i}", [1, 8], "FP32", "both", 32, 32 * i) for i in range(2)],
                  outputs=[api.output(f"OUTPUT{i}", "both", 32, 64 + 32 * i) for i in range(2)])
        for i in range(2):
            assert (shm.get_contents_as_numpy(handle, np.float32, [8], 64 + 32 * i) == data[i]).all()
    finally:
        shm.destroy_shared_memory_region(handle)


def test_an_output_in_shared_memory_is_only_named_in_the_answer(api, memory):
    memory.put(floats(4))
    api.register_system_shared_memory("r", memory.key, PAGE)
    result = api.infer("identity", [api.input(f"INPUT{i}", [1, 4], "FP32", "r", 16) for i in range(2)],
                       outputs=[api.output("OUTPUT0", "r", 64, 256), api.plain_output("OUTPUT1")])
    assert (memory.get(np.float32, 4, 256) == floats(4)).all()
    assert (result.as_numpy("OUTPUT1") == floats(4)).all()
    if api.is_http:
        assert [output for output in result.get_response()["outputs"] if output["name"] == "OUTPUT0"] == [
            {"name": "OUTPUT0", "datatype": "FP32", "shape": [1, 4]}]
    else:
        response = result.get_response()
        assert [output.name for output in response.outputs] == ["OUTPUT0", "OUTPUT1"]
        assert list(response.raw_output_contents) == [b"", floats(4).tobytes()]
        assert list(response.outputs[0].shape) == [1, 4]


def test_the_region_may_be_a_part_of_its_object(api, memory):
    memory.put(floats(4), PAGE + 8)
    api.register_system_shared_memory("part", memory.key, PAGE, offset=PAGE)
    assert api.regions("part") == [{"name": "part", "key": memory.key, "offset": PAGE, "byte_size": PAGE}]
    inputs = [api.input("INPUT0", [1, 4], "FP32", "part", 16, 8), api.inline("INPUT1", floats(4)[None], "FP32")]
    result = api.infer("identity", inputs, outputs=[api.plain_output("OUTPUT0"), api.output("OUTPUT1", "part", 16, 64)])
    assert (result.as_numpy("OUTPUT0") == floats(4)).all()
    assert (memory.get(np.float32, 4, PAGE + 64) == floats(4)).all()


@pytest.mark.parametrize("shift", [0, 4, 16, -4])
def test_input_and_output_may_overlap(api, memory, shift):
    memory.put(floats(64), 128)
    api.register_system_shared_memory("r", memory.key, PAGE)
    inputs = [api.input("INPUT0", [1, 64], "FP32", "r", 256, 128), api.inline("INPUT1", floats(1)[None], "FP32")]
    api.infer("identity", inputs, outputs=[api.output("OUTPUT0", "r", 256, 128 + shift)])
    assert (memory.get(np.float32, 64, 128 + shift) == floats(64)).all()


def test_regions_may_overlap(api, memory):
    memory.put(floats(4))
    api.register_system_shared_memory("whole", memory.key, 4 * PAGE)
    api.register_system_shared_memory("front", memory.key, 64)
    api.infer("identity", [api.input("INPUT0", [1, 4], "FP32", "whole", 16), api.input("INPUT1", [1, 4], "FP32", "front", 16)],
              outputs=[api.output("OUTPUT0", "front", 16, 32)])
    assert (memory.get(np.float32, 4, 32) == floats(4)).all()


def test_tensors_need_no_alignment(api, memory):
    memory.put(floats(3), 1)
    api.register_system_shared_memory("r", memory.key, PAGE)
    api.infer("identity", [api.input(f"INPUT{i}", [1, 3], "FP32", "r", 12, 1) for i in range(2)],
              outputs=[api.output("OUTPUT0", "r", 12, 101), api.output("OUTPUT1", "r", 12, 203)])
    assert (memory.get(np.float32, 3, 101) == floats(3)).all()
    assert (memory.get(np.float32, 3, 203) == floats(3)).all()


def test_strings(api, memory):
    words = serialize_byte_tensor(np.array([b"a", b"", "Grüße".encode()], dtype=object)).item()
    memory.put(words)
    api.register_system_shared_memory("r", memory.key, PAGE)
    api.infer("text", [api.input("INPUT0", [3], "BYTES", "r", len(words))],
              outputs=[api.output("OUTPUT0", "r", 1000, 1000)])
    assert memory.map[1000:1000 + len(words)] == words


def test_tensors_without_elements(api, memory):
    memory.put(floats(4))
    api.register_system_shared_memory("r", memory.key, PAGE)
    inputs = [api.input("INPUT0", [1, 0], "FP32", "r", 0), api.input("INPUT1", [1, 4], "FP32", "r", 16)]
    result = api.infer("identity", inputs, outputs=[api.output("OUTPUT0", "r", 0), api.plain_output("OUTPUT1")])
    assert (result.as_numpy("OUTPUT1") == floats(4)).all()


def test_the_classes_of_another_output(api, memory):
    memory.put(np.array([3, 1, 2], np.float32))
    api.register_system_shared_memory("r", memory.key, PAGE)
    inputs = [api.input(f"INPUT{i}", [1, 3], "FP32", "r", 12) for i in range(2)]
    result = api.infer("identity", inputs, outputs=[api.output("OUTPUT0", "r", 12, 64), api.plain_output("OUTPUT1", 2)])
    assert list(result.as_numpy("OUTPUT1").flatten()) == [b"3.000000:0", b"2.000000:2"]


def test_requests_of_a_batch_come_from_memory_of_their_own(api, server):
    before = server.metric("nv_inference_exec_count", model="batching")
    objects = [SharedObject(PAGE) for _ in range(8)]
    try:
        for i, memory in enumerate(objects):
            memory.put(floats(16, 100 * i))
            api.register_system_shared_memory(f"r{i}", memory.key, PAGE)

        def infer(i):
            api.infer("batching", [api.input("INPUT0", [1, 16], "FP32", f"r{i}", 64)],
                      outputs=[api.output("OUTPUT0", f"r{i}", 64, 512)])

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(infer, list(range(8)) * 4))
        for i, memory in enumerate(objects):
            assert (memory.get(np.float32, 16, 512) == floats(16, 100 * i)).all()
        assert server.metric("nv_inference_exec_count", model="batching") - before < 32
    finally:
        for memory in objects:
            memory.close()


def test_a_stream_writes_each_response_to_the_same_place(server, memory):
    answers = queue.Queue()
    memory.put(floats(4))
    api = Api("grpc", server)
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.register_system_shared_memory("r", memory.key, PAGE)
        client.start_stream(callback=lambda result, error: answers.put((result, error)))
        client.async_stream_infer("repeat", [api.input("INPUT0", [4], "FP32", "r", 16)],
                                  outputs=[api.output("OUTPUT0", "r", 16, 64)], request_id="7")
        for _ in range(5):
            result, error = answers.get(timeout=30)
            assert error is None
            assert list(result.get_response().raw_output_contents) == [b""]
            assert result.get_response().id == "7"
        client.stop_stream()
        assert (memory.get(np.float32, 4, 64) == floats(4)).all()
        client.unregister_system_shared_memory("r")


def test_a_stream_goes_on_after_a_region_that_is_not_there(server, memory):
    answers = queue.Queue()
    api = Api("grpc", server)
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.register_system_shared_memory("r", memory.key, PAGE)
        client.start_stream(callback=lambda result, error: answers.put(error))
        for region in ["nobody", "r"]:
            client.async_stream_infer("text", [api.input("INPUT0", [0], "BYTES", region, 0)])
        assert answers.get(timeout=30).message() == "Unable to find shared memory region: 'nobody'"
        assert answers.get(timeout=30) is None
        client.stop_stream()
        client.unregister_system_shared_memory("r")
