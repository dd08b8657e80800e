"""A model for each optional backend that is built and runs without a GPU, of the backend's name, and one question for any of them."""
import json

from . import dali_models, openvino_models, tf_models, torch_models, tree_models
from .optional_backends import is_built


def add_optional(repository):
    """Networks with 16 MiB of weights, trees of 650 KB, a pipeline that decodes photos."""
    if is_built("pytorch"):
        tensor = ("TYPE_FP32", [1024])
        repository.add("pytorch", torch_models.config({"x": tensor}, {"y": tensor}),
                       files={"model.pt": (torch_models.made_by(torch_models.MODELS) / "heavy.pt").read_bytes()})
    if is_built("tensorflow"):
        repository.add("tensorflow", None, files=tf_models.saved_model("heavy"))
    if is_built("dali"):
        repository.add("dali", dali_models.config(), files={"model.dali": dali_models.pipeline("classify")})
    if is_built("fil"):
        file = tree_models.folder_of("xgb_large") / "xgb_large.model"
        repository.add("fil", tree_models.config("xgboost_ubj", 64, 10), files={"xgboost.ubj": file.read_bytes()})
    if is_built("openvino"):
        tensor = ("TYPE_FP32", [1024])
        repository.add("openvino", openvino_models.config({"x": tensor}, {"y": tensor}, 1), files=openvino_models.ir("heavy"))


def ask(server, model):
    """One inference, of the form that the server itself proposes; DALI is asked to decode a photo."""
    metadata = server.get(f"/v2/models/{model}").json()["inputs"][0]
    shape = [max(1, size) for size in metadata["shape"]]
    values = [0.0] * shape[0] * shape[1]
    if model == "dali":
        values = list(dali_models.photo("china"))
        shape = [1, len(values)]
    answer = server.post(f"/v2/models/{model}/infer", json.dumps(
        {"inputs": [{"name": metadata["name"], "datatype": metadata["datatype"], "shape": shape, "data": values}]}))
    assert answer.status_code == 200, answer.text
