"""What a server writes for TensorBoard, read back by TensorBoard: its loader of event files, and the program itself."""
import os
import re
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest
import requests
import tritonclient.http as httpclient
from support.control import load, unload
from support.inference import ask
from support.onnx_models import double
from support.server import PATIENCE, free_port
from support.wait import wait_until

# How TensorBoard is told that there is no TensorFlow: else it would take the folder of that name beside for it.
sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tensorboard.compat.proto.graph_pb2 import GraphDef  # noqa: E402

ONNX = """
    backend: "onnxruntime"
    max_batch_size: 8
    dynamic_batching { }
    """


@pytest.fixture
def logs(tmp_path):
    return tmp_path / "logs"


def read(run):
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "histograms": 0})
    events.Reload()
    return events


def scalars(events, tag):
    return [event.value for event in events.Scalars(tag)]


def start(start_server, repository, logs, *args, interval=1):
    """A server that has written its beginning."""
    before = set(logs.rglob("events*"))
    server = start_server(repository.path, f"--tensorboard-logdir={logs}", f"--tensorboard-interval-secs={interval}", *args)
    wait_until(lambda: set(logs.rglob("events*")) - before or "nothing for TensorBoard" in server.log)
    return server


def infer_double(server, rows, times):
    with httpclient.InferenceServerClient(server.http) as client:
        tensor = httpclient.InferInput("x", [rows, 3], "FP32")
        tensor.set_data_from_numpy(np.ones((rows, 3), np.float32))
        for _ in range(times):
            client.infer("double", [tensor])


def test_what_happened_is_there_when_the_server_has_stopped(repository, start_server, logs):
    repository.add("double", ONNX, files={"model.onnx": double()})
    server = start(start_server, repository, logs, interval=3600)
    infer_double(server, 2, 6)
    infer_double(server, 5, 4)
    assert server.infer("double", {"inputs": []}).status_code == 400
    server.stop()
    events = read(logs / "double" / "1")

    assert scalars(events, "throughput/requests_per_second")[0] == 0, "the beginning"
    assert all(scalars(events, f"throughput/{what}_per_second")[-1] > 0 for what in
               ("requests", "inferences", "executions"))
    ratio = scalars(events, "throughput/inferences_per_second")[-1] / scalars(events, "throughput/requests_per_second")[-1]
    assert ratio == pytest.approx(32 / 10, rel=1e-3)
    assert scalars(events, "batch/mean_size") == [pytest.approx(3.2)]
    assert scalars(events, "queue/pending") == [0, 0]

    sizes = events.Histograms("batch/size")[-1].histogram_value
    filled = {limit: count for limit, count in zip(sizes.bucket_limit, sizes.bucket) if count}
    assert filled == {2: 6, 5: 4} and sizes.num == 10

    (p50,), (p99,) = scalars(events, "latency_us/request/p50"), scalars(events, "latency_us/request/p99")
    mean, = scalars(events, "mean_us/request")
    assert 0 < p50 <= p99 and 0 < mean <= p99 * 1.01
    latency = events.Histograms("latency_us/request")[-1].histogram_value
    assert latency.num == 20 and latency.max >= p99
    for phase in ("queue", "compute_input", "compute_infer", "compute_output"):
        assert scalars(events, f"mean_us/{phase}")[0] >= 0


def test_the_graph_of_an_onnx_model(repository, start_server, logs):
    repository.add("double", ONNX, files={"model.onnx": double()})
    repository.add_identity("other")
    start(start_server, repository, logs).stop()
    graph = GraphDef.FromString(read(logs / "double" / "1").Graph().SerializeToString())
    nodes = {node.name: (node.op, list(node.input)) for node in graph.node}
    operators = [name for name, (op, _) in nodes.items() if op not in ("Placeholder", "Output")]
    assert nodes["x"] == ("Placeholder", []) and operators
    assert any(op == "Output" for op, _ in nodes.values())
    assert all(input.split(":")[0] in nodes for _, inputs in nodes.values() for input in inputs)
    assert not read(logs / "other" / "1").Tags()["graph"]


