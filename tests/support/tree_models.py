"""Tree models, made by their own libraries in a process of its own, and their configurations."""
from support import made_models
from support.optional_backends import python_of
from support.repository import declared, parameters
from support.server import ROOT

PYTHON = python_of("fil")
MODELS = ROOT / "tests/fil/make_models.py"
OLD_MODELS = ROOT / "tests/fil/make_old_models.py"
FILES = {"xgboost": "xgboost.model", "xgboost_json": "xgboost.json", "xgboost_ubj": "xgboost.ubj", "lightgbm": "model.txt",
         "treelite_checkpoint": "checkpoint.tl"}


def made_by(script):
    def run(*args):
        made_models.run_with(*args, OMP_NUM_THREADS="1")

    return made_models.made_by(script, PYTHON.with_name("old_xgboost") if script == OLD_MODELS else PYTHON, run)


def folder_of(name):
    """Where the model <name>.model is."""
    return made_by(OLD_MODELS if name.startswith("old") else MODELS)


def format_of(name):
    """The model_type of such a model."""
    if name.startswith("xgb"):
        return "xgboost_ubj" if name.endswith(("_ubj", "_large")) else "xgboost_json"
    return {"lgb": "lightgbm", "skl": "treelite_checkpoint", "old": "xgboost"}[name[:3]]


def config(format, features, width, extra="", max_batch_size=512, shap=None, **more):
    """`more`: parameters beside model_type and is_classifier (false), or instead of them; None for none."""
    settings = {"model_type": format, "is_classifier": "false"} | more
    outputs = {"output__0": ("TYPE_FP32", [width])} | ({"treeshap_output": ("TYPE_FP32", [shap])} if shap else {})
    return "\n".join(['backend: "fil"', f"max_batch_size: {max_batch_size}",
                      declared({"input__0": ("TYPE_FP32", [features])}, outputs),
                      parameters(**{key: value for key, value in settings.items() if value is not None}), extra])
