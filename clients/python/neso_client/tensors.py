"""Arrays of NumPy and the protocol's tensors: little-endian numbers in row order, strings behind their length."""
import struct
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .errors import InvalidInput

_DTYPES = {"BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1", "INT16": "<i2",
           "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}
DTYPES = {name: np.dtype(text) for name, text in _DTYPES.items()}
_LONGEST_STRING = (1 << 32) - 1  # bytes, which the protocol counts in 32 bits


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


def to_tensor(array: np.ndarray, spec: TensorSpec) -> Tensor:
    """Without a copy where the array is contiguous."""
    if spec.datatype == "BYTES":
        data = _pack_strings(array, spec.name)
    elif spec.datatype == "BF16":
        data = _pack_bf16(array)
    elif not array.size:
        data = memoryview(b"")
    else:
        data = (array if array.flags.c_contiguous else np.ascontiguousarray(array)).data.cast("B")
    return Tensor(spec.name, spec.datatype, tuple(array.shape), data)


def _pack_strings(array: np.ndarray, name: str) -> memoryview:
    packed = bytearray()
    for item in array.reshape(-1):
        text = item if isinstance(item, bytes) else _encoded(item, name)
        if len(text) > _LONGEST_STRING:
            raise InvalidInput(f"input '{name}': expected strings of up to {_LONGEST_STRING} bytes, got one of {len(text)}")
        packed += struct.pack("<I", len(text))
        packed += text
    return memoryview(packed)


def _encoded(item: Any, name: str) -> bytes:
    if isinstance(item, (bytearray, memoryview)):
        return bytes(item)
    if not isinstance(item, (str, int, float, np.generic)):  # a list, where others are not as long, or a missing value
        raise InvalidInput(f"input '{name}': expected strings, bytes or numbers, got {item!r} among them")
    try:
        return str(item).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"input '{name}': expected characters of Unicode, got {item!r}: {error.reason}") from None


def _pack_bf16(array: np.ndarray) -> memoryview:
    """The upper halves of float32, rounded to the nearest, to even ones in the middle; NaN stays NaN."""
    array = np.ascontiguousarray(array)
    if array.dtype.itemsize == 2:  # it is BF16
        bits = array.reshape(-1) if array.dtype.kind == "u" else array.reshape(-1).view(np.uint16)
        return memoryview(bits.astype("<u2", copy=False).view(np.uint8))
    single = array.reshape(-1)
    bits = single.view("<u4")
    rounded = ((bits.astype(np.uint64) + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
    rounded[np.isnan(single)] = 0x7FC0
    return memoryview(rounded.view(np.uint8))


def to_value(datatype: str, shape: Sequence[int], data: Any) -> np.ndarray:
    """An array that lies in `data` where that is aligned. BYTES become bytes objects, BF16 float32.

    Raises ValueError, KeyError, struct.error for data of something else."""
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
        if at + 4 + size > len(data):
            raise ValueError("a string ends too early")
        strings.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return strings
