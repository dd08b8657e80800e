"""Values in the messages' typed fields instead of raw bytes: numbers of 32 bits, of 8 bits, and texts."""
import argparse

import grpc
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import deserialize_bytes_tensor

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8001")
flags = parser.parse_args()

numbers = list(range(16))
ASKED = [("simple", "INT32", "int_contents", numbers, [1] * 16, np.int32),
         ("pair_int8", "INT8", "int_contents", [number - 8 for number in numbers], [-1] * 16, np.int8),
         ("simple_string", "BYTES", "bytes_contents", [str(number).encode() for number in numbers], [b"1"] * 16, None)]
with grpc.insecure_channel(flags.url) as channel:
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    for model, datatype, field, first, second, dtype in ASKED:
        request = service_pb2.ModelInferRequest(model_name=model)
        for name, values in ("INPUT0", first), ("INPUT1", second):
            getattr(request.inputs.add(name=name, datatype=datatype, shape=[1, 16]).contents, field).extend(values)
        response = stub.ModelInfer(request)
        if flags.verbose:
            print(response)
        got = [(deserialize_bytes_tensor(raw).astype(int) if dtype is None else np.frombuffer(raw, dtype)).tolist()
               for raw in response.raw_output_contents]
        a, b = (np.array(values).astype(int) for values in (first, second))
        assert got == ([a.tolist(), b.tolist()] if model == "pair_int8" else [(a + b).tolist(), (a - b).tolist()]), got
        request.raw_input_contents.append(b"\0" * 64)  # one way or the other, not both
        try:
            stub.ModelInfer(request)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        else:
            raise SystemExit("expected an error for contents that are given twice")
print("PASS: grpc_explicit_content_client")
