#!/usr/bin/env python3
"""Neso beside a real Triton with the same plug-ins, alternating in one run; writes docs/performance.md's table.

    make bench                              all of it, about ten minutes
    bench/run.py --quick                    one short round, to see that it works
    bench/run.py --only http_64             cases whose name starts so

Ratios are what counts: machines are shared. CPU is the server's, a request, from the scheduler's own accounting.
"""
import argparse
import datetime
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import load  # noqa: E402
import make_models  # noqa: E402
import servers  # noqa: E402

ROOT = servers.ROOT
MARKS = ("<!-- bench:begin -->", "<!-- bench:end -->")


def median(results, field):
    return statistics.median(getattr(result, field) for result in results)


def http_cases():
    """(name, model, body, head length, connections)"""
    for elements in (16, 150528):
        payload = bytes(4 * elements)
        body, head = load.infer_body("INPUT0", "FP32", [1, elements], payload)
        for connections in (1, 8, 64):
            yield f"http_{len(payload)}", "identity", body, head, connections
    body, head = load.infer_body("x", "FP32", [1, 256], bytes(1024))
    for connections in (1, 8, 64):
        yield "mlp_1024", "mlp", body, head, connections


def run_loads(options, repository, floor_program):
    running = [servers.neso(repository)]
    if servers.has_triton():
        running.append(servers.triton(repository))
    for server in running:
        server.until_ready()
    if floor_program.exists():
        running.append(servers.floor(floor_program))
    rows = []
    try:
        for name, model, body, head, connections in http_cases():
            if not name.startswith(options.only):
                continue
            results = {server.name: [] for server in running if not (server.name == "floor" and model == "mlp")}
            for server in running:  # warm
                if server.name in results:
                    load.http_load(server.pid, server.port, model, body, head, connections, 1)
            for _ in range(options.rounds):
                for server in running:
                    if server.name in results:
                        results[server.name].append(
                            load.http_load(server.pid, server.port, model, body, head, connections, options.seconds))
            for server, measured in results.items():
                rows.append((name, connections, server, measured))
                print(f"{name:12} c={connections:<3} {server:12} {median(measured, 'requests_per_s'):9.0f} req/s  "
                      f"p50 {median(measured, 'p50_us'):7.0f} us  cpu {median(measured, 'cpu_us'):7.1f} us  "
                      f"errors {sum(m.errors for m in measured)}", flush=True)
    finally:
        for server in running:
            server.stop()
    return rows


def load_table(rows):
    lines = ["| load | connections | server | requests/s | p50 us | p99 us | CPU us a request | CPU of Triton's | CPU of the floor's |",
             "|---|---|---|---|---|---|---|---|---|"]
    cpu = {(name, connections, server): median(measured, "cpu_us") for name, connections, server, measured in rows}
    for name, connections, server, measured in rows:
        mine = cpu[name, connections, server]

        def ratio(other):
            base = cpu.get((name, connections, other))
            return f"{mine / base:.2f}" if base and server != other else ""
        lines.append(f"| {name} B | {connections} | {server} | {median(measured, 'requests_per_s'):,.0f} | "
                     f"{median(measured, 'p50_us'):.0f} | {median(measured, 'p99_us'):.0f} | {mine:.1f} | "
                     f"{ratio('Triton 2.51')} | {ratio('floor')} |")
    return lines


def measure_start(make, repository, rounds):
    """Medians of: seconds to ready, resident MiB, private MiB, threads, seconds to stop."""
    got = []
    for _ in range(rounds):
        server = make(repository)
        ready = server.until_ready()
        got.append((ready, server.memory_mib("Rss"), server.memory_mib("Private"), server.threads(), server.stop()))
    return [statistics.median(column) for column in zip(*got)]


def start_table(options, folder):
    one, none, many = (pathlib.Path(folder, name) for name in ("one", "none", "many"))
    for repository in (one, none, many):
        repository.mkdir()
    make_models.add_identity(one)
    for i in range(1000):
        make_models.add_identity(many, f"identity{i:04}")
    lines = ["| start and stop | server | ready ms | resident MiB | threads | stop ms | private KiB a further model |",
             "|---|---|---|---|---|---|---|"]
    for make in [servers.neso] + ([servers.triton] if servers.has_triton() else []):
        single = measure_start(make, one, options.rounds)
        thousand = measure_start(make, many, max(1, options.rounds // 2))
        name = "Neso" if make is servers.neso else "Triton 2.51"
        lines.append(f"| one identity model | {name} | {single[0] * 1e3:.1f} | {single[1]:.1f} | {single[3]:.0f} | "
                     f"{single[4] * 1e3:.0f} | |")
        lines.append(f"| 1,000 identity models | {name} | {thousand[0] * 1e3:.0f} | {thousand[1]:.1f} | {thousand[3]:.0f} | "
                     f"{thousand[4] * 1e3:.0f} | {(thousand[2] - single[2]) * 1024 / 999:.1f} |")
        print("\n".join(lines[-2:]), flush=True)
    return lines


def bare_runtime(program, model):
    lines = ["| bare ONNX Runtime, one thread | us a row |", "|---|---|"]
    for batch in (1, 8, 64):
        us = subprocess.run([program, model, "256", str(batch), "2"], capture_output=True, text=True, check=True).stdout.strip()
        lines.append(f"| batch {batch} | {us} |")
    print("\n".join(lines[2:]), flush=True)
    return lines


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text()).group(1)
    return f"{os.cpu_count()} x {cpu}, Linux {platform.release()}, {datetime.date.today()}"


def write_report(lines):
    page = ROOT / "docs" / "performance.md"
    text = page.read_text()
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    page.write_text(before + MARKS[0] + "\n" + "\n".join(lines) + "\n" + MARKS[1] + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--programs", default=str(ROOT / "build" / "release" / "bench"), help="where the floors are built")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 1, 1
    servers.need("wrk")
    if not servers.has_triton():
        print("bench: no real Triton found (scripts/setup bench fetches it); Neso is measured alone")
    with tempfile.TemporaryDirectory() as folder:
        repository = pathlib.Path(folder, "models")
        repository.mkdir()
        make_models.add_identity(repository)
        model = make_models.add_mlp(repository)
        programs = pathlib.Path(options.programs)
        report = [f"Machine: {machine()}. Medians of {options.rounds} rounds of {options.seconds} s, servers alternating.", ""]
        report += load_table(run_loads(options, repository, programs / "epoll_echo"))
        if not options.only:
            report += ["", *bare_runtime(programs / "bare_onnx", model), "", *start_table(options, folder)]
    print("\n".join(report))
    if not options.only and not options.quick:
        write_report(report)


if __name__ == "__main__":
    main()
