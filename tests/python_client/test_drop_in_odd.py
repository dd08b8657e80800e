"""The modules of tritonclient where programs are not as examples are.

Most run with the stock client, too, and both do the same."""
import subprocess
import sys

import pytest
from support.drop_in import OURS, STOCK, output
from support.python_models import PythonModels, python_on_path
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, Server

both = pytest.mark.parametrize("env", [STOCK, OURS], ids=["stock", "ours"])
START = """
import asyncio, copy, os, pickle, queue, socket, sys, threading, time
import numpy as np
import tritonclient.grpc as grpc, tritonclient.grpc.aio as aio, tritonclient.http as http
from tritonclient.utils import InferenceServerException

HTTP, GRPC = sys.argv[1:]

def tensor(module, array, name="IN"):
    return module.InferInput(name, array.shape, "FP32").set_data_from_numpy(array)

ONE = np.float32([1])
"""

# Numbers of NumPy where Python's are meant, and copies of what a request is made of.
NUMBERS = START + """
with grpc.InferenceServerClient(GRPC) as client:
    image = np.zeros((1, 150528), np.float32)
    given = grpc.InferInput("INPUT0", [np.int64(1), np.int64(150528)], "FP32").set_data_from_numpy(image)
    options = {"sequence_id": np.int64(5), "sequence_start": np.bool_(True), "priority": np.int32(1),
               "timeout": np.int64(10**9)}
    print(client.infer("identity", [given], **options).as_numpy("OUTPUT0").shape)
    for sequence in (2**63, -2**63 - 1):
        try:
            client.infer("identity", [given], sequence_id=sequence)
        except ValueError as error:
            print(error)
    shared = grpc.InferInput("INPUT0", [1, 1], "FP32").set_shared_memory("none", np.int64(4), np.int64(8))
    try:
        client.infer("identity", [shared])
    except InferenceServerException as error:
        print(error)
    result = client.infer("identity", (given for _ in range(1)))
    print(copy.deepcopy(result).as_numpy("OUTPUT0").shape)
    for way in (copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))):
        print(client.infer("identity", [way(given)]).as_numpy("OUTPUT0").shape)
with http.InferenceServerClient(HTTP) as client:
    given = tensor(http, np.float32([[1]]), "INPUT0")
    for way in (copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))):
        print(client.infer("identity", [way(given)]).as_numpy("OUTPUT0"))
"""

# The ends of streams that never began, and of such that nobody answers.
STREAMS = START + """
def stream(url, wait, **options):
    answers = queue.Queue()
    client = grpc.InferenceServerClient(url)
    client.start_stream(lambda result, error: answers.put(error), **options)
    try:
        client.async_stream_infer("count", [tensor(grpc, ONE)])
    except InferenceServerException as error:  # the end of one that never began was faster
        assert "no longer in valid state" in str(error)
    error = answers.get(timeout=wait)
    print(type(error).__name__, error and error.status())
    client.stop_stream(cancel_requests=True)
    client.close()

with socket.create_server(("127.0.0.1", 0)) as silent:
    stream("127.0.0.1:%d" % silent.getsockname()[1], 20, stream_timeout=0.5)
stream("127.0.0.1:1", 20)
for encoding in ("gzip", "GZIP", "deflate", "br"):
    stream(GRPC, 20, compression_algorithm=encoding)
"""

# Who is called back sends the next request, which is larger than what the server takes unread.
CALLED_BACK = START + """
answers, large = queue.Queue(), np.ones(2_000_000, np.float32)
client = grpc.InferenceServerClient(GRPC)

def answered(result, error):
    answers.put(error or result.as_numpy("OUT").shape)
    if answers.qsize() < 3:
        client.async_stream_infer("echo", [tensor(grpc, large)])

client.start_stream(answered)
client.async_stream_infer("echo", [tensor(grpc, large)])
until = time.monotonic() + 60
while answers.qsize() < 3 and time.monotonic() < until:
    time.sleep(0.01)
client.stop_stream()
print([answers.get(timeout=1) for _ in range(3)])
client.close()
"""

# Callbacks that raise, and what goes wrong before a request is sent.
CALLBACKS = START + """
answers = queue.Queue()

def wrong(result, error):
    answers.put("called")
    raise KeyError("mine")

with grpc.InferenceServerClient(GRPC) as client:
    given = [tensor(grpc, np.float32([[1]]), "INPUT0")]
    try:
        client.async_infer("identity", given, wrong)
    except KeyError:  # the stock client calls back in here if the answer has come already
        pass
    print(answers.get(timeout=20))
    client.async_infer("identity", given, lambda result, error: answers.put(error))
    print(answers.get(timeout=20))
    class Failing(grpc.InferenceServerClientPlugin):
        def __call__(self, request):
            raise KeyError("of the plug-in")
    client.register_plugin(Failing())
    try:
        client.async_infer("identity", given, lambda result, error: answers.put(error))
    except KeyError as error:
        print(error)
    client.unregister_plugin()
    try:
        client.infer("identity", given, client_timeout=-1)
    except InferenceServerException as error:
        print(error.status())
    for headers in ({"a": "b\\r\\nc: d"}, {"": "x"}, {"a": "\u20ac"}):
        try:
            client.infer("identity", given, headers=headers)
        except InferenceServerException as error:
            print(error)
    print(client.infer("identity", given, headers={"a-bin": b"\\0\\xff"}).as_numpy("OUTPUT0"))
with http.InferenceServerClient(HTTP) as client:
    given = [tensor(http, np.float32([[1]]), "INPUT0")]
    try:
        client.infer("identity", given, headers={"a": "b\\r\\nc: d"})
    except ValueError as error:
        print("ValueError")
    print(client.infer("identity", given, parameters={"a": b"b"}).as_numpy("OUTPUT0"))
"""

