"""`neso serve` as a person runs it: what it prints, and the calls that it prints.

    with Served("net.onnx") as served:
        served.run_line()            # the printed line for the shell, run as it is: the answer
"""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import requests
from tritonclient.utils import triton_to_np_dtype

from .python_models import python_on_path
from .server import PATIENCE, TREE, free_port
from .wait import wait_until


def port_options():
    return [f"--{service}-port={free_port()}" for service in ("http", "grpc", "metrics")]


class Served:
    """`what` is served with `options`, on ports of its own unless `ports` says otherwise; the python3 of the environment is
    that of the tests. `on`: what makes a command line of words that are to be run on another machine, whose own neso it is
    then. Ends with stop(), which checks that nothing is left."""

    def __init__(self, what, *options, ports=None, env=None, cwd=None, on=None):
        self.scratch = tempfile.mkdtemp(prefix="neso-test-serve-")
        self.log = os.path.join(self.scratch, "log")
        self.env = {**os.environ, **python_on_path(), "TMPDIR": self.scratch, **(env or {})}
        self.on = on or (lambda *words: list(words))
        program = ["neso", "serve"] if on else [str(TREE / "bin/neso"), "serve", f"--backend-directory={TREE / 'backends'}"]
        command = self.on(*program, str(what), *(port_options() if ports is None else ports), *options)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.env, cwd=cwd)

    def until_ready(self):
        wait_until(lambda: "Ctrl-C ends" in self.output or self.process.poll() is not None, timeout=60)
        assert self.process.poll() is None, self.output
        return self

    def __enter__(self):
        return self.until_ready()

    def __exit__(self, *_):
        self.stop()

    @property
    def output(self):
        with open(self.log, errors="replace") as file:
            return file.read()

    @property
    def url(self):
        return "http://" + re.search(r"serving at HTTP ([\w.:]+)", self.output)[1]

    # --- what it prints ---------------------------------------------------------------------------------------------
    def printed_line(self):
        return re.search(r"from a shell:\n\n(.+)\n", self.output)[1]

    def printed_program(self):
        return re.search(r"in Python:\n\n(.+?)\n\nserving at", self.output, re.DOTALL)[1]

    def run_line(self):
        done = subprocess.run(self.on("sh", "-c", self.printed_line()), capture_output=True, text=True, timeout=60 * PATIENCE)
        assert done.returncode == 0, done
        return done.stdout

    def run_program(self):
        done = subprocess.run([sys.executable, "-c", self.printed_program()], capture_output=True, text=True,
                              timeout=60 * PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # --- what it answers --------------------------------------------------------------------------------------------
    def ask(self, model, **tensors):
        """The outputs by name; an error is what the server says."""
        inputs = [{"name": name, "datatype": "FP32", "shape": list(np.shape(values)), "data": np.ravel(values).tolist()}
                  for name, values in tensors.items()]
        answer = requests.post(f"{self.url}/v2/models/{model}/infer", json={"inputs": inputs}, timeout=60 * PATIENCE)
        return arrays(answer.json()) if answer.ok else answer.text

    # --- its end ----------------------------------------------------------------------------------------------------
    def stop(self, by=signal.SIGINT):
        """As Ctrl-C does. How many seconds it took."""
        start = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(by)
        status = self.process.wait(40 * PATIENCE)
        took = time.monotonic() - start
        left, output = glob.glob(self.scratch + "/neso-*"), self.output
        shutil.rmtree(self.scratch)
        assert (status, left) == (0, []), output
        return took


def arrays(answer):
    """The outputs of an answer in JSON, by name."""
    return {output["name"]: np.array(output["data"], triton_to_np_dtype(output["datatype"])).reshape(output["shape"])
            for output in answer["outputs"]}
