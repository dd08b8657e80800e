"""Arrays of NumPy and the protocol's tensors: little-endian numbers in row order, strings behind their length."""
import struct
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .errors import InvalidInput

_DTYPES = {"BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1", "INT16": "<i2",
           "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}
DTYPES = {name: np.dtype(text) for name, text in _DTYPES.items()}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


class TensorSpec(NamedTuple):
    """An input or output of a model. shape: -1 for a dimension of any size; the first is the batch's where the model batches."""
    name: str
    datatype: str
    shape: Tuple[int, ...]


class Place(NamedTuple):
    """In shared memory: the beginning of a region."""
    region: str
    size: int


class Tensor(NamedTuple):
    """What goes over the wire, or, where it has a place, is told of."""
    name: str
    datatype: str
    shape: Tuple[int, ...]
    data: Any  # a buffer of bytes
    place: Optional[Place] = None


def to_array(value: Any, spec: TensorSpec, model: str) -> np.ndarray:
    """`value` as the model takes it: arrays, nested lists, anything with DLPack (PyTorch, JAX on the host), frames of pandas."""
    where = f"input '{spec.name}' of model '{model}'"
    array = _from_foreign(value, where)
    if spec.datatype == "BYTES":
        array = np.asarray(value if array is None else array, dtype=object)
    elif spec.datatype == "BF16":
        array = np.asarray(value if array is None else array)
    else:
        array = _cast(value if array is None else array, DTYPES[spec.datatype], spec.datatype, where)
    if len(array.shape) != len(spec.shape) or any(want not in (-1, got) for want, got in zip(spec.shape, array.shape)):
        hint = ""
        if len(array.shape) == len(spec.shape) - 1 and spec.shape[0] == -1:
            hint = "; the first dimension is the batch: pass array[None] for one item"
        raise InvalidInput(f"{where}: expected the shape {list(spec.shape)} (-1: any), got {list(array.shape)}{hint}")
    return array


def _from_foreign(value: Any, where: str) -> Optional[np.ndarray]:
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__dlpack__"):
        if hasattr(value, "detach"):
            value = value.detach()
        try:
            return np.from_dlpack(value)
        except (BufferError, RuntimeError, TypeError) as error:
            raise InvalidInput(f"{where}: expected a tensor in the host's memory: {error}") from None
    return value.to_numpy() if hasattr(value, "to_numpy") else None


def _cast(value: Any, dtype: np.dtype, datatype: str, where: str) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InvalidInput(f"{where}: expected an array of {datatype}: {error}") from None
    if array.dtype == dtype:
        return array
    if not np.can_cast(array.dtype, dtype, "same_kind") and not _is_exact(array, dtype):
        raise InvalidInput(f"{where}: expected {datatype}, got an array of {array.dtype}; convert it with .astype('{dtype.name}') "
                           f"if that is what you want")
    if array.dtype.kind in "iu" and dtype.kind in "iu" and array.size:
        limits = np.iinfo(dtype)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise InvalidInput(f"{where}: expected {datatype}, from {limits.min} to {limits.max}, got {array.min()} to {array.max()}")
    return array.astype(dtype)


def _is_exact(array: np.ndarray, dtype: np.dtype) -> bool:
    """Integers of the other sign, and integers for floats, as people write them."""
    return array.dtype.kind in "iub" and dtype.kind in "iuf"


def to_tensor(array: np.ndarray, spec: TensorSpec) -> Tensor:
    """Without a copy where the array is contiguous."""
    if spec.datatype == "BYTES":
        data = _pack_strings(array)
    elif spec.datatype == "BF16":
        data = _pack_bf16(array)
    else:
        data = memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8)) if array.size else memoryview(b"")
    return Tensor(spec.name, spec.datatype, tuple(array.shape), data)


def _pack_strings(array: np.ndarray) -> memoryview:
    packed = bytearray()
    for item in array.reshape(-1):
        text = item.encode() if isinstance(item, str) else item if isinstance(item, bytes) else str(item).encode()
        packed += struct.pack("<I", len(text))
        packed += text
    return memoryview(packed)


def _pack_bf16(array: np.ndarray) -> memoryview:
    """The upper halves of float32, rounded to the nearest, to even ones in the middle; NaN stays NaN."""
    array = np.ascontiguousarray(array)
    if array.dtype.itemsize == 2 and array.dtype.kind in "uV":  # of ml_dtypes, or raw
        return memoryview(array.reshape(-1).view(np.uint8))
    single = np.ascontiguousarray(array, dtype="<f4").reshape(-1)
    bits = single.view("<u4")
    rounded = ((bits.astype(np.uint64) + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
    rounded[np.isnan(single)] = 0x7FC0
    return memoryview(rounded.view(np.uint8))


def to_value(datatype: str, shape: Sequence[int], data: Any) -> np.ndarray:
    """An array that lies in `data` where that is aligned. BYTES become bytes objects, BF16 float32."""
    if datatype == "BYTES":
        return np.array(_unpack_strings(data), dtype=object).reshape(shape)
    if datatype == "BF16":
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").reshape(shape)
    array = np.frombuffer(data, DTYPES[datatype])
    return (array if array.flags.aligned else array.copy()).reshape(shape)


def _unpack_strings(data: Any) -> List[bytes]:
    data, at, strings = bytes(data), 0, []
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        strings.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return strings
