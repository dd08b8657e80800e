#!/usr/bin/env python3
"""What reloads do to memory over time: a model is loaded, asked once and unloaded, again and again, in explicit mode.

    bench/reloads.py                       500 cycles each of identity, of a Python model, and of models with 16 MiB of weights: ONNX, and PyTorch,
                                           TensorFlow and OpenVINO where their backends are built; and of trees, 650 KB, likewise
    bench/reloads.py openvino --cycles 2000

Prints the resident memory of the server while the model is loaded and after it has gone, at steps.
"""
import argparse
import json
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from support import dali_models, onnx_models, openvino_models, tf_models, torch_models, tree_models  # noqa: E402
from support.optional_backends import is_built  # noqa: E402
from support.python_models import IDENTITY, PythonModels, python_on_path  # noqa: E402
from support.repository import ModelRepository  # noqa: E402
from support.server import Server, settled  # noqa: E402

STEPS = (1, 2, 10, 50, 100, 250, 500, 1000, 2000, 5000)
WEIGHTS = {"inputs": 1024, "hidden": 2048, "outputs": 1024}  # 4 M numbers, 16 MiB


def make_repository(folder):
    repository = ModelRepository(folder)
    repository.add_identity("identity", dims=(4,))
    repository.add("onnx", 'backend: "onnxruntime"', files={"model.onnx": onnx_models.mlp(**WEIGHTS)})
    PythonModels(repository).add("python", IDENTITY, {"IN": ("TYPE_FP32", [4])}, {"OUT": ("TYPE_FP32", [4])}, max_batch_size=8)
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
        repository.add("trees", tree_models.config("xgboost_ubj", 64, 10), files={"xgboost.ubj": file.read_bytes()})
    if is_built("openvino"):
        tensor = ("TYPE_FP32", [1024])
        repository.add("openvino", openvino_models.config({"x": tensor}, {"y": tensor}, 1), files=openvino_models.ir("heavy"))
    return repository


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


def resident(server):
    """In MiB, once it has stopped changing: memory goes back on a thread of its own."""
    time.sleep(0.2)
    return settled(server.rss_kib, lambda kib: kib // 256) / 1024


def control(server, model, action):
    answer = server.post(f"/v2/repository/models/{model}/{action}")
    assert answer.status_code == 200, answer.text


def unload(server, model):
    control(server, model, "unload")
    while any(entry.get("state") in ("READY", "UNLOADING") for entry in server.post("/v2/repository/index").json()
              if entry["name"] == model):
        time.sleep(0.002)


def measure(repository, model, cycles):
    server = Server(repository.path, "--model-control-mode=explicit", env=python_on_path()).start()
    try:
        print(f"{model}: {resident(server):.1f} MiB before the first load", flush=True)
        print("| cycle | loaded, MiB | unloaded, MiB | ms a cycle |")
        print("|---|---|---|---|")
        spent, last = 0.0, 0
        for cycle in range(1, cycles + 1):
            began = time.monotonic()
            control(server, model, "load")
            ask(server, model)
            spent += time.monotonic() - began
            shown = cycle in STEPS or cycle == cycles
            loaded = resident(server) if shown else None
            began = time.monotonic()
            unload(server, model)
            spent += time.monotonic() - began
            if shown:
                print(f"| {cycle} | {loaded:.1f} | {resident(server):.1f} | {spent / (cycle - last) * 1000:.0f} |", flush=True)
                spent, last = 0.0, cycle
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="those; none: all")
    parser.add_argument("--cycles", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        repository = make_repository(pathlib.Path(folder) / "models")
        for model in options.models or sorted(model.name for model in repository.path.iterdir()):
            measure(repository, model, options.cycles)


if __name__ == "__main__":
    main()