# A program that ends with a request on its way.
ENDING = START + """
clients = grpc.InferenceServerClient(GRPC), http.InferenceServerClient(HTTP)
clients[0].async_infer("forever", [tensor(grpc, ONE)], lambda result, error: None)
clients[1].async_infer("forever", [tensor(http, ONE)])
time.sleep(0.3)
print("done")
sys.stdout.flush()
"""

# A stream of a loop that is left, or given up.
LEFT = START + """
async def requests():
    yield {"model_name": "endless", "inputs": [tensor(aio, ONE)]}

async def main():
    async with aio.InferenceServerClient(GRPC) as client:
        async for result, error in client.stream_infer(requests()):
            print(error, result.as_numpy("OUT").shape)
            break
        await asyncio.sleep(0.5)
        waiting = client.stream_infer(requests())
        await waiting.__anext__()
        task = asyncio.ensure_future(drain(waiting))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        del waiting, task
        await asyncio.sleep(0.5)
        for _ in range(100):
            if running() == 0:
                break
            await asyncio.sleep(0.1)
        print("running:", running())

async def drain(answers):
    async for _ in answers:
        pass

def running():
    with http.InferenceServerClient(HTTP) as asked:
        asked = asked.infer("running", [tensor(http, ONE)])
        return int(asked.as_numpy("OUT")[0])

asyncio.run(main())
"""

