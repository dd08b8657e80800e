#!/usr/bin/env python3
"""Neso beside a real Triton with the same plug-ins, alternating in one run; writes docs/performance.md's table.

    make bench                              all of it, about half an hour
    bench/run.py --quick                    one short round, to see that it works
    bench/run.py --only "grpc 64 B"         cases whose name starts so
    bench/run.py --only "http JSON" --write ... and their rows in the page's table, beside the older ones
    bench/run.py --against ../before/out    a former tree, too, in turn with the others, and a table of both

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

import cases  # noqa: E402
import make_models  # noqa: E402
import servers  # noqa: E402
import shared_memory  # noqa: E402

ROOT = servers.ROOT
PAGE = ROOT / "docs" / "performance.md"
MARKS = ("<!-- bench:begin -->", "<!-- bench:end -->")


def median(results, field):
    return statistics.median(getattr(result, field) for result in results)


def start_servers(repository, programs, against):
    running = [servers.neso(repository, grpc=True)]
    if against:
        running.append(servers.former_neso(repository, pathlib.Path(against).resolve()))
    if servers.has_triton():
        running.append(servers.triton(repository, grpc=True))
    for server in running:
        server.until_ready()
    floors = {cases.HTTP_FLOOR: "epoll_echo", cases.JSON_FLOOR: "json_echo", cases.GRPC_FLOOR: "grpc_echo"}
    return running + [servers.floor(name, programs / program) for name, program in floors.items()]


def warm(case, server):
    """False when the server does not know the case's model, as a former one may not."""
    if server.name != servers.FORMER:
        case.run(server, 1)
        return True
    try:
        return case.run(server, 1).errors == 0
    except (OSError, SystemExit):
        return False


def run_case(case, running, options):
    """{server name: results}, the servers taking turns."""
    taking_part = [server for server in running
                   if (not server.is_floor or server.name == case.floor) and warm(case, server)]
    results = {server.name: [] for server in taking_part}
    for _ in range(options.rounds):
        for server in taking_part:
            results[server.name].append(case.run(server, options.seconds))
    for server, measured in results.items():
        print(f"{case.name:30} c={case.where:<15} {server:12} {median(measured, 'requests_per_s'):9.0f} req/s  "
              f"p50 {median(measured, 'p50_us'):7.0f} us  cpu {median(measured, 'cpu_us'):8.1f} us  "
              f"errors {sum(m.errors for m in measured)}", flush=True)
    return results


def run_loads(options, repository, programs):
    running = start_servers(repository, programs, options.against)
    try:
        with shared_memory.SharedMemory(2 * shared_memory.LARGE) as memory:
            for server in running:
                if not server.is_floor:
                    memory.register(server)
            return [(case, run_case(case, running, options)) for case in cases.all_cases(memory)
                    if case.name.startswith(options.only)]
    finally:
        for server in running:
            server.stop()


def load_table(measured_cases):
    lines = ["| load | connections | server | requests/s | p50 us | p99 us | CPU us a request | CPU of Triton's | CPU of the floor's |",
             "|---|---|---|---|---|---|---|---|---|"]
    for case, results in measured_cases:
        cpu = {server: median(measured, "cpu_us") for server, measured in results.items()}

        def ratio(server, other):
            return f"{cpu[server] / cpu[other]:.2f}" if other in cpu and server != other else ""
        for server, measured in results.items():
            if server == servers.FORMER:
                continue
            lines.append(f"| {case.name} | {case.where} | {server} | {median(measured, 'requests_per_s'):,.0f} | "
                         f"{median(measured, 'p50_us'):.0f} | {median(measured, 'p99_us'):.0f} | {cpu[server]:.1f} | "
                         f"{ratio(server, 'Triton 2.51')} | {ratio(server, case.floor)} |")
    return lines


