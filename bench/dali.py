#!/usr/bin/env python3
"""The DALI backend beside DALI's own loop, which feeds the same pipeline in Python: see beside_loop.py.

    bench/dali.py               medians of 5 rounds of 2 s each, in turns
    bench/dali.py --rounds 9
"""
from beside_loop import compare
from support.dali_models import MODELS, PYTHON, config, made_by, pipeline

DEFINE_CALL = """
import sys, numpy as np
from nvidia.dali.pipeline import Pipeline
made = Pipeline.deserialize(filename=sys.argv[1], prefetch_queue_depth=1)
made.build()
image = np.zeros([int(sys.argv[2]), 64, 64, 3], np.float32)
def call():
    made.feed_input("x", image)
    made.run()[0].as_array()
"""

if __name__ == "__main__":
    compare(__doc__, DEFINE_CALL, PYTHON, made_by(MODELS) / "blur.dali", (64, 64, 3), config(),
            {"model.dali": pipeline("blur")})
