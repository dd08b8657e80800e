"""What `neso perf` says in each request beside its tensors: parameters; and requests that are compressed."""
import json

import pytest
from support.byte_counter import ByteCounter
from support.server import run_neso


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("wide", dims=(20_000,))
    module_repository.add_identity("told", dims=(1,), extra="model_transaction_policy { decoupled: true }")
    module_repository.add_identity("heard", dims=(1,), parameters={"response_parameters": "true"})
    return start_module_server(module_repository.path)


def run(server, protocol, *words):
    return run_neso("perf", "-i", protocol, "-u", server.grpc if protocol == "grpc" else server.http, *map(str, words))


def test_parameters_reach_the_model(server, tmp_path):
    """The model answers as often as the parameter says."""
    ran = run(server, "grpc", "-m", "told", "--streaming", "--request-parameter", "repeat:4:int", "--request-parameter",
              "note:a:b:string", "--request-parameter", "loud:TRUE:bool", "--request-count", 5, "--profile-export-file",
              tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    [experiment] = json.loads((tmp_path / "a.json").read_text())["experiments"]
    assert [len(request["response_timestamps"]) for request in experiment["requests"]] == [4] * 5


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_server_takes_parameters_and_refuses_its_own(server, protocol):
    ran = run(server, protocol, "-m", "heard", "--request-parameter", 'no"te:x"y:string', "--request-parameter", "n:-3:int",
              "--request-parameter", "b:false:bool", "--request-count", 3)
    assert ran.returncode == 0, ran.stderr
    ran = run(server, protocol, "-m", "heard", "--request-parameter", "priority:high:string", "--request-count", 3)
    assert ran.returncode == 99 and "priority" in ran.stderr


@pytest.mark.parametrize("way", [(), ("--streaming",)], ids=["calls", "stream"])
@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_requests_are_compressed(server, way, algorithm):
    def sent(*words):
        with ByteCounter(server.grpc) as counter:
            ran = run_neso("perf", "-i", "grpc", "-u", counter.address, "-m", "wide", "--input-data", "zero",
                           "--request-count", "10", *way, *words)
            assert ran.returncode == 0, ran.stderr
            assert "Request count: 10\n" in ran.stdout
            return counter.sent
    plain, compressed = sent(), sent("--grpc-compression-algorithm", algorithm)
    assert plain > 800_000 and compressed < 20_000


@pytest.mark.parametrize("words, text", [
    (("--grpc-compression-algorithm", "gzip"), "--grpc-compression-algorithm is for gRPC: add -i grpc"),
    (("--grpc-compression-algorithm", "zstd"), "expected none, gzip or deflate, got 'zstd'"),
    (("--request-parameter", "a:1"), "expected NAME:VALUE:TYPE, got 'a:1'"),
    (("--request-parameter", "a:1:float"), "expected bool, int or string behind the last colon, got 'float'"),
    (("--request-parameter", "a:x:int"), "expected a number from "),
])
def test_what_is_wrong_is_said(server, words, text):
    ran = run(server, "http", "-m", "wide", *words)
    assert ran.returncode == 3 and text in ran.stderr, ran.stderr