def compare_table(measured_cases):
    """Of the loads that a former server knows, too."""
    lines = ["| load | connections | CPU us a request before | after | of before | requests/s before | after | of before |",
             "|---|---|---|---|---|---|---|---|"]
    for case, results in measured_cases:
        if servers.FORMER not in results:
            continue
        cells = []
        for field, digits in (("cpu_us", 1), ("requests_per_s", 0)):
            before, after = (median(results[server], field) for server in (servers.FORMER, "Neso"))
            cells += [f"{before:,.{digits}f}", f"{after:,.{digits}f}", f"{after / before:.2f}"]
        lines.append(f"| {case.name} | {case.where} | " + " | ".join(cells) + " |")
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


def conditions(options):
    return f"{machine()}. Medians of {options.rounds} rounds of {options.seconds} s, servers alternating."


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text()).group(1)
    return f"{os.cpu_count()} x {cpu}, Linux {platform.release()}, {datetime.date.today()}"


def report_on_page():
    """The page before the report, the report's lines, and the page after it."""
    before, rest = PAGE.read_text().split(MARKS[0])
    report, after = rest.split(MARKS[1])
    return before, report.strip("\n").split("\n"), after


def write_report(lines):
    before, _, after = report_on_page()
    PAGE.write_text(before + MARKS[0] + "\n" + "\n".join(lines) + "\n" + MARKS[1] + after)


def put_rows(lines, rows):
    """The page's lines with these rows where those of the same loads stand in their table (tables differ in how many
    cells a row has), or else after the first ones of their protocol."""
    def is_like(line, start):
        return line.startswith(start) and line.count("|") == rows[0].count("|")

    loads = {row.split(" | ")[0] + " |" for row in rows}
    protocol = "| " + rows[0].split(" ")[1] + " "
    at = next((i for i, line in enumerate(lines) if any(is_like(line, load) for load in loads)), None)
    if at is None:
        at = next(i for i, line in enumerate(lines) if is_like(line, protocol))
        while is_like(lines[at], protocol):
            at += 1
    return lines[:at] + rows + [line for line in lines[at:] if not any(is_like(line, load) for load in loads)]


def write_rows(tables, options):
    """Puts the rows of each table in their places, and says so."""
    _, lines, _ = report_on_page()
    note = f"Rows of `{options.only}`:"
    for rows in filter(None, tables):
        lines = put_rows(lines, rows)
    lines = [line for line in lines if not line.startswith(note)]
    lines.insert(1, f"{note} {conditions(options)}")
    write_report(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--against", help="a former tree of the server to compare with")
    parser.add_argument("--write", action="store_true", help="with --only: put the rows into the page")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--programs", default=str(ROOT / "build" / "release" / "bench"), help="where the floors are built")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 1, 1
    servers.need("wrk")
    servers.need("h2load")
    if not servers.has_triton():
        print("bench: no real Triton found (scripts/setup bench fetches it); Neso is measured alone")
    with tempfile.TemporaryDirectory() as folder:
        repository = pathlib.Path(folder, "models")
        repository.mkdir()
        make_models.add_identity(repository)
        make_models.add_cached(repository)
        make_models.add_sequences(repository)
        make_models.add_dynamic(repository)
        make_models.add_ensemble(repository)
        make_models.add_burst(repository)
        make_models.add_unread(repository)
        model = make_models.add_mlp(repository)
        programs = pathlib.Path(options.programs)
        measured = run_loads(options, repository, programs)
        rows = load_table(measured)
        report = [f"Machine: {conditions(options)}", "", *rows]
        if options.against:
            report += ["", "Beside a former tree, in the same run:", "", *compare_table(measured)]
        if not options.only:
            report += ["", *bare_runtime(programs / "bare_onnx", model), "", *start_table(options, folder)]
    print("\n".join(report))
    if options.only and options.write:
        write_rows([rows[2:], compare_table(measured)[2:]], options)
    if not options.only and not options.quick:
        write_report(report)


if __name__ == "__main__":
    main()
