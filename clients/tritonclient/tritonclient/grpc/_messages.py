"""Requests and answers of the protocol over gRPC. Those of inference are written and read without building messages."""
import gzip
import json
import operator
import struct
import zlib

from google.protobuf.json_format import MessageToJson
from neso_client import protobuf as pb
from neso_client.grpc import read_spec

from tritonclient import _tensor
from tritonclient.utils import check_parameters, raise_error, tensor_from_bytes, triton_to_np_dtype

from . import service_pb2


class InferInput(_tensor.InferInput):
    def __init__(self, name, shape, datatype):
        super().__init__(_text("name", name), _dims(shape), _text("datatype", datatype))

    def set_shape(self, shape):
        return super().set_shape(_dims(shape))

    def set_data_from_numpy(self, input_tensor):
        self._check(input_tensor)
        self._keep(input_tensor)
        return self

    def _field(self):
        made = pb.text_field(1, self._name) + pb.text_field(2, self._datatype) + pb.packed_field(3, self._shape)
        if self._region is not None:
            made += _parameters(4, _tensor.region_parameters(self._region))
        return pb.bytes_field(5, made)


class InferRequestedOutput(_tensor.InferRequestedOutput):
    def _field(self):
        made = pb.text_field(1, self._name)
        if self._region is not None:
            made += _parameters(2, _tensor.region_parameters(self._region))
        elif self._class_count:
            made += _parameters(2, {"classification": self._class_count})
        return pb.bytes_field(6, made)


def _dims(shape):
    """A copy, as the stock client makes one."""
    return [operator.index(dim) for dim in shape]


def _text(what, given):
    if not isinstance(given, str):
        raise TypeError(f"{what}: expected a str, got {given!r}")
    return given


def _parameters(field, parameters):
    made = b""
    for key, value in parameters.items():
        if isinstance(value, bool):
            content = pb.varint(1 << 3) + pb.varint(value)
        elif isinstance(value, int):
            is_unsigned = key == "priority"
            if not (0 <= value < 1 << 64 if is_unsigned else -1 << 63 <= value < 1 << 63):
                raise ValueError(f"Value out of range: {value}")
            content = pb.varint((5 if is_unsigned else 2) << 3) + pb.varint(value)
        elif isinstance(value, float):
            content = pb.varint(4 << 3 | pb.FIXED64) + struct.pack("<d", value)
        elif isinstance(value, str):
            content = pb.bytes_field(3, value.encode())
        else:
            raise_error(f'The parameter datatype "{type(value)}" for key "{key}" is not supported.')
        made += pb.bytes_field(field, pb.text_field(1, key) + pb.bytes_field(2, content))
    return made


def infer_message(model_name, inputs, model_version="", outputs=None, request_id="", sequence_id=0, sequence_start=False,
                  sequence_end=False, priority=0, timeout=None, parameters=None, enable_empty_final_response=False):
    """(pieces, size)"""
    if not isinstance(model_version, str):
        raise_error("model version must be a string")
    check_parameters(parameters)
    inputs = list(inputs)
    options = _tensor.sequence_parameters(sequence_id, sequence_start, sequence_end, priority, timeout)
    for what, number in options.items():
        if not isinstance(number, int) and not (what == "sequence_id" and isinstance(number, str)):
            raise TypeError(f"{what}: expected an int, got {number!r}")
    if enable_empty_final_response:
        options["triton_enable_empty_final_response"] = True
    options.update(parameters or {})
    head = pb.text_field(1, _text("model_name", model_name)) + pb.text_field(2, model_version)
    head += pb.text_field(3, _text("request_id", request_id)) + _parameters(4, options)
    head += b"".join([tensor._field() for tensor in inputs]) + b"".join([output._field() for output in outputs or ()])
    pieces, size = [], 0
    for tensor in inputs:
        if tensor._data is not None:
            head += pb.varint(7 << 3 | pb.BYTES) + pb.varint(len(tensor._data))
            pieces += [memoryview(head), tensor._data]
            size += len(head) + len(tensor._data)
            head = b""
    if head:
        pieces.append(memoryview(head))
        size += len(head)
    return [piece for piece in pieces if len(piece)], size


def encoding_of(algorithm):
    """The encoding's name, or "" for none."""
    if algorithm is None:
        return ""
    if algorithm.lower() not in ("gzip", "deflate"):
        print("The provided client-side compression algorithm is not supported... using no compression")
        return ""
    return algorithm.lower()


def compress(pieces, size, encoding):
    """(pieces, size)"""
    if not encoding:
        return pieces, size
    whole = b"".join(pieces)
    packed = gzip.compress(whole) if encoding == "gzip" else zlib.compress(whole)
    return [memoryview(packed)], len(packed)


def to_json(message):
    return json.loads(MessageToJson(message, preserving_proto_field_name=True))


class InferResult:
    """The answer: arrays by the outputs' names."""

    def __init__(self, result):
        self._wire = result if isinstance(result, memoryview) else memoryview(result.SerializeToString())
        self._message = None if isinstance(result, memoryview) else result
        self._outputs = {}
        specs, contents = [], []
        for field, value in pb.fields(self._wire):
            if field == 5:
                specs.append(read_spec(bytes(value)))
            elif field == 6:
                contents.append(value)
        for i, spec in enumerate(specs):
            self._outputs[spec.name] = spec, contents[i] if i < len(contents) else None

    def __reduce__(self):  # views cannot be pickled
        return _result_of, (bytes(self._wire),)

    def as_numpy(self, name):
        spec, content = self._outputs.get(name, (None, None))
        if spec is None:
            return None
        if content is not None:
            return tensor_from_bytes(spec.datatype, spec.shape, content)
        return _from_contents(self.get_output(name))

    def get_output(self, name, as_json=False):
        output = next((output for output in self.get_response().outputs if output.name == name), None)
        return to_json(output) if as_json and output is not None else output

    def get_response(self, as_json=False):
        if self._message is None:
            self._message = service_pb2.ModelInferResponse.FromString(bytes(self._wire))
        return to_json(self._message) if as_json else self._message


def _result_of(data):
    return InferResult(memoryview(data))


def _from_contents(output):
    import numpy as np
    values = next((value for _, value in output.contents.ListFields()), ())
    if not values:
        return np.empty(0, triton_to_np_dtype(output.datatype))
    return np.array(values, dtype=triton_to_np_dtype(output.datatype)).reshape(output.shape)
