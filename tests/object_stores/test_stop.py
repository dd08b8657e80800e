"""A server that is told to end does so, whatever it waits for from its store."""
import signal
import threading
import time

import pytest
from support.control import index, load
from support.inference import ask, values
from support.server import PATIENCE, Server
from support.wait import wait_until

# A pause or a read that nobody ends takes 30 s here. libcurl looks once a second whether it is to go on.
SOON = 5


@pytest.fixture
def serve(store, folder, repository, temporary, start_server):
    repository.add_identity("m")
    (repository.path / "m/1/weights.bin").write_bytes(bytes(100_000))
    store.upload(repository.path, folder)

    def start(*args, start=start_server, **kwargs):
        return start(f"{store.url}/{folder}", "--object-store-timeout-secs=30", *args,
                     env={**store.environment, "TMPDIR": str(temporary)}, **kwargs)
    return start


def assert_undisturbed(server):
    """It says that it is there, and its model answers, each time soon."""
    for number in range(10):
        began = time.monotonic()
        assert server.get("/v2/health/live").status_code == 200
        assert server.get("/v2/health/ready").status_code == 200
        assert values(ask(server, "m", [float(number)])) == [number]
        assert time.monotonic() - began < 1 * PATIENCE


def outcome(call, *args):
    """What it gives, or the error when the server has gone."""
    try:
        return call(*args)
    except OSError as error:
        return error


def seconds_to_end(server):
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    status = server.wait()
    assert status == 0, server.log
    return time.monotonic() - began


@pytest.mark.parametrize("fault", ["hang", "later"])
def test_a_load_is_given_up(store, folder, serve, temporary, fault):
    server = serve("--model-control-mode=explicit")
    store.proxy.fail(fault, store.read_path(f"{folder}/m/1/weights.bin"))
    answers = []
    thread = threading.Thread(target=lambda: answers.append(outcome(load, server, "m")))
    thread.start()
    wait_until(lambda: store.proxy.faults_left() == 0)
    assert seconds_to_end(server) < SOON * PATIENCE
    thread.join()
    assert answers and getattr(answers[0], "status_code", None) != 200
    assert not list(temporary.iterdir()), "what was downloaded goes with the server"


@pytest.mark.parametrize("fault", ["hang", "silent"])
def test_a_look_that_hangs_disturbs_nobody_and_is_given_up(store, serve, fault):
    server = serve("--model-control-mode=poll", "--repository-poll-secs=0.2")
    store.proxy.fail(fault, store.list_path)
    wait_until(lambda: store.proxy.faults_left() == 0)
    assert_undisturbed(server)
    assert seconds_to_end(server) < SOON * PATIENCE


@pytest.mark.parametrize("fault", ["hang", "silent"])
def test_an_index_that_hangs_disturbs_nobody_and_is_given_up(store, serve, fault):
    server = serve("--model-control-mode=explicit", "--load-model=m")
    store.proxy.fail(fault, store.list_path)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(outcome(index, server)))
    thread.start()
    wait_until(lambda: store.proxy.faults_left() == 0)
    assert_undisturbed(server)
    assert not answers
    assert seconds_to_end(server) < SOON * PATIENCE
    thread.join()
    assert answers


@pytest.mark.parametrize("where", ["a file", "the listing"])
def test_a_start_is_given_up(store, folder, serve, where):
    if where == "a file":
        store.proxy.fail("later", store.read_path(f"{folder}/m/1/weights.bin"))
    else:
        store.proxy.fail("hang", store.list_path)
    server = serve(start=Server, ready=False).start()
    wait_until(lambda: store.proxy.faults_left() == 0)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    server.wait()
    assert time.monotonic() - began < SOON * PATIENCE
