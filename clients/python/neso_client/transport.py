"""What both protocols offer, and the connections under them."""
import io
import select
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Callable, Deque, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, cast
from urllib.parse import urlsplit

from .errors import DeadlineExceeded, Unavailable
from .tensors import Place, Tensor, TensorSpec


class Request(NamedTuple):
    model: str
    version: str
    id: str
    inputs: List[Tensor]
    outputs: Sequence[str]  # none: all
    parameters: Mapping[str, Any]  # bool, int or str; float only over HTTP
    places: Mapping[str, Place] = {}  # of outputs that are wanted in shared memory; `outputs` names them, too


class Response(NamedTuple):
    model_version: str
    id: str
    parameters: Dict[str, Any]
    outputs: List[Tensor]


class Model(NamedTuple):
    """What the server tells about a model."""
    name: str
    versions: Tuple[str, ...]
    platform: str
    inputs: Tuple[TensorSpec, ...]
    outputs: Tuple[TensorSpec, ...]


class Cancellation:
    """Ends a call from another thread, or before it has begun. One for each call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._abort: Optional[Callable[[], None]] = None
        self.is_cancelled = False

    def cancel(self) -> None:
        with self._lock:
            self.is_cancelled = True
            if self._abort is not None:
                self._abort()

    def attach(self, abort: Callable[[], None]) -> None:
        with self._lock:
            self._abort = abort
            if self.is_cancelled:
                abort()

    def detach(self) -> bool:
        """Whether the connection was cut off."""
        with self._lock:
            self._abort = None
            return self.is_cancelled


class Transport(ABC):
    """Thread-safe. All raise Unavailable, DeadlineExceeded (`timeout`: seconds, None waits for ever) and ServerError."""

    @abstractmethod
    def infer(self, request: Request, timeout: Optional[float], cancellation: Optional[Cancellation] = None) -> Response: ...

    @abstractmethod
    def stream(self, request: Request, timeout: Optional[float], cancellation: Optional[Cancellation] = None) -> Iterator[Response]: ...

    @abstractmethod
    def model(self, name: str, version: str, timeout: Optional[float]) -> Model: ...

    @abstractmethod
    def is_ready(self, model: str, version: str, timeout: Optional[float]) -> bool: ...

    @abstractmethod
    def load(self, model: str, timeout: Optional[float]) -> None: ...

    @abstractmethod
    def unload(self, model: str, timeout: Optional[float]) -> None: ...

    @abstractmethod
    def max_batch_size(self, name: str, version: str, timeout: Optional[float]) -> int: ...

    @abstractmethod
    def register_region(self, name: str, key: str, size: int, timeout: Optional[float]) -> None: ...

    @abstractmethod
    def unregister_region(self, name: str, timeout: Optional[float]) -> None: ...

    @abstractmethod
    def close(self) -> None: ...


class Address(NamedTuple):
    host: str
    port: int
    tls: Optional[ssl.SSLContext]
    headers: Mapping[str, str]  # sent with each request
    connect_timeout: Optional[float] = None  # seconds; the call's where there is none

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def connect(self, timeout: Optional[float], protocol: str) -> socket.socket:
        timeout = timeout if self.connect_timeout is None else self.connect_timeout
        try:
            connected = socket.create_connection((self.host, self.port), timeout)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is None:
                return connected
            self.tls.set_alpn_protocols([protocol])
            return self.tls.wrap_socket(connected, server_hostname=self.host)
        except socket.timeout:
            raise DeadlineExceeded(f"no connection to {self.authority} within {timeout} s") from None
        except OSError as error:
            raise Unavailable(f"no connection to {self.authority}: {error}") from None


def split_url(url: str) -> Tuple[Optional[str], str, int]:
    """(scheme or None, host, port)."""
    scheme, has_scheme, rest = url.partition("://")
    parts = urlsplit(f"//{rest if has_scheme else url}")
    if not parts.hostname or (has_scheme and scheme not in ("http", "https", "grpc", "grpcs")):
        raise ValueError(f"expected host:port, or one of http, https, grpc, grpcs before ://, got {url!r}")
    default = 8001 if scheme in ("grpc", "grpcs") and has_scheme else 8000
    return scheme if has_scheme else None, parts.hostname, parts.port or default


class Pool:
    """Connections that are not in use. Each call has one to itself, so that no thread waits for another's answer."""

    def __init__(self, connect: Any) -> None:
        self._connect = connect
        self._free: Deque[Any] = deque()  # append() and pop() are atomic
        self._closed = threading.Event()

    def take(self, timeout: Optional[float]) -> Any:
        if self._closed.is_set():
            raise Unavailable("the client is closed")
        while True:
            try:
                connection = self._free.pop()
            except IndexError:
                return self._connect(timeout)
            if connection.is_idle():
                return connection
            connection.close()

    def give_back(self, connection: Any) -> None:
        self._free.append(connection)
        if self._closed.is_set():
            self.close()

    def close(self) -> None:
        self._closed.set()
        while self._free:
            self._free.pop().close()


class Watch:
    """Whether a socket on which nothing is expected is still quiet: what comes then is the server's farewell."""

    def __init__(self, connection: socket.socket) -> None:
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def is_quiet(self) -> bool:
        return not self._poll.poll(0)


def buffered(connection: socket.socket) -> io.BufferedReader:
    return cast(io.BufferedReader, connection.makefile("rb", buffering=1 << 16))


def shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has ended already
        pass


def send_all(connection: socket.socket, buffers: List[Any]) -> None:
    """Without joining large ones."""
    if isinstance(connection, ssl.SSLSocket) or sum(len(buffer) for buffer in buffers) <= 4096:
        connection.sendall(b"".join(buffers))
        return
    rest = [memoryview(buffer) for buffer in buffers if len(buffer)]
    while rest:
        sent = connection.sendmsg(rest[:64])
        while rest and sent >= len(rest[0]):
            sent -= len(rest.pop(0))
        if sent:
            rest[0] = rest[0][sent:]
