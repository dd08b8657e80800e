"""The Open Inference Protocol over gRPC: `inference.GRPCInferenceService`."""
import socket
import struct
from functools import lru_cache
from typing import Any, AsyncGenerator, Awaitable, Callable, Dict, List, Optional, Tuple, TypeVar, cast

from . import protobuf as pb
from .clock import end_of, left_until
from .errors import DeadlineExceeded, InvalidInput, NesoError, ServerError, Unavailable
from .grpc_call import Cancellation, DuplexCall, as_status, check_status
from .http2 import PREFIX, Http2Connection, StreamEnded, StreamRefused, literal
from .network import BLOCKING, Address, Network, Pooled
from .tensors import Place, Tensor, TensorSpec
from .transport import Model, Request, Response, Transport, no_answer

_T = TypeVar("_T")


class GrpcTransport(Transport):
    def __init__(self, address: Address, network: Network = BLOCKING) -> None:
        self._address = address

        async def connect(timeout: Optional[float]) -> Tuple[Pooled, Optional[float]]:
            end = end_of(timeout)
            connection = Http2Connection(await network.open(address, timeout, "h2"))
            connection.limit(address.left(timeout, end))
            try:
                await connection.start()
            except BaseException as error:
                connection.close()
                raise self._understood(error, timeout) from None
            return connection, address.left(timeout, end)

        self._pool = network.pool(connect)
        fields = b"\x83" + (b"\x87" if address.tls else b"\x86") + b"\x01" + literal(b"", address.authority.encode())[2:]
        fields += literal(b"content-type", b"application/grpc") + literal(b"te", b"trailers")
        for name, value in address.headers.items():
            fields += literal(name.lower().encode("latin-1"), value.encode("latin-1"))
        self._common = fields
        self._paths: Dict[str, bytes] = {}

    def close(self) -> None:
        self._pool.close()

    async def infer(self, request: Request, timeout: Optional[float]) -> Response:
        return _read(read_response, await self.call("ModelInfer", *infer_request(request), timeout))

    async def stream(self, request: Request, timeout: Optional[float]) -> AsyncGenerator[Response, None]:
        pieces, size = infer_request(request)
        end = end_of(timeout)
        try:
            connection, message = await self._begun_stream(pieces, size, timeout)
        except StreamRefused:
            connection, message = await _last(self._begun_stream(pieces, size, left_until(end)))
        is_whole = False
        try:
            while message is not None:
                response = _read(_read_stream_response, message)
                if response is not None:
                    yield response
                message = await connection.receive()
            is_whole = True
            check_status(connection.fields())
        except (OSError, ValueError, StreamEnded) as error:
            raise self._understood(error, timeout) from None
        finally:
            self._pool.give_back(connection, is_whole)

    async def _begun_stream(self, message: List[memoryview], size: int,
                            timeout: Optional[float]) -> Tuple[Http2Connection, Optional[memoryview]]:
        """A connection, and the first message that came. Raises StreamRefused, too."""
        taken, rest = await self._pool.take(timeout)
        connection = cast(Http2Connection, taken)
        try:
            await self._send(connection, "ModelStreamInfer", message, size, rest)
            return connection, await connection.receive()
        except BaseException as error:
            self._pool.give_back(connection, False)
            raise self._understood(error, timeout) from None

    async def model(self, name: str, version: str, timeout: Optional[float]) -> Model:
        answer = await self._call_small("ModelMetadata", pb.text_field(1, name) + pb.text_field(2, version), timeout)
        return _read(_read_model, answer)

    async def is_ready(self, model: str, version: str, timeout: Optional[float]) -> bool:
        if model:
            answer = await self._call_small("ModelReady", pb.text_field(1, model) + pb.text_field(2, version), timeout)
        else:
            answer = await self._call_small("ServerReady", b"", timeout)
        return _read(lambda message: any(field == 1 and value for field, value in pb.fields(message)), answer)

    async def load(self, model: str, timeout: Optional[float]) -> None:
        await self._call_small("RepositoryModelLoad", pb.text_field(2, model), timeout)

    async def unload(self, model: str, timeout: Optional[float]) -> None:
        await self._call_small("RepositoryModelUnload", pb.text_field(2, model), timeout)

    async def max_batch_size(self, name: str, version: str, timeout: Optional[float]) -> int:
        answer = await self._call_small("ModelConfig", pb.text_field(1, name) + pb.text_field(2, version), timeout)
        return _read(_read_max_batch_size, answer)

    async def register_region(self, name: str, key: str, size: int, timeout: Optional[float]) -> None:
        message = pb.text_field(1, name) + pb.text_field(2, key) + pb.number_field(4, size)
        await self._call_small("SystemSharedMemoryRegister", message, timeout)

    async def unregister_region(self, name: str, timeout: Optional[float]) -> None:
        await self._call_small("SystemSharedMemoryUnregister", pb.text_field(1, name), timeout)

    async def _call_small(self, method: str, message: bytes, timeout: Optional[float]) -> memoryview:
        return await self.call(method, [memoryview(message)], len(message), timeout)

    async def call(self, method: str, message: List[memoryview], size: int, timeout: Optional[float], more_fields: bytes = b"",
                   is_compressed: bool = False, cancellation: Optional[Cancellation] = None) -> memoryview:
        """The answer's message. more_fields: encoded by literal(). What the server has refused before it began is sent once more."""
        end = end_of(timeout)
        try:
            return await self._call_once(method, message, size, timeout, more_fields, is_compressed, cancellation)
        except StreamRefused:
            left = left_until(end)
            return await _last(self._call_once(method, message, size, left, more_fields, is_compressed, cancellation))

    async def _call_once(self, method: str, message: List[memoryview], size: int, timeout: Optional[float], more_fields: bytes,
                         is_compressed: bool, cancellation: Optional[Cancellation]) -> memoryview:
        """Raises StreamRefused, too."""
        taken, rest = await self._pool.take(timeout)
        connection = cast(Http2Connection, taken)
        is_whole = False
        if cancellation is not None:
            cancellation.attach(connection.abort)
        try:
            await self._send(connection, method, message, size, rest, more_fields, is_compressed)
            answer = await connection.receive()
            more = answer is not None and await connection.receive() is not None
            is_whole = not more
            check_status(connection.fields())
            if answer is None or more:
                raise ServerError("INTERNAL", f"expected one answer of {method}, got {'several' if more else 'none'}")
            return answer
        except (OSError, ValueError, StreamEnded) as error:
            raise self._understood(error, timeout) from None
        finally:
            is_cut = cancellation is not None and cancellation.detach()
            self._pool.give_back(connection, is_whole and not is_cut)

    async def _send(self, connection: Http2Connection, method: str, message: List[memoryview], size: int, timeout: Optional[float],
                    more_fields: bytes = b"", is_compressed: bool = False) -> None:
        connection.limit(timeout)
        await connection.send(self._header_block(method, timeout) + more_fields, [PREFIX.pack(is_compressed, size), *message], size + 5)

    def _understood(self, error: BaseException, timeout: Optional[float]) -> BaseException:
        if isinstance(error, (NesoError, StreamRefused)):  # some are OSErrors, too
            return error
        if isinstance(error, socket.timeout):
            return DeadlineExceeded(f"no answer from {self._address.place} within {timeout} s")
        if isinstance(error, StreamEnded):
            return as_status(error)
        return Unavailable(f"{self._address.place}: {error}") if isinstance(error, (OSError, ValueError)) else error

    def duplex(self, method: str, timeout: Optional[float], more_fields: bytes = b"") -> DuplexCall:
        """A call with any number of messages both ways, on a connection of its own."""
        return DuplexCall(self._address, self._header_block(method, timeout) + more_fields, timeout)

    def _header_block(self, method: str, timeout: Optional[float]) -> bytes:
        block = self._paths.get(method)
        if block is None:
            path = f"/inference.GRPCInferenceService/{method}".encode()
            block = self._paths[method] = self._common[:2] + b"\x04" + literal(b"", path)[2:] + self._common[2:]
        if timeout is None:
            return block
        return block + literal(b"grpc-timeout", b"%dm" % max(1, min(int(timeout * 1000), 99999999)))


