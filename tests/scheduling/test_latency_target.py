"""A model with a latency target: the batcher finds out by itself that waiting for all of its clients pays."""
import concurrent.futures

import pytest
import requests
from support.control import load
from support.inference import body, delay_ms, statistics
from support.wait import wait_until

CLIENTS = 6


class Batches:
    """How large they have been since the last look at some of them."""

    def __init__(self, server, model):
        self.server, self.model = server, model
        self.requests, self.executions = 0, 0

    def mean_of_new(self, least):
        now = statistics(self.server, self.model)
        requests, executions = now["inference_count"] - self.requests, now["execution_count"] - self.executions
        if executions < least:
            return 0
        self.requests, self.executions = now["inference_count"], now["execution_count"]
        return requests / executions


def test_waiting_for_all_clients_is_found_to_pay(repository, start_server):
    """Clients that wait for their answers come back while others are executed, so that they stay two crowds, each a half on
    average. Who waits a little executes them all at once; the configuration itself has no delay."""
    repository.add_identity("tuned", max_batch_size=64, extra="dynamic_batching { }",
                            parameters={"execute_delay_ms": 10, "LATENCY_TARGET_MICROSECONDS": 1000 * delay_ms(1000)})
    server = start_server(repository.path)
    done = False

    def client():
        with requests.Session() as session:
            while not done:
                answer = session.post(f"{server.url}/v2/models/tuned/infer", json=body([1.0]), timeout=60)
                assert answer.status_code == 200, answer.text

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(client) for _ in range(CLIENTS)]
        try:
            batches = Batches(server, "tuned")
            wait_until(lambda: batches.mean_of_new(30) > 4, timeout=60)
        finally:
            done = True
        for one in clients:
            one.result()


@pytest.mark.parametrize("target, extra, error", [
    ("10ms", "dynamic_batching { }", "expected parameter 'LATENCY_TARGET_MICROSECONDS' to be a number of microseconds, at least 1, "
     "got '10ms' for m"),
    ("1000", "", "parameter 'LATENCY_TARGET_MICROSECONDS' needs dynamic batching and batches for m")])
def test_what_cannot_be(repository, start_server, target, extra, error):
    repository.add_identity("m", max_batch_size=8, extra=extra, parameters={"LATENCY_TARGET_MICROSECONDS": target})
    server = start_server(repository.path, "--model-control-mode=explicit")
    assert load(server, "m").status_code == 500
    assert error in server.log
