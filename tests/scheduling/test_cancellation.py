"""Clients that go away: their waiting requests are never executed, and nobody else notices."""
import os
import random
import socket
import time

import pytest
from support.inference import ask, body, delay_ms, pending, statistics, until_executing, values
from support.raw import RawConnection, request
from support.wait import wait_until

DELAY = delay_ms(300)


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("one_by_one", parameters={"execute_delay_ms": DELAY})
    repository.add_identity("batching", max_batch_size=1, extra="dynamic_batching {}", parameters={"execute_delay_ms": DELAY})
    repository.add_identity("slow", parameters={"execute_delay_ms": delay_ms(2500)})
    repository.add_identity("other")
    return start_server(repository.path)


def send(server, model):
    return RawConnection(server).send(request(model, body([1.0])))


@pytest.mark.parametrize("model", ["one_by_one", "batching"])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_the_waiting_request_of_a_client_that_left_is_never_executed(server, model, how):
    first = send(server, model)
    until_executing()
    leaving = [send(server, model) for _ in range(3)]
    staying = send(server, model)
    wait_until(lambda: pending(server, model) == 4)
    for connection in leaving:
        if how == "reset":
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    wait_until(lambda: pending(server, model) == 1)
    assert server.metric("nv_inference_exec_count", model=model) == 0, "noticed while the first executes"
    for connection in (first, staying):
        assert connection.answer()[0] == 200
        connection.close()
    wait_until(lambda: statistics(server, model)["inference_stats"]["fail"]["count"] == 3)
    stats = statistics(server, model)
    assert (stats["execution_count"], stats["inference_count"], stats["inference_stats"]["success"]["count"]) == (2, 2, 2)
    reasons = {reason: server.metric("nv_inference_request_failure", model=model, reason=reason)
               for reason in ("CANCELED", "REJECTED", "BACKEND", "OTHER")}
    assert reasons == {"CANCELED": 3, "REJECTED": 0, "BACKEND": 0, "OTHER": 0}
    assert values(ask(server, model)) == [1]


def sockets(server):
    folder = f"/proc/{server.pid}/fd"
    count = 0
    for descriptor in os.listdir(folder):
        try:
            count += os.readlink(f"{folder}/{descriptor}").startswith("socket:")
        except FileNotFoundError:
            pass
    return count


def test_the_server_goes_on_when_the_client_of_a_long_execution_leaves(server):
    before = sockets(server)
    connection = send(server, "slow")
    until_executing()
    connection.close()
    for _ in range(3):
        assert values(ask(server, "other")) == [1]
    assert server.metric("nv_inference_exec_count", model="slow") == 0, "nobody waits for the execution"
    wait_until(lambda: server.metric("nv_inference_exec_count", model="slow") == 1)
    wait_until(lambda: sockets(server) <= before)
    stats = statistics(server, "slow")["inference_stats"]
    assert stats["success"]["count"] + stats["fail"]["count"] == 1
    assert values(ask(server, "other")) == [1]


def test_clients_that_come_and_go_leave_nothing_behind(server):
    before = sockets(server)
    for i in range(100):
        connection = send(server, "other")
        if i % 2:
            connection.answer()
        connection.close()
    wait_until(lambda: sockets(server) <= before)
    wait_until(lambda: pending(server, "other") == 0)
    stats = statistics(server, "other")["inference_stats"]
    assert 50 <= stats["success"]["count"] + stats["fail"]["count"] <= 100


def test_a_client_that_closes_its_sending_side_counts_as_gone(server):
    with send(server, "other") as connection:
        connection.socket.shutdown(socket.SHUT_WR)
        answer = connection.answer()
        assert answer in (None, (400, {"error": "Request cancelled"})) or answer[0] == 200
    assert values(ask(server, "other")) == [1]


def test_a_lone_request_that_waits_for_company_is_given_up_with_its_client(repository, start_server):
    repository.add_identity("m", extra="dynamic_batching { max_queue_delay_microseconds: 60000000 }")
    server = start_server(repository.path)
    connection = send(server, "m")
    wait_until(lambda: pending(server, "m") == 1)
    connection.close()
    wait_until(lambda: server.metric("nv_inference_request_failure", model="m", reason="CANCELED") == 1)
    assert pending(server, "m") == 0
    assert server.metric("nv_inference_exec_count", model="m") == 0


def test_who_leaves_an_ordered_line_does_not_hold_up_those_behind(repository, start_server):
    repository.add_identity("m", max_batch_size=1, extra="dynamic_batching { preserve_ordering: true }",
                            parameters={"execute_delay_ms": DELAY})
    server = start_server(repository.path)
    line = []
    for i in range(4):
        line.append(send(server, "m"))
        wait_until(lambda i=i: pending(server, "m") == i)
    line[1].close()
    line[2].close()
    assert line[0].answer()[0] == line[3].answer()[0] == 200
    assert server.metric("nv_inference_exec_count", model="m") == 2


def test_who_is_refused_does_not_hold_up_those_behind_in_an_ordered_line(repository, start_server):
    repository.add_identity("m", max_batch_size=1, parameters={"execute_delay_ms": DELAY}, extra="""
        dynamic_batching { preserve_ordering: true
                           default_queue_policy { default_timeout_microseconds: 60000000 allow_timeout_override: true } }""")
    server = start_server(repository.path)
    line = []
    for i, parameters in enumerate([{}, {"timeout": 1000}, {}]):
        line.append(RawConnection(server).send(request("m", body([1.0], **parameters))))
        if i != 1:
            until_executing()
    assert [connection.answer()[0] for connection in line] == [200, 503, 200]


def test_clients_that_leave_at_any_moment_are_all_accounted_for(repository, start_server):
    repository.add_identity("m", parameters={"execute_delay_ms": 2}, extra="""
        dynamic_batching { max_queue_delay_microseconds: 1000 } instance_group { kind: KIND_CPU count: 3 }""")
    server = start_server(repository.path)
    chance = random.Random(1)
    answered = 0
    for _ in range(15):
        connections = [send(server, "m") for _ in range(20)]
        chance.shuffle(connections)
        for connection in connections[:10]:
            time.sleep(chance.random() / 1000)
            connection.close()
        for connection in connections[10:]:
            assert connection.answer()[0] == 200
            answered += 1
            connection.close()

    def ended():
        stats = statistics(server, "m")["inference_stats"]
        canceled = server.metric("nv_inference_request_failure", model="m", reason="CANCELED")
        assert stats["fail"]["count"] == canceled
        return stats["success"]["count"] + canceled

    wait_until(lambda: pending(server, "m") == 0)
    # What left before its request was read was never a request.
    assert answered <= ended() <= 300
    assert values(ask(server, "m")) == [1]
