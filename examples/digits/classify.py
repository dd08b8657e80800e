#!/usr/bin/env python3
"""Asks a running server for the held-out digits and prints how many it gets right.

    classify.py <held_out.npz> [host:port]
"""
import sys

import numpy as np
import tritonclient.http as httpclient

ROWS = 16  # images a request


def main(held_out, url="localhost:8000"):
    data = np.load(held_out)
    pixels, digits = data["pixels"], data["digits"]
    with httpclient.InferenceServerClient(url) as client:
        predicted = []
        for start in range(0, len(pixels), ROWS):
            rows = pixels[start:start + ROWS]
            tensor = httpclient.InferInput("pixels", rows.shape, "FP32")
            tensor.set_data_from_numpy(rows)
            scores = client.infer("digits", [tensor]).as_numpy("scores")
            predicted += list(scores.argmax(axis=1))
        # The same question in words: the three best labels of one image.
        tensor = httpclient.InferInput("pixels", (1, 64), "FP32")
        tensor.set_data_from_numpy(pixels[:1])
        best = client.infer("digits", [tensor], outputs=[httpclient.InferRequestedOutput("scores", class_count=3)])
    accuracy = float(np.mean(np.array(predicted) == digits))
    words = ", ".join(x.decode() if isinstance(x, bytes) else x for x in best.as_numpy("scores").ravel())
    print(f"first image is a {digits[0]}; the server says: {words}")
    print(f"accuracy on {len(digits)} held-out images, as answered by the server: {accuracy:.4f}")
    return 0 if accuracy >= 0.95 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
