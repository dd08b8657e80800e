"""Many clients, connections that stay, requests sent ahead, and the end of the server with requests under way."""
import signal

import pytest
from support.inference import ask, body, delay_ms, pending, values
from support.raw import RawConnection, request
from support.server import Server
from support.wait import wait_until

DELAY = delay_ms(300)


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("fast")
    module_repository.add_identity("batching", extra="dynamic_batching {}")
    module_repository.add_identity("slow", parameters={"execute_delay_ms": DELAY})
    return start_module_server(module_repository.path)


@pytest.mark.parametrize("model", ["fast", "batching"])
def test_500_connections_at_the_same_time_are_answered(server, model):
    connections = [RawConnection(server) for _ in range(500)]
    for i, connection in enumerate(connections):
        connection.send(request(model, body([float(i)], id=str(i))))
    for i, connection in enumerate(connections):
        status, answer = connection.answer()
        assert (status, answer["id"], answer["outputs"][0]["data"]) == (200, str(i), [i])
        connection.close()


def test_idle_connections_do_not_slow_down_the_others(server):
    idle = [RawConnection(server) for _ in range(500)]
    threads = server.thread_count()
    assert values(ask(server, "fast")) == [1]
    assert server.thread_count() <= threads + 1
    for connection in idle[::50]:
        assert connection.send(request("fast", body([1.0]))).answer()[0] == 200
    for connection in idle:
        connection.close()


def test_a_connection_serves_one_request_after_the_other(server):
    with RawConnection(server) as connection:
        for i in range(50):
            status, answer = connection.send(request("fast", body([float(i)]))).answer()
            assert (status, answer["outputs"][0]["data"]) == (200, [i])


def test_an_error_does_not_end_the_connection(server):
    with RawConnection(server) as connection:
        assert connection.send(request("nobody", body([1.0]))).answer()[0] == 404
        assert connection.send(request("fast", {"inputs": []})).answer()[0] == 400
        assert connection.send(request("fast", body([1.0]))).answer()[0] == 200


def test_close_ends_the_connection(server):
    with RawConnection(server) as connection:
        connection.send(request("fast", body([1.0]), Connection="close"))
        assert connection.answer()[0] == 200
        assert connection.answer() is None


def test_requests_sent_ahead_are_answered_in_order(server):
    with RawConnection(server) as connection:
        connection.send(request("slow", body([0.0], id="slow")),
                        *(request("fast", body([float(i)], id=str(i))) for i in range(50)),
                        request("nobody", body([1.0])), request("fast", body([1.0], id="last")))
        answers = [connection.answer() for _ in range(53)]
    assert [answer.get("id") for _, answer in answers] == ["slow", *map(str, range(50)), None, "last"]
    assert [status for status, _ in answers] == [200] * 51 + [404, 200]


def test_a_reader_that_is_slow_holds_up_nobody(server):
    big = body([0.5] * 20_000)
    with RawConnection(server) as connection:
        connection.send(request("fast", big))
        for _ in range(5):
            assert values(ask(server, "fast")) == [1]
        status, answer = connection.answer()
        assert status == 200 and len(answer["outputs"][0]["data"]) == 20_000


# --- The end of the server ------------------------------------------------------------------------------------------


def test_what_executes_and_what_waits_is_answered_after_sigterm(repository):
    repository.add_identity("slow", max_batch_size=1, parameters={"execute_delay_ms": DELAY}, extra="dynamic_batching {}")
    server = Server(repository.path).start()
    connections = [RawConnection(server).send(request("slow", body([float(i)], id=str(i)))) for i in range(3)]
    idle = RawConnection(server)
    wait_until(lambda: pending(server, "slow") == 2)
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "Waiting for in-flight requests to complete." in server.log)
    with pytest.raises(ConnectionError):
        RawConnection(server)
    assert idle.answer() is None, "an idle connection ends at once"
    for i, connection in enumerate(connections):
        status, answer = connection.answer()
        assert (status, answer["id"], answer["outputs"][0]["data"]) == (200, str(i), [i])
        assert connection.answer() is None
        connection.close()
    server.stop()


def test_a_client_that_leaves_does_not_hold_up_the_end(repository):
    repository.add_identity("slow", max_batch_size=1, parameters={"execute_delay_ms": DELAY})
    server = Server(repository.path).start()
    connections = [RawConnection(server).send(request("slow", body([1.0]))) for _ in range(20)]
    wait_until(lambda: pending(server, "slow") == 19)
    for connection in connections:
        connection.close()
    server.process.send_signal(signal.SIGTERM)
    assert server.wait(4 * DELAY / 1000) == 0
