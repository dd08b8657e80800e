"""Two sequences by turns in one stream, in a coroutine."""
import argparse
import asyncio
import os

import numpy as np
import tritonclient.grpc.aio as client

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8001")
flags = parser.parse_args()

values = [11, 7, 5, 3, 2, 0, 1]
sequences = {"up": (os.getpid(), 1), "down": (f"down {os.getpid()}", -1)}


async def requests():
    for i, value in enumerate(values):
        for name, (sequence, sign) in sequences.items():
            tensor = client.InferInput("INPUT", [1, 1], "INT32")
            tensor.set_data_from_numpy(np.array([[sign * value]], np.int32))
            yield {"model_name": "simple_sequence", "inputs": [tensor], "request_id": f"{name} {i}", "sequence_id": sequence,
                   "sequence_start": i == 0, "sequence_end": i == len(values) - 1}


async def main():
    sums = {}
    async with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
        async for result, error in server.stream_infer(requests()):
            assert error is None, error
            sums[result.get_response().id] = int(result.as_numpy("OUTPUT")[0, 0])
    expected = [11, 18, 23, 26, 28, 28, 29]
    assert sums == {f"{name} {i}": sign * total for name, (_, sign) in sequences.items() for i, total in enumerate(expected)}, sums


asyncio.run(main())
print("PASS: simple_grpc_aio_sequence_stream_infer_client")
