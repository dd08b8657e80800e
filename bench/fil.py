#!/usr/bin/env python3
"""The FIL backend beside XGBoost's own loop, 600 trees of the digits on one thread each: see beside_loop.py.

    bench/fil.py                      medians of 5 rounds of 2 s each, in turns
    bench/fil.py --rounds 9
"""
import numpy as np
from beside_loop import compare
from support.tree_models import FILES, PYTHON, config, folder_of

MODEL = "xgb_large"
DEFINE_CALL = """
import sys, numpy as np, xgboost
booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(open(sys.argv[1], "rb").read()))
rows = np.resize(np.load(sys.argv[1].replace(".model", ".npz"))["rows"], (int(sys.argv[2]), 64))
def call():
    booster.inplace_predict(rows)
"""


def rows(shape, _):
    return np.resize(np.load(folder_of(MODEL) / f"{MODEL}.npz")["rows"], shape)


if __name__ == "__main__":
    file = folder_of(MODEL) / f"{MODEL}.model"
    shown = config("xgboost_ubj", 64, 10, max_batch_size=8192, cpu_nthread="1")
    compare(__doc__, DEFINE_CALL, PYTHON, str(file), (64,), shown, {FILES["xgboost_ubj"]: file.read_bytes()}, "input__0", rows,
            (1, 64, 4096))
