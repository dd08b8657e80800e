#!/usr/bin/env python3
"""Python models on Neso beside a real Triton with its own Python backend: the same model.py, taking turns in one run.

    bench/python_models.py                  CPU of server and workers together, rates and latencies
    bench/python_models.py --seconds 1 --rounds 1 --only "http 64 B"

Prints a table; the first figure is Neso's, and ratios are what counts: machines are shared. The third, for gRPC, is that of a bare
nghttp2 program that sends back what comes: what the network and the client leave for any server. Below the table stands the
other floor: what the same NumPy work takes in a loop that does nothing else.
"""
import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import cases  # noqa: E402
import grpc_load  # noqa: E402
import http_load  # noqa: E402
import servers  # noqa: E402

IDENTITY = """
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUTPUT0", pb_utils.get_input_tensor_by_name(
            request, "INPUT0").as_numpy())]) for request in requests]
"""

# As above, but with an array of its own.
ADD_ONE = IDENTITY.replace(".as_numpy())", ".as_numpy() + 1)")

CHAIN = """
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        responses = []
        for request in requests:
            tensor = pb_utils.get_input_tensor_by_name(request, "INPUT0")
            for model in ("identity", "add_one"):
                call = pb_utils.InferenceRequest(model_name=model, requested_output_names=["OUTPUT0"],
                                                 inputs=[pb_utils.Tensor("INPUT0", tensor.as_numpy())])
                tensor = pb_utils.get_output_tensor_by_name(call.exec(), "OUTPUT0")
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("OUTPUT0", tensor.as_numpy())]))
        return responses
"""

BURST = """
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        for request in requests:
            sender = request.get_response_sender()
            array = pb_utils.get_input_tensor_by_name(request, "INPUT0").as_numpy()
            for _ in range(1000):
                sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("OUTPUT0", array)]))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""

CONFIG = """
backend: "python"
max_batch_size: 8
input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1 ] } ]
"""


def add(repository, name, source, extra="", instances=1):
    folder = pathlib.Path(repository, name)
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "model.py").write_text(source)
    (folder / "config.pbtxt").write_text(
        CONFIG + extra + f"instance_group [ {{ kind: KIND_CPU count: {instances} }} ]\n")


def add_all(repository):
    add(repository, "identity", IDENTITY)
    add(repository, "add_one", ADD_ONE)
    add(repository, "chain", CHAIN)
    add(repository, "many", IDENTITY, instances=16)
    add(repository, "burst", BURST, "model_transaction_policy { decoupled: true }\n")


def all_cases():
    small, large = 16, 150528
    for elements in (small, large):
        for model, label in (("identity", ""), ("add_one", ", another array")):
            body, head = http_load.infer_body("INPUT0", "FP32", [1, elements], bytes(4 * elements))
            for connections in (1, 8, 64):
                yield cases.Case(f"http {4 * elements} B{label}", str(connections), lambda server, seconds, body=body,
                                 head=head, model=model, connections=connections: http_load.run(
                                     server.pid, server.port, model, body, head, connections, seconds))
        message = grpc_load.infer_message("identity", "INPUT0", "FP32", [1, elements], bytes(4 * elements))
        for connections in (1, 8, 64):
            yield cases.grpc_case(f"grpc {4 * elements} B", str(connections), grpc_load.INFER, message, connections)
    for model, label in (("chain", "two calls of models"), ("many", "16 instances")):
        body, head = http_load.infer_body("INPUT0", "FP32", [1, small], bytes(4 * small))
        for connections in (1, 8):
            yield cases.Case(f"http 64 B, {label}", str(connections), lambda server, seconds, body=body, head=head,
                             model=model, connections=connections: http_load.run(
                                 server.pid, server.port, model, body, head, connections, seconds))
    message = grpc_load.infer_message("burst", "INPUT0", "FP32", [1, small], bytes(4 * small))
    yield cases.grpc_case("grpc 1,000 responses of 64 B", "1", grpc_load.STREAM, message, 1)


def start(repository):
    running = [servers.neso(repository, grpc=True)]
    if servers.has_triton():
        running.append(servers.serve("Triton 2.51", servers.ROOT / "scripts" / "triton", repository, True,
                                      f"--backend-directory={servers.TRITON}/pytriton/tritonserver/backends"))
    for server in running:
        server.until_ready()
    program = servers.ROOT / "build/release/bench/grpc_echo"
    return running + ([servers.floor(cases.GRPC_FLOOR, program)] if program.exists() else [])


def median(results, field):
    return statistics.median(getattr(result, field) for result in results)


def row(case, results):
    cells = [case.name, case.where]
    for field, digits in (("cpu_us", 0), ("p50_us", 0), ("requests_per_s", 0)):
        values = [median(measured, field) for measured in results.values() if measured]
        ratio = values[0] / values[1] if len(values) > 1 and values[1] else float("nan")
        cells += [" / ".join(f"{value:,.{digits}f}" for value in values), f"{ratio:.2f}"]
    return "| " + " | ".join(cells) + " |"


def floor_us(work, elements):
    """CPU microseconds of a request's arrays alone: from its bytes to the bytes of the answer."""
    body, count = bytes(4 * elements), max(20_000_000 // (elements + 1000), 1)
    best = float("inf")
    for _ in range(5):
        before = time.thread_time()
        for _ in range(count):
            work(numpy.frombuffer(body, numpy.float32).reshape(1, elements)).tobytes()
        best = min(best, (time.thread_time() - before) / count * 1e6)
    return best


def print_floor():
    for label, work in (("identity", lambda array: array), ("add one", lambda array: array + 1)):
        for elements in (16, 150528):
            print(f"NumPy alone, {label}, {4 * elements} B: {floor_us(work, elements):.1f} us")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    servers.need("wrk")
    # Both need an interpreter with NumPy.
    os.environ["PATH"] = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as repository:
        add_all(repository)
        running = start(repository)
        try:
            print("| load | connections | CPU us a request | ratio | p50 us | ratio | requests/s | ratio |\n"
                  "|---|---|---|---|---|---|---|---|", flush=True)
            for case in all_cases():
                if not case.name.startswith(options.only):
                    continue
                results = {server.name: [] for server in running}
                for turn in range(options.rounds + 1):
                    for server in running:
                        if server.is_floor and server.name != case.floor:
                            continue
                        result = case.run(server, options.seconds if turn else 1)
                        if turn:  # the first one warms
                            results[server.name].append(result)
                print(row(case, results), flush=True)
        finally:
            for server in running:
                server.stop()
    print_floor()


if __name__ == "__main__":
    main()
