"""For each framework one model, and the framework's own loop of it: see frameworks.py."""
import dataclasses
import pathlib
import sys
import tempfile
from typing import Callable

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import numpy as np  # noqa: E402
from support import dali_models, onnx_models, openvino_models, optional_backends, tf_models, torch_models, tree_models  # noqa: E402
from support.repository import parameters  # noqa: E402

MADE = tempfile.TemporaryDirectory()  # models that no backend's tests keep; removed at the end

PYTORCH = """
import sys, torch
model = torch.jit.load(sys.argv[1])
image = torch.zeros(int(sys.argv[2]), 3, 64, 64)
def call():
    with torch.inference_mode():
        model(image)
"""
ONNXRUNTIME = """
import sys, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
image = numpy.zeros((int(sys.argv[2]), 3, 64, 64), numpy.float32)
def call():
    session.run(None, {"x": image})
"""
TENSORFLOW = """
import sys, tensorflow as tf
signature = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
image = tf.zeros([int(sys.argv[2]), 64, 64, 3])
def call():
    signature(x=image)["y"].numpy()
"""
OPENVINO = """
import sys, numpy, openvino
network = openvino.Core().read_model(sys.argv[1])
network.reshape([int(sys.argv[2]), 3, 64, 64])
request = openvino.compile_model(network, "CPU").create_infer_request()
image = numpy.zeros((int(sys.argv[2]), 3, 64, 64), numpy.float32)
def call():
    request.infer([image], share_inputs=True, share_outputs=True)
"""
DALI = """
import sys, numpy as np
from nvidia.dali.pipeline import Pipeline
made = Pipeline.deserialize(filename=sys.argv[1], prefetch_queue_depth=1)
made.build()
image = np.zeros([int(sys.argv[2]), 64, 64, 3], np.float32)
def call():
    made.feed_input("x", image)
    made.run()[0].as_array()
"""
XGBOOST = """
import sys, numpy as np, xgboost
booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(open(sys.argv[1], "rb").read()))
rows = np.resize(np.load(sys.argv[1].replace(".model", ".npz"))["rows"], (int(sys.argv[2]), 64))
def call():
    booster.inplace_predict(rows)
"""


@dataclasses.dataclass
class Case:
    backend: str
    loop: str  # defines call(); sys.argv is the model's file or folder and the batch
    file: pathlib.Path
    config: str
    files: dict  # of the version folder
    input: str
    rows: Callable  # batch -> array
    batches: tuple = (1, 8)

    @property
    def modules(self):
        return optional_backends.python_of(self.backend)


def zeros(*shape):
    return lambda batch: np.zeros((batch, *shape), np.float32)


def pytorch():
    file = torch_models.made_by(torch_models.MODELS) / "convolutions.pt"
    return Case("pytorch", PYTORCH, file, torch_models.config({"x": ("TYPE_FP32", [3, 64, 64])}, {"y": ("TYPE_FP32", [32])}),
                {"model.pt": file.read_bytes()}, "x", zeros(3, 64, 64))


# As the loop runs one batch at a time; the server would run two of an ONNX model at once.
ONE_INSTANCE = "instance_group { kind: KIND_CPU count: 1 }"


def onnxruntime():
    file = pathlib.Path(MADE.name) / "convolutions.onnx"
    file.write_bytes(onnx_models.convolutions())
    return Case("onnxruntime", ONNXRUNTIME, file, ONE_INSTANCE + ' backend: "onnxruntime" max_batch_size: 8',
                {"model.onnx": file.read_bytes()}, "x", zeros(3, 64, 64))


def tensorflow():
    return Case("tensorflow", TENSORFLOW, tf_models.folder() / "convolutions.savedmodel",
                tf_models.config({"x": ("TYPE_FP32", [64, 64, 3])}, {"y": ("TYPE_FP32", [32])}),
                tf_models.saved_model("convolutions"), "x", zeros(64, 64, 3))


def openvino():
    return Case("openvino", OPENVINO, openvino_models.made_by(openvino_models.MODELS) / "convolutions.xml",
                openvino_models.config({"x": ("TYPE_FP32", [3, 64, 64])}, {"y": ("TYPE_FP32", [32])}, 8,
                                       parameters(ENABLE_OPEN_BATCH="YES")),
                openvino_models.ir("convolutions"), "x", zeros(3, 64, 64))


def dali():
    """Blurs images."""
    return Case("dali", DALI, dali_models.made_by(dali_models.MODELS) / "blur.dali", dali_models.config(),
                {"model.dali": dali_models.pipeline("blur")}, "x", zeros(64, 64, 3))


def fil():
    """600 trees of the digits, on one thread each."""
    file = tree_models.folder_of("xgb_large") / "xgb_large.model"
    rows = np.load(file.with_suffix(".npz"))["rows"].astype(np.float32)
    return Case("fil", XGBOOST, file, tree_models.config("xgboost_ubj", 64, 10, max_batch_size=8192, cpu_nthread="1"),
                {tree_models.FILES["xgboost_ubj"]: file.read_bytes()}, "input__0", lambda batch: np.resize(rows, (batch, 64)),
                (1, 64, 4096))


CASES = {case.__name__: case for case in (onnxruntime, pytorch, tensorflow, openvino, dali, fil)}
