"""Engines for the library that stands in for TensorRT's: text, as tests/tensorrt/fake_engine.h tells.

    engine("input x FP32 -1,3", "output y FP32 -1,3 add x x", "profile 0 x 1,3 4,3 8,3")
"""
from support.server import BUILD

LIBRARY = BUILD / "fake_nvinfer" / "libnvinfer.so.11"


def engine(*lines):
    return "\n".join(("fake-engine", *lines, "")).encode()


# In batches from 1 to 8.
DOUBLE = engine("input x FP32 -1,3", "output y FP32 -1,3 add x x", "profile 0 x 1,3 4,3 8,3")
