"""Tensors in the memory of a GPU, which the server reads and writes there."""
import argparse
import importlib

import numpy as np
import tritonclient.utils.cuda_shared_memory as cuda

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-i", "--protocol", choices=["http", "grpc"], default="http")
parser.add_argument("-u", "--url", default="localhost:8000")
flags = parser.parse_args()
client = importlib.import_module(f"tritonclient.{flags.protocol}")

array = np.arange(16, dtype=np.float32).reshape(1, 16)
regions = {name: cuda.create_shared_memory_region(name, array.nbytes, 0) for name in ("given", "made")}
cuda.set_shared_memory_region(regions["given"], [array])
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    server.unregister_cuda_shared_memory()
    for name, region in regions.items():
        server.register_cuda_shared_memory(name, cuda.get_raw_handle(region), 0, array.nbytes)
    tensor, output = client.InferInput("INPUT0", [1, 16], "FP32"), client.InferRequestedOutput("OUTPUT0")
    tensor.set_shared_memory("given", array.nbytes)
    output.set_shared_memory("made", array.nbytes)
    server.infer("identity", [tensor], outputs=[output])
    assert np.array_equal(cuda.get_contents_as_numpy(regions["made"], np.float32, [1, 16]), array)
    server.unregister_cuda_shared_memory()
for region in regions.values():
    cuda.destroy_shared_memory_region(region)
assert not cuda.allocated_shared_memory_regions()
print("PASS: simple_cudashm_client")
