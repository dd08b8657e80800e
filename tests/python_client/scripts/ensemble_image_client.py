"""Sends pictures as they lie in their files to an ensemble, which decodes and classifies them."""
import argparse
import importlib
import pathlib

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-i", "--protocol", choices=["http", "grpc"], default="http")
parser.add_argument("-u", "--url", default="localhost:8000")
parser.add_argument("-c", "--classes", type=int, default=1)
parser.add_argument("pictures", nargs="+")
flags = parser.parse_args()
client = importlib.import_module(f"tritonclient.{flags.protocol}")

files = np.array([[pathlib.Path(path).read_bytes()] for path in flags.pictures], dtype=np.object_)
tensor = client.InferInput("INPUT", files.shape, "BYTES")
tensor.set_data_from_numpy(files)
output = client.InferRequestedOutput("OUTPUT", class_count=flags.classes)
with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    result = server.infer("preprocess_inception_ensemble", [tensor], outputs=[output])
for path, found in zip(flags.pictures, result.as_numpy("OUTPUT")):
    for text in found.reshape(-1):
        score, index, label = text.decode().split(":")
        print(f"{path}: {float(score):.6f} ({index}) = {label}")
print("PASS: ensemble_image_client")
