"""What a person gives for a tensor, as an array of the datatype and shape that the model takes; or what is wrong with it."""
import sys
from contextlib import suppress
from typing import Any, Sequence

import numpy as np

from . import frames
from .errors import InvalidInput
from .tensors import DTYPES, TensorSpec

_HOST_DEVICES = (1, 3, 11)  # of DLPack: the host's memory, and such of it that CUDA and ROCm have pinned


def to_array(value: Any, spec: TensorSpec, model: str) -> np.ndarray:
    """`value` as the model takes it: arrays, nested lists, anything with DLPack (PyTorch, JAX on the host), frames of pandas."""
    if type(value) is np.ndarray and value.dtype is DTYPES.get(spec.datatype) and _fits(value.shape, spec.shape):
        return value
    where = f"input '{spec.name}' of model '{model}'"
    if not isinstance(value, np.ndarray):
        value = _from_foreign(value, spec, where)
    elif type(value) is not np.ndarray and np.any(getattr(value, "mask", False)):
        raise InvalidInput(f"{where}: expected an array without masked values, behind which something else would be sent; fill "
                           f"them: .filled(...)")
    if spec.datatype == "BYTES":
        array = _as_array(value, "strings", where, object)
    elif spec.datatype == "BF16" and isinstance(value, np.ndarray) and value.dtype.itemsize == 2 and value.dtype.kind in "uV":
        array = value  # of ml_dtypes, or bits
    elif spec.datatype == "BF16":
        array = _cast(value, DTYPES["FP32"], "BF16", where)
    elif spec.datatype in DTYPES:
        array = _cast(value, DTYPES[spec.datatype], spec.datatype, where)
    else:
        raise InvalidInput(f"{where}: its datatype {spec.datatype} is not one that this client knows")
    if not _fits(array.shape, spec.shape):
        hint = ""
        if len(array.shape) == len(spec.shape) - 1 and spec.shape[0] == -1:
            hint = "; the first dimension is the batch: pass array[None] for one item"
        raise InvalidInput(f"{where}: expected the shape {list(spec.shape)} (-1: any), got {list(array.shape)}{hint}")
    return array


def _fits(shape: Sequence[int], wanted: Sequence[int]) -> bool:
    return len(shape) == len(wanted) and all([want in (-1, got) for want, got in zip(wanted, shape)])


def _from_foreign(value: Any, spec: TensorSpec, where: str) -> Any:
    """As an array, without a copy where that can be; nested lists as they are."""
    if frames.is_frame(value) or frames.is_column(value):
        return frames.to_array(value, spec, where)
    if hasattr(value, "__dlpack__"):
        return _from_dlpack(value, spec, where)
    return value.to_numpy() if hasattr(value, "to_numpy") else value


def _from_dlpack(value: Any, spec: TensorSpec, where: str) -> np.ndarray:
    if value.__dlpack_device__()[0] not in _HOST_DEVICES:
        device = getattr(value, "device", "a device")
        raise InvalidInput(f"{where}: expected a tensor in the host's memory, got one on {device}; pass a copy of it: .cpu()")
    if hasattr(value, "detach"):
        value = value.detach()
    is_bf16 = spec.datatype == "BF16" and str(getattr(value, "dtype", "")) == "torch.bfloat16"  # which NumPy has no name for
    try:
        return np.from_dlpack(value.view(sys.modules["torch"].int16)).view(np.uint16) if is_bf16 else np.from_dlpack(value)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        # Not all that a library has can be said in DLPack: strings of Arrow, BF16 of JAX.
        with suppress(TypeError, ValueError):
            if hasattr(value, "__array__"):
                return np.asarray(value)
        told = f"expected {spec.datatype}, got a tensor of {getattr(value, 'dtype', 'its own')}: {error}"
        raise InvalidInput(f"{where}: {told}") from None


def _as_array(value: Any, of: str, where: str, dtype: Any = None) -> np.ndarray:
    try:
        return np.asarray(value, dtype)
    except (ValueError, TypeError, RuntimeError) as error:  # lists that are not as long; tensors of a GPU in a list
        raise InvalidInput(f"{where}: expected an array of {of}: {error}") from None


def _cast(value: Any, dtype: np.dtype, datatype: str, where: str) -> np.ndarray:
    array = _as_array(value, datatype, where)
    if array.dtype == dtype:
        return array
    if not array.size and array is not value:  # an empty list, which is one of floats to NumPy
        return array.astype(dtype)
    if not np.can_cast(array.dtype, dtype, "same_kind") and not _is_exact(array, dtype):
        raise InvalidInput(f"{where}: expected {datatype}, got an array of {array.dtype}{_first_that_is_no_number(array)}; convert it with "
                           f".astype('{dtype.name}') if that is what you want")
    if dtype.kind == "f" and not np.can_cast(array.dtype, dtype):  # integers, too: FP16 has not all of them
        return _narrow(array, dtype, datatype, where)
    if array.dtype.kind in "iu" and dtype.kind in "iu" and array.size:
        limits = np.iinfo(dtype)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise InvalidInput(f"{where}: expected {datatype}, from {limits.min} to {limits.max}, got {array.min()} to {array.max()}")
    return array.astype(dtype)


def _narrow(array: np.ndarray, dtype: np.dtype, datatype: str, where: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        narrow = array.astype(dtype)
    lost = np.isinf(narrow) & ~np.isinf(array)
    if lost.any():
        raise InvalidInput(f"{where}: expected {datatype}, up to {float(np.finfo(dtype).max):.6g}, got {array[lost][0]:.6g}")
    return narrow


def _first_that_is_no_number(array: np.ndarray) -> str:
    if array.dtype.kind in "OSU":
        for index, item in np.ndenumerate(array.astype(object)):
            if not isinstance(item, (int, float, np.number, np.bool_)) or isinstance(item, int) and not -1 << 63 <= item < 1 << 64:
                return f", with {item!r} at {list(index)}"
    return ""


def _is_exact(array: np.ndarray, dtype: np.dtype) -> bool:
    """Integers of the other sign, and integers for floats, as people write them."""
    return array.dtype.kind in "iub" and dtype.kind in "iuf"
