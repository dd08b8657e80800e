"""JSON made to cost much: refused while it is read, before memory and time are spent, on every endpoint that reads JSON."""
import gzip
import json
import pathlib
import resource
import time

import pytest
from support.inference import ask, values
from support.server import PATIENCE

MIB = 1 << 20
TEXT = 16 * MIB  # of JSON in a bomb
TOO_DEEP = "JSON nesting depth exceeds maximum allowed limit (100)"
TOO_MANY = "expected JSON of at most 1000000 values outside of tensors, got more"
BOMBS = {
    "brackets": ("[" * TEXT, TOO_DEEP),
    "braces": ('{"":' * (TEXT // 4), TOO_DEEP),
    "numbers": ("[" + "0," * (TEXT // 2), TOO_MANY),
    "objects": ('{"inputs":[' + "{}," * (TEXT // 3), TOO_MANY),
    "members": ("{" + '"":0,' * (TEXT // 5), TOO_MANY),
    "shape": ('{"inputs":[{"shape":[' + "0," * (TEXT // 2), TOO_MANY),
}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("m", dims=(-1,), max_batch_size=4)
    module_repository.add_identity("text", "TYPE_STRING", dims=(-1,), max_batch_size=0)
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=*", "--allow-client-shm=true")


@pytest.fixture(autouse=True)
def serves_on(server):
    yield
    assert values(ask(server, "m")) == [1]


ENDPOINTS = ["/v2/models/m/infer", "/v2/models/m/generate", "/v2/models/m/generate_stream", "/v2/repository/index",
             "/v2/repository/models/m/load", "/v2/repository/models/m/unload", "/v2/trace/setting",
             "/v2/models/m/trace/setting", "/v2/logging", "/v2/systemsharedmemory/region/r/register",
             "/v2/cudasharedmemory/region/r/register"]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_endpoint_refuses_bombs_at_once(server, peak, path):
    for bomb in ("brackets", "members"):
        text, error = BOMBS[bomb]
        began = time.monotonic()
        response = server.post(path, text.encode())
        assert (response.status_code, response.json()["error"]) == (400, error), bomb
        assert time.monotonic() - began < 2 * PATIENCE
    # The text itself, and room for the million values that are read at most.
    assert peak() < TEXT + 100 * MIB


@pytest.mark.parametrize("bomb", BOMBS)
def test_compressed_bombs_cost_no_more_than_their_text(server, peak, bomb):
    text, error = BOMBS[bomb]
    body = gzip.compress(text.encode())
    assert len(body) < 64 * 1024
    response = server.infer("m", body, headers={"Content-Encoding": "gzip"})
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert peak() < 2 * TEXT + 100 * MIB


@pytest.mark.parametrize("path,head,tail", [
    ("infer", '{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,%d],"data":[', "]}]}"),
    ("generate", '{"INPUT0":[', "]}"),
], ids=["infer", "generate"])
def test_large_tensors_take_the_memory_of_their_values(server, peak, path, head, tail):
    count = 2_000_000
    body = (head.replace("%d", str(count)) + "1," * (count - 1) + "2" + tail).encode()
    response = server.post(f"/v2/models/m/{path}", body)
    assert response.status_code == 200, response.text[:200]
    answer = response.json()
    assert (answer["outputs"][0]["data"] if path == "infer" else answer["OUTPUT0"])[-3:] == [1, 1, 2]
    # Body, tensor, and the answer, whose JSON has four bytes an element.
    assert peak() < 80 * MIB


@pytest.mark.parametrize("count", [400_000_000, 16_000_000, 2])
def test_a_declared_size_takes_no_memory(server, peak, count):
    body = {"inputs": [{"name": "INPUT0", "datatype": "UINT8", "shape": [count], "data": [1]}]}
    response = server.infer("m", body)
    assert response.status_code in (400, 500)
    if count > 64 * MIB:
        assert response.json()["error"].startswith(f"JSON input 'INPUT0' has a byte_size ({count} bytes) that exceeds")
    else:
        assert response.json()["error"] == "Failed to parse 'data' field: shape does not match true shape"
    assert peak() < 10 * MIB


def test_a_declared_size_takes_no_memory_that_is_not_there(repository, start_server):
    repository.add_identity("m", dims=(-1,), max_batch_size=4)
    repository.add_identity("bytes", "TYPE_UINT8", dims=(-1,), max_batch_size=0)
    server = start_server(repository.path, f"--http-max-input-size={1 << 40}")
    # What it has mapped by now, and a little more.
    mapped = int(pathlib.Path(f"/proc/{server.pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(server.pid, resource.RLIMIT_AS, (mapped + 300 * MIB, resource.RLIM_INFINITY))
    body = {"inputs": [{"name": "INPUT0", "datatype": "UINT8", "shape": [400_000_000], "data": [1]}]}
    response = server.infer("bytes", body)
    assert (response.status_code, response.json()["error"]) == (
        500, "Failed to parse 'data' field: shape does not match true shape")
    assert values(ask(server, "m")) == [1]


def test_strings_and_escapes_are_read_as_ever(server):
    data = ["a", "", 'quote " and \\', "ä\n", "x" * 100_000]
    body = {"inputs": [{"name": "INPUT0", "datatype": "BYTES", "shape": [5], "data": [data[:2], data[2:]]}]}
    assert server.infer("text", json.dumps(body)).json()["outputs"][0]["data"] == data
