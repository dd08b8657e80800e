"""Datatypes, serialised strings, and the exception of all clients."""
import struct

import ml_dtypes
import numpy as np

TRITON_RESERVED_REQUEST_PARAMS = ["sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers", "binary_data_output"]
TRITON_RESERVED_REQUEST_PARAMS_PREFIX = "triton_"

_TO_NUMPY = {"BOOL": bool, "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "UINT8": np.uint8,
             "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64,
             "BF16": ml_dtypes.bfloat16, "BYTES": np.object_}
_FROM_NUMPY = {np.dtype(kind): name for name, kind in _TO_NUMPY.items() if name != "BYTES"}


class InferenceServerException(Exception):
    def __init__(self, msg, status=None, debug_details=None):
        super().__init__(msg)
        self._msg = msg
        self._status = status
        self._debug_details = debug_details

    def __str__(self):
        text = super().__str__() if self._msg is None else self._msg
        return text if self._status is None else f"[{self._status}] {text}"

    def message(self):
        return self._msg

    def status(self):
        return self._status

    def debug_details(self):
        return self._debug_details


def raise_error(msg):
    raise InferenceServerException(msg=msg) from None


def check_parameters(parameters):
    """Raises where a name belongs to the protocol."""
    for key in parameters or ():
        if key in TRITON_RESERVED_REQUEST_PARAMS or key.startswith(TRITON_RESERVED_REQUEST_PARAMS_PREFIX):
            raise_error(f'Parameter "{key}" is a reserved parameter and cannot be specified.')


def np_to_triton_dtype(np_dtype):
    """The protocol's name of a datatype; None where it has none."""
    try:
        dtype = np.dtype("V" if np_dtype is None else np_dtype)  # of None, NumPy makes FP64
    except TypeError:
        return None
    return "BYTES" if dtype.kind in "OSU" else _FROM_NUMPY.get(dtype)


def triton_to_np_dtype(dtype):
    return _TO_NUMPY.get(dtype)


def serialized_byte_size(tensor_value):
    """Of the elements, without their lengths."""
    if tensor_value.dtype != np.object_:
        raise_error("The tensor_value dtype must be np.object_")
    return sum(len(item) for item in tensor_value.flat)


def _as_bytes(item):
    return item if isinstance(item, bytes) else str(item).encode("utf-8")


def _boxed(data):
    box = np.empty((), np.object_)
    box[()] = data
    return box


def serialize_byte_tensor(input_tensor):
    """Strings behind their lengths, as one bytes object in an array without dimensions."""
    if input_tensor.size == 0:
        return np.empty([0], dtype=np.object_)
    if input_tensor.dtype != np.object_ and input_tensor.dtype.type not in (np.bytes_, np.str_):
        raise_error("cannot serialize bytes tensor: invalid datatype")
    packed = bytearray()
    for item in map(_as_bytes, input_tensor.ravel().tolist()):
        packed += struct.pack("<I", len(item))
        packed += item
    return _boxed(bytes(packed))


def packed_strings(array):
    """The bytes of an array of strings, or of one that serialize_byte_tensor() has made."""
    packed = serialize_byte_tensor(array) if array.ndim or array.dtype.kind != "O" else array
    return packed.item() if packed.size else b""


def check_arrays(input_values, exception):
    """What both kinds of shared memory take."""
    if not isinstance(input_values, (list, tuple)):
        raise exception("input_values must be specified as a list/tuple of numpy arrays")
    if not all(isinstance(value, np.ndarray) for value in input_values):
        raise exception("each element of input_values must be a numpy array")


def deserialize_bytes_tensor(encoded_tensor):
    data, at, items = bytes(encoded_tensor), 0, []
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        if at + 4 + size > len(data):
            raise struct.error(f"expected a string of {size} bytes, got {len(data) - at - 4}: the tensor ends too early")
        items.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return np.array(items, dtype=np.object_)


def tensor_from_bytes(datatype, shape, data):
    """The array a tensor's bytes say."""
    if len(data) == 0:
        return np.empty(0, triton_to_np_dtype(datatype)).reshape(shape)
    if datatype == "BYTES":
        return deserialize_bytes_tensor(data).reshape(shape)
    array = np.frombuffer(data, np.dtype(triton_to_np_dtype(datatype)))
    return (array if array.flags.aligned else array.copy()).reshape(shape)
