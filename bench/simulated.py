#!/usr/bin/env python3
"""The simulator beside the real server: the same model, whose executions take a configured time, under the same clients.

    bench/simulated.py               five runs of each scenario; fails when a median is not within a tenth of what is simulated

The models are the identity backend's with `execute_delay_ms`, which sleeps: they need no processor, so that a busy machine
changes little; they are long beside what a request costs. Clients wait for their answers.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import http_load  # noqa: E402
import make_models  # noqa: E402
import servers  # noqa: E402

TOLERANCE = 0.1
# Name: (execution in ms, instances, clients, scheduling).
SCENARIOS = {
    "direct": (50, 2, 16, ""),
    "dynamic": (100, 1, 64, "max_batch_size: 8 dynamic_batching { }"),
    "instances": (100, 3, 112, "max_batch_size: 16 dynamic_batching { }"),
    "preferred": (100, 2, 80, "max_batch_size: 16 dynamic_batching { preferred_batch_size: [ 4, 12 ] }"),
    "delayed": (50, 2, 12, "max_batch_size: 16 dynamic_batching { max_queue_delay_microseconds: 75000 }"),
}


def add_model(repository, name, execution_ms, instances, scheduling):
    folder = pathlib.Path(repository, name)
    (folder / "1").mkdir(parents=True)
    text = make_models.IDENTITY.replace("max_batch_size: 8\n", "").replace("count: 1", f"count: {instances}")
    (folder / "config.pbtxt").write_text(
        f'{text}{scheduling}\nparameters {{ key: "execute_delay_ms" value: {{ string_value: "{execution_ms}" }} }}\n')


def simulated(program, execution_ms, instances, clients, scheduling):
    text = subprocess.run([str(program), f"config={scheduling}", f"instances={instances}", f"clients={clients}",
                           f"execution_us={1000 * execution_ms}", "requests=20000"],
                          capture_output=True, text=True, check=True).stdout
    return json.loads(text)["requests_per_s"]


def measured(server, name, clients, scheduling, options):
    shape = [1, 16] if scheduling else [16]
    body, head = http_load.infer_body("INPUT0", "FP32", shape, bytes(64))
    return statistics.median(
        http_load.run(server.pid, server.port, name, body, head, clients, options.seconds).requests_per_s
        for _ in range(options.rounds))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--build", type=pathlib.Path, default=servers.ROOT / "build" / "release")
    options = parser.parse_args()
    servers.need("wrk")
    subprocess.run(["cmake", "--build", str(options.build), "--target", "simulate"], check=True, stdout=subprocess.DEVNULL)
    failed = False
    with tempfile.TemporaryDirectory() as repository:
        for name, (execution_ms, instances, _, scheduling) in SCENARIOS.items():
            add_model(repository, name, execution_ms, instances, scheduling)
        server = servers.neso(repository)
        try:
            server.until_ready()
            for name, scenario in SCENARIOS.items():
                expected = simulated(options.build / "bench" / "simulate", *scenario)
                real = measured(server, name, scenario[2], scenario[3], options)
                failed |= abs(real / expected - 1) > TOLERANCE
                print(f"{name:12} simulated {expected:8.1f} req/s  real {real:8.1f} req/s  ratio {real / expected:.3f}",
                      flush=True)
        finally:
            server.stop()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
