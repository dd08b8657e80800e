"""A Python model whose processes die again and again is given up, and says so until somebody loads it anew."""
import os
import signal

import numpy as np
import pytest
from support.clients import arrays_of, inputs_of
from support.control import index
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

# Its first process starts, and those that follow while the file is there do not.
DIES = """
def initialize(self, args):
    place = os.path.join(args["model_repository"], "begun")
    if os.path.exists(place): os._exit(1)
    open(place, "w").close()

def execute(self, requests):
    return [answer(OUT=np.int32([os.getpid()])) for _ in requests]
"""
REASON = ("Stub process 'dies_0' is not healthy. It has died 9 times in a row and is not started again: "
          "load the model anew.")


@pytest.fixture
def server(models, serve):
    models.add("dies", DIES, outputs={"OUT": "TYPE_INT32"})
    return serve("--model-control-mode=explicit", "--load-model=*")


def process_of(client):
    return int(arrays_of(client.infer("dies", inputs_of({"IN": np.float32([1])})))["OUT"][0])


def test_a_model_that_is_given_up_is_unavailable_until_it_is_loaded_anew(server, models, client):
    first = process_of(client)
    assert index(server)["dies:1"] == "READY"
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not client.is_model_ready("dies"))
    assert index(server)["dies:1"] == "READY"  # it may come back
    # The pauses between the tries take a minute.
    wait_until(lambda: index(server)["dies:1"] == f"UNAVAILABLE: {REASON}", timeout=90)
    assert not client.is_model_ready("dies")
    assert not client.is_server_ready()
    with pytest.raises(InferenceServerException, match="Stub process 'dies_0' is not healthy."):
        process_of(client)

    os.remove(os.path.join(models.repository.path, "dies", "begun"))
    client.load_model("dies")
    assert index(server)["dies:1"] == "READY"
    assert client.is_model_ready("dies") and client.is_server_ready()
    assert process_of(client) != first
