#!/usr/bin/env python3
"""The PyTorch backend beside PyTorch's own loop, which calls the module of TorchScript: see beside_loop.py.

    bench/pytorch.py                  medians of 5 rounds of 2 s each, in turns
    bench/pytorch.py --rounds 9
"""
from beside_loop import compare
from support.torch_models import MODELS, PYTHON, config, made_by

DEFINE_CALL = """
import sys, torch
model = torch.jit.load(sys.argv[1])
image = torch.zeros(int(sys.argv[2]), 3, 64, 64)
def call():
    with torch.inference_mode():
        model(image)
"""

if __name__ == "__main__":
    file = made_by(MODELS) / "convolutions.pt"
    compare(__doc__, DEFINE_CALL, PYTHON, file, (3, 64, 64), config({"x": ("TYPE_FP32", [3, 64, 64])}, {"y": ("TYPE_FP32", [32])}),
            {"model.pt": file.read_bytes()})
