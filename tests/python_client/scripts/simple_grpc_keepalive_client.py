"""Pings that keep a connection."""
import argparse

import numpy as np
import tritonclient.grpc as client

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8001")
flags = parser.parse_args()

array = np.arange(16, dtype=np.float32).reshape(1, 16)
tensor = client.InferInput("INPUT0", [1, 16], "FP32")
tensor.set_data_from_numpy(array)
options = client.KeepAliveOptions(keepalive_time_ms=10_000, keepalive_permit_without_calls=True)
with client.InferenceServerClient(flags.url, keepalive_options=options) as server:
    assert np.array_equal(server.infer("identity", [tensor]).as_numpy("OUTPUT0"), array)
print("PASS: simple_grpc_keepalive_client")
