"""`neso perf` tells the server what to trace."""
import pytest
from support.server import run_neso
from support.traces import read_traces


@pytest.fixture
def server(repository, start_server, tmp_path):
    repository.add_identity("wide", dims=(16,))
    return start_server(repository.path, f"--trace-config=triton,file={tmp_path / 'traces'}", "--trace-config=rate=1000")


def run(server, protocol, *words):
    return run_neso("perf", "-i", protocol, "-u", getattr(server, protocol), "-m", "wide", "--request-count", "12", *words)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_settings_reach_the_server_and_stay(server, protocol, tmp_path):
    ran = run(server, protocol, "--trace-level", "TIMESTAMPS", "--trace-level", "TENSORS", "--trace-rate", "1", "--trace-count", "20",
              "--log-frequency", "4")
    assert ran.returncode == 0, ran.stderr
    told = server.get("/v2/trace/setting").json()
    assert told["trace_level"] == ["TIMESTAMPS", "TENSORS"]
    assert (told["trace_rate"], told["trace_count"], told["log_frequency"]) == ("1", "8", "4")
    server.stop()
    assert [len(read_traces(tmp_path / f"traces.{number}")) for number in range(3)] == [4, 4, 4]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_without_such_options_the_server_is_left_as_it_is(server, protocol):
    before = server.get("/v2/trace/setting").json()
    assert run(server, protocol).returncode == 0
    assert server.get("/v2/trace/setting").json() == before


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_what_the_server_refuses_is_said(server, protocol):
    ran = run(server, protocol, "--trace-level", "OFF", "--trace-level", "TENSORS")
    assert ran.returncode == 99 and "trace" in ran.stderr.lower()
