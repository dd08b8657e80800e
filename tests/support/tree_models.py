"""Tree models, made by their own libraries in a process of its own, and their configurations."""
import hashlib
import os
import pathlib
import subprocess
import sys

from support.repository import tensor
from support.server import BUILD, ROOT, TREE

LIBRARIES = ROOT / ".deps/fil"
BUILT = (TREE / "backends/fil/libtriton_fil.so").exists() and LIBRARIES.exists()
FILES = {"xgboost": "xgboost.model", "xgboost_json": "xgboost.json", "xgboost_ubj": "xgboost.ubj", "lightgbm": "model.txt",
         "treelite_checkpoint": "checkpoint.tl"}


def made_by(script, libraries="python"):
    """The folder of what the script of tests/fil/ makes; made again when it has changed."""
    script = ROOT / "tests/fil" / script
    digest = hashlib.sha256(script.read_bytes() + (LIBRARIES / ".key").read_bytes()).hexdigest()[:12]
    folder = pathlib.Path(BUILD) / "test_models" / f"{script.stem}-{digest}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([sys.executable, "-W", "ignore", str(script), str(folder)], text=True, capture_output=True,
                              env=os.environ | {"PYTHONPATH": str(LIBRARIES / libraries), "OMP_NUM_THREADS": "1"})
        assert done.returncode == 0, done.stderr
        (folder / "complete").touch()
    return folder


def format_of(name):
    """The model_type of a model that tests/fil/make_models.py or make_old_models.py has made."""
    if name.startswith("xgb"):
        return "xgboost_ubj" if name.endswith(("_ubj", "_large")) else "xgboost_json"
    return {"lgb": "lightgbm", "skl": "treelite_checkpoint", "old": "xgboost"}[name[:3]]


def config(format, features, width, extra="", max_batch_size=512, shap=None, **parameters):
    """`parameters` may say more than model_type and is_classifier (false)."""
    parameters = {"model_type": format, "is_classifier": "false"} | parameters
    settings = "\n".join(f'parameters {{ key: "{key}" value: {{ string_value: "{value}" }} }}'
                         for key, value in parameters.items() if value is not None)
    outputs = [tensor("output__0", dims=[width])] + ([tensor("treeshap_output", dims=[shap])] if shap else [])
    return "\n".join(['backend: "fil"', f"max_batch_size: {max_batch_size}", f'input {tensor("input__0", dims=[features])}',
                      *(f"output {output}" for output in outputs), settings, extra])
