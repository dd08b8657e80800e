"""Classifies pictures by the messages themselves, over a channel of grpcio."""
import argparse

import grpc
import numpy as np
from PIL import Image
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import deserialize_bytes_tensor

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-u", "--url", default="localhost:8001")
parser.add_argument("-m", "--model-name", required=True)
parser.add_argument("-c", "--classes", type=int, default=1)
parser.add_argument("pictures", nargs="+")
flags = parser.parse_args()

with grpc.insecure_channel(flags.url) as channel:
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    told = stub.ModelMetadata(service_pb2.ModelMetadataRequest(name=flags.model_name))
    _, channels, height, width = told.inputs[0].shape
    assert channels == 3
    batch = np.stack([np.asarray(Image.open(path).convert("RGB").resize((width, height)), np.float32).transpose(2, 0, 1)
                      for path in flags.pictures])
    request = service_pb2.ModelInferRequest(model_name=flags.model_name)
    request.inputs.add(name=told.inputs[0].name, datatype="FP32", shape=batch.shape)
    request.raw_input_contents.append(batch.tobytes())
    request.outputs.add(name=told.outputs[0].name).parameters["classification"].int64_param = flags.classes
    response = stub.ModelInfer(request)
if flags.verbose:
    print(response)
found = deserialize_bytes_tensor(response.raw_output_contents[0]).reshape(response.outputs[0].shape)
for path, texts in zip(flags.pictures, found):
    for text in texts.reshape(-1):
        score, index, label = text.decode().split(":")
        print(f"{path}: {float(score):.6f} ({index}) = {label}")
print("PASS: grpc_image_client")
