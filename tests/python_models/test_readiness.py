"""Whether Python models are ready: what they say themselves keeps nobody waiting, and a dead process shows at once."""
import concurrent.futures
import os
import signal

import grpc
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.python_models import IDENTITY
from support.server import PATIENCE
from support.wait import wait_until

ASKERS = 50

# Both wait for a file to go: is_ready as a check does that takes long, initialize so that a restart is seen to last.
WAITS = """
def initialize(self, args):
    folder = os.environ["READINESS_TEST"]
    open(os.path.join(folder, "started"), "a").write("x")
    while os.path.exists(os.path.join(folder, "hold_start")): time.sleep(0.01)

def is_ready(self):
    folder = os.environ["READINESS_TEST"]
    open(os.path.join(folder, "asked"), "a").write("x")
    while os.path.exists(os.path.join(folder, "hold")):
        open(os.path.join(folder, "waiting"), "w").close()
        time.sleep(0.01)
    return not os.path.exists(os.path.join(folder, "not_ready"))

def execute(self, requests):
    return [answer(OUT=np.int32([os.getpid()])) for _ in requests]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("readiness")
    (path / "asked").touch()
    return path


@pytest.fixture(scope="module")
def server(models, serve, folder):
    models.add("waits", WAITS, outputs={"OUT": "TYPE_INT32"})
    models.add("beside", IDENTITY)
    # One network thread: who keeps it keeps everybody.
    return serve("--http-thread-count=1", env={"READINESS_TEST": str(folder)})


@pytest.fixture(scope="module")
def channel(server):
    with grpcclient.InferenceServerClient(server.grpc) as client:
        yield client


@pytest.fixture
def held(folder):
    """While it is there, is_ready does not answer."""
    path = folder / "hold"
    path.touch()
    yield path
    path.unlink(missing_ok=True)


def infer(channel, model):
    tensor = grpcclient.InferInput("IN", [1], "FP32")
    tensor.set_data_from_numpy(np.float32([1]))
    return channel.infer(model, [tensor]).as_numpy("OUT")[0]


def first_health(server):
    """The first thing that a health watch hears: 1 is SERVING."""
    with grpc.insecure_channel(server.grpc) as channel:
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch", request_serializer=bytes,
                                     response_deserializer=bytes)
        stream = watch(b"", timeout=60 * PATIENCE)
        answer = next(stream)
        stream.cancel()
        return answer == b"\x08\x01"


QUESTIONS = {
    "model over HTTP": lambda server, channel: server.get("/v2/models/waits/ready").status_code == 200,
    "server over HTTP": lambda server, channel: server.get("/v2/health/ready").status_code == 200,
    "model over gRPC": lambda server, channel: channel.is_model_ready("waits"),
    "server over gRPC": lambda server, channel: channel.is_server_ready(),
    "a health watch": lambda server, channel: first_health(server),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_that_takes_long_keeps_nobody(server, channel, held, folder, question):
    (folder / "waiting").unlink(missing_ok=True)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        asked = pool.submit(QUESTIONS[question], server, channel)
        wait_until((folder / "waiting").exists)
        assert channel.is_server_live()
        assert server.get("/v2/health/live").status_code == 200
        assert infer(channel, "beside") == 1
        assert not asked.done()
        held.unlink()
        assert asked.result() is True


def test_what_the_model_says_counts(server, channel, folder):
    (folder / "not_ready").touch()
    try:
        assert not any(question(server, channel) for question in QUESTIONS.values())
    finally:
        (folder / "not_ready").unlink()
    assert all(question(server, channel) for question in QUESTIONS.values())


def test_many_who_ask_at_once_cost_one_question(server, channel, held, folder):
    (folder / "waiting").unlink(missing_ok=True)
    before = (folder / "asked").stat().st_size
    threads = server.thread_count()
    with concurrent.futures.ThreadPoolExecutor(ASKERS) as pool:
        asked = [pool.submit(QUESTIONS["model over HTTP"], server, channel) for _ in range(ASKERS)]
        wait_until((folder / "waiting").exists)
        # All of them have been read when the last one's connection has been: one thread reads in turn.
        wait_until(lambda: len(os.listdir(f"/proc/{server.pid}/fd")) > ASKERS)
        assert server.get("/v2/health/live").status_code == 200
        assert server.thread_count() <= threads + 10
        held.unlink()
        assert all(question.result() for question in asked)
    assert (folder / "asked").stat().st_size - before <= 5


def test_a_dead_process_shows_within_a_second(server, channel, folder):
    pid = int(infer(channel, "waits"))
    hold = folder / "hold_start"
    hold.touch()
    try:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not channel.is_model_ready("waits"), timeout=1)
        assert not any(question(server, channel) for question in QUESTIONS.values())
        wait_until(lambda: len((folder / "started").read_text()) == 2)
        assert not channel.is_model_ready("waits")  # it is not back before it is initialised
    finally:
        hold.unlink()
    wait_until(lambda: channel.is_model_ready("waits"))
    assert all(question(server, channel) for question in QUESTIONS.values())
