"""Tensors in the system's shared memory."""
import argparse
import os

import numpy as np
import tritonclient.http as client
import tritonclient.utils.shared_memory as shm

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8000")
flags = parser.parse_args()

array = np.arange(16, dtype=np.float32).reshape(1, 16)
tensor = client.InferInput("INPUT0", [1, 16], "FP32")
region = shm.create_shared_memory_region("tensors", f"/{os.path.basename(__file__)}_{os.getpid()}", 2 * array.nbytes)
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    try:
        shm.set_shared_memory_region(region, [array])
        server.unregister_system_shared_memory()
        server.register_system_shared_memory("tensors", region._shm_key, 2 * array.nbytes)
        tensor.set_shared_memory("tensors", array.nbytes)
        output = client.InferRequestedOutput("OUTPUT0")
        output.set_shared_memory("tensors", array.nbytes, offset=array.nbytes)
        server.infer("identity", [tensor], outputs=[output])
        assert np.array_equal(shm.get_contents_as_numpy(region, np.float32, [1, 16], array.nbytes), array)
        server.unregister_system_shared_memory("tensors")
    finally:
        shm.destroy_shared_memory_region(region)
print("PASS: simple_http_shm_client")
