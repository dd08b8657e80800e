"""Health, metadata, configuration, statistics."""
import argparse

import numpy as np
import tritonclient.http as client

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8000")
flags = parser.parse_args()

array = np.arange(16, dtype=np.float32).reshape(1, 16)
tensor = client.InferInput("INPUT0", [1, 16], "FP32")
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    assert server.is_server_live() and server.is_server_ready() and server.is_model_ready("identity")
    metadata = server.get_model_metadata("identity")
    assert metadata["name"] == "identity" and metadata["inputs"][0]["datatype"] == "FP32"
    assert server.get_server_metadata()["name"] == "triton"
    assert server.get_model_config("identity")
    assert server.get_inference_statistics("identity")["model_stats"][0]["name"] == "identity"
print("PASS: simple_http_health_metadata")
