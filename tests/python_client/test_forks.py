"""Clients, and what they have answered, in processes that are forked off, and in such that are started anew."""
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from neso_client import AsyncClient, Client
from support.python_models import PythonModels, python_on_path
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, Server

ELEMENTS = 150528  # 602 KB: through shared memory

START = """
import gc, multiprocessing, os, sys, threading, time
import numpy as np
from neso_client import AsyncClient, Client, Unavailable

def image(value):
    return np.full((1, 150528), value, np.float32)

def in_child(function):
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child

def ended(child):
    assert os.waitpid(child, 0)[1] == 0
"""

# A result that a child keeps while its parent asks on.
KEPT = START + """
client = Client(sys.argv[1])
kept = client.infer("image", INPUT0=image(1)).array
go_on, finish = os.pipe()

def child():
    os.read(go_on, 1)
    assert (kept == 1).all(), kept

child = in_child(child)
del kept
gc.collect()
for i in range(20):
    assert (client.infer("image", INPUT0=image(i + 2)).array == i + 2).all()
os.write(finish, b"x")
ended(child)
assert len([name for name in os.listdir("/dev/shm") if sys.argv[1].rpartition(":")[2] in name]) <= 3
"""

# A stream that both processes go on with.
STREAM = START + """
client = Client(sys.argv[1])
stream = client.stream("count", IN=[2000])
assert next(stream).array.tolist() == [0]

def child():
    try:
        rest = list(stream)
    except Unavailable as error:
        assert "the process that this one was forked from" in str(error), error
    else:
        raise AssertionError(rest)
    assert [result.array.tolist() for result in client.stream("count", IN=[2])] == [[0], [1]]

ended(in_child(child))
assert [int(result.array[0]) for result in stream] == list(range(1, 2000))
"""

# A child that is made while another thread waits for an answer: the parent's end of the call is its end.
LET_GO = START + """
client = Client(sys.argv[1])
assert client.is_ready()

def ask():
    try:
        client.infer("forever", IN=[1], timeout=1)
    except TimeoutError:
        pass

thread = threading.Thread(target=ask)
thread.start()
time.sleep(0.5)
child = in_child(lambda: time.sleep(6))
thread.join()
for _ in range(40):
    if client.infer("running", IN=[1]).array[0] == 0:
        break
    time.sleep(0.1)
else:
    raise SystemExit("the server was not told")
os.kill(child, 9)
os.waitpid(child, 0)
"""

# Clients that are made before: inherited, or taken along.
POOLS = START + """
def ask(number):
    return int(client.infer("image", INPUT0=image(number)).array[0, 5])

def ask_with(given):
    other, number = given
    return int(other.infer("image", INPUT0=image(number)).array[0, 5])

client = Client(sys.argv[1])
if __name__ == "__main__":
    client.infer("image", INPUT0=image(0))
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(ask, range(60)) == list(range(60))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(ask_with, [(client, 5), (client, 6)]) == [5, 6]
    assert ask(7) == 7
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    repository = ModelRepository(tmp_path_factory.mktemp("forks") / "models")
    repository.add_identity("image", dims=(ELEMENTS,))
    models = PythonModels(repository)
    models.add("count", """
        def execute(self, requests):
            for request in requests:
                sender, count = request.get_response_sender(), int(values(request)[0])
                for i in range(count):
                    sender.send(answer(OUT=np.array([i], np.float32)))
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
    """, extra="model_transaction_policy { decoupled: true }")
    folder = tmp_path_factory.mktemp("running")
    models.add("forever", f"""
        def execute(self, requests):
            mark = "{folder}/mark"
            open(mark, "w").close()
            for _ in range(300):
                if requests[0].is_cancelled():
                    break
                time.sleep(0.05)
            os.unlink(mark)
            return [answer(OUT=values(request)) for request in requests]
    """)
    models.add("running", f"""
        def execute(self, requests):
            return [answer(OUT=np.float32([len(os.listdir("{folder}"))])) for _ in requests]
    """)
    running = Server(repository.path, "--allow-client-shm=true", env=python_on_path()).start()
    yield running
    running.stop()


def runs(program, url, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(program)
    env = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python")}
    ended = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", script, url], capture_output=True, text=True, env=env,
                           timeout=60 * PATIENCE)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("program", [KEPT, LET_GO, POOLS], ids=["a result that is kept", "a call that ends", "pools"])
def test_forks(server, protocol, program, tmp_path):
    runs(program, f"{protocol}://{getattr(server, protocol)}", tmp_path)


def test_a_stream_belongs_to_the_process_that_began_it(server, tmp_path):
    runs(STREAM, f"grpc://{server.grpc}", tmp_path)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_clients_can_be_taken_along(server, kind):
    """To a process that is started anew, as loaders of data do it."""
    client = kind(f"http://{server.http}", timeout=7, headers={"a": "b"}, shared_memory=False)
    other = pickle.loads(pickle.dumps(client))
    assert type(other) is kind
    if kind is Client:
        assert other.infer("image", INPUT0=np.ones((1, ELEMENTS))).array.all()
        client.close()
        assert other.is_ready("image")
        other.close()
