#!/usr/bin/env python3
"""The TensorFlow backend beside TensorFlow's own loop, which calls the signature of the SavedModel: see beside_loop.py.

    bench/savedmodel.py               medians of 5 rounds of 2 s each, in turns
    bench/savedmodel.py --rounds 9
"""
from beside_loop import compare
from support.tf_models import PYTHON, config, folder, saved_model

DEFINE_CALL = """
import sys, tensorflow as tf
signature = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
image = tf.zeros([int(sys.argv[2]), 64, 64, 3])
def call():
    signature(x=image)["y"].numpy()
"""

if __name__ == "__main__":
    compare(__doc__, DEFINE_CALL, PYTHON, folder() / "convolutions.savedmodel", (64, 64, 3),
            config({"x": ("TYPE_FP32", [64, 64, 3])}, {"y": ("TYPE_FP32", [32])}), saved_model("convolutions"))
