"""A request that memory is not enough for costs itself: it is answered, and so are all others."""
import json

import pytest
import requests
from support.limits import limited
from support.server import IS_SANITIZED, PATIENCE

BODY = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}

pytestmark = pytest.mark.skipif(IS_SANITIZED, reason="sanitizers take terabytes of address space")


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity")
    return start_module_server(module_repository.path, prefix=limited(memory=1 << 30))


def test_a_text_that_declares_more_than_there_is(server):
    """In the handler, before the model is asked."""
    body = b'{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,400000000],"data":[1]}]}'
    assert server.infer("identity", body).status_code in (400, 503)
    assert server.infer("identity", BODY).status_code == 200


def test_an_answer_that_is_larger_than_there_is(server):
    """While it is encoded, on whatever thread the model answers: 800 MB of text."""
    elements = 40_000_000
    head = json.dumps({"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, elements],
                                   "parameters": {"binary_data_size": 4 * elements}}]}).encode()
    answer = requests.post(f"{server.url}/v2/models/identity/infer", data=head + b"\x35\x12\x93\x3e" * elements,
                           headers={"Inference-Header-Content-Length": str(len(head))}, timeout=60 * PATIENCE)
    assert answer.status_code == 503, answer.text[:200]
    assert answer.json() == {"error": "out of memory"}
    assert server.infer("identity", BODY).status_code == 200
