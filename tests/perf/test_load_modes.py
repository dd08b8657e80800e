"""Loads of `neso perf` that end by themselves: fixed schedules, and requests that become more and more."""
import pytest
from support.perf import experiment, exported
from support.server import run_neso


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("numbers", datatype="TYPE_INT32", dims=(1,))
    module_repository.add_identity("slow", datatype="TYPE_INT32", dims=(1,), parameters={"execute_delay_ms": "50"})
    module_repository.add_identity("tokens", dims=(1,), extra="model_transaction_policy { decoupled: true }",
                                   parameters={"repeat": "5", "execute_delay_ms": "10"})
    return start_module_server(module_repository.path)


@pytest.fixture
def perf(server):
    def run(protocol, *words):
        return run_neso("perf", "-i", protocol, "-u", server.grpc if protocol == "grpc" else server.http, *map(str, words))
    return run


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_schedule_is_kept_and_sent_once(perf, data, tmp_path, protocol):
    times = [20, 20, [35.5], 120]
    file = data({"data": [{"INPUT0": [i], "timestamp": time} for i, time in enumerate(times)]})
    ran = perf(protocol, "-m", "slow", "--fixed-schedule", "--input-data", file, "--profile-export-file", tmp_path / "a.json",
               "-f", tmp_path / "a.csv")
    assert ran.returncode == 0, ran.stderr
    assert "  Sending a total of 4 requests\n" in ran.stdout and "  Using the times that the input data has\n" in ran.stdout
    assert "Request count: 4\n" in ran.stdout
    requests = sorted(exported(tmp_path / "a.json"), key=lambda request: request["timestamp"])
    first = requests[0]["timestamp"]
    assert [request["timestamp"] - first for request in requests] == [0, 0, 15_500_000, 100_000_000]
    assert {request["request_inputs"]["INPUT0"] for request in requests} == {0, 1, 2, 3}


@pytest.mark.parametrize("steps, text", [
    ([{"INPUT0": [1]}], 'missing "timestamp", which --fixed-schedule needs ( Location stream id: 0, step id: 0)'),
    ([{"INPUT0": [1], "timestamp": -1}], 'expected "timestamp" to be milliseconds'),
    ([{"INPUT0": [1], "timestamp": [1, 2]}], 'expected "timestamp" to be milliseconds'),
    ([{"INPUT0": [1], "timestamp": 5}, {"INPUT0": [1], "timestamp": 4}],
     'got 4 ms after 5 ms ( Location stream id: 0, step id: 1)'),
])
def test_what_is_wrong_in_a_schedule_is_said(perf, data, steps, text):
    ran = perf("http", "-m", "numbers", "--fixed-schedule", "--input-data", data({"data": steps}))
    assert ran.returncode == 99 and text in ran.stderr, ran.stderr


def test_a_schedule_is_a_file(perf, tmp_path):
    ran = perf("http", "-m", "numbers", "--fixed-schedule", "--input-data", tmp_path)
    assert ran.returncode == 99 and 'expected a file whose steps have a "timestamp", got a folder' in ran.stderr
    ran = perf("http", "-m", "numbers", "--fixed-schedule")
    assert ran.returncode == 3 and "--fixed-schedule needs --input-data FILE" in ran.stderr


def test_requests_become_more_with_their_answers(perf, tmp_path):
    """Each answer takes the model 10 ms, five a request; after two of each of the last ones there are two more."""
    ran = perf("grpc", "-m", "tokens", "--streaming", "--periodic-concurrency-range", "1:7:2", "--request-period", 2,
               "--profile-export-file", tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    assert "Request concurrency: from 1 on 2 more after 2 answers, 7 in all\n" in ran.stdout
    whole = experiment(tmp_path / "a.json")
    assert whole["experiment"] == {"mode": "concurrency", "value": 7}
    requests = sorted(whole["requests"], key=lambda request: request["timestamp"])
    assert len(requests) == 7 and all(len(request["response_timestamps"]) == 5 for request in requests)
    groups = [requests[:1], requests[1:3], requests[3:5], requests[5:]]
    for before, after in zip(groups, groups[1:]):
        assert max(request["response_timestamps"][1] for request in before) < after[0]["timestamp"]


def test_what_has_fewer_answers_counts_at_its_end(perf, tmp_path):
    ran = perf("grpc", "-m", "numbers", "--streaming", "--periodic-concurrency-range", "2:4", "--profile-export-file",
               tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    assert len(exported(tmp_path / "a.json")) == 4
