"""Arrays and inputs that are used again once a call has them: what is sent is what they were then, with the stock client and with ours."""
import json

import pytest
from support.drop_in import OURS, STOCK, output

# Each way prints the calls whose answers are not what their array was.
PROGRAM = """
import asyncio, importlib, json, queue, sys
import numpy as np
protocol, url = sys.argv[1:]
library, aio = (importlib.import_module(f"tritonclient.{protocol}{tail}") for tail in ("", ".aio"))
ELEMENTS, CALLS = 4096, 40
array = np.empty((1, ELEMENTS), np.float32)

def given(value):
    array[:] = value
    return [library.InferInput("INPUT0", array.shape, "FP32").set_data_from_numpy(array)]

def wrong(results):
    array[:] = -1
    return [i for i, result in enumerate(results()) if not (result.as_numpy("OUTPUT0") == i).all()]

def blocking(client):
    inputs = given(0)
    return wrong(lambda: [client.infer("wide", inputs)])

def asynchronous(client):  # the one input is set anew while those before are under way
    tensor, calls, answers = library.InferInput("INPUT0", array.shape, "FP32"), [], queue.Queue()
    for i in range(CALLS):
        array[:] = i
        tensor.set_data_from_numpy(array)
        if protocol == "http":
            calls.append(client.async_infer("wide", [tensor]))
        else:
            client.async_infer("wide", [tensor], lambda result, error, i=i: answers.put((i, result)))
    if protocol == "http":
        return wrong(lambda: [call.get_result() for call in calls])
    return wrong(lambda: [result for _, result in sorted((answers.get() for _ in range(CALLS)), key=lambda pair: pair[0])])

def stream(client):
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put(result))
    for i in range(CALLS):
        client.async_stream_infer("wide", given(i))
    return wrong(lambda: [answers.get() for _ in range(CALLS)])

async def coroutines():
    async with aio.InferenceServerClient(url) as client:
        calls = [asyncio.create_task(client.infer("wide", given(i))) for i in range(CALLS)]
        array[:] = -1
        results = await asyncio.gather(*calls)
    return wrong(lambda: results)

told = {"coroutines": asyncio.run(coroutines())}
with library.InferenceServerClient(url, **({"concurrency": 4} if protocol == "http" else {})) as client:
    for way in (blocking, asynchronous, *([stream] if protocol == "grpc" else [])):
        told[way.__name__] = way(client)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("wide", dims=(4096,))
    return start_module_server(module_repository.path)


@pytest.mark.parametrize("env", [STOCK, OURS], ids=["stock", "ours"])
@pytest.mark.parametrize("protocol, ways", [("http", 3), ("grpc", 4)])
def test_an_array_that_is_changed_is_sent_as_it_was(server, protocol, ways, env):
    told = json.loads(output(["-c", PROGRAM, protocol, getattr(server, protocol)], env))
    assert len(told) == ways and not any(told.values()), told


MEMORY = """
import numpy as np
from tritonclient import _copies
from tritonclient._copies import copy_of

def address(copy):
    return np.frombuffer(copy, np.uint8).ctypes.data

zeros, ones = np.zeros((300, 100), np.float32), np.ones((300, 100), np.float32)
first = copy_of(zeros)
part, first_at = first[8:16], address(first)
del first
second = copy_of(ones)
second_at = address(second)
assert second_at != first_at and part == bytes(8) and second == ones.tobytes()
del part
assert address(copy_of(zeros)) == first_at  # nobody refers to that one any more
assert second == ones.tobytes() and second.readonly

turned = np.arange(30000, dtype=np.int32).reshape(300, 100).T
assert copy_of(turned) == turned.tobytes()

many = [copy_of(np.zeros(1 << 23, np.uint8)) for _ in range(20)]
del many
assert sum(size * len(waiting) for size, waiting in _copies._waiting.items()) <= 1 << 26
"""


def test_memory_of_copies_is_used_again_when_nothing_refers_to_it():
    output(["-c", MEMORY], OURS)
