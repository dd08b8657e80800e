#!/usr/bin/env python3
"""More models than memory: ONNX models of 1 MB that load on demand, within a budget, asked for as often as Zipf's law says.

    bench/on_demand.py                                     1,000 models on 50 MB, 8 clients, 60 seconds
    bench/on_demand.py --models 200 --budget 20 --zipf 0.8

Prints the hit ratio and how long requests take that find their model loaded and that do not; how far the budget was passed; what
health and a neighbour, a model that is always loaded, take alone and meanwhile; and the server's memory over time.
"""
import argparse
import http.client
import json
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import numpy as np  # noqa: E402
from support import onnx_models  # noqa: E402
from support.repository import ModelRepository  # noqa: E402
from support.server import Server  # noqa: E402

SIDE = 500  # SIDE * SIDE numbers are a model of 1 MB
NEIGHBOUR = "neighbour"


def make_repository(folder, count):
    """All models are one file with many names, which is enough to make the server load each."""
    repository = ModelRepository(folder)
    repository.add_identity(NEIGHBOUR, dims=(4,))
    weights = np.random.default_rng(0).standard_normal((SIDE, SIDE), dtype=np.float32)
    made = onnx_models.model([onnx_models.node("MatMul", "x w", "y")], {"x": ("FLOAT", [None, SIDE])},
                             {"y": ("FLOAT", [None, SIDE])}, {"w": weights})
    file = folder.parent / "model.onnx"
    file.write_bytes(made)
    for i in range(count):
        version = folder / f"m{i:04}" / "1"
        version.mkdir(parents=True)
        os.link(file, version / "model.onnx")
    return repository, np.ones((1, SIDE), np.float32) @ weights


class Client:
    """Measures what it asks: milliseconds in `times`, wrong answers in `wrong`."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=120)
        self.times, self.wrong = [], []

    def ask(self, method, path, body=None):
        began = time.monotonic()
        self.connection.request(method, path, body)
        response = self.connection.getresponse()
        text = response.read()
        self.times.append((time.monotonic() - began) * 1000)
        if response.status != 200:
            self.wrong.append(text[:300].decode(errors="replace"))
        return text


def infer_body(name, row):
    return json.dumps({"inputs": [{"name": name, "datatype": "FP32", "shape": [1, len(row)], "data": row}]})


def quantiles(times):
    times = sorted(times) or [float("nan")]
    return " ".join(f"p{int(q * 100)} {times[min(len(times) - 1, int(q * len(times)))]:.2f}" for q in (0.5, 0.95, 0.99)) + \
        f" max {times[-1]:.2f} ms"


class Probe(threading.Thread):
    """Asks the same every 10 ms until it is told to stop."""

    def __init__(self, server, method, path, body=None):
        super().__init__()
        self.client, self.call = Client(server), (method, path, body)
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.01):
            self.client.ask(*self.call)

    def stop(self):
        self.over.set()
        self.join()
        return self.client


def probe(server, seconds=None, during=None):
    """(health, neighbour) while `during` runs, or for some seconds alone."""
    probes = [Probe(server, "GET", "/v2/health/ready"),
              Probe(server, "POST", f"/v2/models/{NEIGHBOUR}/infer", infer_body("INPUT0", [1, 2, 3, 4]))]
    if during is not None:
        during()
    else:
        time.sleep(seconds)
    return [one.stop() for one in probes]


class Visitor(threading.Thread):
    """One client of the models: which it asks for follows Zipf's law, the first one most often."""

    def __init__(self, server, names, weights, expected, deadline, seed):
        super().__init__()
        self.client, self.names, self.weights, self.expected = Client(server), names, weights, expected
        self.deadline, self.random = deadline, random.Random(seed)
        self.body = infer_body("x", [1.0] * SIDE)
        self.bad_answers = 0

    def run(self):
        while time.monotonic() < self.deadline:
            name = self.random.choices(self.names, cum_weights=self.weights)[0]
            answer = self.client.ask("POST", f"/v2/models/{name}/infer", self.body)
            if not self.client.wrong and not np.allclose(json.loads(answer)["outputs"][0]["data"], self.expected[0], atol=1e-3):
                self.bad_answers += 1


class Watch(threading.Thread):
    """The most that models took of the budget, and the server's memory over time."""

    def __init__(self, server):
        super().__init__()
        self.server, self.most, self.resident = server, 0, []
        self.over = threading.Event()
        self.start()

    def run(self):
        looked = 0
        while not self.over.wait(0.02):
            self.most = max(self.most, self.server_metric("neso_on_demand_memory_bytes"))
            looked += 1
            if looked % 50 == 1:
                self.resident.append(self.server.rss_kib() / 1024)

    def server_metric(self, name):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.metrics_port, timeout=60)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name + "{") or line.startswith(name + " "))

    def stop(self):
        self.over.set()
        self.join()


def measure(options, folder):
    repository, expected = make_repository(folder / "models", options.models)
    names = [f"m{i:04}" for i in range(options.models)]
    weights = np.cumsum([1 / (rank + 1) ** options.zipf for rank in range(options.models)]).tolist()
    server = Server(repository.path, "--model-control-mode=on_demand", f"--model-memory-budget={options.budget}000000",
                    f"--load-model={NEIGHBOUR}").start()
    try:
        alone = probe(server, seconds=5)
        watch = Watch(server)
        visitors = [Visitor(server, names, weights, expected, time.monotonic() + options.seconds, seed)
                    for seed in range(options.clients)]

        def visit():
            for visitor in visitors:
                visitor.start()
            for visitor in visitors:
                visitor.join()

        meanwhile = probe(server, during=visit)
        watch.stop()
        report(options, server, visitors, watch, alone, meanwhile)
    finally:
        server.stop()


def report(options, server, visitors, watch, alone, meanwhile):
    times = [ms for visitor in visitors for ms in visitor.client.times]
    wrong = [text for visitor in visitors for text in visitor.client.wrong]
    waits, loads = server.metric("neso_on_demand_waits"), server.metric("neso_on_demand_loads")
    print(f"{len(times)} requests, {len(times) / options.seconds:.0f} a second; {len(wrong)} errors, "
          f"{sum(visitor.bad_answers for visitor in visitors)} wrong answers")
    if wrong:
        print("  the first error:", wrong[0])
    print(f"hit ratio {100 * (1 - waits / len(times)):.1f} %; {loads:.0f} loads for {waits:.0f} requests that waited, "
          f"{server.metric('neso_on_demand_wait_duration_us') / max(1, waits) / 1000:.1f} ms on average; "
          f"{server.metric('neso_on_demand_evictions', reason='room'):.0f} models left")
    print("requests:", quantiles(times))
    budget = options.budget * 1_000_000
    print(f"models took {watch.most / 1e6:.1f} MB at most, of {budget / 1e6:.0f} MB: passed by {max(0, watch.most - budget) / 1e6:.2f} MB; "
          f"{server.metric('neso_on_demand_loaded_models'):.0f} loaded at the end")
    for what, before, after in zip(("health", "neighbour"), alone, meanwhile):
        print(f"{what} alone: {quantiles(before.times)}; meanwhile: {quantiles(after.times)}, {len(after.wrong)} errors")
    step = max(1, len(watch.resident) // 12)
    print("resident MiB over time:", " ".join(f"{mib:.0f}" for mib in watch.resident[::step]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--budget", type=int, default=50, help="in MB")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--zipf", type=float, default=1.1)
    with tempfile.TemporaryDirectory() as folder:
        measure(parser.parse_args(), pathlib.Path(folder))


if __name__ == "__main__":
    main()
