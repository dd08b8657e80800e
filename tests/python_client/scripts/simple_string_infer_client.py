"""Numbers as text: INPUT0 + INPUT1 and INPUT0 - INPUT1 of the model "simple_string"."""
import argparse
import importlib

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-i", "--protocol", choices=["http", "grpc"], default="http")
parser.add_argument("-u", "--url", default="localhost:8000")
flags = parser.parse_args()
client = importlib.import_module(f"tritonclient.{flags.protocol}")

numbers, ones = np.arange(16).reshape(1, 16), np.ones((1, 16), int)
tensors = []
# Elements may be texts, bytes, and whatever str() makes a text of.
for name, values in ("INPUT0", [str(number).encode() for number in range(16)]), ("INPUT1", ones.reshape(-1).tolist()):
    tensor = client.InferInput(name, [1, 16], "BYTES")
    tensor.set_data_from_numpy(np.array([values], dtype=np.object_))
    tensors.append(tensor)
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    result = server.infer("simple_string", tensors, outputs=[client.InferRequestedOutput(name) for name in ("OUTPUT0", "OUTPUT1")])
for name, expected in ("OUTPUT0", numbers + ones), ("OUTPUT1", numbers - ones):
    got = result.as_numpy(name)
    assert got.dtype == np.object_ and np.array_equal(got.astype(int), expected), got
print("PASS: simple_string_infer_client")
