"""Models are exchanged under load: the old copy serves until the new one is ready and warm, and nothing is lost.

NESO_TEST_SWAPS=1000 exchanges more often than the suite has time for.
"""
import os
import threading

import numpy as np
import pytest
import tritonclient.http as httpclient
from support.clients import arrays_of, inputs_of
from support.control import index, load
from support.inference import Crowd, open_requests, until_executing
from support.python_models import PythonModels, python_on_path
from support.server import PATIENCE
from support.steady_load import SteadyLoad
from support.wait import wait_until

SWAPS = int(os.environ.get("NESO_TEST_SWAPS", "20"))

# Answers which revision it is and how often it has executed, the warm-up's request included, which is a zero.
TELLS = """
def initialize(self, args):
    self.count = 0
def execute(self, requests):
    self.count += 1
    wait = float(values(requests[0])[0])
    if wait == 0: {warm_up}
    if wait > 0: time.sleep(wait)
    return [answer(OUT=np.array([{revision}, self.count], dtype=np.float32)) for _ in requests]
"""
WARM_UP = """
model_warmup {
  name: "zero" batch_size: 1
  inputs { key: "IN" value: { data_type: TYPE_FP32 dims: 1 zero_data: true } }
}
"""


def test_nothing_is_lost_while_a_model_is_exchanged_again_and_again(repository, start_server):
    repository.add_identity("m", extra="dynamic_batching {}")
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=m")
    with SteadyLoad(server, ["m", "m"]) as clients:
        for swap in range(SWAPS):
            repository.add_identity("m", extra="dynamic_batching {}", parameters={"revision": swap})
            assert load(server, "m").status_code == 200
            clients.until_more(1)
            if clients.problems:
                break
    clients.expect_nothing_lost()
    assert server.log.count("successfully loaded 'm'") == SWAPS + 1
    wait_until(lambda: server.log.count("successfully unloaded 'm' version 1") == SWAPS)
    print(f"{SWAPS} swaps, {clients.total} answers, none lost")


@pytest.fixture
def models(repository):
    return PythonModels(repository)


@pytest.fixture
def server(models, start_server):
    add(models, 1)
    return start_server(models.repository.path, "--model-control-mode=explicit", "--load-model=m", env=python_on_path())


def add(models, revision, warm_up="time.sleep(0.3)"):
    models.add("m", TELLS.format(revision=revision, warm_up=warm_up), extra=WARM_UP)


def ask(server, wait=-1.0):
    """(revision, executions so far)"""
    with httpclient.InferenceServerClient(server.http, network_timeout=60 * PATIENCE) as client:
        return tuple(arrays_of(client.infer("m", inputs_of({"IN": np.float32([wait])})))["OUT"])


def test_the_old_copy_serves_until_the_new_one_is_warm(models, server):
    assert ask(server) == (1, 2), "the warm-up was the first"
    add(models, 2)
    loading = threading.Thread(target=load, args=(server, "m"))
    loading.start()
    seen = []
    while not seen or seen[-1][0] == 1:
        seen.append(ask(server))
    loading.join()
    assert len(seen) > 2, "the old copy has answered meanwhile"
    assert seen[-1] == (2, 2), "nobody met the new copy before its warm-up was over"
    assert [executions for _, executions in seen[:-1]] == list(range(3, len(seen) + 2))


def test_a_warm_up_that_fails_leaves_the_old_copy_serving(models, server):
    before = ask(server)[1]
    add(models, 2, warm_up='raise ValueError("cold")')
    response = load(server, "m")
    assert response.status_code == 400
    assert "cold" in response.json()["error"]
    assert ask(server) == (1, before + 1)
    assert index(server) == {"m:1": "READY"}
    add(models, 3)
    assert load(server, "m").status_code == 200
    assert ask(server)[0] == 3


def test_requests_in_flight_finish_on_the_copy_that_took_them(models, server):
    with Crowd() as crowd:
        running = crowd.pool.submit(ask, server, 1.0 * PATIENCE)
        wait_until(lambda: open_requests(server) == 1)
        until_executing()
        add(models, 2, warm_up="pass")
        assert load(server, "m").status_code == 200
        assert not running.done()
        assert ask(server)[0] == 2
        assert running.result()[0] == 1
