"""What the inputs of both protocols share."""
import numpy as np

from ._copies import copy_of
from .utils import np_to_triton_dtype, raise_error, serialize_byte_tensor


class InferInput:
    """An input tensor: its data, or the region of shared memory it lies in."""

    def __init__(self, name, shape, datatype):
        self._name = name
        self._shape = shape
        self._datatype = datatype
        self._data = None
        self._region = None  # (name, byte size, offset)

    def name(self):
        return self._name

    def datatype(self):
        return self._datatype

    def shape(self):
        return self._shape

    def set_shape(self, shape):
        self._shape = shape
        return self

    def set_shared_memory(self, region_name, byte_size, offset=0):
        self._data = None
        self._region = region_name, byte_size, offset
        return self

    def __getstate__(self):  # views cannot be pickled
        return {**self.__dict__, "_data": None if self._data is None else bytes(self._data)}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._data = None if self._data is None else memoryview(self._data)

    def _check(self, array):
        if not isinstance(array, np.ndarray):
            raise_error("input_tensor must be a numpy array")
        got = np_to_triton_dtype(array.dtype)
        if got != self._datatype:
            hint = "" if self._datatype != "BF16" else " Convert it with array.astype(ml_dtypes.bfloat16)."
            raise_error(f"got unexpected datatype {got} from numpy array, expected {self._datatype}.{hint}")
        if list(array.shape) != list(self._shape):
            raise_error(f"got unexpected numpy array shape [{', '.join(map(str, array.shape))}], "
                        f"expected [{', '.join(map(str, self._shape))}]")

    def _keep(self, array):
        """A copy: the array is the caller's, who may change it before the request is sent, or while it is."""
        self._region = None
        if self._datatype == "BYTES":
            packed = serialize_byte_tensor(array)
            self._data = memoryview(packed.item()) if packed.size else memoryview(b"")
        else:
            self._data = copy_of(array)


class InferRequestedOutput:
    """An output tensor that is wanted, and where to."""

    def __init__(self, name, class_count=0):
        self._name = name
        self._class_count = class_count
        self._region = None

    def name(self):
        return self._name

    def set_shared_memory(self, region_name, byte_size, offset=0):
        if self._class_count:
            raise_error("shared memory can't be set on classification output")
        self._region = region_name, byte_size, offset

    def unset_shared_memory(self):
        self._region = None


def region_parameters(region):
    name, byte_size, offset = region
    parameters = {"shared_memory_region": name, "shared_memory_byte_size": _plain(byte_size)}
    if offset:
        parameters["shared_memory_offset"] = _plain(offset)
    return parameters


def _plain(number):
    """What JSON and gRPC's parameters know, of one of NumPy's."""
    return number.item() if isinstance(number, np.generic) else number


def sequence_parameters(sequence_id, sequence_start, sequence_end, priority, timeout):
    parameters = {}
    if sequence_id not in (0, ""):
        parameters.update(sequence_id=_plain(sequence_id), sequence_start=bool(sequence_start),
                          sequence_end=bool(sequence_end))
    if priority:
        parameters["priority"] = _plain(priority)
    if timeout is not None:
        parameters["timeout"] = _plain(timeout)
    return parameters
