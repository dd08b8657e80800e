"""Makes models in XGBoost's binary format, with the last version that writes it: make_old_models.py <folder>. See make_models.py."""
import pathlib
import sys

import numpy as np
import xgboost
from sklearn import datasets

FOLDER = pathlib.Path(sys.argv[1])
ROWS = 200


def xgb(name, load, rounds=20, **settings):
    rows, labels = load(return_X_y=True)
    rows = rows.astype(np.float32)
    booster = xgboost.train({"max_depth": 5, "nthread": 1, "seed": 1, **settings}, xgboost.DMatrix(rows, labels), rounds)
    (FOLDER / f"{name}.model").write_bytes(booster.save_raw("deprecated"))
    some = xgboost.DMatrix(rows[:ROWS])
    scores = np.asarray(booster.predict(some), np.float64).reshape(ROWS, -1)
    shap = booster.predict(some, pred_contribs=True).reshape(ROWS, -1, rows.shape[1] + 1)
    np.savez(FOLDER / f"{name}.npz", rows=rows[:ROWS], scores=scores, shap=shap)


if __name__ == "__main__":
    xgb("old_cancer", datasets.load_breast_cancer, objective="binary:logistic")
    xgb("old_diabetes", datasets.load_diabetes)
    xgb("old_digits", datasets.load_digits, rounds=10, objective="multi:softprob", num_class=10)
