#!/usr/bin/env python3
"""More models than memory: ONNX models of 1 MB that load on demand, within a budget, asked for as often as Zipf's law says.

    bench/on_demand.py                                     1,000 models on 50 MB, 8 clients, 60 seconds
    bench/on_demand.py --models 200 --budget 20 --zipf 0.8

Prints the hit ratio and how long requests take that find their model loaded and that do not; how far the budget was passed; and
the server's memory over time. Health and a neighbour, a model that is always loaded, are asked by processes of their own: alone, while
models come and go, and while as many requests a second as then go to a few models that stay loaded. So what loading adds is told
apart from what the requests and those who make them take of a small machine.
"""
import argparse
import contextlib
import http.client
import itertools
import json
import multiprocessing
import os
import pathlib
import random
import re
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
RESIDENT = 10  # models that fit into the budget together


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

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
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


def ask_until_told(port, call, ready, results):
    # What is asked for is how long the server takes: who measures it goes before the clients, where that is allowed.
    with contextlib.suppress(PermissionError):
        os.nice(-20)
    client = Client(port)
    client.ask(*call)
    client.times.clear()
    ready.send(None)
    while not ready.poll(0.01):
        client.ask(*call)
    results.put((client.times, client.wrong))


class Probe:
    """Asks the same every 10 ms until it is told to stop. A process of its own: in this one it would wait for the other clients."""

    def __init__(self, server, *call):
        processes = multiprocessing.get_context("spawn")
        self.control, other = processes.Pipe()
        self.results = processes.SimpleQueue()
        self.process = processes.Process(target=ask_until_told, args=(server.http_port, call, other, self.results))
        self.process.start()
        self.control.recv()

    def stop(self):
        """(milliseconds, wrong answers)"""
        self.control.send(None)
        result = self.results.get()
        self.process.join()
        return result


def probe(server, during):
    """(health, neighbour) while `during` runs."""
    probes = [Probe(server, "GET", "/v2/health/ready"),
              Probe(server, "POST", f"/v2/models/{NEIGHBOUR}/infer", infer_body("INPUT0", [1, 2, 3, 4]))]
    during()
    return [one.stop() for one in probes]


class Visitor(threading.Thread):
    """One client of the models: which it asks for follows Zipf's law, the first one most often. Without `pause` it asks without a
    pause, else at random moments, so many seconds from each other on average."""

    def __init__(self, server, names, weights, expected, seconds, seed, pause=None):
        super().__init__()
        self.client, self.names, self.weights, self.expected = Client(server.http_port), names, weights, expected
        self.seconds, self.random, self.pause = seconds, random.Random(seed), pause
        self.body = infer_body("x", [1.0] * SIDE)
        self.bad_answers = 0

    def run(self):
        deadline = time.monotonic() + self.seconds
        due = time.monotonic()
        while time.monotonic() < deadline:
            if self.pause is not None:
                due += self.random.expovariate(1 / self.pause)
                time.sleep(max(0, due - time.monotonic()))
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


class Phase:
    """Clients that ask some models for some seconds, while the probes look."""

    def __init__(self, options, server, names, expected, seconds, rate=None):
        weights = list(itertools.accumulate(1 / (rank + 1) ** options.zipf for rank in range(len(names))))
        self.seconds = seconds
        self.visitors = [Visitor(server, names, weights, expected, seconds, seed, rate and options.clients / rate)
                         for seed in range(options.clients)]
        loads = server.metric("neso_on_demand_loads")
        self.probes = probe(server, self.visit)
        self.loads = server.metric("neso_on_demand_loads") - loads

    def visit(self):
        for visitor in self.visitors:
            visitor.start()
        for visitor in self.visitors:
            visitor.join()

    @property
    def times(self):
        return [ms for visitor in self.visitors for ms in visitor.client.times]

    @property
    def rate(self):
        return len(self.times) / self.seconds

    @property
    def wrong(self):
        return [text for visitor in self.visitors for text in visitor.client.wrong]


def measure(options, folder):
    repository, expected = make_repository(folder / "models", options.models)
    names = [f"m{i:04}" for i in range(options.models)]
    server = Server(repository.path, "--model-control-mode=on_demand", f"--model-memory-budget={options.budget}000000",
                    f"--load-model={NEIGHBOUR}").start()
    try:
        watch = Watch(server)
        alone = probe(server, lambda: time.sleep(10))
        loading = Phase(options, server, names, expected, options.seconds)
        report(options, server, loading, watch)
        few = names[:RESIDENT]
        Phase(options, server, few, expected, 1)  # they are loaded, if they were not
        resident = Phase(options, server, few, expected, options.seconds, loading.rate)
        watch.stop()
        report_disturbance(alone, loading, resident)
        print("resident MiB over time:", " ".join(f"{mib:.0f}" for mib in watch.resident[::max(1, len(watch.resident) // 12)]))
    finally:
        server.stop()


def report(options, server, loading, watch):
    times, wrong = loading.times, loading.wrong
    waits = server.metric("neso_on_demand_waits")
    print(f"{len(times)} requests, {loading.rate:.0f} a second; {len(wrong)} errors, "
          f"{sum(visitor.bad_answers for visitor in loading.visitors)} wrong answers")
    if wrong:
        print("  the first error:", wrong[0])
    print(f"hit ratio {100 * (1 - waits / len(times)):.1f} %; {loading.loads:.0f} loads for {waits:.0f} requests that waited, "
          f"{server.metric('neso_on_demand_wait_duration_us') / max(1, waits) / 1000:.1f} ms on average; "
          f"{server.metric('neso_on_demand_evictions', reason='room'):.0f} models left")
    print("requests:", quantiles(times))
    budget = options.budget * 1_000_000
    each = [float(size) for size in re.findall(r"was loaded on demand in [\d.]+ ms and takes ([\d.]+) MB", server.log)]
    print(f"models took {watch.most / 1e6:.1f} MB at most, of {budget / 1e6:.0f} MB: passed by {max(0, watch.most - budget) / 1e6:.2f} MB; "
          f"a model takes {sorted(each)[len(each) // 2]:.1f} MB, {max(each):.1f} MB at most; "
          f"{server.metric('neso_on_demand_loaded_models'):.0f} loaded at the end")


def report_disturbance(alone, loading, resident):
    print(f"as many requests to {RESIDENT} models that stay: {resident.rate:.0f} a second, {resident.loads:.0f} loads, "
          f"{len(resident.wrong)} errors; {quantiles(resident.times)}")
    for number, what in enumerate(("health", "neighbour")):
        for when, (times, wrong) in (("alone", alone[number]), ("models that stay", resident.probes[number]),
                                     ("models that come and go", loading.probes[number])):
            print(f"{what}, {when}: {quantiles(times)}, {len(wrong)} errors")


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
