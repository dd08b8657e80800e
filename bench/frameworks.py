#!/usr/bin/env python3
"""Backends beside their frameworks' own loops, the same model and the same batches; then each two of them under load at once.

    bench/frameworks.py                        those that are built; medians of 5 rounds of 2 s each, in turns
    bench/frameworks.py openvino --rounds 9

The bare loop calls the model in Python, with as many threads as the framework takes by itself, in a process of its own. The server is
asked by wrk over two connections; of one request at a time, the server's own statistics tell how long the model took. ONNX Runtime
also stands behind a bare epoll loop (onnx_http.cc), since sockets and wrk take from the same processors. Of two at once, what counts is what each reaches of its rate alone, the two added: 1 is what taking turns would give.
"""
import argparse
import concurrent.futures
import itertools
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import framework_cases
import http_load
import servers
from support.inference import statistics as model_statistics
from support.optional_backends import is_built
from support.repository import ModelRepository
from support.server import Server

ROOT = pathlib.Path(__file__).resolve().parents[1]

# After `call` was defined.
LOOP = """
import time
for _ in range(5):
    call()
began, calls = time.monotonic(), 0
while time.monotonic() - began < float(sys.argv[3]):
    call()
    calls += 1
print(calls / (time.monotonic() - began))
"""


def bare(case, batch, seconds):
    """Calls a second."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", case.loop + LOOP, str(case.file), str(batch), str(seconds)],
                          text=True, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={"PYTHONPATH": str(case.modules), "PATH": "/usr/bin:/bin"})
    return float(done.stdout)


def rate(pid, port, case, batch, seconds, clients=2):
    """Calls a second."""
    rows = case.rows(batch)
    body, head = http_load.infer_body(case.input, "FP32", list(rows.shape), rows.tobytes())
    result = http_load.run(pid, port, case.backend, body, head, clients, seconds)
    if result.errors:
        raise SystemExit(f"bench: {result.errors} requests to '{case.backend}' failed")
    return result.requests_per_s


def seconds_in_model(server, case, batch, seconds):
    """Of one request at a time."""
    before = model_statistics(server, case.backend)["inference_stats"]["compute_infer"]
    rate(server.pid, server.http_port, case, batch, seconds, clients=1)
    after = model_statistics(server, case.backend)["inference_stats"]["compute_infer"]
    return (after["ns"] - before["ns"]) / (after["count"] - before["count"]) / 1e9


def beside_the_loop(server, case, options):
    for batch in case.batches:
        rounds = [(bare(case, batch, options.seconds), rate(server.pid, server.http_port, case, batch, options.seconds),
                   seconds_in_model(server, case, batch, options.seconds)) for _ in range(options.rounds)]
        loop = statistics.median(loop for loop, _, _ in rounds)
        throughput = statistics.median(served / loop for loop, served, _ in rounds)
        latency = statistics.median(alone * loop for loop, _, alone in rounds)
        print(f"{case.backend}, batch {batch}: the bare loop takes {1000 / loop:.2f} ms a call; served throughput {throughput:.2f} of "
              f"its, one request at a time in the model {latency:.2f} of its time", flush=True)


def behind_bare_sockets(server, case, options):
    program = ROOT / "build" / "release" / "bench" / "onnx_http"
    floor = servers.floor("onnx_http", program, case.file, *case.rows(1).shape[1:])
    time.sleep(1)  # it has no way to tell that it is ready
    try:
        for batch in case.batches:
            shares = [rate(server.pid, server.http_port, case, batch, options.seconds) /
                      rate(floor.pid, floor.port, case, batch, options.seconds) for _ in range(options.rounds)]
            print(f"{case.backend}, batch {batch}: served throughput {statistics.median(shares):.2f} of the bare runtime's behind a bare "
                  f"epoll loop", flush=True)
    finally:
        floor.stop()


def two_at_once(server, pair, options):
    def measure(case):
        return rate(server.pid, server.http_port, case, case.batches[-1], options.seconds)

    shares = []
    for _ in range(options.rounds):
        alone = [measure(case) for case in pair]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            shares.append([together / own for together, own in zip(pool.map(measure, pair), alone)])
    first, second = (statistics.median(column) for column in zip(*shares))
    total = statistics.median(sum(share) for share in shares)
    print(f"{pair[0].backend} and {pair[1].backend} at once: {first:.2f} and {second:.2f} of what each reaches alone, {total:.2f} of "
          f"taking turns", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backends", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    servers.need("wrk")
    if unknown := set(options.backends) - set(framework_cases.CASES):
        parser.error(f"expected some of {', '.join(framework_cases.CASES)}, got {', '.join(unknown)}")
    names = options.backends or [name for name in framework_cases.CASES if is_built(name)]
    cases = [framework_cases.CASES[name]() for name in names]
    with tempfile.TemporaryDirectory() as folder:
        repository = ModelRepository(pathlib.Path(folder) / "models")
        for case in cases:
            repository.add(case.backend, case.config, files=case.files)
        server = Server(repository.path).start()
        try:
            for case in cases:
                beside_the_loop(server, case, options)
                if case.backend == "onnxruntime":
                    behind_bare_sockets(server, case, options)
            for pair in itertools.combinations(cases, 2):
                two_at_once(server, pair, options)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
