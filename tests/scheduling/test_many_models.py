"""Requests that are spread over many models: short executions take turns on few threads, long ones hold nobody up."""
import concurrent.futures
import http.client
import json
import os
import signal

import pytest
from support.inference import Crowd, ask, body, delay_ms, open_requests, pending, values
from support.server import IS_SANITIZED
from support.wait import wait_until

MODELS = 300
SLOW_MODELS = 8
SLOW = delay_ms(2000)


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for i in range(MODELS):
        module_repository.add_identity(f"short{i}")
    for i in range(SLOW_MODELS):
        module_repository.add_identity(f"slow{i}", parameters={"execute_delay_ms": SLOW})
    return start_module_server(module_repository.path)


def threads(server):
    return len(os.listdir(f"/proc/{server.pid}/task"))


def processors(server):
    return len(os.sched_getaffinity(server.pid))


def ask_short(server, models):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda i: values(ask(server, f"short{i}", [float(i)])), range(models)))
    assert answers == [[i] for i in range(models)]


def ask_at_once(server, connections, models):
    """One request a connection, of which the server sees the first when the last has been sent."""
    os.kill(server.pid, signal.SIGSTOP)
    for connection, i in zip(connections, models):
        connection.request("POST", f"/v2/models/short{i}/infer", json.dumps(body([float(i)])))
    os.kill(server.pid, signal.SIGCONT)
    for connection, i in zip(connections, models):
        answer = connection.getresponse()
        assert json.loads(answer.read())["outputs"][0]["data"] == [i], answer.status


@pytest.mark.skipif(IS_SANITIZED, reason="with a sanitizer, on a busy machine, executions that are short take long")
def test_short_executions_take_few_threads(server):
    """Each model's first, of which nobody knows how long it takes, and later ones."""
    before = threads(server)
    connections = [http.client.HTTPConnection(server.http) for _ in range(60)]
    for _ in range(3):
        for first in range(0, MODELS, len(connections)):
            ask_at_once(server, connections, range(first, first + len(connections)))
    for connection in connections:
        connection.close()
    # One more looks on in each executor; a few watch the sockets when the processor is taken away from those that did.
    assert threads(server) <= before + 2 * processors(server) + 6


def test_long_executions_run_beside_each_other_and_hold_nobody_up(server):
    """When nobody knows yet that they are long, and when it is known."""
    for _ in range(2):
        with Crowd() as crowd:
            replies = [crowd.ask(server, f"slow{i}", [float(i)]) for i in range(SLOW_MODELS)]
            wait_until(lambda: open_requests(server) == SLOW_MODELS)
            wait_until(lambda: sum(pending(server, f"slow{i}") for i in range(SLOW_MODELS)) == 0)
            ask_short(server, 40)
            assert not any(reply.done() for reply in replies)
            assert [values(reply.result()) for reply in replies] == [[i] for i in range(SLOW_MODELS)]
