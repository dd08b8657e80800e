#!/usr/bin/env python3
"""`neso perf` beside perf_analyzer 2.48, on one server in one run, taking turns.

    scripts/setup perf-analyzer
    bench/perf_analyzer.py                 whether they measure the same, and how much load each can make
    bench/perf_analyzer.py --rounds 3      medians of fewer rounds
    bench/perf_analyzer.py --only http     cases whose name starts so

The same is measured where the model takes most of the time: one that sleeps long enough that what a busy machine adds to a
wake-up does not matter, and one that computes for some 10 ms, on a processor that the load does not share; so many requests at
a time, and so many a second. The load is made on a model that does nothing; there the two processors are the server's as well,
so beside the throughput stands what each client takes of a processor for a request, and how busy the server is: where it is the
limit, the first says how much more load there could be.
"""
import argparse
import csv
import dataclasses
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.repository import ModelRepository  # noqa: E402
from support.server import TREE, Server  # noqa: E402

import make_models  # noqa: E402
from load import cpu_seconds  # noqa: E402

ANALYZER = ROOT / ".deps" / "perf-analyzer"
STEADY = ("-s", "100", "-r", "20")  # medians of rounds are what counts, not that one is steady
QUICK = ("-p", "1000", *STEADY)
LONG = ("-p", "4000", *STEADY)  # one request more or less at the border of a window is less than the difference looked for
CLOSE = 0.03  # how far two figures of the same may lie apart


@dataclasses.dataclass
class Figures:
    """Of one run, as its CSV has them."""
    throughput: float
    average_us: float
    p50_us: float
    p99_us: float
    client_us: float  # of a processor, a request
    server_us: float
    model_us: float  # that it computed for a request, as the server has counted
    rest_us: float  # of the average latency


# Those of the CSV, and of them those that are to be alike.
CSV = ("Inferences/Second", "Avg latency", "p50 latency", "p99 latency")
ALIKE = ("throughput", "average_us", "p50_us")


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    model: str
    options: tuple
    window: tuple = QUICK


def agreements():
    for protocol in ("http", "grpc"):
        yield Case(f"{protocol}: sleeps 200 ms, 1 at a time", "sleeper", ("-i", protocol, "--concurrency-range", "1"))
        yield Case(f"{protocol}: sleeps 200 ms, 4 at a time", "sleeper", ("-i", protocol, "--concurrency-range", "4"))
        yield Case(f"{protocol}: sleeps 200 ms, 10 a second", "sleeper", ("-i", protocol, "--request-rate-range", "10"), LONG)
        zeros = ("-i", protocol, "--input-data", "zero")  # made-up values are others: perf_analyzer's have NaN among them
        yield Case(f"{protocol}: computes, 1 at a time", "deep", (*zeros, "--concurrency-range", "1"))
        yield Case(f"{protocol}: computes, 2 at a time", "deep", (*zeros, "--concurrency-range", "2"))


def loads():
    for protocol in ("http", "grpc"):
        for concurrency in (1, 8):
            yield Case(f"{protocol}: nothing, {concurrency} at a time", "nothing",
                       ("-i", protocol, "--concurrency-range", str(concurrency)))


def counts_of(server, model):
    """(requests, microseconds that the model computed)."""
    [stats] = server.get(f"/v2/models/{model}/stats").json()["model_stats"]
    return stats["inference_stats"]["success"]["count"], stats["inference_stats"]["compute_infer"]["ns"] / 1e3


