"""Several requests at the same time."""
import argparse
import queue

import numpy as np
import tritonclient.grpc as client

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8001")
flags = parser.parse_args()

array = np.arange(16, dtype=np.float32).reshape(1, 16)
tensor = client.InferInput("INPUT0", [1, 16], "FP32")
tensor.set_data_from_numpy(array)
answers = queue.Queue()
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    for _ in range(8):
        server.async_infer("identity", [tensor], lambda result, error: answers.put((result, error)))
    for _ in range(8):
        result, error = answers.get(timeout=30)
        assert error is None and np.array_equal(result.as_numpy("OUTPUT0"), array)
print("PASS: simple_grpc_async_infer_client")
