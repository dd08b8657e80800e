"""A channel with arguments of one's own."""
import argparse

import numpy as np
import tritonclient.grpc as client

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8001")
flags = parser.parse_args()

arguments = [("grpc.max_send_message_length", client.MAX_GRPC_MESSAGE_SIZE), ("grpc.max_receive_message_length", client.MAX_GRPC_MESSAGE_SIZE),
             ("grpc.dns_min_time_between_resolutions_ms", 30_000)]
array = np.arange(16, dtype=np.int32).reshape(1, 16)
tensors = [client.InferInput(name, [1, 16], "INT32") for name in ("INPUT0", "INPUT1")]
for tensor in tensors:
    tensor.set_data_from_numpy(array)
with client.InferenceServerClient(flags.url, verbose=flags.verbose, channel_args=arguments) as server:
    assert np.array_equal(server.infer("simple", tensors).as_numpy("OUTPUT0"), 2 * array)
print("PASS: simple_grpc_custom_args_client")
