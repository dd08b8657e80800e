"""Classifies pictures as one batch, with a model that takes them as FP32 [3, height, width]."""
import argparse
import importlib

import numpy as np
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-i", "--protocol", choices=["http", "grpc"], default="http")
parser.add_argument("-u", "--url", default="localhost:8000")
parser.add_argument("-m", "--model-name", required=True)
parser.add_argument("-c", "--classes", type=int, default=1)
parser.add_argument("-s", "--scaling", choices=["NONE", "INCEPTION", "VGG"], default="NONE")
parser.add_argument("-a", "--async", dest="is_async", action="store_true")
parser.add_argument("--streaming", action="store_true")
parser.add_argument("pictures", nargs="+")
flags = parser.parse_args()
client = importlib.import_module(f"tritonclient.{flags.protocol}")
SCALED = {"NONE": lambda pixels: pixels, "INCEPTION": lambda pixels: pixels / 127.5 - 1,
          "VGG": lambda pixels: pixels - np.array([123, 117, 104])[:, None, None]}


def read(path, height, width):
    pixels = np.asarray(Image.open(path).convert("RGB").resize((width, height)), np.float32).transpose(2, 0, 1)
    return SCALED[flags.scaling](pixels).astype(np.float32)


with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    as_json = {} if flags.protocol == "http" else {"as_json": True}
    told = server.get_model_metadata(flags.model_name, **as_json)
    _, channels, height, width = map(int, told["inputs"][0]["shape"])
    assert channels == 3
    batch = np.stack([read(path, height, width) for path in flags.pictures])
    tensor = client.InferInput(told["inputs"][0]["name"], batch.shape, "FP32")
    tensor.set_data_from_numpy(batch)
    output = client.InferRequestedOutput(told["outputs"][0]["name"], class_count=flags.classes)
    if flags.streaming:
        answers = importlib.import_module("queue").Queue()
        server.start_stream(lambda result, error: answers.put((result, error)))
        server.async_stream_infer(flags.model_name, [tensor], outputs=[output])
        result, error = answers.get(timeout=30)
        assert error is None, error
        server.stop_stream()
    elif flags.is_async and flags.protocol == "http":
        result = server.async_infer(flags.model_name, [tensor], outputs=[output]).get_result()
    else:
        result = server.infer(flags.model_name, [tensor], outputs=[output])
for path, found in zip(flags.pictures, result.as_numpy(output.name())):
    for text in found.reshape(-1):
        score, index, label = text.decode().split(":")
        print(f"{path}: {float(score):.6f} ({index}) = {label}")
print("PASS: image_client")
