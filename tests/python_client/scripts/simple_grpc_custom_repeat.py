"""One request, several responses: "repeat_int32" answers each value of IN by itself, and what is empty ends them."""
import argparse
import queue

import numpy as np
import tritonclient.grpc as client

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8001")
flags = parser.parse_args()

values = np.array([4, 8, 15, 16, 23, 42], np.int32)
given = {"IN": ("INT32", values), "DELAY": ("UINT32", np.full(6, 2, np.uint32)), "WAIT": ("UINT32", np.array([5], np.uint32))}
tensors = []
for name, (datatype, array) in given.items():
    tensors.append(client.InferInput(name, array.shape, datatype))
    tensors[-1].set_data_from_numpy(array)
answers, received = queue.Queue(), []
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    server.start_stream(lambda result, error: answers.put((result, error)))
    server.async_stream_infer("repeat_int32", tensors, request_id="7", enable_empty_final_response=True)
    while True:
        result, error = answers.get(timeout=30)
        assert error is None and result.get_response().id == "7", error
        if not result.get_response().outputs:
            assert result.get_response().parameters["triton_final_response"].bool_param
            break
        received.append(int(result.as_numpy("OUT")[0]))
    server.stop_stream()
assert received == values.tolist(), received
print("PASS: simple_grpc_custom_repeat")
