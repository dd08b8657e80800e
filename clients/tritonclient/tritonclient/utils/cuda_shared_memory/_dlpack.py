"""DLPack's structures (version 0.8): what other libraries' tensors are read by, and regions are shown to them."""
import ctypes
import math

import numpy as np

CPU, CUDA, CUDA_HOST, CUDA_MANAGED = 1, 2, 3, 13
_CODES = {"i": 0, "u": 1, "f": 2, "V": 4, "b": 6}  # V: bfloat16, which ml_dtypes defines


class _Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32), ("ndim", ctypes.c_int32),
                ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


class _ManagedTensor(ctypes.Structure):
    _fields_ = [("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


_api = ctypes.pythonapi
_api.PyCapsule_GetPointer.restype = ctypes.c_void_p
_api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def _tensor_of(capsule):
    return _ManagedTensor.from_address(_api.PyCapsule_GetPointer(capsule, b"dltensor")).tensor


def show(address, device_id, dtype, shape, owner):
    """A capsule with memory of a CUDA device; `owner` lives as long as whoever takes it needs the memory.

    NumPy makes it, of whole numbers in the host's memory, which it never looks at; then the capsule is told what they are. For
    its taker gives it back at moments when no Python can run: while an exception is on its way, which would be lost."""
    memory = (ctypes.c_uint8 * (max(math.prod(shape), 1) * dtype.itemsize)).from_address(address)
    memory.owner = owner
    capsule = np.ndarray(shape, f"u{dtype.itemsize}", memory).__dlpack__()
    tensor = _tensor_of(capsule)
    tensor.data, tensor.device_type, tensor.device_id = address, CUDA, device_id
    tensor.code, tensor.byte_offset = _CODES[dtype.kind], 0
    return capsule


def read(capsule):
    """(address, bytes) of the tensor, as long as the capsule lives. Raises ValueError where its elements do not follow one another."""
    tensor = _tensor_of(capsule)
    expected = 1
    for i in reversed(range(tensor.ndim)):
        if tensor.strides and tensor.shape[i] != 1 and tensor.strides[i] != expected:
            raise ValueError("expected a tensor whose elements lie in row order without gaps")
        expected *= tensor.shape[i]
    return (tensor.data or 0) + tensor.byte_offset, expected * tensor.lanes * ((tensor.bits + 7) // 8)
