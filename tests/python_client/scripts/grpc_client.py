"""The messages themselves, over a channel of grpcio."""
import argparse

import grpc
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8001")
flags = parser.parse_args()

array = np.arange(16, dtype=np.int32).reshape(1, 16)
with grpc.insecure_channel(flags.url) as channel:
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    assert stub.ServerLive(service_pb2.ServerLiveRequest()).live
    assert stub.ServerReady(service_pb2.ServerReadyRequest()).ready
    assert stub.ModelReady(service_pb2.ModelReadyRequest(name="simple")).ready
    assert stub.ServerMetadata(service_pb2.ServerMetadataRequest()).name == "triton"
    assert stub.ModelMetadata(service_pb2.ModelMetadataRequest(name="simple")).inputs[0].datatype == "INT32"
    assert stub.ModelConfig(service_pb2.ModelConfigRequest(name="simple")).config.max_batch_size == 8

    request = service_pb2.ModelInferRequest(model_name="simple", id="my request")
    for name, values in ("INPUT0", array), ("INPUT1", np.ones_like(array)):
        request.inputs.add(name=name, datatype="INT32", shape=array.shape)
        request.raw_input_contents.append(values.tobytes())
    request.outputs.add(name="OUTPUT0")
    response = stub.ModelInfer(request)
    if flags.verbose:
        print(response)
    assert response.id == "my request" and [output.name for output in response.outputs] == ["OUTPUT0"]
    got = np.frombuffer(response.raw_output_contents[0], np.int32).reshape(response.outputs[0].shape)
    assert np.array_equal(got, array + 1)
print("PASS: grpc_client")
