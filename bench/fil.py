#!/usr/bin/env python3
"""The FIL backend beside the libraries of the models themselves: the same trees, the same batches, as many threads.

    bench/fil.py                  medians of 5 rounds of 2 s each, in turns
    bench/fil.py --rounds 9

The bare loop calls the library's predict in Python. The server is asked by two clients, through HTTP; its own statistics tell how long
a batch took in the model.
"""
import argparse
import concurrent.futures
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import numpy as np  # noqa: E402
import tritonclient.http as httpclient  # noqa: E402
from support.clients import inputs_of  # noqa: E402
from support.inference import statistics as model_statistics  # noqa: E402
from support.repository import ModelRepository  # noqa: E402
from support.server import Server  # noqa: E402
from support.tree_models import FILES, LIBRARIES, config, folder_of, format_of  # noqa: E402

LOOP = """
import sys, time, numpy as np
name, file, batch, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
rows = np.resize(np.load(file.replace(".model", ".npz"))["rows"], (batch, int(sys.argv[5])))
if name.startswith("xgb"):
    import xgboost
    predict = xgboost.Booster(model_file=bytearray(open(file, "rb").read())).inplace_predict
else:
    import lightgbm
    predict = lightgbm.Booster(model_file=file).predict
for _ in range(3):
    predict(rows)
began, calls = time.monotonic(), 0
while time.monotonic() - began < seconds:
    predict(rows)
    calls += 1
print(calls / (time.monotonic() - began))
"""


def bare(name, file, batch, features, seconds):
    """Calls a second."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", LOOP, name, file, str(batch), str(seconds), str(features)], text=True,
                          check=True, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(LIBRARIES / "python")})
    return float(done.stdout)


def ask_for(server, name, rows, seconds, clients):
    """Calls a second, and the seconds a batch took in the model."""
    inputs = inputs_of({"input__0": rows})

    def one_client(_):
        with httpclient.InferenceServerClient(server.http) as client:
            for _ in range(3):
                client.infer(name, inputs)
            began, calls = time.monotonic(), 0
            while time.monotonic() - began < seconds:
                client.infer(name, inputs)
                calls += 1
            return calls / (time.monotonic() - began)

    before = model_statistics(server, name)["inference_stats"]["compute_infer"]
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        rate = sum(pool.map(one_client, range(clients)))
    after = model_statistics(server, name)["inference_stats"]["compute_infer"]
    return rate, (after["ns"] - before["ns"]) / (after["count"] - before["count"]) / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    names = ("xgb_large", "lgb_digits")
    rows = np.load(folder_of(names[0]) / f"{names[0]}.npz")["rows"]
    features = rows.shape[1]
    with tempfile.TemporaryDirectory() as folder:
        repository = ModelRepository(pathlib.Path(folder) / "models")
        files = {name: folder_of(name) / f"{name}.model" for name in names}
        for name, file in files.items():
            shown = config(format_of(name), features, 10, max_batch_size=8192)
            repository.add(name, shown, files={FILES[format_of(name)]: file.read_bytes()})
        server = Server(repository.path).start()
        try:
            for name in names:
                for batch in (1, 64, 4096):
                    asked = np.resize(rows, (batch, features))
                    rounds = [(bare(name, str(files[name]), batch, features, options.seconds),
                               *ask_for(server, name, asked, options.seconds, 2),
                               ask_for(server, name, asked, options.seconds, 1)[1]) for _ in range(options.rounds)]
                    throughput = statistics.median(served / loop for loop, served, _, _ in rounds)
                    alone = statistics.median(alone * loop for loop, _, _, alone in rounds)
                    loop = statistics.median(loop for loop, *_ in rounds)
                    print(f"{name}, batch {batch}: the bare loop takes {1000 / loop:.2f} ms a call; served throughput {throughput:.2f} "
                          f"of its, one request at a time in the model {alone:.2f} of its time", flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
