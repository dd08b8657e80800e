"""Arrays to and from DLPack capsules, without a copy: also of BF16, which NumPy does not have, and for NumPy before 1.22.

Source: include/dlpack/dlpack.h of DLPack 0.8, structures DLManagedTensor and DLTensor.
"""
import ctypes
import math
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
    _fields_ = [("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))

_python = ctypes.pythonapi
_python.PyCapsule_IsValid.argtypes = [ctypes.py_object, ctypes.c_char_p]
_python.PyCapsule_GetPointer.restype = ctypes.c_void_p
_python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_python.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]

_NAME, _USED = b"dltensor", b"used_dltensor"  # kept here: a capsule only points to its name

_KINDS = {"b": _BOOL, "i": _INT, "u": _UINT, "f": _FLOAT}


def export(array, is_bf16):
    """A capsule that keeps `array`, which is contiguous."""
    return export_memory(array.__array_interface__["data"][0], (CPU, 0), array.shape, array.dtype, is_bf16, array)


def export_memory(address, device, shape, dtype, is_bf16, keep):
    """A capsule of what lies at `address` of a (device type, id), for as long as there is `keep`.

    NumPy makes it, of whole numbers in the host's memory, which it never looks at; then the capsule is told what they are. For
    its taker gives it back at moments when no Python can run: while an exception is on its way, which would be lost."""
    if not hasattr(numpy.ndarray, "__dlpack__"):
        raise TritonModelException(f"expected NumPy 1.22 or newer for DLPack, got {numpy.__version__}")
    memory = (ctypes.c_uint8 * (max(math.prod(shape), 1) * dtype.itemsize)).from_address(address)
    memory.keep = keep
    capsule = numpy.ndarray(shape, f"u{dtype.itemsize}", memory).__dlpack__()
    tensor = _managed(capsule).tensor
    tensor.data = address
    tensor.device_type, tensor.device_id = device
    tensor.code, tensor.byte_offset = _BFLOAT if is_bf16 else _KINDS[dtype.kind], 0
    return capsule


def device_of(tensor):
    """(device type, id) of what a capsule, or an object that gives one, holds."""
    if hasattr(tensor, "__dlpack__"):
        device, number = tensor.__dlpack_device__()
        return int(device), number
    held = _managed(tensor).tensor
    return held.device_type, held.device_id


def take(tensor):
    """The array that a capsule, or an object that gives one, holds; and whether its 16 bits are BF16."""
    check_device(device_of(tensor)[0], (CPU, CUDA_HOST))
    capsule = _capsule(tensor)
    held = _managed(capsule).tensor
    shape, dtype, is_bf16, count = _layout(held)
    if count == 0:
        array = numpy.empty(shape, dtype)
    else:
        memory = (ctypes.c_uint8 * (count * dtype.itemsize)).from_address(held.data + held.byte_offset)
        array = numpy.frombuffer(memory, dtype).reshape(shape)
    owner = array
    while isinstance(owner.base, numpy.ndarray):
        owner = owner.base
    _own(capsule, owner)
    return array, is_bf16


class Held:
    """Memory of a GPU that a capsule has brought."""

    def __init__(self, tensor):
        capsule = _capsule(tensor)
        held = _managed(capsule).tensor
        self.shape, self.dtype, self.is_bf16, self.count = _layout(held)
        self.device, self.device_id = held.device_type, held.device_id
        self.address = (held.data or 0) + held.byte_offset
        _own(capsule, self)


def check_device(device, known):
    if device not in known:
        raise TritonModelException(f"DLDevice type {device} is not support by Python backend.")


def _capsule(tensor):
    return tensor.__dlpack__() if hasattr(tensor, "__dlpack__") else tensor


def _managed(capsule):
    if not _python.PyCapsule_IsValid(capsule, _NAME):
        raise TritonModelException("expected a DLPack capsule that was not used before, "
                                   "or an object with __dlpack__ and __dlpack_device__")
    return _Managed.from_address(_python.PyCapsule_GetPointer(capsule, _NAME))


def _own(capsule, owner):
    """What the capsule holds goes with `owner` from now on."""
    address = _python.PyCapsule_GetPointer(capsule, _NAME)
    deleter = _Managed.from_address(address).deleter
    _python.PyCapsule_SetName(capsule, _USED)

    def done():
        if deleter:
            _Deleter(deleter)(ctypes.cast(address, ctypes.POINTER(_Managed)))

    weakref.finalize(owner, done)


def _layout(tensor):
    """Shape, dtype, whether that stands for BF16, number of elements."""
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
    count = math.prod(shape)
    if tensor.strides:
        expected = 1
        for i in reversed(range(tensor.ndim)):
            if shape[i] != 1 and count and tensor.strides[i] != expected:
                raise TritonModelException("DLPack tensor is not contiguous. Only contiguous DLPack tensors that are "
                                           "stored in C-Order are supported.")
            expected *= shape[i]
    return shape, dtype, is_bf16, count
