"""Inputs and outputs that serve one request after the other, with and without shared memory."""
import argparse
import importlib
import os

import numpy as np
import tritonclient.utils.shared_memory as shm

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-i", "--protocol", choices=["http", "grpc"], default="http")
parser.add_argument("-u", "--url", default="localhost:8000")
flags = parser.parse_args()
client = importlib.import_module(f"tritonclient.{flags.protocol}")

numbers, ones = np.arange(16, dtype=np.int32).reshape(1, 16), np.ones((1, 16), np.int32)
SIZE = numbers.nbytes
inputs = [client.InferInput(name, [1, 16], "INT32") for name in ("INPUT0", "INPUT1")]
outputs = [client.InferRequestedOutput(name) for name in ("OUTPUT0", "OUTPUT1")]
key = f"/reuse_{flags.protocol}_{os.getpid()}"
region = shm.create_shared_memory_region("reused", key, 4 * SIZE)
try:
    with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
        server.unregister_system_shared_memory("reused")
        server.register_system_shared_memory("reused", key, 4 * SIZE)
        for turn in range(3):
            for tensor, array in zip(inputs, (numbers, turn * ones)):
                tensor.set_data_from_numpy(array)
            for output in outputs:
                output.unset_shared_memory()
            result = server.infer("simple", inputs, outputs=outputs)
            assert np.array_equal(result.as_numpy("OUTPUT0"), numbers + turn)
            assert np.array_equal(result.as_numpy("OUTPUT1"), numbers - turn)

            shm.set_shared_memory_region(region, [numbers, turn * ones + 10])
            for i, tensor in enumerate([*inputs, *outputs]):
                tensor.set_shared_memory("reused", SIZE, i * SIZE)
            server.infer("simple", inputs, outputs=outputs)
            assert np.array_equal(shm.get_contents_as_numpy(region, np.int32, [1, 16], 2 * SIZE), numbers + turn + 10)
            assert np.array_equal(shm.get_contents_as_numpy(region, np.int32, [1, 16], 3 * SIZE), numbers - turn - 10)
        server.unregister_system_shared_memory("reused")
finally:
    shm.destroy_shared_memory_region(region)
print("PASS: reuse_infer_objects_client")
