#!/usr/bin/env python3
"""What crowds of gRPC connections cost Neso: memory of idle ones and of ones that do not read, and what others notice.

    bench/connections.py                                   10,000 idle, 2,000 slow readers of 1 MiB: minutes, 3 GB
    bench/connections.py --idle 1000 --slow 200            a smaller one

Raises its limit of open files to what the system allows, which has to be more than the connections.
"""
import argparse
import pathlib
import statistics
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

import grpc_load  # noqa: E402
from support.many_connections import allow_descriptors, close, idle, slow_readers  # noqa: E402
from support.repository import ModelRepository  # noqa: E402
from support.server import Server  # noqa: E402

ROUNDS = 5
SECONDS = 2


def others(server):
    """p99 in microseconds of small calls over 8 connections."""
    message = grpc_load.infer_message("identity", "INPUT0", "FP32", [1, 16], np.zeros(16, np.float32).tobytes())
    runs = [grpc_load.run(server.pid, server.grpc_port, "ModelInfer", message, 8, 1, SECONDS) for _ in range(ROUNDS)]
    return statistics.median(run.p99_us for run in runs), statistics.median(run.requests_per_s for run in runs)


def report(server, crowd, name, before_kib, alone):
    p99, rate = others(server)
    kib = server.rss_kib()
    print(f"{name}: {kib / 1024:.0f} MiB resident, {(kib - before_kib) / len(crowd):.1f} KiB each; others: p99 {p99:.0f} us, "
          f"{rate:.0f} calls/s ({p99 / alone:.2f} times the p99 alone)", flush=True)
    close(crowd)
    time.sleep(3)
    print(f"  when they have gone: {server.rss_kib() / 1024:.0f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--slow", type=int, default=2_000)
    options = parser.parse_args()
    if not allow_descriptors(max(options.idle, options.slow) + 200):
        raise SystemExit("bench: the system allows fewer open files than that; raise its hard limit (ulimit -Hn)")
    with tempfile.TemporaryDirectory() as folder:
        models = ModelRepository(pathlib.Path(folder, "models"))
        models.add_identity("identity")
        server = Server(models.path).start()
        try:
            alone, rate = others(server)
            before = server.rss_kib()
            print(f"alone: {before / 1024:.0f} MiB resident; p99 {alone:.0f} us, {rate:.0f} calls/s", flush=True)
            report(server, idle(server.grpc_port, options.idle), f"{options.idle} idle", before, alone)
            report(server, slow_readers(server.grpc_port, options.slow, "identity", 1 << 18),
                   f"{options.slow} slow readers of 1 MiB", before, alone)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
