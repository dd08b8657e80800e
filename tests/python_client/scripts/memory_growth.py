"""Many requests through one client: its memory does not grow."""
import argparse
import gc
import importlib
import pathlib

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-i", "--protocol", choices=["http", "grpc"], default="http")
parser.add_argument("-u", "--url", default="localhost:8000")
parser.add_argument("-r", "--repetitions", type=int, default=600)
flags = parser.parse_args()
client = importlib.import_module(f"tritonclient.{flags.protocol}")

array = np.arange(50_000, dtype=np.float32).reshape(1, -1)
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    sizes = []
    for _ in range(3):  # the first third warms up
        for _ in range(flags.repetitions // 3):
            tensor = client.InferInput("INPUT0", array.shape, "FP32")
            tensor.set_data_from_numpy(array)
            assert server.infer("identity", [tensor]).as_numpy("OUTPUT0")[0, -1] == 49_999
        gc.collect()
        sizes.append(int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4)
print(f"resident: {sizes} KB after each third")
assert sizes[2] - sizes[0] < 8_000, "200 KB for each of 400 requests would be 80 MB"
print("PASS: memory_growth")
