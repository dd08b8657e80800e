"""One request, and what a server that does not know the model says."""
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
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    result = server.infer("identity", [tensor], outputs=[client.InferRequestedOutput("OUTPUT0")], request_id="1")
    assert np.array_equal(result.as_numpy("OUTPUT0"), array)
    assert result.as_numpy("OTHER") is None
    try:
        server.infer("nobody", [tensor])
    except client.InferenceServerException as error:
        assert "unknown model" in error.message()
    else:
        raise SystemExit("expected an error")
print("PASS: simple_http_infer_client")
