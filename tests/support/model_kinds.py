"""One model of each kind that `neso serve` takes, what the command line says of it, and what it answers.

    laid = KINDS["torchscript"].lay_out(folder)
    laid.what, laid.options                   # neso serve WHAT OPTIONS
"""
import dataclasses
import pathlib
import shutil

import numpy as np

from . import dali_models, openvino_models, tf_models, torch_models, tree_models
from .onnx_models import model, node

ROWS = 3


@dataclasses.dataclass
class Laid:
    what: object  # the path, or the package
    file: pathlib.Path  # that is written over
    question: dict  # arrays by name
    answer: list  # arrays, one for each output in its order
    options: tuple = ()
    name: str = "net"
    env: dict = dataclasses.field(default_factory=dict)
    tolerance: float = 1e-4


@dataclasses.dataclass
class Kind:
    lay_out: object  # (folder) -> Laid
    backend: str = ""  # the optional one that it needs


def plus(number):
    """y = x + number, of two"""
    return model([node("Add", "x number", "y")], {"x": ("FLOAT", [2])}, {"y": ("FLOAT", [2])}, {"number": np.float32([number])})


def plus_one(what, file, content=None, **more):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(plus(1) if content is None else content)
    return Laid(what, file, {"x": np.float32([1, 2])}, [np.float32([2, 3])], **more)


def python_file(answer, before=""):
    """A model.py: y = `answer`, an expression of x, of two. `before`: lines that come first."""
    return f"""
{before}
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.add_input({{"name": "x", "data_type": "TYPE_FP32", "dims": [2]}})
        config.add_output({{"name": "y", "data_type": "TYPE_FP32", "dims": [2]}})
        return config

    def execute(self, requests):
        given = [pb_utils.get_input_tensor_by_name(request, "x").as_numpy() for request in requests]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("y", {answer})]) for x in given]
"""


def model_py(folder):
    return plus_one(folder / "model.py", folder / "model.py", python_file("x + 1").encode(), options=("--name", "net"))


def bare_folder(folder):
    laid = plus_one(folder / "net", folder / "net" / "weights_17.onnx")
    (folder / "net" / "README.md").write_text("What the model is for.\n")
    return laid


def package(folder):
    laid = plus_one("acme_net", folder / "acme_net" / "data" / "net.onnx", name="acme_net", env={"PYTHONPATH": str(folder)})
    (folder / "acme_net" / "__init__.py").write_text("raise RuntimeError('nobody imports it')\n")
    return laid


def tensors(**declared):
    """Options --input or --output of them: tensors(input=..., output=...)"""
    return tuple(word for kind, text in declared.items() for word in (f"--{kind}", text))


def copied(source, folder, name):
    return pathlib.Path(shutil.copy(source, folder / name))


def digits(source, folder, name, input, question, options=()):
    file = copied(source / name.replace("net", "digits"), folder, name)
    known = np.load(source / "digits.npz")
    return Laid(file, file, {input: known[question][:ROWS]}, [known["scores"][:ROWS]], options)


def torchscript(folder):
    return digits(torch_models.made_by(torch_models.MODELS), folder, "net.pt", "image", "images",
                  tensors(input="image=FP32[-1,1,8,8]", output="scores=FP32[-1,10]"))


def aot_inductor(folder):
    return digits(torch_models.made_by(torch_models.PACKAGES), folder, "net.pt2", "ARGS[0]", "images",
                  tensors(input="ARGS[0]=FP32[-1,1,8,8]", output="RESULT=FP32[-1,10]"))


def openvino(folder):
    source = openvino_models.made_by(openvino_models.MODELS)
    copied(source / "digits.bin", folder, "net.bin")
    return dataclasses.replace(digits(source, folder, "net.xml", "pixels", "pixels"), tolerance=openvino_models.TOLERANCE)


def saved_model(folder):
    source = tf_models.folder()
    shutil.copytree(source / "digits.savedmodel", folder / "net")
    known = np.load(source / "digits.npz")
    return Laid(folder / "net", folder / "net" / "saved_model.pb", {"image": known["images"][:ROWS]},
                [known["scores"][:ROWS]])


def graph_def(folder):
    output = str(np.load(tf_models.folder() / "digits.npz")["output"])
    return digits(tf_models.folder(), folder, "net.graphdef", "image", "images",
                  tensors(input="image=FP32[-1,8,8,1]", output=f"{output}=FP32[-1,10]"))


def trees(name, file):
    """Of the breast cancer data: one probability a row."""
    def lay_out(folder):
        source = tree_models.folder_of(name)
        path = copied(source / f"{name}.model", folder, file)
        known = np.load(source / f"{name}.npz")
        features, width = known["rows"].shape[1], known["scores"].shape[1]
        return Laid(path, path, {"input__0": known["rows"][:ROWS]}, [known["scores"][:ROWS]],
                    tensors(input=f"input__0=FP32[-1,{features}]", output=f"output__0=FP32[-1,{width}]"))
    return lay_out


def dali(folder):
    file = folder / "net.dali"
    file.write_bytes(dali_models.pipeline("add_sub"))
    left, right = np.float32([[1, 2, 3]]), np.float32([[10, 20, 30]])
    return Laid(file, file, {"LEFT": left, "RIGHT": right}, [left + right, left - right])


KINDS = {
    "onnx": Kind(lambda folder: plus_one(folder / "net.bin", folder / "net.bin")),  # its name says nothing
    "model.py": Kind(model_py),
    "bare-folder": Kind(bare_folder),
    "model-folder": Kind(lambda folder: plus_one(folder / "net", folder / "net" / "1" / "model.onnx")),
    "repository": Kind(lambda folder: plus_one(folder, folder / "net" / "1" / "model.onnx")),
    "package": Kind(package),
    "torchscript": Kind(torchscript, "pytorch"),
    "aot-inductor": Kind(aot_inductor, "pytorch"),
    "saved-model": Kind(saved_model, "tensorflow"),
    "graph-def": Kind(graph_def, "tensorflow"),
    "openvino": Kind(openvino, "openvino"),
    "xgboost-json": Kind(trees("xgb_cancer", "net.json"), "fil"),
    "xgboost-ubj": Kind(trees("xgb_cancer_ubj", "net.ubj"), "fil"),
    "lightgbm": Kind(trees("lgb_cancer", "net.txt"), "fil"),
    "treelite": Kind(trees("skl_cancer_forest", "net.tl"), "fil"),
    "dali": Kind(dali, "dali"),
}
