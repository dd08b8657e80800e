"""Processor time of clients for a request: neso-client beside the stock client, in one process, in turns.

    .deps/venv/bin/python bench/clients.py

The modules of tritonclient over neso-client bear the stock client's name, so that each runs in a process of its own: the "drop-in" rows.
"""
import asyncio
import contextlib
import itertools
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
CLIENTS = [str(ROOT / "clients" / name) for name in ("tritonclient", "python")]
sys.path[:0] = [str(ROOT / "tests"), CLIENTS[1]]

import numpy as np  # noqa: E402
import tritonclient.grpc.aio  # noqa: E402
import tritonclient.http.aio  # noqa: E402
from neso_client import AsyncClient, Client  # noqa: E402
from support.repository import ModelRepository  # noqa: E402
from support.server import Server  # noqa: E402

ROUNDS = 5
ELEMENTS = (16, 150528)
PROTOCOLS = ("http", "grpc")


def requests_of(elements):
    return 1000 if elements < 1000 else 200


def stock_request(library, array):
    given = library.InferInput("INPUT0", array.shape, "FP32")
    given.set_data_from_numpy(array)
    return f"m{array.shape[1]}", [given]


def cpu_us(run, requests):
    run(10)
    began = time.process_time()
    run(requests)
    return (time.process_time() - began) / requests * 1e6


class Loop:
    """Both kinds of asyncio clients, for calls one after the other."""

    def __init__(self, connect):
        self._loop = asyncio.new_event_loop()
        self.client = self._loop.run_until_complete(connect())

    def close(self):
        self._loop.run_until_complete(self.client.close())

    def repeat(self, call):
        async def run(times):
            for _ in range(times):
                await call()

        return lambda times: self._loop.run_until_complete(run(times))


def repeat(call):
    def run(times):
        for _ in range(times):
            call()

    return run


def synchronous(protocol, url, array, stack):
    """(the stock client's call, ours, ours through shared memory), each repeated."""
    library, name = getattr(tritonclient, protocol), f"m{array.shape[1]}"
    stock_client = library.InferenceServerClient(url)
    socket, shared = (Client(f"{protocol}://{url}", shared_memory=shared) for shared in (False, True))
    for client in (stock_client, socket, shared):
        stack.callback(client.close)
    return (repeat(lambda: stock_client.infer(*stock_request(library, array)).as_numpy("OUTPUT0")),
            repeat(lambda: socket.infer(name, INPUT0=array).array), repeat(lambda: shared.infer(name, INPUT0=array).array))


def asynchronous(protocol, url, array, stack):
    library, name = getattr(tritonclient, protocol), f"m{array.shape[1]}"

    async def connect_stock():
        return library.aio.InferenceServerClient(url)

    async def connect(shared):
        return AsyncClient(f"{protocol}://{url}", shared_memory=shared)

    stock, socket, shared = Loop(connect_stock), Loop(lambda: connect(False)), Loop(lambda: connect(True))

    for loop in (stock, socket, shared):
        stack.callback(loop.close)

    async def ask_stock():
        return (await stock.client.infer(*stock_request(library, array))).as_numpy("OUTPUT0")

    return (stock.repeat(ask_stock), socket.repeat(lambda: socket.client.infer(name, INPUT0=array)),
            shared.repeat(lambda: shared.client.infer(name, INPUT0=array)))


def compare(title, make, server):
    for protocol, elements in itertools.product(PROTOCOLS, ELEMENTS):
        with contextlib.ExitStack() as stack:
            runs = make(protocol, getattr(server, protocol), np.zeros((1, elements), np.float32), stack)
            rounds = [[cpu_us(run, requests_of(elements)) for run in runs] for _ in range(ROUNDS)]
        medians = [statistics.median(column) for column in zip(*rounds)]
        ratios = [statistics.median(row[i] / row[0] for row in rounds) for i in range(1, len(medians))]
        told = " | ".join(f"{median:.0f} | {ratio:.2f}" for median, ratio in zip(medians[1:], ratios))
        print(f"| {title} | {protocol} | {4 * elements} | {medians[0]:.0f} | {told} |", flush=True)


def drop_in(kind, protocol, url, elements):
    """One number: what a process of its own calls."""
    library, array = getattr(tritonclient, protocol), np.zeros((1, int(elements)), np.float32)
    if kind == "sync":
        client = library.InferenceServerClient(url)
        run = repeat(lambda: client.infer(*stock_request(library, array)).as_numpy("OUTPUT0"))
    else:
        async def connect():
            return library.aio.InferenceServerClient(url)

        loop = Loop(connect)

        async def ask():
            return (await loop.client.infer(*stock_request(library, array))).as_numpy("OUTPUT0")

        run = loop.repeat(ask)
    print(cpu_us(run, requests_of(array.shape[1])), flush=True)
    os._exit(0)  # clients' threads and loops are not waited for


def compare_drop_in(kind, server):
    for protocol, elements in itertools.product(PROTOCOLS, ELEMENTS):
        command = [sys.executable, __file__, kind, protocol, getattr(server, protocol), str(elements)]
        rounds = [[float(subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True, capture_output=True).stdout)
                   for path in ("", os.pathsep.join(CLIENTS))] for _ in range(ROUNDS)]
        theirs, mine = (statistics.median(column) for column in zip(*rounds))
        ratio = statistics.median(b / a for a, b in rounds)
        print(f"| drop-in, {kind} | {protocol} | {4 * elements} | {theirs:.0f} | {mine:.0f} | {ratio:.2f} | | |", flush=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        repository = ModelRepository(pathlib.Path(folder) / "models")
        for elements in ELEMENTS:
            repository.add_identity(f"m{elements}", dims=(elements,))
        server = Server(repository.path, "--allow-client-shm=true").start()
        try:
            print("| | protocol | bytes | tritonclient, us | neso-client, us | ratio | with shared memory, us | ratio |\n"
                  "|---|---|---|---|---|---|---|---|", flush=True)
            compare("sync", synchronous, server)
            compare("asyncio", asynchronous, server)
            for kind in ("sync", "asyncio"):
                compare_drop_in(kind, server)
        finally:
            server.stop()


if __name__ == "__main__":
    drop_in(*sys.argv[1:]) if len(sys.argv) > 1 else main()
