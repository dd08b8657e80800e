"""The Open Inference Protocol over HTTP/1.1, with the binary tensors extension."""
import json
import socket
import threading
from functools import lru_cache
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import quote

import numpy as np

from .errors import DeadlineExceeded, ServerError, Unavailable
from .tensors import Place, Tensor, TensorSpec
from .transport import Address, Cancellation, Model, Pool, Request, Response, Transport, Watch, buffered, send_all, shut_down

_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ALREADY_EXISTS",
           413: "RESOURCE_EXHAUSTED", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL", 501: "UNIMPLEMENTED",
           503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
_Described = Tuple[Tuple[str, str, Tuple[int, ...], int, Optional[Place]], ...]
_Wanted = Tuple[Tuple[str, Optional[Place]], ...]
_KNOWN_HEADS = 64  # answers' heads whose meaning is kept: a model's are all alike


class Answer(NamedTuple):
    status: int
    head_size: Optional[int]  # of the JSON before binary tensors
    head: bytes
    tail: np.ndarray  # what comes after it
    encoding: str = ""  # where there is one, all of the body is in `head`, as it came


class _Connection:
    def __init__(self, address: Address, timeout: Optional[float]) -> None:
        self._socket = address.connect(timeout, "http/1.1")
        self._file = buffered(self._socket)
        self.is_idle = Watch(self._socket).is_quiet

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def abort(self) -> None:
        """From any thread: whoever waits for the answer gets an error."""
        shut_down(self._socket)

    def exchange(self, buffers: List[Any], timeout: Optional[float]) -> Tuple[Answer, bool]:
        """(answer, whether the connection can be used again)"""
        self._socket.settimeout(timeout)
        send_all(self._socket, buffers)
        line = self._file.readline(65536)
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the server closed the connection")
        status = int(line.split(b" ", 2)[1])
        size = head_size = None
        encoding = ""
        keeps, chunked = True, False
        while (line := self._file.readline(65536)) not in (b"\r\n", b"\n"):
            if not line:
                raise ConnectionResetError("the server closed the connection")
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"content-length":
                size = int(value)
            elif name == b"inference-header-content-length":
                head_size = int(value)
            elif name == b"connection":
                keeps = value.strip().lower() != b"close"
            elif name == b"transfer-encoding":
                chunked = value.strip().lower() == b"chunked"
            elif name == b"content-encoding":
                encoding = value.strip().decode("latin-1").lower()
        if encoding:
            head = self._chunks() if chunked else self._read(size or 0)
            return Answer(status, head_size, head, np.empty(0, np.uint8), encoding), keeps and (chunked or size is not None)
        if chunked:
            head, size = self._chunks(), 0
        else:
            keeps = keeps and size is not None
            head = self._read(size if head_size is None else head_size) if size is not None else self._file.read()
        tail = np.empty(0 if head_size is None or size is None else size - head_size, np.uint8)
        self._fill(tail)
        return Answer(status, head_size, head, tail), keeps

    def _read(self, size: int) -> bytes:
        read = self._file.read(size)
        if len(read) < size:
            raise ConnectionResetError("the server closed the connection")
        return read

    def _fill(self, array: np.ndarray) -> None:
        view, at = memoryview(array), 0
        while at < len(view):
            count = self._file.readinto(view[at:])
            if not count:
                raise ConnectionResetError("the server closed the connection")
            at += count

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self._file.readline(1024).split(b";")[0], 16):
            body += self._read(size)
            self._read(2)
        while self._file.readline(65536) not in (b"\r\n", b"\n", b""):
            pass
        return bytes(body)


