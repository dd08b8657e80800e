#!/usr/bin/env python3
"""A repository of thousands of small ONNX models: how long until all are ready, what memory each takes, and whether the server
survives starting and stopping again and again at that size.

    bench/scale.py                                2,000 models, Neso and Triton in turn, three starts each
    bench/scale.py --starts 50 --only neso        fifty starts and stops; fails when one does not end cleanly
    bench/scale.py --models 200 --rounds 1

Both servers load with the same plug-in, and with their default number of loading threads. Memory a model: what belongs to
the process alone, less that of a server with one model.
"""
import argparse
import pathlib
import statistics
import sys
import tempfile
import urllib.request

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "tests")]

import servers  # noqa: E402
from support import onnx_models  # noqa: E402

CONFIG = """\
backend: "onnxruntime"
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 4 ] } ]
"""
TIMEOUT = 300


def make(folder, count):
    model = onnx_models.model([onnx_models.node("Add", "x x", "y")], {"x": ("FLOAT", [None, 4])}, {"y": ("FLOAT", [None, 4])})
    for i in range(count):
        version = pathlib.Path(folder, f"onnx{i:05}", "1")
        version.mkdir(parents=True)
        (version / "model.onnx").write_bytes(model)
        (version.parent / "config.pbtxt").write_text(CONFIG)
    return folder


def answers(server, model):
    body = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,4],"data":[1,2,3,4]}]}'
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/v2/models/{model}/infer", body, timeout=60) as answer:
        return b"[2,4,6,8]" in answer.read().replace(b".0", b"").replace(b" ", b"")


def run(start, repository, last):
    """(seconds until ready, private MiB, threads, seconds to stop, whether it ended cleanly)"""
    server = start(repository)
    ready = server.until_ready(TIMEOUT)
    memory, threads = server.memory_mib("Private"), server.threads()
    is_right = answers(server, last)
    stop = server.stop()
    if not is_right:
        raise SystemExit(f"{server.name}: a wrong answer")
    return ready, memory, threads, stop, server.process.returncode == 0


def compare(kinds, many, one, options):
    runs = {name: [] for name in kinds}
    for _ in range(options.rounds):
        for name, start in kinds.items():
            runs[name].append(run(start, many, f"onnx{options.models - 1:05}"))
    print(f"| server | {options.models:,} models ready, s | KiB a model | threads | stop, s | ended cleanly |")
    print("|---|---|---|---|---|---|")
    for name, start in kinds.items():
        ready, memory, threads, stop = (statistics.median(column) for column in list(zip(*runs[name]))[:4])
        alone = run(start, one, "onnx00000")[1]
        each = (memory - alone) / max(1, options.models - 1) * 1024
        clean = sum(result[4] for result in runs[name])
        print(f"| {name} | {ready:.2f} | {each:.1f} | {threads:.0f} | {stop:.2f} | {clean} of {len(runs[name])} |", flush=True)


def start_and_stop(kinds, many, options):
    for name, start in kinds.items():
        clean = 0
        for _ in range(options.starts):
            clean += run(start, many, f"onnx{options.models - 1:05}")[4]
        print(f"{name}: {clean} of {options.starts} starts and stops with {options.models:,} models ended cleanly", flush=True)
        if clean != options.starts and name == "neso":
            raise SystemExit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--starts", type=int, default=0, help="only start and stop, that often")
    parser.add_argument("--only", choices=["neso", "triton"])
    options = parser.parse_args()
    kinds = {"neso": servers.neso, "triton": servers.triton}
    if options.only:
        kinds = {options.only: kinds[options.only]}
    if "triton" in kinds and not servers.has_triton():
        raise SystemExit("bench: no Triton; run scripts/setup bench")
    with tempfile.TemporaryDirectory() as folder:
        many, one = make(folder + "/many", options.models), make(folder + "/one", 1)
        if options.starts:
            start_and_stop(kinds, many, options)
        else:
            compare(kinds, many, one, options)


if __name__ == "__main__":
    main()
