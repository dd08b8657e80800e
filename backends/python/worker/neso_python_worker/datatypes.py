"""Datatypes by their numbers, NumPy's types and the names of configurations."""
import struct

import numpy

from .errors import TritonModelException

BYTES, BF16 = 13, 14

_TYPES = (None, numpy.bool_, numpy.uint8, numpy.uint16, numpy.uint32, numpy.uint64, numpy.int8, numpy.int16, numpy.int32,
          numpy.int64, numpy.float16, numpy.float32, numpy.float64, numpy.object_)
_NUMBERS = {kind: number for number, kind in enumerate(_TYPES) if kind is not None}
_NUMBERS[bool] = 1
_NUMBERS[numpy.bytes_] = BYTES

TRITON_STRING_TO_NUMPY = {
    "TYPE_BOOL": bool, "TYPE_UINT8": numpy.uint8, "TYPE_UINT16": numpy.uint16, "TYPE_UINT32": numpy.uint32,
    "TYPE_UINT64": numpy.uint64, "TYPE_INT8": numpy.int8, "TYPE_INT16": numpy.int16, "TYPE_INT32": numpy.int32,
    "TYPE_INT64": numpy.int64, "TYPE_FP16": numpy.float16, "TYPE_FP32": numpy.float32, "TYPE_FP64": numpy.float64,
    "TYPE_STRING": numpy.object_,
}

# What tensors that came from the server are made of; BF16 has no type in NumPy.
DTYPES = (None, *(numpy.dtype(kind) for kind in _TYPES[1:13]), None, numpy.dtype(numpy.uint16))

_LENGTH = struct.Struct("<I")


def triton_to_numpy_type(data_type):
    return _TYPES[data_type]


def numpy_to_triton_type(data_type):
    return _NUMBERS[data_type]


def triton_string_to_numpy(triton_type_string):
    return TRITON_STRING_TO_NUMPY[triton_type_string]


def number_of(array):
    """Of an array's elements; raises if there is none."""
    number = _NUMBERS.get(array.dtype.type)
    if number is None:
        raise TritonModelException("NumPy dtype is not supported.")
    return number


def serialize_byte_tensor(input_tensor):
    """Each element's length and bytes, one after the other in C order; () if there is no element, None if the elements
    are no strings."""
    if input_tensor.size == 0:
        return ()
    if input_tensor.dtype.type not in (numpy.object_, numpy.bytes_):
        return None
    parts = []
    for element in input_tensor.ravel().tolist():
        if type(element) is not bytes:
            element = element.encode() if type(element) is str else str(element).encode()
        parts.append(_LENGTH.pack(len(element)))
        parts.append(element)
    return b"".join(parts)


def deserialize_bytes_tensor(encoded_tensor):
    """The elements as a one-dimensional array of bytes."""
    elements = []
    encoded_tensor = bytes(encoded_tensor)
    position, end = 0, len(encoded_tensor)
    while position < end:
        if end - position < 4:
            raise TritonModelException("Invalid bytes tensor data: incomplete length field")
        length, = _LENGTH.unpack_from(encoded_tensor, position)
        position += 4
        if length > end - position:
            raise TritonModelException("Invalid bytes tensor data: string extends beyond buffer")
        elements.append(encoded_tensor[position:position + length])
        position += length
    array = numpy.empty(len(elements), dtype=numpy.object_)
    array[:] = elements
    return array
