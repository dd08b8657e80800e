"""Models whose start does not come to an end: an unload ends it, and so does the stop, and others load beside them."""
import concurrent.futures
import json
import re
import signal
import time

import numpy as np
import psutil
import pytest
import tritonclient.http as httpclient
from support.clients import arrays_of, inputs_of
from support.control import index
from support.processes import children
from support.python_models import IDENTITY, python_on_path
from support.server import PATIENCE
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

IN_INITIALIZE = """
def initialize(self, args):
    print("begins to hang:", args["model_name"], flush=True)
    time.sleep(600)
"""
IN_ITS_IMPORT = """
print("begins to hang: hangs_in_its_import", flush=True)
time.sleep(600)
"""
# Only the first of its processes starts.
IN_ANOTHER_INSTANCE = """
def initialize(self, args):
    if os.path.exists(begun := os.path.join(args["model_repository"], "begun")):
        print("begins to hang:", args["model_name"], flush=True)
        time.sleep(600)
    open(begun, "w").close()

def execute(self, requests):
    return [answer(OUT=values(request)) for request in requests]
"""
IN_COMPLETION = """
@staticmethod
def auto_complete_config(config):
    print("begins to hang: hangs_in_completion", flush=True)
    time.sleep(600)
"""
LOAD_THREADS = 2


@pytest.fixture(scope="module")
def server(models, serve):
    for name in ("hangs", "hangs_twice", "holds_a", "holds_b"):
        models.add(name, IN_INITIALIZE)
    models.add("hangs_in_its_import", IDENTITY, before=IN_ITS_IMPORT)
    models.add_completed("hangs_in_completion", IN_COMPLETION)
    models.add("grows", IN_ANOTHER_INSTANCE)
    models.add("beside", IDENTITY)
    return serve("--model-control-mode=explicit", f"--model-load-thread-count={LOAD_THREADS}")


@pytest.fixture(scope="module")
def loads():
    """Load requests that wait: a function that gives the future of the error's text, None if there is none."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield lambda server, name, **how: pool.submit(load, server, name, **how)


def load(server, name, **how):
    with httpclient.InferenceServerClient(server.http, network_timeout=60 * PATIENCE) as client:
        try:
            client.load_model(name, **how)
        except InferenceServerException as error:
            return error.message()


def wait_for_hanging(server, name):
    """The processes that hang in the start of the model."""
    wait_until(lambda: re.search(rf"begins to hang: {name}\b", server.log), timeout=20)
    return children(server.pid, name)


def ended(error):
    return error is not None and "the load was ended: the model is to be unloaded" in error


@pytest.mark.parametrize("name", ["hangs", "hangs_in_its_import", "hangs_in_completion"])
def test_an_unload_ends_the_load(server, client, loads, name):
    loading = loads(server, name)
    hanging = wait_for_hanging(server, name)
    client.unload_model(name)
    assert ended(loading.result(5 * PATIENCE))
    psutil.wait_procs(hanging, timeout=5 * PATIENCE)
    assert not children(server.pid, name)
    assert index(server)[f"{name}:1"] == "UNAVAILABLE: unloaded"
    assert client.is_server_ready()  # nobody wants it any more


def test_an_unload_goes_before_the_loads_that_wait(server, client, loads):
    first = loads(server, "hangs_twice")
    wait_for_hanging(server, "hangs_twice")
    second = loads(server, "hangs_twice")
    client.unload_model("hangs_twice")
    assert ended(first.result(5 * PATIENCE))
    wait_until(lambda: server.log.count("begins to hang: hangs_twice") == 2, timeout=20)
    client.unload_model("hangs_twice")
    assert ended(second.result(5 * PATIENCE))


def test_others_load_when_one_that_holds_a_thread_is_unloaded(server, client, loads):
    holding = [loads(server, name) for name in ("holds_a", "holds_b")]
    for name in ("holds_a", "holds_b"):
        wait_for_hanging(server, name)
    other = loads(server, "beside")
    time.sleep(0.5)
    assert not other.done()  # as many at a time as --model-load-thread-count says, and no more
    client.unload_model("holds_b")
    assert other.result(20 * PATIENCE) is None
    assert arrays_of(client.infer("beside", inputs_of({"IN": np.float32([3])})))["OUT"] == [3]
    client.unload_model("holds_a")
    assert all(ended(load.result(5 * PATIENCE)) for load in holding)


def test_an_unload_ends_the_start_of_one_more_instance(server, client, loads):
    assert load(server, "grows") is None
    config = client.get_model_config("grows")
    config["instance_group"] = [{"name": "grows", "kind": "KIND_CPU", "count": 2}]
    loading = loads(server, "grows", config=json.dumps(config))
    wait_for_hanging(server, "grows")
    assert arrays_of(client.infer("grows", inputs_of({"IN": np.float32([5])})))["OUT"] == [5]
    client.unload_model("grows")
    assert ended(loading.result(5 * PATIENCE))
    wait_until(lambda: index(server)["grows:1"] == "UNAVAILABLE: unloaded")
    assert not children(server.pid, "grows")


def test_a_stop_ends_the_loads(models, module_repository, start_server, loads):
    names = [f"hangs_at_the_end_{i}" for i in range(5)]  # one more than there are threads
    for name in names:
        models.add(name, IN_INITIALIZE)
    server = start_server(module_repository.path, "--model-control-mode=explicit", "--exit-timeout-secs=60",
                          env=python_on_path())
    loading = [loads(server, name) for name in names]
    wait_until(lambda: server.log.count("begins to hang") == 4, timeout=20)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.wait() == 0
    assert time.monotonic() - began < 5 * PATIENCE
    assert all("the load was ended: the server exits" in load.result() for load in loading)