def test_it_is_written_while_the_server_runs_and_rests_with_its_models(repository, start_server, logs):
    for name in ("busy", "idle"):
        repository.add_identity(name)
    server = start(start_server, repository, logs)
    wait_until(lambda: ask(server, "busy").status_code == 200 and
               sum(value > 0 for value in scalars(read(logs / "busy" / "1"), "throughput/requests_per_second")) >= 2)
    assert scalars(read(logs / "idle" / "1"), "throughput/requests_per_second") == [0], "nothing has happened since"
    steps = [event.step for event in read(logs / "busy" / "1").Scalars("queue/pending")]
    assert steps == sorted(set(steps))
    server.stop()


def test_cache_and_failures(repository, start_server, logs):
    repository.add_identity("cached", extra="response_cache { enable: true }")
    server = start(start_server, repository, logs, "--cache-config=local,size=1000000", interval=3600)
    for _ in range(4):
        assert ask(server, "cached").status_code == 200
    server.stop()
    events = read(logs / "cached" / "1")
    assert scalars(events, "cache/hits") == [3] and scalars(events, "cache/hit_ratio") == [0.75]


def test_restarts_go_on_where_the_last_one_ended(repository, start_server, logs):
    repository.add_identity("m")
    for _ in range(2):
        server = start(start_server, repository, logs, interval=3600)
        ask(server, "m")
        server.stop()
    rates = scalars(read(logs / "m" / "1"), "throughput/requests_per_second")
    assert [rate > 0 for rate in rates] == [False, True, False, True]


def files_of(run):
    return sorted(run.glob("events*"))


def test_loads_go_on_in_the_file_of_those_before(repository, start_server, logs):
    repository.add_identity("m")
    server = start(start_server, repository, logs, "--model-control-mode=explicit", "--load-model=m")
    run = logs / "m" / "1"
    for loads in range(2, 5):
        assert unload(server, "m").status_code == 200
        assert load(server, "m").status_code == 200
        assert ask(server, "m").status_code == 200
        wait_until(lambda loads=loads: len(scalars(read(run), "mean_us/request")) == loads - 1
                   if "mean_us/request" in read(run).Tags()["scalars"] else False)
    server.stop()
    assert len(files_of(run)) == 1


def test_a_folder_that_somebody_cleans_is_filled_anew(repository, start_server, logs):
    repository.add_identity("m")
    server = start(start_server, repository, logs)
    run = logs / "m" / "1"

    def requests_are_there():
        assert ask(server, "m").status_code == 200
        return files_of(run) and "mean_us/request" in read(run).Tags()["scalars"]

    wait_until(requests_are_there)
    for file in files_of(run):
        file.unlink()
    wait_until(requests_are_there)
    shutil.rmtree(logs, ignore_errors=True)  # it may be writing
    wait_until(requests_are_there)
    server.stop()


def test_a_folder_that_cannot_be_written_stops_nobody(repository, start_server, tmp_path):
    repository.add_identity("m")
    (tmp_path / "file").touch()
    server = start(start_server, repository, tmp_path / "file" / "logs")
    wait_until(lambda: "nothing for TensorBoard" in server.log)
    assert ask(server, "m").status_code == 200
    server.stop()


def test_tensorboard_shows_it(repository, start_server, logs, tmp_path):
    repository.add("double", ONNX, files={"model.onnx": double()})
    server = start(start_server, repository, logs, interval=3600)
    infer_double(server, 2, 3)
    server.stop()
    port = free_port()
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logs), "--port", str(port), "--host", "127.0.0.1"]
    with open(tmp_path / "tensorboard.log", "w") as log:
        shown = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "HOME": str(tmp_path)})
    try:
        def get(path, **parameters):
            try:
                answer = requests.get(f"http://127.0.0.1:{port}/data/{path}", params=parameters, timeout=10 * PATIENCE)
            except requests.ConnectionError:
                return None
            return answer if answer.status_code == 200 else None

        tags = wait_until(lambda: (get("plugin/scalars/tags") and get("plugin/scalars/tags").json()) or None, timeout=60)
        assert "throughput/requests_per_second" in tags["double/1"]
        points = get("plugin/scalars/scalars", run="double/1", tag="throughput/requests_per_second").json()
        assert len(points) == 2 and points[1][2] > 0
        assert "latency_us/request" in get("plugin/histograms/tags").json()["double/1"]
        assert re.search(r'op: "Mul"|op: "Add"', get("plugin/graphs/graph", run="double/1").text)
    finally:
        shown.terminate()
        shown.wait(30)
