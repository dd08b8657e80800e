"""How many connections and requests at the same time the clients of tritonclient allow, and how long they wait: the stock ones and ours
alike."""
import json
import socket

import pytest
from support.drop_in import OURS, STOCK, output
from support.server import PATIENCE

pytestmark = pytest.mark.parametrize("env", [STOCK, OURS], ids=["stock", "ours"])
DELAY = 0.2  # of a request, seconds
START = """
import asyncio, json, os, sys, threading, time
import numpy as np
import tritonclient.http as http
import tritonclient.http.aio as aio

def tensors():
    tensor = http.InferInput("INPUT0", [1, 4], "FP32")
    tensor.set_data_from_numpy(np.ones((1, 4), np.float32))
    return [tensor]

def connections():  # of this process, to the server
    ours = {os.readlink(f"/proc/self/fd/{name}")[8:-1] for name in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{name}") and os.readlink(f"/proc/self/fd/{name}").startswith("socket:[")}
    port = f"{int(sys.argv[1].rpartition(':')[2]):04X}"
    rows = [line.split() for line in open("/proc/self/net/tcp").readlines()[1:]]
    # A table that changes while it is read names some twice.
    return len({row[9] for row in rows if row[9] in ours and row[2].endswith(f":{port}") and row[3] == "01"})
"""
SEVERAL = START + """
with http.InferenceServerClient(sys.argv[1], **json.loads(sys.argv[2])) as client:
    client.is_server_live()
    began = time.monotonic()
    requests = [client.async_infer("slow", tensors()) for _ in range(6)]
    for request in requests:
        assert request.get_result().as_numpy("OUTPUT0").tolist() == [[1, 1, 1, 1]]
    print(json.dumps([connections(), time.monotonic() - began]))
"""
SEVERAL_COROUTINES = START + """
async def main():
    async with aio.InferenceServerClient(sys.argv[1], **json.loads(sys.argv[2])) as client:
        began = time.monotonic()
        results = await asyncio.gather(*(client.infer("slow", tensors()) for _ in range(6)))
        assert all(result.as_numpy("OUTPUT0").tolist() == [[1, 1, 1, 1]] for result in results)
        print(json.dumps([connections(), time.monotonic() - began]))

asyncio.run(main())
"""
WAITING = START + """
def seconds(call):
    began = time.monotonic()
    try:
        call()
    except (TimeoutError, asyncio.TimeoutError, OSError) as error:
        return time.monotonic() - began
    raise SystemExit("expected an error")

async def ask(url, **limits):
    async with aio.InferenceServerClient(url, **limits) as client:
        await client.infer("slow", tensors())

server, deaf = sys.argv[1:]
client = http.InferenceServerClient(server, network_timeout=0.1)
told = [seconds(lambda: client.infer("slow", tensors()))]
time.sleep(0.5)
assert client.is_server_live()  # on another connection: the first one's answer is still to come
told.append(seconds(http.InferenceServerClient(deaf, connection_timeout=0.1).is_server_live))
told.append(seconds(lambda: asyncio.run(ask(server, conn_timeout=0.1))))
told.append(seconds(lambda: asyncio.run(ask(deaf, conn_timeout=0.1))))
print(json.dumps(told))
"""
MANY_OVER_GRPC = """
import asyncio, resource, sys
import numpy as np
import tritonclient.grpc.aio as aio

resource.setrlimit(resource.RLIMIT_NOFILE, (300, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

async def main():
    tensor = aio.InferInput("INPUT0", [1, 4], "FP32")
    tensor.set_data_from_numpy(np.ones((1, 4), np.float32))
    async with aio.InferenceServerClient(sys.argv[1]) as client:
        results = await asyncio.gather(*(client.infer("fast", [tensor]) for _ in range(400)))
        print(len(results))

asyncio.run(main())
"""
IN_TIME_OVER_GRPC = """
import json, queue, sys
import numpy as np
import tritonclient.grpc as grpc

tensor = grpc.InferInput("INPUT0", [1, 4], "FP32")
tensor.set_data_from_numpy(np.ones((1, 4), np.float32))
answers = queue.Queue()
with grpc.InferenceServerClient(sys.argv[1]) as client:
    for _ in range(140):
        client.async_infer("slow", [tensor], lambda result, error: answers.put(error), client_timeout=1)
    errors = [answers.get() for _ in range(140)]
assert {error.status() for error in errors if error} == {"StatusCode.DEADLINE_EXCEEDED"}, errors
print(sum(error is None for error in errors))
"""


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("slow", dims=(4,), parameters={"execute_delay_ms": str(int(DELAY * 1000))},
                                   extra="instance_group { count: 6 kind: KIND_CPU }")
    module_repository.add_identity("fast", dims=(4,))
    return start_module_server(module_repository.path)


def ran(program, env, server, limits):
    """(connections, seconds)"""
    return json.loads(output(["-c", program, server.http, json.dumps(limits)], env))


def test_one_connection_unless_told_otherwise(env, server):
    connections, seconds = ran(SEVERAL, env, server, {})
    assert connections == 1 and seconds >= 6 * DELAY


@pytest.mark.parametrize("limits", [{"concurrency": 3}, {"concurrency": 6, "max_greenlets": 3}], ids=str)
def test_as_many_as_are_allowed(env, server, limits):
    connections, seconds = ran(SEVERAL, env, server, limits)
    assert connections == 3 and 2 * DELAY <= seconds < 6 * DELAY * PATIENCE


def test_all_at_once(env, server):
    connections, seconds = ran(SEVERAL, env, server, {"concurrency": 6})
    assert connections == 6 and seconds < 6 * DELAY * PATIENCE


@pytest.mark.parametrize("limit, rounds", [(2, 3), (6, 1), (0, 1)])
def test_coroutines(env, server, limit, rounds):
    connections, seconds = ran(SEVERAL_COROUTINES, env, server, {"conn_limit": limit})
    assert connections == (limit or 6) and rounds * DELAY <= seconds < (rounds + 3) * DELAY * PATIENCE


def test_how_long_a_client_waits(env, server):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:  # takes one connection, and answers no other one
        address = deaf.getsockname()
        with socket.create_connection(address):
            told = json.loads(output(["-c", WAITING, server.http, f"{address[0]}:{address[1]}"], env))
    assert all(0.1 <= seconds < 2 * PATIENCE for seconds in told), told


def test_more_coroutines_over_grpc_than_a_process_may_have_sockets(env, server):
    assert output(["-c", MANY_OVER_GRPC, server.grpc], env) == "400\n"


def test_a_timeout_begins_with_the_call_not_with_its_turn(env, server):
    instances, timeout = 6, 1
    assert int(output(["-c", IN_TIME_OVER_GRPC, server.grpc], env)) <= instances * (timeout / DELAY + 2)
