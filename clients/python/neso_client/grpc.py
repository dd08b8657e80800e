"""The Open Inference Protocol over gRPC: `inference.GRPCInferenceService`."""
import socket
import struct
from functools import lru_cache
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from . import protobuf as pb
from .errors import DeadlineExceeded, NesoError, ServerError, Unavailable
from .grpc_call import DuplexCall, check_status
from .http2 import Http2Connection, StreamEnded, literal
from .tensors import Place, Tensor, TensorSpec
from .transport import Address, Cancellation, Model, Pool, Request, Response, Transport

class GrpcTransport(Transport):
    def __init__(self, address: Address) -> None:
        self._address = address
        self._pool = Pool(lambda timeout: Http2Connection(address, timeout))
        fields = b"\x83" + (b"\x87" if address.tls else b"\x86") + b"\x01" + literal(b"", address.authority.encode())[2:]
        fields += literal(b"content-type", b"application/grpc") + literal(b"te", b"trailers")
        for name, value in address.headers.items():
            fields += literal(name.lower().encode("latin-1"), value.encode("latin-1"))
        self._common = fields
        self._paths: Dict[str, bytes] = {}

    def close(self) -> None:
        self._pool.close()

    def infer(self, request: Request, timeout: Optional[float], cancellation: Optional[Cancellation] = None) -> Response:
        return read_response(self.call("ModelInfer", *infer_request(request), timeout, cancellation=cancellation))

    def stream(self, request: Request, timeout: Optional[float], cancellation: Optional[Cancellation] = None) -> Iterator[Response]:
        for message in self._calls("ModelStreamInfer", *infer_request(request), timeout, cancellation=cancellation):
            error, response = "", None
            for field, value in pb.fields(message):
                if field == 1:
                    error = pb.text(value)
                elif field == 2:
                    response = value
            if error:
                raise ServerError("UNKNOWN", error)
            if response is not None:
                yield read_response(response)

    def model(self, name: str, version: str, timeout: Optional[float]) -> Model:
        told: Dict[int, List[Any]] = {1: [], 2: [], 3: [], 4: [], 5: []}
        for field, value in pb.fields(self._call_small("ModelMetadata", pb.text_field(1, name) + pb.text_field(2, version), timeout)):
            told.setdefault(field, []).append(value)
        return Model("".join(map(pb.text, told[1])), tuple(map(pb.text, told[2])), "".join(map(pb.text, told[3])),
                     tuple(read_spec(bytes(spec)) for spec in told[4]), tuple(read_spec(bytes(spec)) for spec in told[5]))

    def is_ready(self, model: str, version: str, timeout: Optional[float]) -> bool:
        if model:
            answer = self._call_small("ModelReady", pb.text_field(1, model) + pb.text_field(2, version), timeout)
        else:
            answer = self._call_small("ServerReady", b"", timeout)
        return any(field == 1 and value for field, value in pb.fields(answer))

    def load(self, model: str, timeout: Optional[float]) -> None:
        self._call_small("RepositoryModelLoad", pb.text_field(2, model), timeout)

    def unload(self, model: str, timeout: Optional[float]) -> None:
        self._call_small("RepositoryModelUnload", pb.text_field(2, model), timeout)

    def max_batch_size(self, name: str, version: str, timeout: Optional[float]) -> int:
        told = self._call_small("ModelConfig", pb.text_field(1, name) + pb.text_field(2, version), timeout)
        configs = [config for field, config in pb.fields(told) if field == 1]
        return sum(pb.signed(value) for config in configs for field, value in pb.fields(config) if field == 4)

    def register_region(self, name: str, key: str, size: int, timeout: Optional[float]) -> None:
        message = pb.text_field(1, name) + pb.text_field(2, key) + pb.number_field(4, size)
        self._call_small("SystemSharedMemoryRegister", message, timeout)

    def unregister_region(self, name: str, timeout: Optional[float]) -> None:
        self._call_small("SystemSharedMemoryUnregister", pb.text_field(1, name), timeout)

    def _call_small(self, method: str, message: bytes, timeout: Optional[float]) -> memoryview:
        return self.call(method, [memoryview(message)], len(message), timeout)

    def call(self, method: str, message: List[memoryview], size: int, timeout: Optional[float], more_fields: bytes = b"",
             is_compressed: bool = False, cancellation: Optional[Cancellation] = None) -> memoryview:
        """The answer's message. more_fields: encoded by literal()."""
        answers = list(self._calls(method, message, size, timeout, more_fields, is_compressed, cancellation))
        if len(answers) != 1:
            raise ServerError("INTERNAL", f"expected one answer of {method}, got {len(answers)}")
        return answers[0]

    def _calls(self, method: str, message: List[memoryview], size: int, timeout: Optional[float], more_fields: bytes = b"",
               is_compressed: bool = False, cancellation: Optional[Cancellation] = None) -> Iterator[memoryview]:
        connection = self._pool.take(timeout)
        is_whole = False
        if cancellation is not None:
            cancellation.attach(connection.abort)
        try:
            connection.settimeout(timeout)
            prefix = memoryview(struct.pack(">BI", is_compressed, size))
            connection.send(self._header_block(method, timeout) + more_fields, [prefix, *message], size + 5)
            while (answer := connection.receive()) is not None:
                yield answer
            is_whole = True
            check_status(connection.fields())
        except NesoError:  # some are OSErrors, too
            raise
        except socket.timeout:
            raise DeadlineExceeded(f"no answer from {self._address.authority} within {timeout} s") from None
        except StreamEnded as error:
            raise Unavailable(f"{self._address.authority}: {error}") from None
        except (OSError, ValueError) as error:
            raise Unavailable(f"{self._address.authority}: {error}") from None
        finally:
            if cancellation is not None and cancellation.detach():
                is_whole = False
            if is_whole:
                self._pool.give_back(connection)
            else:
                connection.close()

    def duplex(self, method: str, timeout: Optional[float], more_fields: bytes = b"", encoding: str = "") -> DuplexCall:
        """A call with any number of messages both ways, on a connection of its own."""
        if encoding:
            more_fields += literal(b"grpc-encoding", encoding.encode())
        return DuplexCall(self._address, self._header_block(method, timeout) + more_fields)

    def _header_block(self, method: str, timeout: Optional[float]) -> bytes:
        block = self._paths.get(method)
        if block is None:
            path = f"/inference.GRPCInferenceService/{method}".encode()
            block = self._paths[method] = self._common[:2] + b"\x04" + literal(b"", path)[2:] + self._common[2:]
        if timeout is None:
            return block
        return block + literal(b"grpc-timeout", b"%dm" % max(1, min(int(timeout * 1000), 99999999)))