async def _last(attempt: Awaitable[_T]) -> _T:
    """Of a call that was refused before: what is refused again fails."""
    try:
        return await attempt
    except StreamRefused as error:
        raise as_status(error) from None


def _parameter(key: str, value: Any) -> bytes:
    if isinstance(value, bool):
        made = pb.varint(1 << 3) + pb.varint(value)
    elif isinstance(value, int):
        made = pb.varint((2 if value < 1 << 63 else 5) << 3) + pb.varint(value)  # uint64_param where it has to be
    elif isinstance(value, float):
        made = pb.varint(4 << 3 | pb.FIXED64) + struct.pack("<d", value)
    else:
        made = pb.bytes_field(3, str(value).encode())
    return pb.text_field(1, key) + pb.bytes_field(2, made)


_LARGEST_MESSAGE = (1 << 31) - 1  # of Protocol Buffers
_CONTENTS = pb.varint(7 << 3 | pb.BYTES)
_Described = Tuple[Tuple[str, str, Tuple[int, ...], Optional[Place]], ...]
_Wanted = Tuple[Tuple[str, Optional[Place]], ...]


@lru_cache(maxsize=256)
def _request_head(model: str, version: str, tensors: _Described, outputs: _Wanted) -> bytes:
    head = bytearray(pb.text_field(1, model) + pb.text_field(2, version))
    for name, datatype, shape, place in tensors:
        spec = pb.text_field(1, name) + pb.text_field(2, datatype) + pb.packed_field(3, shape)
        head += pb.bytes_field(5, spec + _place_fields(4, place))
    for name, place in outputs:
        head += pb.bytes_field(6, pb.text_field(1, name) + _place_fields(2, place))
    return bytes(head)


