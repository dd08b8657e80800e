"""Makes the models of these tests, in a process of its own: make_models.py <folder>.

<name>.model holds the model, <name>.npz rows of float32 and what its own library says of them: `scores`, and where it has them
`shap`, [rows, classes, features + 1].
"""
import pathlib
import sys

import lightgbm
import numpy as np
import treelite
import xgboost
from sklearn import datasets, ensemble

FOLDER = pathlib.Path(sys.argv[1])
ROWS = 200


def data(load):
    rows, labels = load(return_X_y=True)
    return rows.astype(np.float32), labels


CANCER, DIABETES, DIGITS = data(datasets.load_breast_cancer), data(datasets.load_diabetes), data(datasets.load_digits)


def with_categories(rows):
    """The first three columns as the tenths that their values fall into, which say more than their order does."""
    made = rows.copy()
    for i in range(3):
        tenths = np.searchsorted(np.quantile(rows[:, i], np.arange(0.1, 1, 0.1)), rows[:, i])
        made[:, i] = (tenths * 7) % 10
    return made


def with_holes(rows):
    made = rows.copy()
    made[np.random.default_rng(5).random(made.shape) < 0.2] = np.nan
    return made


def keep(name, rows, scores, shap=None):
    arrays = {"rows": rows[:ROWS], "scores": np.asarray(scores, np.float64).reshape(len(rows[:ROWS]), -1)}
    if shap is not None:
        arrays["shap"] = np.asarray(shap, np.float64).reshape(len(rows[:ROWS]), -1, rows.shape[1] + 1)
    np.savez(FOLDER / f"{name}.npz", **arrays)


def xgb(name, rows, labels, rounds=20, suffix="json", types=None, explained=True, **settings):
    matrix = xgboost.DMatrix(rows, labels, feature_types=types, enable_categorical=types is not None)
    booster = xgboost.train({"max_depth": 5, "nthread": 1, "seed": 1, **settings}, matrix, rounds)
    booster.save_model(FOLDER / f"{name}.{suffix}")
    (FOLDER / f"{name}.{suffix}").rename(FOLDER / f"{name}.model")
    some = xgboost.DMatrix(rows[:ROWS], feature_types=types, enable_categorical=types is not None)
    keep(name, rows, booster.predict(some), booster.predict(some, pred_contribs=True) if explained else None)


def lgb(name, rows, labels, rounds=20, categories=(), explained=True, **settings):
    settings = {"verbose": -1, "num_threads": 1, "num_leaves": 15, "seed": 1, "min_data_per_group": 5, **settings}
    booster = lightgbm.train(settings, lightgbm.Dataset(rows, labels, categorical_feature=list(categories)), rounds)
    (FOLDER / f"{name}.model").write_text(booster.model_to_string())
    keep(name, rows, booster.predict(rows[:ROWS]), booster.predict(rows[:ROWS], pred_contrib=True) if explained else None)


def sklearn(name, rows, labels, model, scores):
    """`scores`: the name of the method that gives them."""
    model.fit(rows, labels)
    treelite.sklearn.import_model(model).serialize(FOLDER / f"{name}.model")
    said = getattr(model, scores)(rows[:ROWS])
    one_probability = scores == "predict_proba" and said.shape[1] == 2 and "forest" not in name
    keep(name, rows, said[:, 1] if one_probability else said)


def make_xgboost():
    types = ["c"] * 3 + ["q"] * 7
    xgb("xgb_cancer", *CANCER, objective="binary:logistic")
    xgb("xgb_cancer_ubj", *CANCER, suffix="ubj", objective="binary:logistic")
    xgb("xgb_diabetes", *DIABETES)
    xgb("xgb_poisson", *DIABETES, objective="count:poisson")
    xgb("xgb_dart", *DIABETES, booster="dart", rate_drop=0.3, explained=False)
    xgb("xgb_forest", *DIABETES, num_parallel_tree=5, subsample=0.7)
    xgb("xgb_digits", *DIGITS, rounds=10, objective="multi:softprob", num_class=10)
    xgb("xgb_categories", with_categories(DIABETES[0]), DIABETES[1], types=types, max_cat_to_onehot=4)
    xgb("xgb_holes", with_holes(CANCER[0]), CANCER[1], objective="binary:logistic")
    xgb("xgb_large", *DIGITS, rounds=60, suffix="ubj", objective="multi:softprob", num_class=10, explained=False)
    two = np.stack([DIABETES[1], -DIABETES[1]], axis=1)
    booster = xgboost.train({"max_depth": 3}, xgboost.DMatrix(DIABETES[0], two), 3)
    booster.save_model(FOLDER / "xgb_targets.json")
    (FOLDER / "xgb_targets.json").rename(FOLDER / "xgb_targets.model")


def make_lightgbm():
    lgb("lgb_cancer", *CANCER, objective="binary")
    lgb("lgb_diabetes", *DIABETES, objective="regression")
    lgb("lgb_poisson", *DIABETES, objective="poisson")
    lgb("lgb_digits", *DIGITS, rounds=10, objective="multiclass", num_class=10)
    lgb("lgb_one_against_all", *DIGITS, rounds=10, objective="multiclassova", num_class=10)
    lgb("lgb_categories", with_categories(DIABETES[0]), DIABETES[1], categories=(0, 1, 2), objective="regression")
    lgb("lgb_holes", with_holes(CANCER[0]), CANCER[1], objective="binary")
    for option in ("zero_as_missing", "linear_tree"):
        lgb(f"lgb_{option}", *DIABETES, rounds=2, explained=False, **{option: True})
    lgb("lgb_forest", *CANCER, objective="binary", boosting="rf", bagging_freq=1, bagging_fraction=0.7, explained=False)


def make_sklearn():
    seed = {"random_state": 1}
    sklearn("skl_cancer_forest", *CANCER, ensemble.RandomForestClassifier(30, **seed), "predict_proba")
    sklearn("skl_cancer_boosting", *CANCER, ensemble.GradientBoostingClassifier(n_estimators=20, random_state=1), "predict_proba")
    sklearn("skl_cancer_histogram", *CANCER, ensemble.HistGradientBoostingClassifier(max_iter=20), "predict_proba")
    sklearn("skl_holes", with_holes(CANCER[0]), CANCER[1], ensemble.HistGradientBoostingClassifier(max_iter=20), "predict_proba")
    sklearn("skl_diabetes_forest", *DIABETES, ensemble.RandomForestRegressor(30, **seed), "predict")
    sklearn("skl_diabetes_extra", *DIABETES, ensemble.ExtraTreesRegressor(30, **seed), "predict")
    sklearn("skl_diabetes_boosting", *DIABETES, ensemble.GradientBoostingRegressor(n_estimators=20, random_state=1), "predict")
    sklearn("skl_digits_forest", *DIGITS, ensemble.RandomForestClassifier(30, max_depth=12, **seed), "predict_proba")
    sklearn("skl_digits_boosting", *DIGITS, ensemble.GradientBoostingClassifier(n_estimators=5, random_state=1), "predict_proba")
    sklearn("skl_categories", with_categories(DIABETES[0]), DIABETES[1],
            ensemble.HistGradientBoostingRegressor(max_iter=20, categorical_features=[0, 1, 2]), "predict")


if __name__ == "__main__":
    make_xgboost()
    make_lightgbm()
    make_sklearn()
