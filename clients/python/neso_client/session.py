"""What Client and AsyncClient have in common: the calls, as coroutines over either network."""
import socket
import ssl
import threading
from typing import Any, AsyncGenerator, Dict, Mapping, NamedTuple, Optional, Tuple, Type

from . import forks
from .call import Call, check_headers, check_text, check_timeout
from .clock import end_of, left_until
from .conversion import to_array
from .errors import DeadlineExceeded, InvalidInput, ServerError, Unavailable
from .frames import is_frame, to_inputs
from .grpc import GrpcTransport
from .http import HttpTransport
from .http2 import Http2Connection
from .network import BLOCKING, Address, Network, OtherProtocol, split_url
from .results import Result
from .sharing import Sharing
from .streams import run
from .tensors import TensorSpec, to_tensor
from .transport import Model, Request, Response, Transport


class _Known(NamedTuple):
    model: Model
    inputs: Dict[str, TensorSpec]
    outputs: Dict[str, TensorSpec]


class Session:
    """As thread-safe as its network."""

    def __init__(self, url: str, network: Network, timeout: Optional[float], headers: Optional[Mapping[str, str]],
                 tls: Optional[ssl.SSLContext], shared_memory: bool) -> None:
        check_timeout(timeout)
        if tls is not None and not isinstance(tls, ssl.SSLContext):
            raise InvalidInput(f"tls: expected an ssl.SSLContext, got {tls!r}; ssl.create_default_context() makes one")
        scheme, host, port = split_url(url)
        if scheme in ("http", "grpc") and tls is not None:
            raise ValueError(f"expected {scheme}s:// with tls=, got {url!r}, which sends everything in the clear; write {scheme}s://, or "
                             f"leave tls= out")
        if scheme in ("https", "grpcs") and tls is None:
            tls = ssl.create_default_context()
        tls = tls if scheme is None or scheme[-1] == "s" else None
        self._address = Address(host, port, tls, check_headers(headers or {}))
        self._network, self._timeout, self._shares = network, timeout, shared_memory
        self._transport: Optional[Transport] = None
        self._sharing: Optional[Sharing] = None
        self._is_closed = False
        self._beginning = threading.Lock()
        self._models: Dict[Tuple[str, str], _Known] = {}
        forks.watch(self)
        if scheme is None and port in (8000, 8001):
            scheme = "grpc" if port == 8001 else "http"
        if scheme is not None:
            self._begin(scheme.startswith("grpc"))

    def abandon(self) -> None:
        """In a process that was forked off: a thread that is not here may have had the lock."""
        self._beginning = threading.Lock()

    def _begin(self, is_grpc: bool) -> Transport:
        self._kind: Type[Any] = GrpcTransport if is_grpc else HttpTransport
        if self._shares:
            self._sharing = Sharing(self._address.host, self._address.port, self._network)
        self._transport = self._kind(self._address, self._network)
        return self._transport

    async def connected(self, timeout: Optional[float]) -> Transport:
        """Which protocol is spoken there may have to be asked first."""
        is_grpc = False
        if self._transport is None and not self._is_closed:
            is_grpc = await _speaks_grpc(self._address, self._network, timeout)
        with self._beginning:  # meanwhile another call may have been faster, or the client was closed
            if self._is_closed:
                raise Unavailable("the client is closed")
            return self._transport or self._begin(is_grpc)

    async def close(self) -> None:
        transport = self._no_more()
        if transport is None:
            return
        try:
            if self._sharing is not None:
                await self._sharing.close(transport)
        finally:
            transport.close()

    def end(self) -> None:
        """As close(), from any thread, where no loop runs any more, too."""
        transport = self._no_more()
        if transport is None:
            return
        try:
            if self._sharing is not None:
                blocking: Transport = self._kind(self._address, BLOCKING)
                try:
                    run(self._sharing.close(blocking))
                finally:
                    blocking.close()
        finally:
            transport.close()

    def _no_more(self) -> Optional[Transport]:
        """What there is to be closed."""
        with self._beginning:
            self._is_closed = True
            return self._transport

    async def infer(self, call: Call) -> Result:
        transport, known, request, timeout = await self._begun(call)
        sharing = self._sharing
        try:
            if sharing is None or not sharing.may_pay(request):
                response = await transport.infer(request, timeout)
            else:
                response = await _infer_sharing(transport, sharing, request, known.model, timeout)
        except ServerError as error:
            # The model may have been replaced by one with other inputs.
            if error.status in ("INVALID_ARGUMENT", "NOT_FOUND"):
                self._forget(call.model)
            raise
        return Result(response, call.model)

    async def stream(self, call: Call, owner: object) -> AsyncGenerator[Result, None]:
        """owner: lives as long as the stream; its end would close the connections."""
        transport, _, request, timeout = await self._begun(call)
        responses = transport.stream(request, timeout)
        try:
            async for response in responses:
                if response.outputs or not response.parameters.get("triton_final_response"):
                    yield Result(response, call.model)
        finally:
            await responses.aclose()

    async def model(self, name: str, version: str) -> Model:
        check_text("model", name)
        check_text("version", version)
        return await (await self.connected(self._timeout)).model(name, version, self._timeout)

    async def is_ready(self, model: str, version: str) -> bool:
        check_text("model", model)
        check_text("version", version)
        try:
            return await (await self.connected(self._timeout)).is_ready(model, version, self._timeout)
        except (ServerError, Unavailable, DeadlineExceeded):
            return False

    async def load(self, model: str) -> None:
        check_text("model", model)
        await (await self.connected(self._timeout)).load(model, self._timeout)
        self._forget(model)

    async def unload(self, model: str) -> None:
        check_text("model", model)
        await (await self.connected(self._timeout)).unload(model, self._timeout)
        self._forget(model)

    async def _begun(self, call: Call) -> Tuple[Transport, _Known, Request, Optional[float]]:
        """With what is left of the timeout."""
        call.check()
        timeout = self._timeout if call.timeout is None else call.timeout
        known = self._models.get((call.model, call.version))
        if known is not None and self._transport is not None:
            try:
                return self._transport, known, _request(call, known), timeout
            except InvalidInput:  # the model may have been replaced by one that it fits
                pass
        end = end_of(timeout)
        transport = self._transport or await self.connected(timeout)
        known = await self._know(call, transport, left_until(end))
        return transport, known, _request(call, known), left_until(end)

    async def _know(self, call: Call, transport: Transport, timeout: Optional[float]) -> _Known:
        model = await transport.model(call.model, call.version, timeout)
        known = _Known(model, {spec.name: spec for spec in model.inputs}, {spec.name: spec for spec in model.outputs})
        self._models[call.model, call.version] = known
        return known

    def _forget(self, name: str) -> None:
        for key in [key for key in list(self._models) if key[0] == name]:
            self._models.pop(key, None)
        if self._sharing is not None:
            self._sharing.forget()