class HttpTransport(Transport):
    def __init__(self, address: Address) -> None:
        self._address = address
        self._pool = Pool(lambda timeout: _Connection(address, timeout))
        more = "".join(f"{name}: {value}\r\n" for name, value in address.headers.items())
        self._common = f" HTTP/1.1\r\nHost: {address.authority}\r\n{more}"
        self._heads: Dict[bytes, Any] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        self._pool.close()

    def infer(self, request: Request, timeout: Optional[float], cancellation: Optional[Cancellation] = None) -> Response:
        head = _request_head(request)
        buffers = [head, *(tensor.data for tensor in request.inputs)]
        answer = self.exchange("POST", _path(request.model, request.version) + "/infer", buffers, timeout, len(head),
                               cancellation=cancellation)
        self._check(answer)
        version, answer_id, parameters, outputs = self._understand(answer)
        tensors, at = [], 0
        for name, datatype, shape, size in outputs:
            tensors.append(Tensor(name, datatype, shape, memoryview(answer.tail)[at:at + size]))
            at += size
        return Response(version, answer_id, parameters, tensors)

    def stream(self, request: Request, timeout: Optional[float], cancellation: Optional[Cancellation] = None) -> Iterator[Response]:
        raise ServerError("UNIMPLEMENTED", "HTTP has one answer for each request: models with many answer over gRPC, by default at port 8001")

    def model(self, name: str, version: str, timeout: Optional[float]) -> Model:
        told = json.loads(self._check(self.exchange("GET", _path(name, version), [], timeout)).head)
        return Model(told["name"], tuple(told.get("versions", ())), told.get("platform", ""), _specs(told["inputs"]), _specs(told["outputs"]))

    def is_ready(self, model: str, version: str, timeout: Optional[float]) -> bool:
        path = _path(model, version) + "/ready" if model else "/v2/health/ready"
        return self.exchange("GET", path, [], timeout).status == 200

    def load(self, model: str, timeout: Optional[float]) -> None:
        self._check(self.exchange("POST", f"/v2/repository/models/{quote(model, safe='')}/load", [b"{}"], timeout))

    def unload(self, model: str, timeout: Optional[float]) -> None:
        self._check(self.exchange("POST", f"/v2/repository/models/{quote(model, safe='')}/unload", [b"{}"], timeout))

    def max_batch_size(self, name: str, version: str, timeout: Optional[float]) -> int:
        config = json.loads(self._check(self.exchange("GET", _path(name, version) + "/config", [], timeout)).head)
        return int(config.get("max_batch_size", 0))

    def register_region(self, name: str, key: str, size: int, timeout: Optional[float]) -> None:
        body = json.dumps({"key": key, "offset": 0, "byte_size": size}).encode()
        self._check(self.exchange("POST", _region_path(name, "register"), [body], timeout))

    def unregister_region(self, name: str, timeout: Optional[float]) -> None:
        self._check(self.exchange("POST", _region_path(name, "unregister"), [], timeout))

    def exchange(self, method: str, path: str, body: List[Any], timeout: Optional[float], head_size: Optional[int] = None,
                 more_headers: str = "", cancellation: Optional[Cancellation] = None) -> Answer:
        """more_headers: lines, each with its end."""
        size = sum(len(buffer) for buffer in body)
        extra = more_headers if head_size is None else f"{more_headers}Inference-Header-Content-Length: {head_size}\r\n"
        buffers = [f"{method} {path}{self._common}{extra}Content-Length: {size}\r\n\r\n".encode("latin-1"), *body]
        connection: _Connection = self._pool.take(timeout)
        if cancellation is not None:
            cancellation.attach(connection.abort)
        try:
            answer, keeps = connection.exchange(buffers, timeout)
        except socket.timeout:
            connection.close()
            raise DeadlineExceeded(f"no answer from {self._address.authority} within {timeout} s") from None
        except (OSError, ValueError, IndexError) as error:
            connection.close()
            raise Unavailable(f"{self._address.authority}: {error}") from None
        except BaseException:  # an interrupt: half an answer is on its way
            connection.close()
            raise
        if cancellation is not None and cancellation.detach():
            keeps = False
        if keeps:
            self._pool.give_back(connection)
        else:
            connection.close()
        return answer

    @staticmethod
    def _check(answer: Answer) -> Answer:
        if answer.status == 200:
            return answer
        try:
            message = json.loads(answer.head)["error"]
        except (ValueError, KeyError, TypeError):
            message = answer.head.decode(errors="replace").strip() or f"HTTP status {answer.status}"
        raise ServerError(_STATUS.get(answer.status, "UNKNOWN"), message)

    def _understand(self, answer: Answer) -> Any:
        known = self._heads.get(answer.head)
        if known is None:
            known = _read_head(answer)
            with self._lock:
                if len(self._heads) >= _KNOWN_HEADS:
                    self._heads.clear()
                self._heads[answer.head] = known
        return known


def _path(model: str, version: str) -> str:
    path = f"/v2/models/{quote(model, safe='')}"
    return f"{path}/versions/{quote(version, safe='')}" if version else path


def _region_path(name: str, action: str) -> str:
    return f"/v2/systemsharedmemory/region/{quote(name, safe='')}/{action}"


def _request_head(request: Request) -> bytes:
    tensors = tuple((tensor.name, tensor.datatype, tensor.shape, len(tensor.data), tensor.place) for tensor in request.inputs)
    outputs = tuple((name, request.places.get(name)) for name in request.outputs)
    if request.id or request.parameters:
        return _make_head(tensors, outputs, request.id, request.parameters)
    return _usual_head(tensors, outputs)


@lru_cache(maxsize=256)
def _usual_head(tensors: _Described, outputs: _Wanted) -> bytes:
    return _make_head(tensors, outputs, "", {})


def _make_head(tensors: _Described, outputs: _Wanted, request_id: str, parameters: Mapping[str, Any]) -> bytes:
    inputs = [{"name": name, "shape": shape, "datatype": datatype,
               "parameters": {"binary_data_size": size} if place is None else _place_parameters(place)}
              for name, datatype, shape, size, place in tensors]
    document: Dict[str, Any] = {"inputs": inputs, "parameters": {"binary_data_output": True, **parameters}}
    if request_id:
        document["id"] = request_id
    if outputs:
        document["outputs"] = [{"name": name, "parameters": {"binary_data": True} if place is None else _place_parameters(place)}
                               for name, place in outputs]
    return json.dumps(document, separators=(",", ":")).encode()


def _place_parameters(place: Place) -> Dict[str, Any]:
    return {"shared_memory_region": place.region, "shared_memory_byte_size": place.size}


def _read_head(answer: Answer) -> Tuple[str, str, Dict[str, Any], List[Tuple[str, str, Tuple[int, ...], int]]]:
    told = json.loads(answer.head)
    outputs = []
    for output in told.get("outputs", ()):
        size = output.get("parameters", {}).get("binary_data_size", 0)  # none of what is in shared memory
        if "data" in output:
            raise ServerError("UNIMPLEMENTED", f"expected output '{output['name']}' in binary form; the server does not know the extension")
        outputs.append((output["name"], output["datatype"], tuple(output["shape"]), size))
    return told.get("model_version", ""), told.get("id", ""), told.get("parameters", {}), outputs


def _specs(tensors: Sequence[Dict[str, Any]]) -> Tuple[TensorSpec, ...]:
    return tuple(TensorSpec(tensor["name"], tensor["datatype"], tuple(int(dim) for dim in tensor["shape"])) for tensor in tensors)
