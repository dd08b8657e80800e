"""Regions whose objects, names or clients change under the server: it serves on, tells what went wrong and keeps nothing."""
import concurrent.futures
import os
import pathlib
import queue
import re
import threading
import time

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.onnx_models import identity
from support.server import DELAYS, IS_SANITIZED
from support.shared_memory import PAGE, Api, SharedObject
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

GONE = "register it again"


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    repository = module_repository
    repository.add_identity("identity", max_batch_size=0)
    repository.add_identity("slow", max_batch_size=0, parameters={"execute_delay_ms": "500"})
    repository.add("strings", """
        backend: "onnxruntime"
        max_batch_size: 0
        input [ { name: "x" data_type: TYPE_STRING dims: [-1] } ]
        output [ { name: "y" data_type: TYPE_STRING dims: [-1] } ]
        """, files={"model.onnx": identity("BYTES", (None,))})
    repository.add("batches", """
        backend: "onnxruntime"
        max_batch_size: 8
        dynamic_batching { preferred_batch_size: [8] max_queue_delay_microseconds: 500000 }
        input [ { name: "x" data_type: TYPE_STRING dims: [1] } ]
        output [ { name: "y" data_type: TYPE_STRING dims: [1] } ]
        """, files={"model.onnx": identity("BYTES", (None, 1))})
    return start_module_server(repository.path, "--allow-client-shm=true")


@pytest.fixture(params=["http", "grpc"])
def api(request, server):
    api = Api(request.param, server)
    yield api
    api.unregister_system_shared_memory()
    assert server.get("/v2/health/ready").status_code == 200


def floats(count, start=0):
    return np.arange(start, start + count, dtype=np.float32)


def infer(api, model="identity", region="r", count=4, offset=0, to=PAGE, **kwargs):
    return api.infer(model, [api.input("INPUT0", [count], "FP32", region, 4 * count, offset)],
                     outputs=[api.output("OUTPUT0", region, 4 * count, to)], **kwargs)


class Running:
    """Two requests to the model `slow`, which has one instance: one executes and one waits by the time this object is
    there."""

    def __init__(self, server, api, **kwargs):
        pool = concurrent.futures.ThreadPoolExecutor(2)
        self.futures = [pool.submit(infer, api, "slow", **kwargs) for _ in range(2)]
        wait_until(lambda: server.metric("nv_inference_pending_request_count", model="slow") == 1)

    def outcomes(self):
        """None for success, else the error's text."""
        return [future.exception(30) and future.exception().message() for future in self.futures]


def mappings(server, memory):
    return pathlib.Path(f"/proc/{server.pid}/maps").read_text().count(memory.path.name)


# --- names -----------------------------------------------------------------------------------------------------------
def test_an_unlinked_object_stays_but_its_key_is_gone(api):
    with SharedObject(2 * PAGE) as memory:
        api.register_system_shared_memory("r", memory.key, 2 * PAGE)
        memory.unlink()
        memory.put(floats(4))
        infer(api)
        assert (memory.get(np.float32, 4, PAGE) == floats(4)).all()
        with pytest.raises(InferenceServerException, match="Unable to open shared memory region"):
            api.register_system_shared_memory("s", memory.key, 2 * PAGE)


def test_a_key_that_stands_for_another_object_now_needs_another_registration(api):
    with SharedObject(2 * PAGE) as old:
        old.put(floats(4))
        api.register_system_shared_memory("r", old.key, 2 * PAGE)
        old.unlink()
        with SharedObject(2 * PAGE, key=old.key) as new:
            new.put(floats(4, 10))
            infer(api)
            assert (old.get(np.float32, 4, PAGE) == floats(4)).all()
            api.unregister_system_shared_memory("r")
            api.register_system_shared_memory("r", new.key, 2 * PAGE)
            infer(api)
            assert (new.get(np.float32, 4, PAGE) == floats(4, 10)).all()


def test_unregistered_memory_is_unmapped(api, server):
    with SharedObject(PAGE) as memory:
        for name in ("a", "b"):
            api.register_system_shared_memory(name, memory.key, PAGE)
        assert mappings(server, memory) == 2
        api.unregister_system_shared_memory("a")
        assert mappings(server, memory) == 1
        api.unregister_system_shared_memory()
        assert mappings(server, memory) == 0