def _parameter(key: str, value: Any) -> bytes:
    if isinstance(value, bool):
        made = pb.varint(1 << 3) + pb.varint(value)
    elif isinstance(value, int):
        made = pb.varint(2 << 3) + pb.varint(value)
    elif isinstance(value, float):
        made = pb.varint(4 << 3 | pb.FIXED64) + struct.pack("<d", value)
    else:
        made = pb.bytes_field(3, str(value).encode())
    return pb.text_field(1, key) + pb.bytes_field(2, made)


@lru_cache(maxsize=256)
def _spec_field(name: str, datatype: str, shape: Tuple[int, ...], place: Optional[Place]) -> bytes:
    return pb.bytes_field(5, pb.text_field(1, name) + pb.text_field(2, datatype) + pb.packed_field(3, shape) + _place_fields(4, place))


def _place_fields(field: int, place: Optional[Place]) -> bytes:
    if place is None:
        return b""
    parameters = {"shared_memory_region": place.region, "shared_memory_byte_size": place.size}
    return b"".join([pb.bytes_field(field, _parameter(key, value)) for key, value in parameters.items()])


def infer_request(request: Request) -> Tuple[List[memoryview], int]:
    """(pieces, size): the tensors' bytes are not copied."""
    head = bytearray(pb.text_field(1, request.model) + pb.text_field(2, request.version) + pb.text_field(3, request.id))
    for key, value in request.parameters.items():
        head += pb.bytes_field(4, _parameter(key, value))
    for tensor in request.inputs:
        head += _spec_field(tensor.name, tensor.datatype, tensor.shape, tensor.place)
    for name in request.outputs:
        head += pb.bytes_field(6, pb.text_field(1, name) + _place_fields(2, request.places.get(name)))
    pieces, size = [], 0
    for tensor in request.inputs:
        if tensor.place is not None:
            continue
        head += pb.varint(7 << 3 | pb.BYTES) + pb.varint(len(tensor.data))
        pieces += [memoryview(bytes(head)), tensor.data]
        size += len(head) + len(tensor.data)
        head.clear()
    if head:
        pieces.append(memoryview(bytes(head)))
        size += len(head)
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


_PARAMETER_KINDS: Dict[int, Callable[[Any], Any]] = {1: bool, 2: pb.signed, 3: pb.text, 4: pb.double, 5: int}


def _read_parameter(data: memoryview) -> Tuple[str, Any]:
    key, made = "", None
    for field, value in pb.fields(data):
        if field == 1:
            key = pb.text(value)
        elif field == 2:
            for kind, content in pb.fields(value):
                made = _PARAMETER_KINDS.get(kind, bytes)(content)
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
            specs.append(read_spec(bytes(value)))
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