def _place_fields(field: int, place: Optional[Place]) -> bytes:
    if place is None:
        return b""
    parameters = {"shared_memory_region": place.region, "shared_memory_byte_size": place.size}
    return b"".join([pb.bytes_field(field, _parameter(key, value)) for key, value in parameters.items()])


def infer_request(request: Request) -> Tuple[List[memoryview], int]:
    """(pieces, size): the tensors' bytes are not copied."""
    tensors = tuple([(tensor.name, tensor.datatype, tensor.shape, tensor.place) for tensor in request.inputs])
    outputs = tuple([(name, request.places.get(name)) for name in request.outputs])
    head = _request_head(request.model, request.version, tensors, outputs) + pb.text_field(3, request.id)
    for key, value in request.parameters.items():
        head += pb.bytes_field(4, _parameter(key, value))
    pieces: List[memoryview] = []
    for tensor in request.inputs:
        if tensor.place is None:
            pieces += [memoryview(head + _CONTENTS + pb.varint(len(tensor.data))), tensor.data]
            head = b""
    if head:
        pieces.append(memoryview(head))
    size = sum(map(len, pieces))
    if size > _LARGEST_MESSAGE:
        raise InvalidInput(f"model '{request.model}': expected at most {_LARGEST_MESSAGE} bytes over gRPC, "
                           f"got {size}; send it over HTTP")
    return [piece for piece in pieces if len(piece)], size


@lru_cache(maxsize=256)
def read_spec(data: bytes) -> TensorSpec:
    name = datatype = ""
    shape: List[int] = []
    for field, value in pb.fields(memoryview(data)):
        if field == 1:
            name = pb.text(value)
        elif field == 2:
            datatype = pb.text(value)
        elif field == 3:
            shape += [pb.signed(value)] if isinstance(value, int) else pb.unpack(value)
    return TensorSpec(name, datatype, tuple(shape))


def _read(read: Callable[[memoryview], _T], message: memoryview) -> _T:
    """What `read` makes of the answer's message."""
    try:
        return read(message)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error):
        raise no_answer(bytes(message[:100])) from None


def _read_model(message: memoryview) -> Model:
    told: Dict[int, List[Any]] = {1: [], 2: [], 3: [], 4: [], 5: []}
    for field, value in pb.fields(message):
        told.setdefault(field, []).append(value)
    return Model("".join(map(pb.text, told[1])), tuple(map(pb.text, told[2])), "".join(map(pb.text, told[3])),
                 tuple(read_spec(spec.tobytes()) for spec in told[4]), tuple(read_spec(spec.tobytes()) for spec in told[5]))


def _read_max_batch_size(message: memoryview) -> int:
    configs = [config for field, config in pb.fields(message) if field == 1]
    return sum(pb.signed(value) for config in configs for field, value in pb.fields(config) if field == 4)


def _read_stream_response(message: memoryview) -> Optional[Response]:
    error, response = "", None
    for field, value in pb.fields(message):
        if field == 1:
            error = pb.text(value)
        elif field == 2:
            response = value
    if error:
        raise ServerError("UNKNOWN", error)
    return None if response is None else read_response(response)


_PARAMETER_KINDS: Dict[int, Callable[[Any], Any]] = {1: bool, 2: pb.signed, 3: pb.text, 4: pb.double, 5: int}


def _read_parameter(data: memoryview) -> Tuple[str, Any]:
    key, made = "", None
    for field, value in pb.fields(data):
        if field == 1:
            key = pb.text(value)
        elif field == 2:
            for kind, content in pb.fields(value):
                made = _PARAMETER_KINDS[kind](content) if kind in _PARAMETER_KINDS else None
    return key, made


def read_response(message: memoryview) -> Response:
    version = answer_id = ""
    parameters: Dict[str, Any] = {}
    specs: List[TensorSpec] = []
    contents: List[memoryview] = []
    for field, value in pb.fields(message):
        if field == 6:
            contents.append(value)
        elif field == 5:
            specs.append(read_spec(value.tobytes()))  # bytes() makes something of a number, too
        elif field == 4:
            key, parameter = _read_parameter(value)
            parameters[key] = parameter
        elif field == 3:
            answer_id = pb.text(value)
        elif field == 2:
            version = pb.text(value)
    if len(contents) != len(specs):
        raise ServerError("UNIMPLEMENTED", "expected the outputs' raw contents, which this server does not send")
    return Response(version, answer_id, parameters, [Tensor(*spec, content) for spec, content in zip(specs, contents)])
