"""Two sequences by turns in one stream; "simple_sequence" keeps a running sum of each."""
import argparse
import os
import queue

import numpy as np
import tritonclient.grpc as client

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8001")
flags = parser.parse_args()

values = [11, 7, 5, 3, 2, 0, 1]
sequences = {"up": (os.getpid(), 1), "down": (f"down {os.getpid()}", -1)}
answers = queue.Queue()
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    server.start_stream(lambda result, error: answers.put((result, error)))
    for i, value in enumerate(values):
        for name, (sequence, sign) in sequences.items():
            tensor = client.InferInput("INPUT", [1, 1], "INT32")
            tensor.set_data_from_numpy(np.array([[sign * value]], np.int32))
            server.async_stream_infer("simple_sequence", [tensor], request_id=f"{name} {i}", sequence_id=sequence,
                                      sequence_start=i == 0, sequence_end=i == len(values) - 1)
    sums = {}
    for _ in range(2 * len(values)):
        result, error = answers.get(timeout=30)
        assert error is None, error
        sums[result.get_response().id] = int(result.as_numpy("OUTPUT")[0, 0])
    server.stop_stream()
expected = [11, 18, 23, 26, 28, 28, 29]
assert sums == {f"{name} {i}": sign * total for name, (_, sign) in sequences.items() for i, total in enumerate(expected)}, sums
print("PASS: simple_grpc_sequence_stream_infer_client")