def test_requests_keep_a_region_that_is_unregistered(api, server):
    with SharedObject(2 * PAGE) as old, SharedObject(2 * PAGE) as new:
        old.put(floats(4))
        api.register_system_shared_memory("r", old.key, 2 * PAGE)
        running = Running(server, api)
        api.unregister_system_shared_memory("r")
        api.register_system_shared_memory("r", new.key, 2 * PAGE)
        assert mappings(server, old) == 1
        assert running.outcomes() == [None, None]
        assert (old.get(np.float32, 4, PAGE) == floats(4)).all()
        assert not new.get(np.float32, 4, PAGE).any()
        wait_until(lambda: mappings(server, old) == 0)


@pytest.mark.parametrize("one", [True, False])
def test_a_region_that_is_unregistered_stays_listed_until_its_requests_end(api, server, one):
    def listed():
        return [entry["name"] for entry in server.get("/v2/systemsharedmemory/status").json()]

    with SharedObject(2 * PAGE) as memory:
        api.register_system_shared_memory("r", memory.key, 2 * PAGE)
        api.register_system_shared_memory("idle", memory.key, 2 * PAGE)
        running = Running(server, api)
        api.unregister_system_shared_memory(*(["r"] if one else []))
        assert listed() == (["idle", "r"] if one else ["r"])
        assert server.get("/v2/systemsharedmemory/region/r/status").json() == [
            {"name": "r", "key": memory.key, "offset": 0, "byte_size": 2 * PAGE}]
        assert server.get("/v2/cudasharedmemory/status").json() == []
        with pytest.raises(InferenceServerException, match="Unable to find shared memory region: 'r'"):
            infer(api)
        api.unregister_system_shared_memory("r")  # once more: no error
        assert running.outcomes() == [None, None]
        assert listed() == (["idle"] if one else []), "whoever has the last answer does not find it any more"


# --- objects that are made shorter -----------------------------------------------------------------------------------
def test_an_object_that_was_truncated_is_used_as_far_as_it_is(api):
    with SharedObject(4 * PAGE) as memory:
        memory.put(floats(4))
        api.register_system_shared_memory("r", memory.key, 4 * PAGE)
        memory.truncate(2 * PAGE)
        infer(api)
        for places in ({"offset": 2 * PAGE}, {"to": 3 * PAGE}, {"to": 2 * PAGE - 8}):
            with pytest.raises(InferenceServerException, match="it was truncated"):
                infer(api, **places)
        memory.truncate(4 * PAGE)
        infer(api, to=3 * PAGE)
        assert (memory.get(np.float32, 4, 3 * PAGE) == floats(4)).all()


@pytest.mark.parametrize("left,touched", [(0, "input and output"), (PAGE, "output")])
def test_an_object_that_is_truncated_while_requests_use_it(api, server, left, touched):
    with SharedObject(64 * PAGE) as memory:
        api.register_system_shared_memory("r", memory.key, 64 * PAGE)
        running = Running(server, api, to=32 * PAGE)
        memory.truncate(left)
        for error in running.outcomes():
            assert GONE in error
        # What the server found instead is not the client's memory, so the region is of no use any more.
        memory.truncate(64 * PAGE)
        with pytest.raises(InferenceServerException, match=GONE):
            infer(api)
        api.unregister_system_shared_memory("r")
        api.register_system_shared_memory("r", memory.key, 64 * PAGE)
        memory.put(floats(4))
        infer(api)
        assert (memory.get(np.float32, 4, PAGE) == floats(4)).all()


def test_a_stream_is_told_of_a_truncation_and_goes_on(server):
    answers = queue.Queue()
    api = Api("grpc", server)
    with SharedObject(2 * PAGE) as memory, grpcclient.InferenceServerClient(server.grpc) as client:
        client.register_system_shared_memory("r", memory.key, 2 * PAGE)
        client.start_stream(callback=lambda result, error: answers.put(error))
        for _ in range(2):
            client.async_stream_infer("slow", [api.input("INPUT0", [4], "FP32", "r", 16)],
                                      outputs=[api.output("OUTPUT0", "r", 16, PAGE)])
        wait_until(lambda: server.metric("nv_inference_pending_request_count", model="slow") == 1)
        memory.truncate(0)
        for _ in range(2):
            assert GONE in answers.get(timeout=30).message()
        client.async_stream_infer("identity", [api.inline("INPUT0", floats(4), "FP32")])
        assert answers.get(timeout=30) is None
        client.stop_stream()
        client.unregister_system_shared_memory("r")


