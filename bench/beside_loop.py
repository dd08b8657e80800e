"""A backend beside the framework's own loop: the same model, the same batches. Used by dali.py, pytorch.py, savedmodel.py,
openvino_ir.py, fil.py.

The bare loop calls the model in Python, with as many threads as the framework takes by itself, in a process of its own. The server is
asked by two clients, through HTTP; of one request at a time, the server's own statistics tell how long the model took.
"""
import argparse
import concurrent.futures
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

# After `call` was defined: sys.argv is the model's file or folder, the batch, and for how many seconds.
LOOP = """
import time
for _ in range(5):
    call()
began, calls = time.monotonic(), 0
while time.monotonic() - began < float(sys.argv[3]):
    call()
    calls += 1
print(calls / (time.monotonic() - began))
"""


def bare(define_call, modules, file, batch, seconds):
    """Calls a second. `modules`: where the framework's are."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", define_call + LOOP, file, str(batch), str(seconds)], text=True,
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={"PYTHONPATH": str(modules), "PATH": "/usr/bin:/bin"})
    return float(done.stdout)


def ask_for(server, inputs, seconds, clients):
    """Calls a second, and the seconds a call took in the model."""
    def one_client(_):
        with httpclient.InferenceServerClient(server.http) as client:
            for _ in range(5):
                client.infer("model", inputs)
            began, calls = time.monotonic(), 0
            while time.monotonic() - began < seconds:
                client.infer("model", inputs)
                calls += 1
            return calls / (time.monotonic() - began)

    before = model_statistics(server, "model")["inference_stats"]["compute_infer"]
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        rate = sum(pool.map(one_client, range(clients)))
    after = model_statistics(server, "model")["inference_stats"]["compute_infer"]
    return rate, (after["ns"] - before["ns"]) / (after["count"] - before["count"]) / 1e9


def compare(description, define_call, modules, file, shape, config, files, input="x", make=np.zeros, batches=(1, 8)):
    """Prints ratios. `input`: the model's; `make` gives what it is asked with, of `shape` for each of a batch."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        repository = ModelRepository(pathlib.Path(folder) / "models")
        repository.add("model", config, files=files)
        server = Server(repository.path).start()
        try:
            for batch in batches:
                inputs = inputs_of({input: make((batch, *shape), np.float32)})
                rounds = [(bare(define_call, modules, file, batch, options.seconds), *ask_for(server, inputs, options.seconds, 2),
                           ask_for(server, inputs, options.seconds, 1)[1]) for _ in range(options.rounds)]
                throughput = statistics.median(served / loop for loop, served, _, _ in rounds)
                latency = statistics.median(alone * loop for loop, _, _, alone in rounds)
                loop = statistics.median(loop for loop, *_ in rounds)
                print(f"batch {batch}: the bare loop takes {1000 / loop:.2f} ms a call; served throughput {throughput:.2f} of its, "
                      f"one request at a time in the model {latency:.2f} of its time", flush=True)
        finally:
            server.stop()
