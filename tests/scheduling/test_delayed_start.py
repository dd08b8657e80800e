"""TRITONSERVER_DELAY_SCHEDULER: users' tests fill a dynamic batcher's queue before it begins."""
from support.inference import Crowd, ask, pending, statistics
from support.wait import wait_until


def test_the_batcher_waits_for_so_many_requests_once(repository, start_server):
    repository.add_identity("batching", extra="dynamic_batching { }")
    repository.add_identity("direct")
    server = start_server(repository.path, "--log-verbose=1", env={"TRITONSERVER_DELAY_SCHEDULER": "4"})
    assert "Delaying batcher thread for batching until 4 queued requests..." in server.log
    assert "for direct until" not in server.log
    assert ask(server, "direct").status_code == 200
    with Crowd() as crowd:
        replies = [crowd.ask(server, "batching", [float(i)]) for i in range(3)]
        wait_until(lambda: pending(server, "batching") == 3)
        assert not any(reply.done() for reply in replies)
        replies.append(crowd.ask(server, "batching", [3.0]))
        answers = [reply.result(20).json()["outputs"][0]["data"] for reply in replies]
    assert answers == [[float(i)] for i in range(4)]
    assert statistics(server, "batching")["execution_count"] == 1
    assert ask(server, "batching").status_code == 200, "from then on it does not wait"


def test_what_is_no_number_delays_nothing(repository, start_server):
    repository.add_identity("batching", extra="dynamic_batching { }")
    server = start_server(repository.path, env={"TRITONSERVER_DELAY_SCHEDULER": "soon"})
    assert ask(server, "batching").status_code == 200
