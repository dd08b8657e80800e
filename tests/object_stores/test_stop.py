"""A server that is told to end does so, whatever it waits for from its store."""
import signal
import threading
import time

import pytest
from support.control import load
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

    def ask():
        try:
            answers.append(load(server, "m").status_code)
        except OSError as error:
            answers.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: store.proxy.faults_left() == 0)
    assert seconds_to_end(server) < SOON * PATIENCE
    thread.join()
    assert answers and answers != [200]
    assert not list(temporary.iterdir()), "what was downloaded goes with the server"


def test_a_start_is_given_up(store, folder, serve):
    store.proxy.fail("later", store.read_path(f"{folder}/m/1/weights.bin"))
    server = serve(start=Server, ready=False).start()
    wait_until(lambda: store.proxy.faults_left() == 0)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    server.wait()
    assert time.monotonic() - began < SOON * PATIENCE
