"""Requests and answers of the protocol over HTTP: JSON, and the tensors' bytes behind it."""
import gzip
import json
import operator
import zlib
from urllib.parse import quote, urlencode

from tritonclient import _tensor
from tritonclient.utils import InferenceServerException, check_parameters, raise_error, tensor_from_bytes


class InferInput(_tensor.InferInput):
    def set_data_from_numpy(self, input_tensor, binary_data=True):
        self._check(input_tensor)
        self._json = None
        if binary_data:
            self._keep(input_tensor)
            return self
        if self._datatype == "BF16":
            raise_error("BF16 inputs must be sent as binary data over HTTP. Please set binary_data=True")
        self._data = self._region = None
        self._json = [self._text(item) for item in input_tensor.ravel().tolist()] if self._datatype == "BYTES" else input_tensor.ravel().tolist()
        return self

    @staticmethod
    def _text(item):
        if not isinstance(item, bytes):
            return str(item)
        try:
            return item.decode("utf-8")
        except UnicodeDecodeError:
            raise_error(f'Failed to encode "{item}" using UTF-8. Please use binary_data=True, if you want to pass a byte array.')

    _json = None

    def _described(self):
        described = {"name": self._name, "shape": [operator.index(dim) for dim in self._shape], "datatype": self._datatype}
        if self._region is not None:
            described["parameters"] = _tensor.region_parameters(self._region)
        elif self._data is not None:
            described["parameters"] = {"binary_data_size": len(self._data)}
        elif self._json is not None:
            described["data"] = self._json
        return described


class InferRequestedOutput(_tensor.InferRequestedOutput):
    def __init__(self, name, binary_data=True, class_count=0):
        super().__init__(name, class_count)
        self._binary = binary_data

    def _described(self):
        if self._region is not None:
            return {"name": self._name, "parameters": _tensor.region_parameters(self._region)}
        parameters = {"classification": self._class_count} if self._class_count else {}
        return {"name": self._name, "parameters": {**parameters, "binary_data": self._binary}}


class InferResult:
    """The answer: arrays by the outputs' names."""

    def __init__(self, head, tail=b"", verbose=False):
        if verbose:
            print(head)
        self._result, self._tail, at = head, tail, 0
        self._places = {}
        for output in head.get("outputs", ()):
            size = output.get("parameters", {}).get("binary_data_size")
            if size is not None:
                self._places[output["name"]] = at, at + size
                at += size

    def __reduce__(self):  # views cannot be pickled
        return type(self), (self._result, bytes(self._tail))

    @classmethod
    def from_response_body(cls, response_body, verbose=False, header_length=None, content_encoding=None):
        body = _decompress(response_body, content_encoding)
        length = len(body) if header_length is None else int(header_length)
        return cls(read_json(body[:length]), memoryview(body)[length:], verbose)

    def as_numpy(self, name):
        output = self.get_output(name)
        if output is None:
            return None
        if (place := self._places.get(name)) is not None:
            return tensor_from_bytes(output["datatype"], output["shape"], self._tail[place[0]:place[1]])
        return _from_json(output)

    def get_output(self, name):
        return next((output for output in self._result.get("outputs", ()) if output["name"] == name), None)

    def get_response(self):
        return self._result


def _from_json(output):
    import numpy as np
    from tritonclient.utils import triton_to_np_dtype
    return np.array(output.get("data", ()), dtype=triton_to_np_dtype(output["datatype"])).reshape(output["shape"] if "data" in output else 0)


def _decompress(body, encoding):
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body


def read_json(data):
    try:
        return json.loads(bytes(data))
    except (ValueError, RecursionError) as error:
        raise InferenceServerException(f"an exception occurred in the client while decoding the response: {error}") from None


def check_answer(answer):
    if answer.status == 200:
        return
    body = bytes(_decompress(answer.head, answer.encoding))
    if not body:
        raise InferenceServerException("client received an empty response from the server.", status=str(answer.status))
    try:
        message, details = json.loads(body)["error"], None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        details = body.decode(errors="replace")
        message = f"an exception occurred in the client while decoding the response: {error}\nresponse: {details}"
    raise InferenceServerException(message, status=str(answer.status), debug_details=details)


def infer_body(inputs, outputs=None, request_id="", sequence_id=0, sequence_start=False, sequence_end=False, priority=0, timeout=None,
               parameters=None):
    """(pieces, size of the JSON or None)"""
    check_parameters(parameters)
    document = {"id": request_id} if request_id else {}
    options = _tensor.sequence_parameters(sequence_id, sequence_start, sequence_end, priority, timeout)
    if not outputs:
        options["binary_data_output"] = True
    options.update(parameters or {})
    inputs = list(inputs)
    document["inputs"] = [tensor._described() for tensor in inputs]
    if outputs:
        document["outputs"] = [output._described() for output in outputs]
    if options:
        document["parameters"] = options
    head = json.dumps(document, separators=(",", ":"), default=_text_of).encode()
    binary = [tensor._data for tensor in inputs if tensor._data is not None]
    return [head, *binary], len(head) if binary else None


def _text_of(value):
    if isinstance(value, bytes):
        return value.decode()
    raise TypeError(f"{value!r} is not JSON serializable")


def compress(pieces, headers, request_algorithm, response_algorithm):
    if request_algorithm in ("gzip", "deflate"):
        headers["Content-Encoding"] = request_algorithm
        body = b"".join(pieces)
        pieces = [gzip.compress(body) if request_algorithm == "gzip" else zlib.compress(body)]
    if response_algorithm in ("gzip", "deflate"):
        headers["Accept-Encoding"] = response_algorithm
    return pieces


def model_path(name, version, tail=""):
    if not isinstance(version, str):
        raise_error("model version must be a string")
    path = f"v2/models/{quote(name)}"
    return f"{path}/versions/{version}{tail}" if version else path + tail


def with_query(path, query):
    return f"{path}?{urlencode(query, doseq=True)}" if query else path
