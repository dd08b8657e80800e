#!/usr/bin/env python3
"""What requests cost when they are spread over many models: CPU of the server, its threads, and its start.

    bench/many_models.py                              1, 1,000 and 10,000 identity models, 64 connections
    bench/many_models.py --against ../before/out      another tree beside it, in turn

Each request goes to a model drawn by chance. Ratios are what counts: machines are shared.
"""
import argparse
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import http_load  # noqa: E402
import make_models  # noqa: E402
import servers  # noqa: E402

CONNECTIONS = 64


def start(tree, repository):
    servers.TREE = pathlib.Path(tree)
    server = servers.neso(repository)
    return server, server.until_ready()


def run(server, models, seconds):
    body, head = http_load.infer_body("INPUT0", "FP32", [1, 16], bytes(64))
    return http_load.run(server.pid, server.port, [f"identity{i:05}" for i in range(models)], body, head, CONNECTIONS, seconds)


def measure_starts(trees, repository, rounds):
    """{tree: medians of seconds until ready, and to stop}"""
    got = {tree: [] for tree in trees}
    for _ in range(rounds):
        for tree in trees:
            server, ready = start(tree, repository)
            got[tree].append((ready, server.stop()))
    return {tree: [statistics.median(column) for column in zip(*rows)] for tree, rows in got.items()}


def measure_loads(trees, repository, counts, options):
    """{(tree, models): (results, most threads)}"""
    running = {tree: start(tree, repository)[0] for tree in trees}
    results = {(tree, count): [] for tree in trees for count in counts}
    threads = dict.fromkeys(results, 0)
    try:
        for _ in range(options.rounds):
            for count in counts:
                for tree, server in running.items():
                    results[tree, count].append(run(server, count, options.seconds))
                    threads[tree, count] = max(threads[tree, count], server.threads())
    finally:
        for server in running.values():
            server.stop()
    return {key: (results[key], threads[key]) for key in results}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="1,1000,10000")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", help="a tree to compare with")
    options = parser.parse_args()
    servers.need("wrk")
    counts = [int(count) for count in options.models.split(",")]
    trees = [tree for tree in (options.against, str(servers.TREE)) if tree]
    with tempfile.TemporaryDirectory() as folder:
        for i in range(max(counts)):
            make_models.add_identity(folder, f"identity{i:05}")
        for tree, (ready, stop) in measure_starts(trees, folder, options.rounds).items():
            print(f"{tree}: {max(counts)} models are ready after {ready:.2f} s, and gone after {stop:.2f} s", flush=True)
        print("| tree | models | CPU us a request | of that with one model | requests/s | p99 us | threads | errors |")
        print("|---|---|---|---|---|---|---|---|")
        measured = measure_loads(trees, folder, counts, options)
    for (tree, count), (results, threads) in measured.items():
        cpu, alone = (statistics.median(result.cpu_us for result in measured[tree, which][0]) for which in (count, counts[0]))
        rate, p99 = (statistics.median(getattr(result, field) for result in results) for field in ("requests_per_s", "p99_us"))
        print(f"| {tree} | {count:,} | {cpu:.1f} | {cpu / alone:.2f} | {rate:,.0f} | {p99:.0f} | {threads} | "
              f"{sum(result.errors for result in results)} |")


if __name__ == "__main__":
    main()
