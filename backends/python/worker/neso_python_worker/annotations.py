"""Inputs and outputs that a model's class names itself, so that it needs no configuration:

    class TritonPythonModel:
        inputs = {"IN": (np.float32, [-1, 4]), "TEXT": (str, [1])}
        outputs = {"OUT": (np.float32, [-1])}
        max_batch_size = 8  # requests are batched; shapes are those of one row
        decoupled = True
"""
import operator

import numpy

from . import datatypes
from .errors import ModelFault

WANTED = ("expected class attributes of TritonPythonModel that name its tensors, like "
          'inputs = {"IN": (np.float32, [-1])} and outputs = {"OUT": (np.float32, [-1])}, or its method '
          "auto_complete_config, or a file config.pbtxt")

_BF16 = "TYPE_BF16"  # has no type in NumPy
_NAMES = {numpy.dtype(kind).type: name for name, kind in datatypes.TRITON_STRING_TO_NUMPY.items()}
_NAMES[numpy.str_] = _NAMES[numpy.bytes_] = "TYPE_STRING"


def complete(kind, config):
    """Adds to `config`, a ModelConfig without inputs and outputs, what the class `kind` says. False if it says nothing."""
    inputs, outputs = getattr(kind, "inputs", None), getattr(kind, "outputs", None)
    known = config.as_dict()
    if not isinstance(inputs, dict) or not isinstance(outputs, dict) or known.get("input") or known.get("output"):
        return False
    for name, tensor in inputs.items():
        config.add_input(_tensor("inputs", name, tensor))
    for name, tensor in outputs.items():
        config.add_output(_tensor("outputs", name, tensor))
    _batch(getattr(kind, "max_batch_size", 0), config)
    decoupled = getattr(kind, "decoupled", False)
    if not isinstance(decoupled, bool):
        raise ModelFault(f"TritonPythonModel.decoupled: expected True or False, got {decoupled!r}")
    if decoupled:
        config.set_model_transaction_policy({"decoupled": True})
    return True


def _tensor(where, name, tensor):
    where = f"TritonPythonModel.{where}[{name!r}]"
    if not isinstance(name, str) or not name:
        raise ModelFault(f"{where}: expected a name that is a str")
    if not isinstance(tensor, (tuple, list)) or len(tensor) != 2:
        raise ModelFault(f"{where}: expected a datatype and a shape, like (np.float32, [-1]), got {tensor!r}")
    kind, shape = tensor
    return {"name": name, "data_type": _data_type(where, kind), "dims": _dims(where, shape)}


def _data_type(where, kind):
    if isinstance(kind, str) and kind == _BF16:
        return _BF16
    try:
        if kind is not None:  # which NumPy takes for FP64
            return _NAMES[numpy.dtype(kind).type]
    except (TypeError, KeyError):
        pass
    raise ModelFault(f"{where}: expected a NumPy type, str for texts, or '{_BF16}' as datatype, got {kind!r}")


def _dims(where, shape):
    try:
        dims = [operator.index(size) for size in shape]
    except TypeError:
        dims = []
    if not dims or min(dims) < -1 or 0 in dims:
        raise ModelFault(f"{where}: expected a shape of one or more sizes, -1 for those that vary, got {shape!r}")
    return dims


def _batch(size, config):
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise ModelFault(f"TritonPythonModel.max_batch_size: expected a number of rows, 0 for no batches, got {size!r}")
    if size == 0:
        return
    config.set_max_batch_size(size)
    if size > 1 and not {"dynamic_batching", "sequence_batching"} & config.as_dict().keys():
        config.set_dynamic_batching()
