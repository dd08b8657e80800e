"""The Open Inference Protocol over HTTP/1.1, with the binary tensors extension."""
import json
import socket
from functools import lru_cache
from typing import Any, AsyncGenerator, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, TypeVar, cast
from urllib.parse import quote

from .clock import end_of
from .errors import DeadlineExceeded, ServerError, Unavailable
from .http1 import Answer, HttpConnection
from .network import BLOCKING, Address, Network, Pooled
from .tensors import Place, Tensor, TensorSpec
from .transport import Model, Request, Response, Transport, no_answer

_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ALREADY_EXISTS",
           413: "RESOURCE_EXHAUSTED", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL", 501: "UNIMPLEMENTED",
           503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
_T = TypeVar("_T")
_Described = Tuple[Tuple[str, str, Tuple[int, ...], int, Optional[Place]], ...]
_Wanted = Tuple[Tuple[str, Optional[Place]], ...]
_KNOWN_HEADS = 64  # answers' heads whose meaning is kept: a model's are all alike


class HttpTransport(Transport):
    def __init__(self, address: Address, network: Network = BLOCKING) -> None:
        self._address = address

        async def connect(timeout: Optional[float]) -> Tuple[Pooled, Optional[float]]:
            end = end_of(timeout)
            return HttpConnection(await network.open(address, timeout, "http/1.1")), address.left(timeout, end)

        self._pool = network.pool(connect)
        more = "".join(f"{name}: {value}\r\n" for name, value in address.headers.items())
        self._common = f" HTTP/1.1\r\nHost: {address.authority}\r\n{more}"
        self._heads: Dict[bytes, Any] = {}

    def close(self) -> None:
        self._pool.close()

    async def infer(self, request: Request, timeout: Optional[float]) -> Response:
        answer = await self._ask([_begin(request, self._common), *[tensor.data for tensor in request.inputs]], timeout)
        version, answer_id, parameters, outputs = self._understand(self._check(answer))
        tensors, at = [], 0
        for name, datatype, shape, size in outputs:
            tensors.append(Tensor(name, datatype, shape, memoryview(answer.tail)[at:at + size]))
            at += size
        if at > len(answer.tail):
            raise ServerError("INTERNAL", f"expected {at} bytes of outputs behind the answer's JSON, got {len(answer.tail)}")
        return Response(version, answer_id, dict(parameters), tensors)  # what is kept of a head is nobody's to change

    def stream(self, request: Request, timeout: Optional[float]) -> AsyncGenerator[Response, None]:
        raise ServerError("UNIMPLEMENTED", "HTTP has one answer for each request: models with many answer over gRPC, by default at port 8001")

    async def model(self, name: str, version: str, timeout: Optional[float]) -> Model:
        return self._read(_read_model, self._check(await self.exchange("GET", _path(name, version), [], timeout)))

    async def is_ready(self, model: str, version: str, timeout: Optional[float]) -> bool:
        path = _path(model, version) + "/ready" if model else "/v2/health/ready"
        return (await self.exchange("GET", path, [], timeout)).status == 200

    async def load(self, model: str, timeout: Optional[float]) -> None:
        self._check(await self.exchange("POST", f"/v2/repository/models/{quote(model, safe='')}/load", [b"{}"], timeout))

    async def unload(self, model: str, timeout: Optional[float]) -> None:
        self._check(await self.exchange("POST", f"/v2/repository/models/{quote(model, safe='')}/unload", [b"{}"], timeout))

    async def max_batch_size(self, name: str, version: str, timeout: Optional[float]) -> int:
        answer = self._check(await self.exchange("GET", _path(name, version) + "/config", [], timeout))
        return self._read(lambda config: int(config.get("max_batch_size", 0)), answer)

    async def register_region(self, name: str, key: str, size: int, timeout: Optional[float]) -> None:
        body = json.dumps({"key": key, "offset": 0, "byte_size": size}).encode()
        self._check(await self.exchange("POST", _region_path(name, "register"), [body], timeout))

    async def unregister_region(self, name: str, timeout: Optional[float]) -> None:
        self._check(await self.exchange("POST", _region_path(name, "unregister"), [], timeout))

    async def exchange(self, method: str, path: str, body: List[Any], timeout: Optional[float], head_size: Optional[int] = None,
                       more_headers: str = "") -> Answer:
        """more_headers: lines, each with its end."""
        begin = _http_head(method, path, self._common + more_headers, head_size, sum(map(len, body)))
        return await self._ask([begin, *body], timeout)

    async def _ask(self, buffers: List[Any], timeout: Optional[float]) -> Answer:
        taken, rest = await self._pool.take(timeout)
        connection = cast(HttpConnection, taken)
        keeps = False
        try:
            answer, keeps = await connection.exchange(buffers, rest)
        except socket.timeout:
            raise DeadlineExceeded(f"no answer from {self._address.place} within {timeout} s") from None
        except (OSError, ValueError) as error:
            raise Unavailable(f"{self._address.place}: {error}") from None
        finally:  # after an interrupt, too: half an answer is on its way
            self._pool.give_back(connection, keeps)
        return answer

    @staticmethod
    def _check(answer: Answer) -> Answer:
        if answer.status == 200:
            return answer
        try:
            message = str(json.loads(answer.head)["error"])
        except (ValueError, KeyError, TypeError, RecursionError):
            message = answer.head.decode(errors="replace").strip() or f"HTTP status {answer.status}"
        raise ServerError(_STATUS.get(answer.status, "UNKNOWN"), message)

    def _read(self, read: Callable[[Any], _T], answer: Answer) -> _T:
        """What `read` makes of the answer's JSON."""
        try:
            return read(json.loads(answer.head))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise no_answer(answer.head) from None

    def _understand(self, answer: Answer) -> Any:
        known = self._heads.get(answer.head)
        if known is None:
            known = self._read(_read_head, answer)
            if len(self._heads) >= _KNOWN_HEADS:
                self._heads.clear()
            self._heads[answer.head] = known
        return known


