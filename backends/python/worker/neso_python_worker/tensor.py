"""Tensors: a name and a NumPy array, which for those from the server is a view of the memory that is shared with it."""
import numpy

from . import datatypes, dlpack, wire
from .errors import TritonModelException

_types = {}  # how a tensor is described on the wire, by name, datatype and shape
_small_types = {}  # the same for those whose bytes follow at once
_MOST_TYPES = 4096
_SMALL = 4096  # bytes; looking for such an array in shared memory costs more than copying it
_BYTES, _BF16 = datatypes.BYTES, datatypes.BF16
_ndarray, _new = numpy.ndarray, object.__new__
_number_of_native = {dtype: number for number, dtype in enumerate(datatypes.DTYPES[:_BYTES]) if dtype is not None}.get


class Tensor:
    __slots__ = ("_name", "_number", "_array", "_raw", "_shape", "__weakref__")

    def __init__(self, name, array):
        if not isinstance(name, str):
            raise TypeError(f"Tensor: expected a str as name, got {type(name).__name__}")
        if not name:
            raise TritonModelException("Tensor name cannot be an empty string.")
        if not isinstance(array, numpy.ndarray):
            raise TypeError(f"Tensor '{name}': expected a NumPy array, got {type(array).__name__}")
        number = _number_of_native(array.dtype)
        if number is None:
            number = datatypes.number_of(array)
            if number != datatypes.BYTES:
                array = array.astype(array.dtype.newbyteorder("="))
        if number != _BYTES and not array.flags.c_contiguous:
            array = numpy.ascontiguousarray(array)
        self._name = name
        self._number = number
        self._array = array
        self._raw = None
        self._shape = array.shape

    @classmethod
    def _view(cls, name, number, shape, dtype, block, offset, size):
        """A tensor whose `size` bytes lie in `block`. `dtype`: None for strings."""
        self = _new(cls)
        self._name = name
        self._number = number
        self._shape = shape
        if dtype is None:
            self._array, self._raw = None, block[offset:offset + size]
        else:
            self._array, self._raw = _ndarray(shape, dtype, block, offset), None
        return self

    def name(self):
        return self._name

    def shape(self):
        return list(self._shape)

    def is_cpu(self):
        return True

    def triton_dtype(self):
        # What Triton's module does, whose type for it was never made known to Python.
        raise TypeError("Unable to convert function return value to a Python type: the type of a datatype is not known")

    def as_numpy(self):
        if self._number == _BF16:
            raise TritonModelException("Tensor dtype is BF16 and cannot be converted to NumPy. "
                                       "Use to_dlpack() and from_dlpack() instead.")
        if self._array is None:
            self._array = datatypes.deserialize_bytes_tensor(self._raw).reshape(self._shape)
        return self._array

    def to_dlpack(self):
        return self.__dlpack__()

    def __dlpack__(self, *, stream=None, **_):
        if self._number == datatypes.BYTES:
            raise TritonModelException("DLPack does not have support for string tensors.")
        return dlpack.export(self._array, is_bf16=self._number == datatypes.BF16)

    def __dlpack_device__(self):
        return dlpack.CPU, 0

    @staticmethod
    def from_dlpack(name, tensor):
        if not name:
            raise TritonModelException("Tensor name cannot be an empty string.")
        if dlpack.device_of(tensor)[0] == dlpack.CUDA:
            from .gpu_tensor import GpuTensor
            return GpuTensor(name, dlpack.Held(tensor))
        array, is_bf16 = dlpack.take(tensor)
        made = Tensor(name, array)
        if is_bf16:
            made._number = datatypes.BF16
        return made

    def __repr__(self):
        return f"<Tensor '{self._name}' of shape {list(self._shape)}>"

    def _record(self, channel, in_place):
        """For Channel.send_records: all of it as bytes if it is small. `in_place`: what lies in shared memory already is read
        there by the server, before the model goes on."""
        key = self._name, self._number, self._shape
        array = self._array
        is_bytes = self._number == _BYTES
        if not is_bytes and (size := array.nbytes) < _SMALL:
            kind = _small_types.get(key)
            if kind is None:
                kind = _remember(_small_types, key, encode_type(*key) + wire.PLACE.pack(wire.INLINE, size))
            return kind + array.tobytes()
        kind = _types.get(key) or _remember(_types, key, encode_type(*key))
        if is_bytes:
            data = self._raw if self._raw is not None else datatypes.serialize_byte_tensor(array) or b""
            size = len(data)
            if size < _SMALL:
                return kind + wire.PLACE.pack(wire.INLINE, size) + bytes(data)
            return kind, data, size, 0
        offset = channel.offset_of(array) if in_place else None
        return (kind, None, size, offset) if offset is not None else (kind, array, size, 0)


def _remember(types, key, encoded):
    if len(types) >= _MOST_TYPES:
        types.clear()
    types[key] = encoded
    return encoded


def encode_type(name, number, shape):
    encoded = name.encode()
    return b"".join([wire.TENSOR.pack(number, len(shape), len(encoded)),
                     *(int(dimension).to_bytes(8, "little", signed=True) for dimension in shape), encoded])
