"""DLPack's structures (version 0.8): what other libraries' tensors are read by, and regions are shown to them."""
import ctypes

CPU, CUDA, CUDA_HOST, CUDA_MANAGED = 1, 2, 3, 13
_CODES = {"i": 0, "u": 1, "f": 2, "V": 4, "b": 6}  # V: bfloat16, which ml_dtypes defines


class _Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32), ("ndim", ctypes.c_int32),
                ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


class _ManagedTensor(ctypes.Structure):
    _fields_ = [("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


_Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_api = ctypes.pythonapi
_api.PyCapsule_New.restype = ctypes.py_object
_api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_api.PyCapsule_GetPointer.restype = ctypes.c_void_p
_api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_IsValid", _api))
_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_GetPointer", _api))

_shown = {}  # by the structure's address: what has to live as long as it does


@_Deleter
def _forget(address):
    _shown.pop(address, None)


def _destroy(capsule):
    if _is_valid(capsule, b"dltensor"):  # nobody has taken it
        _forget(_pointer(capsule, b"dltensor"))


_destructor = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(_destroy)


def show(address, device_id, dtype, shape, owner):
    """A capsule with memory of a CUDA device; `owner` lives as long as whoever takes it needs the memory."""
    dims = (ctypes.c_int64 * len(shape))(*shape)
    tensor = _Tensor(address, CUDA, device_id, len(shape), _CODES[dtype.kind], 8 * dtype.itemsize, 1, dims, None, 0)
    managed = _ManagedTensor(tensor, None, ctypes.cast(_forget, ctypes.c_void_p))
    place = ctypes.addressof(managed)
    _shown[place] = managed, dims, owner
    return _api.PyCapsule_New(place, b"dltensor", ctypes.cast(_destructor, ctypes.c_void_p))


def read(capsule):
    """(address, bytes) of the tensor, as long as the capsule lives. Raises ValueError where its elements do not follow one another."""
    tensor = ctypes.cast(_api.PyCapsule_GetPointer(capsule, b"dltensor"), ctypes.POINTER(_ManagedTensor)).contents.tensor
    expected = 1
    for i in reversed(range(tensor.ndim)):
        if tensor.strides and tensor.shape[i] != 1 and tensor.strides[i] != expected:
            raise ValueError("expected a tensor whose elements lie in row order without gaps")
        expected *= tensor.shape[i]
    return (tensor.data or 0) + tensor.byte_offset, expected * tensor.lanes * ((tensor.bits + 7) // 8)
