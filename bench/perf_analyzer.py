#!/usr/bin/env python3
"""`neso perf` beside perf_analyzer 2.48, on one server in one run, taking turns.

    scripts/setup perf-analyzer
    bench/perf_analyzer.py                 whether they measure the same, and how much load each can make
    bench/perf_analyzer.py --rounds 3      medians of fewer rounds
    bench/perf_analyzer.py --only http     cases whose name starts so

The same is measured where the model takes most of the time: one that sleeps long enough that what a busy machine adds to a
wake-up does not matter, and one that computes, on a processor that the load does not share; so many requests at a time, and so
many a second. The load is made on a model that does nothing.
"""
import argparse
import csv
import dataclasses
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.repository import ModelRepository  # noqa: E402
from support.server import TREE, Server  # noqa: E402

import make_models  # noqa: E402

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
        yield Case(f"{protocol}: computes, 2 at a time", "mlp", ("-i", protocol, "-b", "64", "--concurrency-range", "2"))


def loads():
    for protocol in ("http", "grpc"):
        for concurrency in (1, 8):
            yield Case(f"{protocol}: nothing, {concurrency} at a time", "nothing",
                       ("-i", protocol, "--concurrency-range", str(concurrency)))


def measure(program, server, case, folder):
    path = pathlib.Path(folder, "figures.csv")
    path.unlink(missing_ok=True)
    url = server.grpc if "grpc" in case.options else server.http
    ran = subprocess.run([*program, "-m", case.model, "-u", url, *case.options, *case.window, "-f", str(path), "--verbose-csv"],
                         capture_output=True, text=True, timeout=300,
                         env={**os.environ, "LD_LIBRARY_PATH": str(ANALYZER)})
    if ran.returncode != 0 or not path.exists():
        raise SystemExit(f"{' '.join(ran.args)}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
    with path.open() as file:
        row = list(csv.DictReader(file))[-1]
    return Figures(*(float(row[name]) for name in ("Inferences/Second", "Avg latency", "p50 latency", "p99 latency")))


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
    print("| the same load | infer/s | average, us | p50, us | p99, us | furthest apart |\n|---|---|---|---|---|---|", flush=True)
    agree = True
    for case in agreements():
        if not case.name.startswith(only):
            continue
        theirs, ours = medians(case, server, folder, rounds, on(f"1-{os.cpu_count() - 1}")).values()
        pairs = [(getattr(theirs, field.name), getattr(ours, field.name)) for field in dataclasses.fields(Figures)]
        apart = max(abs(b / a - 1) for a, b in pairs[:3])
        agree &= apart <= CLOSE
        cells = " | ".join(f"{a:.4g}, {b:.4g}" for a, b in pairs)
        print(f"| {case.name} | {cells} | {100 * apart:.1f} % |", flush=True)
    return agree


def drive(server, folder, rounds, only):
    print("\n| load | perf_analyzer, infer/s | `neso perf`, infer/s | times |\n|---|---|---|---|", flush=True)
    for case in loads():
        if not case.name.startswith(only):
            continue
        theirs, ours = medians(case, server, folder, rounds).values()
        print(f"| {case.name} | {theirs.throughput:,.0f} | {ours.throughput:,.0f} | {ours.throughput / theirs.throughput:.1f} |",
              flush=True)


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
        make_models.add_mlp(repository.path)
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
