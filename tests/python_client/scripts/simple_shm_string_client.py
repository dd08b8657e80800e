"""Texts in the system's shared memory."""
import argparse
import importlib
import os

import numpy as np
import tritonclient.utils.shared_memory as shm
from tritonclient import utils

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-i", "--protocol", choices=["http", "grpc"], default="http")
parser.add_argument("-u", "--url", default="localhost:8000")
flags = parser.parse_args()
client = importlib.import_module(f"tritonclient.{flags.protocol}")

numbers = np.array([str(number).encode() for number in range(16)], dtype=np.object_)
ones = np.array([b"1"] * 16, dtype=np.object_)
tensors = [utils.serialize_byte_tensor(array) for array in (numbers, ones)]
sizes = [len(tensor.item()) for tensor in tensors]
ROOM = 256  # of an output
key = f"/simple_shm_string_{flags.protocol}_{os.getpid()}"
region = shm.create_shared_memory_region("texts", key, sum(sizes) + 2 * ROOM)
try:
    shm.set_shared_memory_region(region, tensors)
    with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
        server.unregister_system_shared_memory("texts")
        server.register_system_shared_memory("texts", key, sum(sizes) + 2 * ROOM)
        inputs, outputs, at = [], [], 0
        for name, size in zip(("INPUT0", "INPUT1"), sizes):
            inputs.append(client.InferInput(name, [1, 16], "BYTES"))
            inputs[-1].set_shared_memory("texts", size, at)
            at += size
        for name in ("OUTPUT0", "OUTPUT1"):
            outputs.append(client.InferRequestedOutput(name))
            outputs[-1].set_shared_memory("texts", ROOM, at)
            at += ROOM
        server.infer("simple_string", inputs, outputs=outputs)
        for i, expected in enumerate([numbers.astype(int) + 1, numbers.astype(int) - 1]):
            got = shm.get_contents_as_numpy(region, np.object_, [16], sum(sizes) + i * ROOM)
            assert np.array_equal(got.astype(int), expected), got
        server.unregister_system_shared_memory("texts")
finally:
    shm.destroy_shared_memory_region(region)
print("PASS: simple_shm_string_client")
