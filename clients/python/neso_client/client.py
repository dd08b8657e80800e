"""The client: named arrays in, named arrays out."""
import socket
import ssl
import threading
import weakref
from typing import TYPE_CHECKING, Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from .conversion import to_array
from .errors import InvalidInput, ServerError, Unavailable
from .frames import from_outputs, is_frame, to_inputs
from .grpc import GrpcTransport
from .http import HttpTransport
from .sharing import Sharing
from .tensors import TensorSpec, to_tensor, to_value
from .transport import Address, Cancellation, Model, Request, Response, Transport, split_url

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped,unused-ignore]

__all__ = ["Client", "Model", "Result"]


class Result(Dict[str, np.ndarray]):
    """The outputs by name. `array` is the only one of a model that has one."""

    def __init__(self, response: Response, model: str) -> None:
        super().__init__((tensor.name, to_value(tensor.datatype, tensor.shape, tensor.data)) for tensor in response.outputs)
        self.model = model
        self.model_version = response.model_version
        self.id = response.id
        self.parameters = response.parameters

    @property
    def array(self) -> np.ndarray:
        if len(self) != 1:
            raise KeyError(f"expected one output of model '{self.model}', it has {len(self)}: {', '.join(self)}")
        return next(iter(self.values()))

    def to_frame(self, index: Any = None) -> "pandas.DataFrame":
        """A frame of pandas with a row for each item. An output with several values for an item becomes columns name_0, name_1, ...;
        strings become str. index: of the rows, that of the frame which was sent, say."""
        return from_outputs(self, index)


