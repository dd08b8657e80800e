"""Batches of requests with the same key: the parameter of theirs that the model's configuration names."""
import pytest
from support.batching import batches, rows
from support.control import load
from support.inference import delay_ms

KEY = "BATCH_KEY_PARAMETER"


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for name, (extra, key) in {"keyed": ("dynamic_batching {}", "tenant"), "unnamed": ("dynamic_batching {}", ""),
                               "by_row": ("sequence_batching { direct {} }", "tenant")}.items():
        module_repository.add_identity(name, max_batch_size=4, extra=extra, parameters={
            KEY: key, "execute_delay_ms": delay_ms(500)})
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=keyed")


def of(*keys, count=1):
    return [rows(count, **({} if key is None else {"tenant": key})) for key in keys]


@pytest.mark.parametrize("requests, expected", [
    (of("red", "red", "red"), {3: 1}),
    (of("red", "blue", "red", "blue", "red", "blue"), {3: 2}),
    (of("red", "blue", "red", "red", "red", "red"), {4: 1, 1: 2}),
    (of(1, "1", True, 1), {2: 1, 1: 2}),
    (of("red", None, "red", None), {2: 2}),
], ids=["one", "in turn", "many of one", "types", "without"])
def test_only_requests_of_the_same_key_share_a_batch(server, requests, expected):
    assert batches(server, "keyed", requests) == expected


@pytest.mark.parametrize("model, reason", [
    ("unnamed", "expected parameter 'BATCH_KEY_PARAMETER' to name a parameter of requests, got '' for unnamed"),
    ("by_row", "parameter 'BATCH_KEY_PARAMETER' is not supported with the direct strategy of sequence batching for by_row"),
])
def test_what_cannot_be(server, model, reason):
    assert load(server, model).status_code == 500
    assert f"Poll failed for model directory '{model}': {reason}" in server.log
