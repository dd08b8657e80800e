"""Responses of models."""
import json

from . import wire
from .datatypes import DTYPES
from .errors import TritonError, TritonModelException
from .tensor import Tensor


_head = wire.RESPONSE_HEAD.pack


def check_parameters(parameters):
    """As the JSON text that they travel in; '' if there are none."""
    if not parameters:
        return ""
    if not isinstance(parameters, dict):
        raise TypeError(f"expected a dict as parameters, got {type(parameters).__name__}")
    for key, value in parameters.items():
        if not isinstance(key, str):
            raise TritonModelException(f"Expect parameters keys to have type str, found type {type(key)}")
        if not isinstance(value, (bool, int, str)):
            raise TritonModelException(f"Expect parameters values to have type bool/int/str, found type {type(value)}")
        if isinstance(value, int) and not -1 << 63 <= value < 1 << 63:
            raise TritonModelException(f"parameter '{key}': expected an integer of 64 bits, got {value}")
        if not (_is_text(key) and (not isinstance(value, str) or _is_text(value))):
            raise TritonModelException(f"parameter {key!r}: expected Unicode text, got {value!r}")
    return json.dumps(parameters)


def _is_text(text):
    """Half a surrogate pair is a str, but no text that can be sent."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class InferenceResponse:
    __slots__ = ("_tensors", "_error", "_parameters")

    def __init__(self, output_tensors=(), error=None, parameters=None):
        tensors = list(output_tensors)
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                raise TypeError("InferenceResponse: expected Tensor objects as output_tensors, "
                                f"got {type(tensor).__name__}")
        if error is not None and not isinstance(error, TritonError):
            raise TypeError(f"InferenceResponse: expected a TritonError as error, got {type(error).__name__}")
        self._tensors = tensors
        self._error = error
        self._parameters = check_parameters(parameters) if parameters else ""

    def output_tensors(self):
        return self._tensors

    def has_error(self):
        return self._error is not None

    def error(self):
        return self._error

    def parameters(self):
        return self._parameters or "{}"

    def _records(self, channel, wanted, in_place):
        """For Channel.send_records; outputs that nobody wants are left out."""
        if self._error is not None:
            text = self._error._message.encode()
            return [wire.RESPONSE_HEAD.pack(wire.ERROR, self._error._code, 0, len(text), 0) + text]
        tensors = [tensor._record(channel, in_place) for tensor in self._tensors if tensor._name in wanted]
        parameters = self._parameters
        if not parameters:
            return [_head(wire.RESPONSE, 0, len(tensors), 0, 0), *tensors]
        text = parameters.encode()
        return [wire.RESPONSE_HEAD.pack(wire.RESPONSE, 0, len(tensors), 0, len(text)), *tensors, text]


def marker(kind):
    """The record of a response that says something else than a response."""
    return wire.RESPONSE_HEAD.pack(kind, 0, 0, 0, 0)


_types = {}  # of tensors in replies, as they are encoded
_MOST_TYPES = 1024
_new_response = InferenceResponse.__new__


def _read_type(encoded):
    if len(_types) >= _MOST_TYPES:
        _types.clear()
    name, number, shape, _ = wire.tensor_type(encoded, 0)
    known = _types[encoded] = name, number, shape, DTYPES[number]
    return known


def read_response(channel, body):
    """The response in a reply, whose large tensors are views of blocks of their own."""
    kind, code, count, error_length, parameters_length = wire.RESPONSE_HEAD.unpack_from(body)
    position = wire.RESPONSE_HEAD.size
    response = _new_response(InferenceResponse)
    response._tensors = tensors = []
    for _ in range(count):
        _, rank, name_length = wire.TENSOR.unpack_from(body, position)
        end = position + wire.TENSOR.size + 8 * rank + name_length
        encoded = body[position:end]
        name, number, shape, dtype = _types.get(encoded) or _read_type(encoded)
        place, size = wire.PLACE.unpack_from(body, end)
        position = end + wire.PLACE.size
        if place == wire.INLINE:
            block = bytearray(body[position:position + size])
            position += size
        else:
            block = channel.hold(place, size)
        tensors.append(Tensor._view(name, number, shape, dtype, block, 0, size))
    error = body[position:position + error_length]
    response._error = TritonError(error.decode(), code) if kind == wire.ERROR else None
    position += error_length
    response._parameters = body[position:position + parameters_length].decode() if parameters_length else ""
    return response
