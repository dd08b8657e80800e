"""Loads, unloads, requests and questions all at once; what counts is that every answer is a right one for its moment."""
import collections
import random
import threading
import time

import pytest
import requests
from support.control import index, load, unload
from support.inference import ask, body, values
from support.server import PATIENCE, Server
from support.wait import wait_until

NAMES = ["a", "b", "c"]


@pytest.mark.parametrize("scheduler", ["", "dynamic_batching {}", "dynamic_batching { max_queue_delay_microseconds: 2000 }"])
def test_models_that_come_and_go_under_load(repository, start_server, scheduler):
    for name in NAMES:
        repository.add_identity(name, extra=scheduler, parameters={"execute_delay_ms": 1})
    server = start_server(repository.path, "--model-control-mode=explicit", "--strict-readiness=false")
    stop, wrong, done = threading.Event(), [], collections.Counter()

    def keep(action):
        chance = random.Random(action.__name__)
        while not stop.is_set() and not wrong:
            try:
                problem = action(chance.choice(NAMES))
            except (requests.RequestException, AssertionError) as error:
                problem = repr(error)
            if problem:
                wrong.append(f"{action.__name__}: {problem}")

    def infer(name):
        response = ask(server, name, [1.0, 2.0])
        if response.status_code == 200:
            done["answers"] += 1
            return values(response) != [1, 2]
        gone = ("Request for unknown model: ", "scheduler for model has stopped accepting new inference requests")
        if response.status_code in (404, 503) and any(text in response.json()["error"] for text in gone):
            return None
        return response.text

    def come(name):
        response = load(server, name)
        done["loads"] += response.status_code == 200
        return None if response.status_code == 200 else response.text

    def go(name):
        response = unload(server, name)
        done["unloads"] += response.status_code == 200
        # Somebody else may have loaded it again.
        if response.status_code == 200 or "versions that are still available" in response.text:
            return time.sleep(0.005)
        return response.text

    def look(name):
        server.get("/v2/models/stats").json()
        states = {state.split(":")[0] for state in index(server).values()}
        if not states <= {"", "READY", "LOADING", "UNLOADING", "UNAVAILABLE"}:
            return str(states)
        done["looks"] += 1
        return None if "nv_cpu" in server.metrics() else "no metrics"

    threads = [threading.Thread(target=keep, args=(action,)) for action in (infer, infer, infer, come, come, go, look)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: wrong or all(done[what] >= 5 for what in ("answers", "loads", "unloads", "looks")), timeout=30)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    for name in NAMES:
        assert load(server, name).status_code == 200
        assert values(ask(server, name)) == [1]


def test_the_server_ends_while_a_model_loads(repository, start_server):
    repository.add_identity("slow", parameters={"creation_delay_sec": 1})
    server = Server(repository.path, "--model-control-mode=explicit").start()
    loading = threading.Thread(target=lambda: quietly(lambda: load(server, "slow")))
    loading.start()
    wait_until(lambda: index(server).get("slow:1") == "LOADING")
    server.stop()
    loading.join()


def test_the_server_ends_under_load(repository):
    repository.add_identity("m", extra="dynamic_batching {}")
    server = Server(repository.path).start()
    url, stop, wrong, answers = f"{server.url}/v2/models/m/infer", threading.Event(), [], []

    def run():
        with requests.Session() as session:
            while not stop.is_set():
                try:
                    response = session.post(url, json=body([1.0]), timeout=20 * PATIENCE)
                except requests.ConnectionError:
                    return
                answers.append(1)
                # 503: it came on an open connection when the models had stopped.
                if response.status_code not in (200, 503):
                    wrong.append(response.text)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answers) > 50)
    server.stop()
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def quietly(action):
    try:
        return action()
    except requests.RequestException:
        return None


def test_an_unknown_startup_model_is_skipped_when_errors_do_not_end_the_start(repository, start_server):
    repository.add_identity("m")
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=m", "--load-model=nobody",
                          "--exit-on-error=false", "--strict-readiness=false")
    assert index(server) == {"m:1": "READY"}
    assert "failed to poll model 'nobody': model not found in any model repository." in server.log