class Client:
    """Calls a server. Thread-safe; each call that runs has a connection to itself.

    url: "host:port", or with http://, https://, grpc:// or grpcs:// before it. Without, the server is asked which of the two
    protocols it speaks at this port.
    timeout: seconds for each call; None waits for ever.
    headers: sent with each request, as HTTP headers or as metadata of gRPC ({"authorization": "Bearer ..."}).
    tls: for https and grpcs; the system's certificates where it is not given.
    shared_memory: large tensors go through memory shared with the server where it is on this machine and allows that; False: never.
    Raises Unavailable where there is no server, ValueError for a URL that is none.
    """

    def __init__(self, url: str = "localhost:8001", *, timeout: Optional[float] = None, headers: Optional[Mapping[str, str]] = None,
                 tls: Optional[ssl.SSLContext] = None, shared_memory: bool = True) -> None:
        scheme, host, port = split_url(url)
        if scheme in ("https", "grpcs") and tls is None:
            tls = ssl.create_default_context()
        address = Address(host, port, tls if scheme is None or scheme[-1] == "s" else None, dict(headers or {}))
        self._timeout = timeout
        is_grpc = scheme.startswith("grpc") if scheme else _speaks_grpc(address, timeout)
        self._transport: Transport = GrpcTransport(address) if is_grpc else HttpTransport(address)
        self._sharing = Sharing(self._transport, host, port) if shared_memory else None
        self._end = weakref.finalize(self, _end, self._transport, self._sharing)
        self._models: Dict[Tuple[str, str], Model] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections; calls afterwards raise Unavailable."""
        self._end()

    def infer(self, model: str, inputs: Optional[Mapping[str, Any]] = None, /, *, version: str = "", outputs: Sequence[str] = (),
              id: str = "", timeout: Optional[float] = None, parameters: Optional[Mapping[str, Union[bool, int, float, str]]] = None,
              **tensors: Any) -> Result:
        """Runs a model on arrays, given by the names of its inputs: infer("digits", pixels=array), or {"input:0": array} for
        names that are no Python names or are those of this function's own arguments.

        Arrays, nested lists, tensors of PyTorch and others with DLPack on the host, columns and frames of pandas are taken; numbers are
        converted where none can get lost but digits of a float. A frame given as `inputs` is taken apart: each column goes to the input
        of its name, or all of them to the model's only input.
        outputs: the names of those that are wanted; all, where none is given.
        Raises InvalidInput before anything is sent, ServerError, Unavailable, DeadlineExceeded.
        """
        return self._infer(None, model, inputs, tensors, version, outputs, id, timeout, parameters or {})

    def _infer(self, cancellation: Optional[Cancellation], model: str, inputs: Optional[Mapping[str, Any]], tensors: Dict[str, Any],
               version: str, outputs: Sequence[str], id: str, timeout: Optional[float], parameters: Mapping[str, Any]) -> Result:
        known = self._known(model, version, timeout)
        request = self._request(model, known, version, inputs, tensors, outputs, id, parameters)
        try:
            response = self._exchange(request, known, self._deadline(timeout), cancellation)
        except ServerError as error:
            # The model may have been replaced by one with other inputs.
            if error.status in ("INVALID_ARGUMENT", "NOT_FOUND"):
                self._forget(model, version)
            raise
        return Result(response, model)

    def _exchange(self, request: Request, model: Model, timeout: Optional[float], cancellation: Optional[Cancellation]) -> Response:
        """Through shared memory where that can be had."""
        sharing = self._sharing
        placed = sharing.place(request, model, timeout) if sharing is not None else None
        if sharing is None or placed is None:
            return self._transport.infer(request, timeout, cancellation)
        try:
            return placed.received(self._transport.infer(placed.request, timeout, cancellation))
        except BaseException as error:
            placed.failed()
            if not (isinstance(error, ServerError) and sharing.has_lost(error, placed.request)):
                raise
        return self._transport.infer(request, timeout, cancellation)

    def stream(self, model: str, inputs: Optional[Mapping[str, Any]] = None, /, *, version: str = "", outputs: Sequence[str] = (),
               id: str = "", timeout: Optional[float] = None, parameters: Optional[Mapping[str, Union[bool, int, float, str]]] = None,
               **tensors: Any) -> Iterator[Result]:
        """As infer(), of a model that answers a request with any number of responses, as they come. Over gRPC only."""
        yield from self._stream(None, model, inputs, tensors, version, outputs, id, timeout, parameters or {})

    def _stream(self, cancellation: Optional[Cancellation], model: str, inputs: Optional[Mapping[str, Any]], tensors: Dict[str, Any],
                version: str, outputs: Sequence[str], id: str, timeout: Optional[float], parameters: Mapping[str, Any]) -> Iterator[Result]:
        known = self._known(model, version, timeout)
        request = self._request(model, known, version, inputs, tensors, outputs, id, parameters)
        for response in self._transport.stream(request, self._deadline(timeout), cancellation):
            if response.outputs or not response.parameters.get("triton_final_response"):
                yield Result(response, model)

    def model(self, name: str, version: str = "") -> Model:
        """Names, datatypes and shapes of the model's inputs and outputs, and its versions."""
        return self._transport.model(name, version, self._timeout)

    def is_ready(self, model: str = "", version: str = "") -> bool:
        """Of the server, or of one model. False where the server cannot be reached or does not know the model."""
        try:
            return self._transport.is_ready(model, version, self._timeout)
        except (ServerError, Unavailable):
            return False

    def load(self, model: str) -> None:
        """Returns when the model is loaded."""
        self._transport.load(model, self._timeout)
        self._forget_all(model)

    def unload(self, model: str) -> None:
        self._transport.unload(model, self._timeout)
        self._forget_all(model)

    def _deadline(self, timeout: Optional[float]) -> Optional[float]:
        return self._timeout if timeout is None else timeout

    def _known(self, name: str, version: str, timeout: Optional[float]) -> Model:
        known = self._models.get((name, version))
        if known is None:
            known = self._transport.model(name, version, self._deadline(timeout))
            with self._lock:
                self._models[name, version] = known
        return known

    def _forget(self, name: str, version: str) -> None:
        with self._lock:
            self._models.pop((name, version), None)
        if self._sharing is not None:
            self._sharing.forget()

    def _forget_all(self, name: str) -> None:
        with self._lock:
            for key in [key for key in self._models if key[0] == name]:
                del self._models[key]
        if self._sharing is not None:
            self._sharing.forget()

    @staticmethod
    def _request(name: str, model: Model, version: str, inputs: Optional[Mapping[str, Any]], tensors: Dict[str, Any], outputs: Sequence[str],
                 request_id: str, parameters: Mapping[str, Any]) -> Request:
        given = tensors
        if inputs is not None:
            given = {**(to_inputs(inputs, model.inputs, name) if is_frame(inputs) else inputs), **tensors}
        specs = {spec.name: spec for spec in model.inputs}
        if unknown := [f"'{tensor}'" for tensor in given if tensor not in specs]:
            raise InvalidInput(f"model '{name}' has no input {', '.join(unknown)}; its inputs are {_describe(model.inputs)}")
        if not given:
            raise InvalidInput(f"model '{name}' takes {_describe(model.inputs)}, and none was given")
        known_outputs = [spec.name for spec in model.outputs]
        if unknown := [f"'{output}'" for output in outputs if output not in known_outputs]:
            raise InvalidInput(f"model '{name}' has no output {', '.join(unknown)}; its outputs are {_describe(model.outputs)}")
        # Which inputs may be left out is the server's to know.
        made = [to_tensor(to_array(value, specs[tensor], name), specs[tensor]) for tensor, value in given.items()]
        return Request(name, version, request_id, made, outputs, parameters)


def _end(transport: Transport, sharing: Optional[Sharing]) -> None:
    if sharing is not None:
        sharing.close()
    transport.close()


def _describe(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(f"{spec.name}: {spec.datatype} {list(spec.shape)}" for spec in specs) or "none"


def _speaks_grpc(address: Address, timeout: Optional[float]) -> bool:
    """A port of gRPC has no answer to a question in HTTP/1.1, or one in HTTP/2."""
    if address.port in (8000, 8001):
        return address.port == 8001
    probe = address.connect(timeout, "http/1.1")
    try:
        probe.settimeout(timeout or 10)
        probe.sendall(f"GET /v2/health/live HTTP/1.1\r\nHost: {address.authority}\r\nConnection: close\r\n\r\n".encode())
        return not probe.recv(9).startswith(b"HTTP/1.1 ")
    except socket.timeout:
        raise Unavailable(f"{address.authority} answers neither protocol") from None
    except OSError:
        return True
    finally:
        probe.close()
