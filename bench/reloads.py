#!/usr/bin/env python3
"""What reloads do to memory over time: a model is loaded, asked once and unloaded, again and again, in explicit mode.

    bench/reloads.py                       500 cycles each of identity, of a Python model, and of models with 16 MiB of weights: ONNX, and PyTorch,
                                           TensorFlow and OpenVINO where their backends are built; and of trees, 650 KB, likewise
    bench/reloads.py openvino --cycles 2000

Prints the resident memory of the server while the model is loaded and after it has gone, at steps.
"""
import argparse
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from support import onnx_models  # noqa: E402
from support.one_of_each import add_optional, ask  # noqa: E402
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
    add_optional(repository)
    return repository


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