def children_cpu():
    """Seconds of the programs that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(program, server, case, folder):
    path = pathlib.Path(folder, "figures.csv")
    path.unlink(missing_ok=True)
    url = server.grpc if "grpc" in case.options else server.http
    before, cpu = counts_of(server, case.model), (children_cpu(), cpu_seconds(server.pid))
    ran = subprocess.run([*program, "-m", case.model, "-u", url, *case.options, *case.window, "-f", str(path), "--verbose-csv"],
                         capture_output=True, text=True, timeout=300,
                         env={**os.environ, "LD_LIBRARY_PATH": str(ANALYZER)})
    if ran.returncode != 0 or not path.exists():
        raise SystemExit(f"{' '.join(ran.args)}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
    with path.open() as file:
        row = list(csv.DictReader(file))[-1]
    requests, computed_us = (now - then for now, then in zip(counts_of(server, case.model), before))
    used = [1e6 * (now - then) / requests for now, then in zip((children_cpu(), cpu_seconds(server.pid)), cpu)]
    figures = [float(row[name]) for name in CSV]
    return Figures(*figures, *used, computed_us / requests, figures[CSV.index("Avg latency")] - computed_us / requests)


PROGRAMS = {"perf_analyzer": [str(ANALYZER / "perf_analyzer")], "neso perf": [str(TREE / "bin" / "neso"), "perf"]}


def on(processors):
    return ("taskset", "-c", processors)


def medians(case, server, folder, rounds, prefix=()):
    """{program: its figures}, measured in turns."""
    runs = {name: [] for name in PROGRAMS}
    for number in range(rounds):
        for name in list(PROGRAMS)[::1 if number % 2 == 0 else -1]:
            runs[name].append(measure([*prefix, *PROGRAMS[name]], server, case, folder))
    return {name: Figures(*(statistics.median(getattr(run, field.name) for run in of_it) for field in dataclasses.fields(Figures)))
            for name, of_it in runs.items()}


def compare(server, folder, rounds, only):
    """Whether all that should be alike is."""
    print("| the same load | infer/s | average, us | p50, us | p99, us | of the average the model itself, us | the rest, us | "
          "furthest apart |\n|---|---|---|---|---|---|---|---|", flush=True)
    agree = True
    for case in agreements():
        if not case.name.startswith(only):
            continue
        theirs, ours = medians(case, server, folder, rounds, on(f"1-{os.cpu_count() - 1}")).values()
        pairs = [(getattr(theirs, name), getattr(ours, name)) for name in (*ALIKE, "p99_us", "model_us", "rest_us")]
        apart = max(abs(b / a - 1) for a, b in pairs[:len(ALIKE)])
        agree &= apart <= CLOSE
        cells = " | ".join(f"{a:.4g}, {b:.4g}" for a, b in pairs)
        print(f"| {case.name} | {cells} | {100 * apart:.1f} % |", flush=True)
    return agree


def drive(server, folder, rounds, only):
    print("\n| load | perf_analyzer, infer/s | `neso perf`, infer/s | times | the clients' processor time, us a request | times less | "
          "processors that the server is busy on |\n|---|---|---|---|---|---|---|", flush=True)
    for case in loads():
        if not case.name.startswith(only):
            continue
        theirs, ours = medians(case, server, folder, rounds).values()
        busy = [run.server_us * run.throughput / 1e6 for run in (theirs, ours)]
        print(f"| {case.name} | {theirs.throughput:,.0f} | {ours.throughput:,.0f} | {ours.throughput / theirs.throughput:.1f} | "
              f"{theirs.client_us:.1f}, {ours.client_us:.1f} | {theirs.client_us / ours.client_us:.1f} | "
              f"{busy[0]:.2f}, {busy[1]:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    if not ANALYZER.exists():
        raise SystemExit("perf_analyzer is not here: scripts/setup perf-analyzer")
    with tempfile.TemporaryDirectory() as folder:
        repository = ModelRepository(pathlib.Path(folder) / "models")
        repository.add_identity("nothing", dims=(16,))
        repository.add_identity("sleeper", dims=(16,), parameters={"execute_delay_ms": "200"},
                                extra="instance_group { kind: KIND_CPU count: 4 }")
        make_models.add_deep(repository.path)
        server = Server(repository.path, prefix=on("0")).start()
        try:
            agree = compare(server, folder, arguments.rounds, arguments.only)
        finally:
            server.stop()
        server = Server(repository.path).start()
        try:
            drive(server, folder, arguments.rounds, arguments.only)
        finally:
            server.stop()
    return 0 if agree else f"further apart than {100 * CLOSE:.0f} %"


if __name__ == "__main__":
    sys.exit(main())
