"""One request in a coroutine."""
import argparse
import asyncio

import numpy as np
import tritonclient.grpc.aio as client

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8001")
flags = parser.parse_args()

array = np.arange(16, dtype=np.float32).reshape(1, 16)
tensor = client.InferInput("INPUT0", [1, 16], "FP32")
tensor.set_data_from_numpy(array)


async def main():
    async with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
        result = await server.infer("identity", [tensor])
        assert np.array_equal(result.as_numpy("OUTPUT0"), array)


asyncio.run(main())
print("PASS: simple_grpc_aio_infer_client")