@lru_cache(maxsize=256)
def _path(model: str, version: str) -> str:
    path = f"/v2/models/{quote(model, safe='')}"
    return f"{path}/versions/{quote(version, safe='')}" if version else path


def _region_path(name: str, action: str) -> str:
    return f"/v2/systemsharedmemory/region/{quote(name, safe='')}/{action}"


def _http_head(method: str, path: str, common: str, json_size: Optional[int], size: int) -> bytes:
    json_line = "" if json_size is None else f"Inference-Header-Content-Length: {json_size}\r\n"
    return f"{method} {path}{common}{json_line}Content-Length: {size}\r\n\r\n".encode("latin-1")


def _begin(request: Request, common: str) -> bytes:
    """What goes before the tensors' bytes."""
    tensors = tuple([(tensor.name, tensor.datatype, tensor.shape, len(tensor.data), tensor.place) for tensor in request.inputs])
    outputs = tuple([(name, request.places.get(name)) for name in request.outputs])
    if request.id or request.parameters:
        return _make_begin(common, request.model, request.version, tensors, outputs, request.id, request.parameters)
    return _usual_begin(common, request.model, request.version, tensors, outputs)


@lru_cache(maxsize=256)
def _usual_begin(common: str, model: str, version: str, tensors: _Described, outputs: _Wanted) -> bytes:
    return _make_begin(common, model, version, tensors, outputs, "", {})


def _make_begin(common: str, model: str, version: str, tensors: _Described, outputs: _Wanted, request_id: str,
                parameters: Mapping[str, Any]) -> bytes:
    json_head = _make_head(tensors, outputs, request_id, parameters)
    size = len(json_head) + sum([size for _, _, _, size, _ in tensors])
    return _http_head("POST", _path(model, version) + "/infer", common, len(json_head), size) + json_head


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


def _read_model(told: Any) -> Model:
    return Model(told["name"], tuple(told.get("versions", ())), told.get("platform", ""), _specs(told["inputs"]),
                 _specs(told["outputs"]))


def _read_head(told: Any) -> Tuple[str, str, Dict[str, Any], List[Tuple[str, str, Tuple[int, ...], int]]]:
    outputs = []
    for output in told.get("outputs", ()):
        size = int(output.get("parameters", {}).get("binary_data_size", 0))  # none of what is in shared memory
        if size < 0:
            raise ValueError("expected a size")
        if "data" in output:
            raise ServerError("UNIMPLEMENTED", f"expected output '{output['name']}' in binary form; the server does not know the extension")
        outputs.append((output["name"], output["datatype"], tuple(map(int, output["shape"])), size))
    return told.get("model_version", ""), told.get("id", ""), dict(told.get("parameters", {})), outputs


def _specs(tensors: Sequence[Dict[str, Any]]) -> Tuple[TensorSpec, ...]:
    return tuple(TensorSpec(tensor["name"], tensor["datatype"], tuple(int(dim) for dim in tensor["shape"])) for tensor in tensors)
