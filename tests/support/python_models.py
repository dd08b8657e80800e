"""Python models for tests: repositories of them, and the interpreter that runs them.

    models.add("twice", '''
        def execute(self, requests):
            return [answer(OUT=2 * values(request)) for request in requests]
    ''')
"""
import os
import pathlib
import shutil
import sys
import textwrap

import numpy

from .repository import tensor

# What the models of the tests need not write themselves.
PREAMBLE = """
import asyncio, json, os, signal, sys, threading, time
import numpy as np
import triton_python_backend_utils as pb_utils

def values(request, name="IN"):
    return pb_utils.get_input_tensor_by_name(request, name).as_numpy()

def answer(**outputs):
    return pb_utils.InferenceResponse([pb_utils.Tensor(name, value) for name, value in outputs.items()])

def error(text, *code):
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(text, *code))

"""


def python_on_path(python=None):
    """The environment in which `python3` is the tests' own interpreter, which has NumPy. Another one borrows it when it
    can: NESO_TEST_PYTHON names the folder of an environment that has what it needs."""
    folder = python or os.environ.get("NESO_TEST_PYTHON") or pathlib.Path(sys.executable).parent
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def make_environment(folder):
    """One that has what the tests' own environment has."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (folder / "bin").mkdir(parents=True)
    (folder / "lib" / version).mkdir(parents=True)
    (folder / "bin" / "activate").touch()
    (folder / "bin" / "python3").symlink_to(os.path.realpath(sys.executable))
    (folder / "lib" / version / "site-packages").symlink_to(pathlib.Path(numpy.__file__).parents[1])
    shutil.copy(pathlib.Path(sys.prefix, "pyvenv.cfg"), folder)
    return folder


class PythonModels:
    def __init__(self, repository):
        self.repository = repository

    def add(self, name, methods, inputs=None, outputs=None, max_batch_size=0, extra="", before="", files=None, raw=None):
        """`methods`: the body of the class; `inputs` and `outputs`: name -> datatype, or (datatype, dims)."""
        source = raw if raw is not None else (
            PREAMBLE + textwrap.dedent(before) + "class TritonPythonModel:\n" +
            textwrap.indent(textwrap.dedent(methods).strip("\n"), "    ") + "\n")
        inputs = {"IN": "TYPE_FP32"} if inputs is None else inputs
        outputs = {"OUT": "TYPE_FP32"} if outputs is None else outputs
        config = f"""
            backend: "python"
            max_batch_size: {max_batch_size}
            {self._tensors("input", inputs)}
            {self._tensors("output", outputs)}
            {extra}
            """
        return self.repository.add(name, config, files={"model.py": source, **(files or {})})

    def add_completed(self, name, methods, config=None):
        """One whose configuration is what its own code says."""
        source = PREAMBLE + "class TritonPythonModel:\n" + textwrap.indent(textwrap.dedent(methods).strip("\n"), "    ")
        return self.repository.add(name, config, files={"model.py": source + "\n"})

    @staticmethod
    def _tensors(kind, tensors):
        return "\n".join(f"{kind} [ {tensor(name, *(of if isinstance(of, tuple) else (of,)))} ]"
                         for name, of in tensors.items())


IDENTITY = """
def execute(self, requests):
    return [answer(OUT=values(request)) for request in requests]
"""

# Ways to give no answer, by the number that comes in; a test adds more of them, and what other numbers are answered.
FAILING = """
def execute(self, requests):
    kind = int(values(requests[0])[0])
    if kind == 0: raise ValueError("broken on purpose")
    if kind == 1: raise pb_utils.TritonModelException("told on purpose")
    if kind == 2: return "nothing"
    if kind == 3: return []
    if kind == 4: return [3]
    if kind == 5: return [error("no such thing", pb_utils.TritonError.NOT_FOUND)]
    if kind == 6: return [error("plain")]
    if kind == 8: return [pb_utils.InferenceResponse(
        [pb_utils.Tensor("OUT", values(requests[0]))], pb_utils.TritonError("error wins"))]
"""
