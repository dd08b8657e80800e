"""Identical requests at the same time, to models that have them executed once."""
import socket

import pytest
from support.caching import ENABLED, counts
from support.control import load
from support.inference import Crowd, ask, delay_ms, statistics, until_executing, values
from support.wait import wait_until

ONCE = f'{ENABLED} parameters {{ key: "RESPONSE_CACHE_SINGLE_FLIGHT" value {{ string_value: "true" }} }}'
SLOW = {"execute_delay_ms": delay_ms(500)}
FOUR = " instance_group { kind: KIND_CPU count: 4 }"


@pytest.fixture
def start(repository, start_server):
    def start(*args, size=1048576):
        return start_server(repository.path, f"--cache-config=local,size={size}", *args)
    return start


def ask_at_once(server, model, count, *row):
    with Crowd(count) as crowd:
        first = crowd.ask(server, model, list(row))
        until_executing()
        others = [crowd.ask(server, model, list(row)) for _ in range(count - 1)]
        return [reply.result() for reply in (first, *others)]


@pytest.mark.parametrize("size", [1048576, 100])
def test_a_crowd_is_executed_once_whether_the_answer_fits_or_not(repository, start, size):
    repository.add_identity("m", extra=ONCE + FOUR, parameters=SLOW)
    server = start(size=size)
    replies = ask_at_once(server, "m", 12, 1.0, 2.0)
    assert [values(reply) for reply in replies] == [[1.0, 2.0]] * 12
    assert counts(server, "m") == (11, 1, 1, 12)
    inference = statistics(server, "m")["inference_stats"]
    assert inference["queue"]["ns"] + inference["cache_hit"]["ns"] <= inference["success"]["ns"]


def test_without_the_parameter_everybody_is_executed(repository, start):
    repository.add_identity("m", extra=ENABLED + FOUR, parameters=SLOW)
    server = start()
    ask_at_once(server, "m", 4, 1.0)
    assert counts(server, "m")[2] == 4


def test_an_error_is_met_by_each_for_itself(repository, start):
    repository.add_identity("m", extra=ONCE + FOUR, parameters=SLOW | {"execute_error": "no luck"})
    server = start()
    replies = ask_at_once(server, "m", 4, 1.0)
    assert all("no luck" in reply.text for reply in replies)
    assert statistics(server, "m")["inference_stats"]["fail"]["count"] == 4


def test_a_client_that_goes_away_takes_nobody_with_it(repository, start):
    repository.add_identity("m", extra=ONCE + " instance_group { kind: KIND_CPU count: 1 }", parameters=SLOW)
    server = start()
    with Crowd() as crowd:
        ahead = crowd.ask(server, "m", [9.0])  # keeps the instance
        until_executing()
        gone = send(server, b'{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,1],"data":[1]}]}')
        until_executing()
        waiting = [crowd.ask(server, "m", [1.0]) for _ in range(3)]
        until_executing()
        gone.close()
        assert [values(reply.result()) for reply in (ahead, *waiting)] == [[9.0], [1.0], [1.0], [1.0]]
    assert counts(server, "m")[2] == 2
    wait_until(lambda: statistics(server, "m")["inference_stats"]["fail"]["count"] == 1)


def send(server, body):
    connection = socket.create_connection(("127.0.0.1", server.http_port))
    connection.sendall(b"POST /v2/models/m/infer HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    return connection


def test_a_request_with_a_timeout_waits_for_no_other(repository, start):
    repository.add_identity("m", extra=ONCE + FOUR, parameters=SLOW)
    server = start()
    with Crowd() as crowd:
        first = crowd.ask(server, "m", [1.0])
        until_executing()
        second = crowd.ask(server, "m", [1.0], timeout=60_000_000)
        assert values(first.result()) == values(second.result()) == [1.0]
    assert counts(server, "m")[2] == 2


def test_a_value_that_says_neither_yes_nor_no(repository, start):
    repository.add_identity("good")
    repository.add_identity("m", extra=ONCE.replace("true\"", "often\""))
    server = start("--model-control-mode=explicit", "--load-model=good")
    assert ("model 'm': parameter 'RESPONSE_CACHE_SINGLE_FLIGHT': expected 'true' or 'false', got 'often'"
            in load(server, "m").text)
    assert ask(server, "good").status_code == 200
