"""Several requests at the same time."""
import argparse

import numpy as np
import tritonclient.http as client

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8000")
flags = parser.parse_args()

array = np.arange(16, dtype=np.float32).reshape(1, 16)
tensor = client.InferInput("INPUT0", [1, 16], "FP32")
tensor.set_data_from_numpy(array)
with client.InferenceServerClient(flags.url, verbose=flags.verbose, concurrency=4) as server:
    requests = [server.async_infer("identity", [tensor]) for _ in range(8)]
    for request in requests:
        assert np.array_equal(request.get_result().as_numpy("OUTPUT0"), array)
print("PASS: simple_http_async_infer_client")
