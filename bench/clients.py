#!/usr/bin/env python3
"""The Python client beside the stock one: processor time of the client for one request of the identity model.

    bench/clients.py              medians of 5 rounds, in turns, in this process
"""
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "clients" / "python")]

import numpy as np  # noqa: E402
import tritonclient.grpc  # noqa: E402
import tritonclient.http  # noqa: E402
from neso_client import Client  # noqa: E402
from support.repository import ModelRepository  # noqa: E402
from support.server import Server  # noqa: E402

ROUNDS = 5
REQUESTS = {16: 2000, 150528: 300}  # by elements


def cpu_us(call, requests):
    call()
    began = time.process_time()
    for _ in range(requests):
        call()
    return (time.process_time() - began) / requests * 1e6


def compare(server, protocol, elements):
    array = np.zeros((1, elements), np.float32)
    library = getattr(tritonclient, protocol)
    stock_client = library.InferenceServerClient(getattr(server, protocol))
    client = Client(f"{protocol}://{getattr(server, protocol)}")

    def stock():
        given = library.InferInput("INPUT0", array.shape, "FP32")
        given.set_data_from_numpy(array)
        stock_client.infer("identity", [given]).as_numpy("OUTPUT0")

    def ours():
        client.infer("identity", INPUT0=array).array  # noqa: B018

    rounds = [(cpu_us(stock, REQUESTS[elements]), cpu_us(ours, REQUESTS[elements])) for _ in range(ROUNDS)]
    theirs, mine = (statistics.median(column) for column in zip(*rounds))
    print(f"| {protocol} | {4 * elements} | {theirs:.0f} | {mine:.0f} | {statistics.median(b / a for a, b in rounds):.2f} |", flush=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        repository = ModelRepository(pathlib.Path(folder) / "models")
        repository.add_identity("identity")
        server = Server(repository.path).start()
        try:
            print("| protocol | bytes | tritonclient, us | neso-client, us | ratio |\n|---|---|---|---|---|", flush=True)
            for protocol in ("http", "grpc"):
                for elements in REQUESTS:
                    compare(server, protocol, elements)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