async def _infer_sharing(transport: Transport, sharing: Sharing, request: Request, model: Model, timeout: Optional[float]) -> Response:
    """Through shared memory where that can be had."""
    end = end_of(timeout)
    placed = await sharing.place(transport, request, model, end)
    if placed is None:
        return await transport.infer(request, left_until(end))
    try:
        return placed.received(await transport.infer(placed.request, left_until(end)))
    except BaseException as error:
        placed.failed()
        if not (isinstance(error, ServerError) and sharing.has_lost(error, placed.request)):
            raise
    return await transport.infer(request, left_until(end))


def _request(call: Call, known: _Known) -> Request:
    given = call.tensors
    if call.inputs is not None:
        inputs = to_inputs(call.inputs, known.model.inputs, call.model) if is_frame(call.inputs) else call.inputs
        if not isinstance(inputs, Mapping):
            raise InvalidInput(f"model '{call.model}': expected a dictionary of inputs or a frame, got "
                               f"{type(inputs).__name__}; its inputs are {_describe(known.inputs)}")
        if twice := [f"'{tensor}'" for tensor in given if tensor in inputs]:
            raise InvalidInput(f"model '{call.model}': expected each input once, got {', '.join(twice)} in the dictionary and as an argument")
        given = {**inputs, **given}
    elif not given:
        raise InvalidInput(f"model '{call.model}' takes {_describe(known.inputs)}, and none was given")
    if unknown := [f"'{tensor}'" for tensor in given if tensor not in known.inputs]:
        raise InvalidInput(f"model '{call.model}' has no input {', '.join(unknown)}; its inputs are {_describe(known.inputs)}")
    if unknown := [f"'{output}'" for output in call.outputs if output not in known.outputs]:
        raise InvalidInput(f"model '{call.model}' has no output {', '.join(unknown)}; its outputs are {_describe(known.outputs)}")
    # Which inputs may be left out is the server's to know.
    made = [to_tensor(to_array(value, known.inputs[tensor], call.model), known.inputs[tensor]) for tensor, value in given.items()]
    return Request(call.model, call.version, call.id, made, call.outputs, call.parameters or {})


def _describe(specs: Dict[str, TensorSpec]) -> str:
    return ", ".join(f"{spec.name}: {spec.datatype} {list(spec.shape)}" for spec in specs.values()) or "none"


async def _speaks_grpc(address: Address, network: Network, timeout: Optional[float]) -> bool:
    """A port of gRPC has no answer to a question in HTTP/1.1, or one in HTTP/2.

    No answer has what forwards to a server that is not there yet, too."""
    end = end_of(timeout or 10)
    try:
        probe = await network.open(address, left_until(end), "http/1.1")
    except OtherProtocol:
        return True
    try:
        probe.limit(left_until(end))
        await probe.send([f"GET /v2/health/live HTTP/1.1\r\nHost: {address.authority}\r\nConnection: close\r\n\r\n".encode()])
        if (await probe.read(7)) == b"HTTP/1.":
            return False
    except socket.timeout:
        raise Unavailable(f"{address.place} answers neither protocol") from None
    except OSError:
        pass
    finally:
        probe.close()
    await _greet(address, network, end)
    return True


async def _greet(address: Address, network: Network, end: Optional[float]) -> None:
    """Raises Unavailable where HTTP/2 is not spoken."""
    connection = Http2Connection(await network.open(address, left_until(end), "h2"))
    try:
        connection.limit(left_until(end))
        await connection.start()
    except (OSError, ValueError):
        raise Unavailable(f"{address.place} answers neither protocol") from None
    finally:
        connection.close()