# --- contents that change --------------------------------------------------------------------------------------------
def test_strings_whose_lengths_change_meanwhile(api, server):
    """Whatever the lengths are at which moment, the model's strings lie inside of the tensor: success or an error."""
    count, width = 2000, 8
    honest = (4).to_bytes(4, "little") + b"four"
    lying = (2**31).to_bytes(4, "little") + b"four"
    with SharedObject(16 * PAGE) as memory:
        memory.put(honest * count)
        api.register_system_shared_memory("r", memory.key, 16 * PAGE)
        stop = threading.Event()

        def flip():
            place = (count - 1) * width
            while not stop.is_set():
                memory.map[place:place + width] = lying
                memory.map[place:place + width] = honest

        flipping = threading.Thread(target=flip)
        flipping.start()
        try:
            for _ in range(100):
                try:
                    answer = api.infer("strings", [api.input("x", [count], "BYTES", "r", width * count)]).as_numpy("y")
                    assert set(answer) == {b"four"}
                except InferenceServerException as error:
                    assert "string element" in error.message()
        finally:
            stop.set()
            flipping.join()


# --- many at once, and many times ------------------------------------------------------------------------------------
def test_registering_and_unregistering_while_requests_run(server):
    with SharedObject(2 * PAGE) as memory:
        memory.put(floats(4))
        stop = threading.Event()
        known = ("Unable to find shared memory region: 'r'", "shared memory region 'r' already in manager",
                 "shared memory region 'r' was unregistered while it was being registered")

        def repeat(kind, action):
            outcomes = {"done": 0}
            api = Api(kind, server)
            while not stop.is_set():
                try:
                    action(api)
                    outcomes["done"] += 1
                except InferenceServerException as error:
                    outcomes[error.message()] = outcomes.get(error.message(), 0) + 1
            return outcomes

        def register(api):
            api.register_system_shared_memory("r", memory.key, 2 * PAGE)

        def unregister(api):
            api.unregister_system_shared_memory("r")

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(repeat, kind, action) for kind in ("http", "grpc")
                       for action in (register, register, unregister, infer)]
            try:
                wait_until(lambda: server.metric("nv_inference_request_success", model="identity") > 300, timeout=60)
            finally:
                stop.set()
            for future in futures:
                outcomes = future.result(60)
                assert outcomes.pop("done") > 0
                assert set(outcomes) <= set(known), outcomes
        Api("http", server).unregister_system_shared_memory()
        wait_until(lambda: mappings(server, memory) == 0)


def open_files(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def resident_kib(server):
    return min(server.rss_kib() for _ in range(5) if time.sleep(0.05) is None)


@pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer's memory is not the server's")
@pytest.mark.skipif(DELAYS, reason="more threads take part, and each keeps some memory: up to 2 MB, after 20,000 registrations")
def test_a_thousand_registrations_leave_nothing_behind(server):
    names = [f"region{i % 10}" for i in range(1000)]
    with SharedObject(64 * PAGE) as memory:
        api = Api("grpc", server)

        def cycle(names):
            for name in names:
                api.register_system_shared_memory(name, memory.key, 64 * PAGE)
                infer(api, region=name, count=PAGE, to=32 * PAGE)
                api.unregister_system_shared_memory(name)

        cycle(names[:50])
        files, resident = open_files(server), resident_kib(server)
        cycle(names)
        wait_until(lambda: open_files(server) <= files)
        assert resident_kib(server) - resident < 512
        assert mappings(server, memory) == 0
        assert not re.search(r"neso_test", "".join(os.readlink(f"/proc/{server.pid}/fd/{fd}")
                                                   for fd in os.listdir(f"/proc/{server.pid}/fd")))


def test_a_string_that_grows_while_it_waits_takes_nothing_of_other_requests(server):
    api = Api("http", server)
    others = [b"SECRET", b"\4\0\0\0evil\0\0\0\0"]  # with what the first one would take, three elements again
    with SharedObject(PAGE) as memory, concurrent.futures.ThreadPoolExecutor(3) as pool:
        api.register_system_shared_memory("growing", memory.key, PAGE)
        memory.put(b"\1\0\0\0a")
        begun = []
        for number, tensor in enumerate([api.input("x", [1, 1], "BYTES", "growing", 5)] +
                                        [api.inline("x", np.array([[text]], np.object_), "BYTES") for text in others]):
            begun.append(pool.submit(api.infer, "batches", [tensor]))
            wait_until(lambda number=number: server.metric("nv_inference_pending_request_count", model="batches") == number + 1)
        memory.put(b"\x0f")
        assert [answer.result().as_numpy("y").tolist() for answer in begun[1:]] == [[[text]] for text in others]
        with pytest.raises(InferenceServerException, match="string element 0: expected 15 bytes, got 1"):
            begun[0].result()
        api.unregister_system_shared_memory("growing")
