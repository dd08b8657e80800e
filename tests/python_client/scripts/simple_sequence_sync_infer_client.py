"""Two sequences by turns, one with a number for its id and one with a text; "simple_sequence" keeps a running sum of each."""
import argparse
import importlib
import os

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-i", "--protocol", choices=["http", "grpc"], default="http")
parser.add_argument("-u", "--url", default="localhost:8000")
flags = parser.parse_args()
client = importlib.import_module(f"tritonclient.{flags.protocol}")

values = [11, 7, 5, 3, 2, 0, 1]
sums = {os.getpid(): [], f"sequence {os.getpid()} of {flags.protocol}": []}
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    for i, value in enumerate(values):
        for sign, (sequence, so_far) in zip((1, -1), sums.items()):
            tensor = client.InferInput("INPUT", [1, 1], "INT32")
            tensor.set_data_from_numpy(np.array([[sign * value]], np.int32))
            result = server.infer("simple_sequence", [tensor], sequence_id=sequence, sequence_start=i == 0,
                                  sequence_end=i == len(values) - 1)
            so_far.append(int(result.as_numpy("OUTPUT")[0, 0]))
assert list(sums.values()) == [[11, 18, 23, 26, 28, 28, 29], [-11, -18, -23, -26, -28, -28, -29]], sums
print("PASS: simple_sequence_sync_infer_client")
