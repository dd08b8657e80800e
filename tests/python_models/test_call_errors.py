"""What a call gives its caller when the answer itself is missing, or has no room in the caller's memory."""
import json

import numpy as np
import pytest
from support.clients import arrays_of, inputs_of
from support.plugins import needs_plugins, plugin

CALL = """
def call(model, number):
    return pb_utils.InferenceRequest(model_name=model, inputs=[pb_utils.Tensor("IN", np.int32([number]))],
                                     requested_output_names=["OUT"]).exec()

def error_of(response):
    return response.error().message() if response.has_error() else ""

"""
NUMBER = {"IN": "TYPE_INT32"}


@pytest.fixture(scope="module")
def server(models, serve):
    models.add("sized", """
        def execute(self, requests):
            sizes = [int(values(request)[0]) for request in requests]
            return [answer(OUT=np.zeros(size, np.uint8)) if size >= 0 else error("a long story " * -size) for size in sizes]
        """, inputs=NUMBER, outputs={"OUT": "TYPE_UINT8"})
    # A plug-in whose model says that it answers once, and which ends the answer to 0 without one.
    folder = models.repository.add("silent", """
        backend: "decoupled_repeat"
        input [ { name: "IN" data_type: TYPE_INT32 dims: [ 1 ] } ]
        output [ { name: "OUT" data_type: TYPE_INT32 dims: [ -1, -1 ] } ]
        """)
    models.add("asks_for_one", """
        def execute(self, requests):
            told = error_of(call("silent", 0))
            return [answer(OUT=np.array([told], dtype=object)) for _ in requests]
        """, before=CALL, outputs={"OUT": "TYPE_STRING"})
    # Keeps answers until there is no room for a further one of 8 KiB.
    models.add("hoards", """
        def execute(self, requests):
            held, full = [], ""
            for size in (32 << 20, 4 << 20, 512 << 10, 64 << 10, 8 << 10):
                while not (full := error_of(response := call("sized", size))): held.append(response)
            unheard = error_of(call("sized", -2000))
            small = error_of(call("sized", 8))
            held.clear()
            again = error_of(call("sized", 8 << 10))
            told = json.dumps([full, unheard, small, again])
            return [answer(OUT=np.array([told], dtype=object)) for _ in requests]
        """, before=CALL, outputs={"OUT": "TYPE_STRING"},
        extra='parameters { key: "MEMORY_LIMIT_BYTE_SIZE" value { string_value: "268435456" } }')
    if (library := plugin("decoupled_repeat")).exists():
        (folder / "1" / library.name).symlink_to(library)
    return serve("--exit-on-error=false", "--strict-readiness=false")


def ask(client, model):
    return arrays_of(client.infer(model, inputs_of({"IN": np.float32([0])})))["OUT"][0].decode()


def test_an_answer_that_finds_no_room_is_an_error(client):
    full, unheard, small, again = json.loads(ask(client, "hoards"))
    assert full == ("Model sized - Error when running inference: output 'OUT': no room for 8192 bytes in the memory of the "
                    "calling model")
    assert unheard == "An error occurred while performing BLS request."
    assert small == again == ""


@needs_plugins("decoupled_repeat")
def test_an_answer_that_ends_without_a_response_is_an_error(client):
    assert ask(client, "asks_for_one") == "Unexpected empty response."
