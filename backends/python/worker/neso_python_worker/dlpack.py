"""Arrays to and from DLPack capsules, without a copy: also of BF16, which NumPy does not have, and for NumPy before 1.22.

Source: include/dlpack/dlpack.h of DLPack 0.8, structures DLManagedTensor and DLTensor.
"""
import ctypes
import itertools
import weakref

import numpy

from .errors import TritonModelException

CPU, CUDA, CUDA_HOST = 1, 2, 3
_INT, _UINT, _FLOAT, _BFLOAT, _BOOL = 0, 1, 2, 4, 6


class _Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
                ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
                ("byte_offset", ctypes.c_uint64)]


class _Managed(ctypes.Structure):
    pass


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = [("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]

_python = ctypes.pythonapi
_python.PyCapsule_New.restype = ctypes.py_object
_python.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_python.PyCapsule_IsValid.argtypes = [ctypes.py_object, ctypes.c_char_p]
_python.PyCapsule_GetPointer.restype = ctypes.c_void_p
_python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_python.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]

_NAME, _USED = b"dltensor", b"used_dltensor"  # kept here: a capsule only points to its name

_exported = {}
_numbers = itertools.count(1)


@_Deleter
def _release(managed):
    _exported.pop(managed.contents.context, None)


# A capsule that nobody took is destroyed with the tensor that it still owns.
@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def _destroy(capsule):
    is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_IsValid", _python))
    if is_valid(capsule, _NAME):
        get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_GetPointer", _python))
        _exported.pop(_Managed.from_address(get(capsule, _NAME)).context, None)


_KINDS = {"b": _BOOL, "i": _INT, "u": _UINT, "f": _FLOAT}


def export(array, is_bf16):
    """A capsule that keeps `array`, which is contiguous."""
    managed = _Managed()
    tensor = managed.tensor
    shape = (ctypes.c_int64 * max(array.ndim, 1))(*array.shape)
    tensor.data = array.__array_interface__["data"][0]
    tensor.device_type, tensor.device_id = CPU, 0
    tensor.ndim = array.ndim
    tensor.code, tensor.bits, tensor.lanes = _BFLOAT if is_bf16 else _KINDS[array.dtype.kind], array.itemsize * 8, 1
    tensor.shape = ctypes.cast(shape, ctypes.POINTER(ctypes.c_int64))
    managed.context = next(_numbers)
    managed.deleter = ctypes.cast(_release, ctypes.c_void_p)
    _exported[managed.context] = managed, shape, array
    return _python.PyCapsule_New(ctypes.addressof(managed), _NAME, ctypes.cast(_destroy, ctypes.c_void_p))


def take(tensor):
    """The array that a capsule, or an object that gives one, holds; and whether its 16 bits are BF16."""
    if hasattr(tensor, "__dlpack__"):
        device, _ = tensor.__dlpack_device__()
        _check_device(device)
        tensor = tensor.__dlpack__()
    if not _python.PyCapsule_IsValid(tensor, _NAME):
        raise TritonModelException("expected a DLPack capsule that was not used before, "
                                   "or an object with __dlpack__ and __dlpack_device__")
    address = _python.PyCapsule_GetPointer(tensor, _NAME)
    managed = _Managed.from_address(address)
    array, is_bf16 = _view(managed.tensor)
    _python.PyCapsule_SetName(tensor, _USED)
    deleter = managed.deleter

    def done():
        if deleter:
            _Deleter(deleter)(ctypes.cast(address, ctypes.POINTER(_Managed)))

    owner = array
    while isinstance(owner.base, numpy.ndarray):
        owner = owner.base
    weakref.finalize(owner, done)
    return array, is_bf16


def _check_device(device):
    if device not in (CPU, CUDA_HOST):
        raise TritonModelException(f"DLDevice type {device} is not support by Python backend.")


def _view(tensor):
    _check_device(tensor.device_type)
    shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
    is_bf16 = tensor.code == _BFLOAT
    if is_bf16:
        dtype = numpy.dtype(numpy.uint16)
    else:
        kind = {code: kind for kind, code in _KINDS.items()}.get(tensor.code)
        if kind is None or tensor.lanes != 1 or tensor.bits not in (8, 16, 32, 64):
            raise TritonModelException(f"DLPack datatype with code {tensor.code}, {tensor.bits} bits and "
                                       f"{tensor.lanes} lanes has no counterpart.")
        dtype = numpy.dtype(f"{kind}{tensor.bits // 8}")
    count = 1
    for dimension in shape:
        count *= dimension
    if tensor.strides:
        expected = 1
        for i in reversed(range(tensor.ndim)):
            if shape[i] != 1 and count and tensor.strides[i] != expected:
                raise TritonModelException("DLPack tensor is not contiguous. Only contiguous DLPack tensors that are "
                                           "stored in C-Order are supported.")
            expected *= shape[i]
    if count == 0:
        return numpy.empty(shape, dtype), is_bf16
    memory = (ctypes.c_uint8 * (count * dtype.itemsize)).from_address(tensor.data + tensor.byte_offset)
    return numpy.frombuffer(memory, dtype).reshape(shape), is_bf16