# Clients that nobody closes.
UNCLOSED = START + """
import gc, warnings
warnings.simplefilter("error", ResourceWarning)
told = []
sys.unraisablehook = lambda one: told.append(one.exc_value)
for _ in range(3):
    client = grpc.InferenceServerClient(GRPC)
    client.is_server_live()
    answers, given = queue.Queue(), [tensor(grpc, np.float32([[1]]), "INPUT0")]
    client.async_infer("identity", given, lambda result, error: answers.put(error))
    answers.get(timeout=20)
    client = http.InferenceServerClient(HTTP)
    client.is_server_live()
    client = None
    gc.collect()
time.sleep(0.3)
gc.collect()
print(told)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    repository = ModelRepository(tmp_path_factory.mktemp("odd") / "models")
    repository.add_identity("identity")
    models = PythonModels(repository)
    models.add("echo", """
        def execute(self, requests):
            return [answer(OUT=values(request)) for request in requests]
    """)
    models.add("count", """
        def execute(self, requests):
            for request in requests:
                sender = request.get_response_sender()
                sender.send(answer(OUT=np.float32([1])), flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
    """, extra="model_transaction_policy { decoupled: true }")
    folder = tmp_path_factory.mktemp("running")
    models.add("endless", f"""
        def execute(self, requests):
            for request in requests:
                threading.Thread(target=self.answer, args=(request.get_response_sender(),), daemon=True).start()

        def answer(self, sender):
            mark = "{folder}/" + str(threading.get_ident())
            open(mark, "w").close()
            while not sender.is_cancelled():
                sender.send(answer(OUT=np.float32([1])))
                time.sleep(0.02)
            os.unlink(mark)
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
    """, extra="model_transaction_policy { decoupled: true }")
    models.add("running", f"""
        def execute(self, requests):
            return [answer(OUT=np.float32([len(os.listdir("{folder}"))])) for _ in requests]
    """)
    models.add("forever", """
        def execute(self, requests):
            for _ in range(300):
                if requests[0].is_cancelled():
                    break
                time.sleep(0.1)
            return [answer(OUT=values(request)) for request in requests]
    """)
    running = Server(repository.path, "--allow-client-shm=true", env=python_on_path()).start()
    yield running
    running.stop()


def said(program, env, server):
    return output(["-c", program, server.http, server.grpc], env).splitlines()


RESULTS = START + """
with grpc.InferenceServerClient(GRPC) as client:
    result = client.infer("identity", [tensor(grpc, np.float32([[1]]), "INPUT0")], request_id="a")
    result = pickle.loads(pickle.dumps(result))
    print(result.as_numpy("OUTPUT0"), result.get_response().id)
    try:
        client.infer("missing", [])
    except InferenceServerException as error:
        print(pickle.loads(pickle.dumps(error)))
async def requests():
    yield {"model_name": "count", "inputs": [tensor(aio, ONE)], "something": "else",
           "enable_empty_final_response": True}

async def main():
    async with aio.InferenceServerClient(GRPC) as client:
        print([result.as_numpy("OUT") async for result, error in client.stream_infer(requests())])
asyncio.run(main())
"""


def test_results_come_out_of_other_processes(server):
    unknown = "[StatusCode.NOT_FOUND] Request for unknown model: 'missing' is not found"
    assert said(RESULTS, OURS, server) == ["[[1.]] a", unknown, "[array([1.], dtype=float32)]"]


OUTSIDE = """
import numpy as np
from tritonclient.utils import shared_memory as shm
region = shm.create_shared_memory_region("region", "neso_outside", 64)
for call in (lambda: shm.set_shared_memory_region(region, [np.zeros(1)], -8),
             lambda: shm.get_contents_as_numpy(region, np.float32, [1], -4),
             lambda: shm.set_shared_memory_region(region, [np.zeros(1)], 60)):
    try:
        call()
    except Exception as error:
        print("refused")
shm.destroy_shared_memory_region(region)
"""


def test_what_lies_outside_a_region():
    assert output(["-c", OUTSIDE], OURS).split() == 3 * ["refused"]


@both
def test_numbers_and_copies(env, server):
    missing = "[StatusCode.NOT_FOUND] Unable to find shared memory region: 'none'"
    refused = [f"Value out of range: {sequence}" for sequence in (2**63, -2**63 - 1)]
    assert said(NUMBERS, env, server) == ["(1, 150528)", *refused, missing, *3 * ["(1, 150528)"], *2 * ["[[1.]]"]]


@both
def test_streams(env, server):
    fine = "NoneType None"
    told = said(STREAMS, env, server)
    unknown = "The provided client-side compression algorithm is not supported... using no compression"
    assert told[:2] == [f"InferenceServerException StatusCode.{name}" for name in ("DEADLINE_EXCEEDED", "UNAVAILABLE")]
    assert told[2:] == [fine, fine, fine, unknown, fine]


@both
def test_who_is_called_back_may_send(env, server):
    assert said(CALLED_BACK, env, server) == ["[(2000000,), (2000000,), (2000000,)]"]


@both
def test_callbacks(env, server):
    invalid = 3 * ["[StatusCode.INTERNAL] Invalid metadata"]
    assert said(CALLBACKS, env, server) == ["called", "None", "'of the plug-in'", "StatusCode.DEADLINE_EXCEEDED",
                                            *invalid, "[[1.]]", "ValueError", "[[1.]]"]


@both
def test_a_program_that_ends_with_requests_under_way(env, server):
    command = [sys.executable, "-c", ENDING, server.http, server.grpc]
    ended = subprocess.run(command, capture_output=True, text=True, env=env, timeout=15 * PATIENCE, cwd=ROOT)
    assert (ended.returncode, ended.stdout) == (0, "done\n")


def test_streams_of_a_loop_that_are_left(server):
    assert said(LEFT, OURS, server) == ["None (1,)", "running: 0"]


@both
def test_clients_that_nobody_closes(env, server):
    assert said(UNCLOSED, env, server) == ["[]"]


# What errors carry, and answers that are none.
WRONG = START + """
def details(call):
    try:
        print(call())
    except InferenceServerException as error:
        print(error.status(), type(error.debug_details()).__name__, error.message().partition(": ")[0])

def answering(raw):
    def serve():
        while True:
            connected = listener.accept()[0]
            connected.recv(65536)
            connected.sendall(raw)
            connected.close()
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, daemon=True).start()
    return "127.0.0.1:%d" % listener.getsockname()[1]

details(lambda: grpc.InferenceServerClient(GRPC).infer("missing", []))
for body in (b"<html>", b'{"a":1}', b""):
    raw = b"HTTP/1.1 500 Oh\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body
    details(http.InferenceServerClient(answering(raw)).get_server_metadata)
print(http.InferenceServerClient(HTTP).update_trace_settings(settings=None)["trace_level"])
"""
FORKED = START + """
client = grpc.InferenceServerClient(GRPC)
client.start_stream(lambda result, error: None)
child = os.fork()
if child == 0:
    try:
        client.async_stream_infer("count", [tensor(grpc, ONE)])
    except InferenceServerException as error:
        os._exit(7 if "no longer in valid state" in str(error) else 1)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
client.stop_stream()
"""


@both
def test_what_errors_carry(env, server):
    undecoded = "500 str an exception occurred in the client while decoding the response"
    assert said(WRONG, env, server) == ["StatusCode.NOT_FOUND str Request for unknown model", undecoded, undecoded,
                                        "500 NoneType client received an empty response from the server.", "['OFF']"]


def test_a_stream_is_not_the_childs(server):
    assert said(FORKED, OURS, server) == ["7"]
