"""Where a server is, and the connections to it."""
import concurrent.futures
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Awaitable, Callable, Deque, Mapping, NamedTuple, Optional, Tuple, TypeVar
from urllib.parse import urlsplit

from . import forks
from .alpn import turn
from .clock import left_until
from .errors import DeadlineExceeded, Unavailable
from .streams import BlockingStream, SharedTlsStream, Stream

_T = TypeVar("_T")
_UNIX = "unix:"
_SCHEMES = ("http", "https", "grpc", "grpcs")


class Address(NamedTuple):
    host: str  # or "unix:PATH", a socket in the file system
    port: int
    tls: Optional[ssl.SSLContext]
    headers: Mapping[str, str]  # sent with each request
    connect_timeout: Optional[float] = None  # seconds; the call's where there is none

    @property
    def path(self) -> Optional[str]:
        """Of a socket in the file system."""
        return self.host[len(_UNIX):] if self.host.startswith(_UNIX) else None

    @property
    def place(self) -> str:
        """For people."""
        return self.authority if self.path is None else self.host

    @property
    def tls_name(self) -> str:
        return self.host if self.path is None else "localhost"

    def left(self, timeout: Optional[float], end: Optional[float]) -> Optional[float]:
        """Of a call's timeout, which ends at `end`, when it has connected, unless that has a time of its own."""
        return left_until(end) if self.connect_timeout is None else timeout

    @property
    def authority(self) -> str:
        """What the server is called in a request."""
        if self.path is not None:
            return "localhost"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def split_url(url: str) -> Tuple[Optional[str], str, int]:
    """(scheme or None, host, port); "unix:PATH" and "unix:///PATH" have no port, as gRPC writes them."""
    if not isinstance(url, str):
        raise ValueError(f"expected host:port as a str, got {url!r}")
    scheme, has_scheme, place = ("", "", url) if url.startswith(_UNIX) else url.rpartition("://")
    if place.startswith(_UNIX) and (not has_scheme or scheme in _SCHEMES):
        path = place[len(_UNIX):]
        path = path[2:] if path.startswith("///") else path
        if not path or path.startswith("//"):
            raise ValueError(f"expected unix:PATH or unix:///PATH, got {url!r}")
        return scheme or None, _UNIX + path, 0
    try:
        parts = urlsplit(f"//{place}")
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError as error:
        raise ValueError(f"expected host:port, got {url!r}: {error}") from None
    if not parts.hostname or (has_scheme and scheme not in _SCHEMES):
        raise ValueError(f"expected host:port, one of http, https, grpc, grpcs before ://, or unix:PATH, got {url!r}")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"expected nothing but host:port behind ://, got {url!r}")
    if port == 0:
        raise ValueError(f"expected a port from 1 on, got {url!r}")
    default = 8001 if scheme in ("grpc", "grpcs") and has_scheme else 8000
    return scheme if has_scheme else None, host, port or default


class Pooled(ABC):
    """A connection that serves one call after the other."""

    home: Any = None  # where its pool puts it back

    @abstractmethod
    def is_quiet(self) -> bool: ...

    @abstractmethod
    async def catch_up(self) -> bool:
        """Of one that is not quiet: takes the server's news. False: it can serve no more calls."""

    @abstractmethod
    def close(self) -> None: ...


# From a timeout to (connection, what is left of it).
Connect = Callable[[Optional[float]], Awaitable[Tuple[Pooled, Optional[float]]]]


class Pool:
    """Connections that are not in use. Each call has one to itself, so that none waits for another's answer.

    In a process that was forked off, they are the other's, and others are made."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._free: Deque[Pooled] = deque()  # append() and pop() are atomic
        self._closed = threading.Event()
        forks.watch(self)

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    async def take(self, timeout: Optional[float]) -> Tuple[Pooled, Optional[float]]:
        """(connection, what is left of the timeout). give_back() has to be called with it."""
        return await self._take_from(self._free, timeout)

    async def _take_from(self, free: Deque[Pooled], timeout: Optional[float]) -> Tuple[Pooled, Optional[float]]:
        if self._closed.is_set():
            raise Unavailable("the client is closed")
        while True:
            try:
                connection = free.pop()
            except IndexError:
                return await self._connect(timeout)
            try:
                if connection.is_quiet() or await connection.catch_up():
                    return connection, timeout
            except BaseException:  # given up meanwhile
                connection.close()
                raise
            connection.close()

    def give_back(self, connection: Pooled, keeps: bool) -> None:
        """keeps: whether it can be used again."""
        if not keeps:
            connection.close()
            return
        self._free.append(connection)
        if self._closed.is_set():
            self.close()

    def close(self) -> None:
        self._closed.set()
        self._end()

    def _end(self) -> None:
        while self._free:
            self._free.pop().close()

    def abandon(self) -> None:
        self._free.clear()


class OtherProtocol(Unavailable):
    """The server does not speak the one that was offered to it in TLS."""


def unreachable(address: Address, error: OSError) -> Unavailable:
    told = f"no connection to {address.place}: {error}"
    is_other = isinstance(error, ssl.SSLError) and "no application protocol" in str(error).lower().replace("_", " ")
    return OtherProtocol(told) if is_other else Unavailable(told)


class Network(ABC):
    """How connections are made and waited for."""

    @abstractmethod
    async def open(self, address: Address, timeout: Optional[float], protocol: str) -> Stream:
        """protocol: its name in TLS. Raises Unavailable, DeadlineExceeded."""

    @abstractmethod
    def pool(self, connect: Connect) -> Pool: ...

    @abstractmethod
    async def ask(self, question: Callable[..., _T], *arguments: Any) -> _T:
        """The answer to one that blocks."""


class BlockingNetwork(Network):
    """limits_each: timeouts are of each time that is waited, not of a whole call."""

    def __init__(self, limits_each: bool = False) -> None:
        self._limits_each = limits_each

    async def open(self, address: Address, timeout: Optional[float], protocol: str) -> Stream:
        def make(connected: socket.socket, timeout: Optional[float]) -> Stream:
            tls = address.tls
            stream = connected if tls is None else _secured(connected, tls, address.tls_name, protocol, timeout)
            return BlockingStream(stream, self._limits_each)

        return _connected(address, timeout, make)

    def open_shared(self, address: Address, timeout: Optional[float], protocol: str) -> Stream:
        """For a thread that reads while others write, one at a time."""
        def make(connected: socket.socket, timeout: Optional[float]) -> Stream:
            return BlockingStream(connected) if address.tls is None else _shared(connected, address.tls, address.tls_name, protocol, timeout)

        return _connected(address, timeout, make)

    def pool(self, connect: Connect) -> Pool:
        return Pool(connect)

    async def ask(self, question: Callable[..., _T], *arguments: Any) -> _T:
        return question(*arguments)


def _dialled(address: Address, timeout: Optional[float]) -> socket.socket:
    if address.path is None:
        connected = socket.create_connection((address.host, address.port), timeout)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected
    local = socket.socket(socket.AF_UNIX)
    try:
        local.settimeout(timeout)
        local.connect(address.path)
    except BaseException:
        local.close()
        raise
    return local


def _connected(address: Address, timeout: Optional[float], make: Callable[[socket.socket, Optional[float]], Stream]) -> Stream:
    timeout = timeout if address.connect_timeout is None else address.connect_timeout
    try:
        return make(_dialled(address, timeout), timeout)
    except (socket.timeout, concurrent.futures.TimeoutError):
        raise DeadlineExceeded(f"no connection to {address.place} within {timeout} s") from None
    except OSError as error:
        raise unreachable(address, error) from None


def _secured(connected: socket.socket, tls: ssl.SSLContext, host: str, protocol: str, timeout: Optional[float]) -> ssl.SSLSocket:
    made = connected
    try:
        with turn(tls, protocol, timeout):
            made = secured = tls.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)
        secured.do_handshake()
    except BaseException:
        made.close()
        raise
    return secured


def _shared(connected: socket.socket, tls: ssl.SSLContext, host: str, protocol: str, timeout: Optional[float]) -> Stream:
    try:
        with turn(tls, protocol, timeout):
            stream = SharedTlsStream(connected, tls, host)
        stream.handshake()
    except BaseException:
        connected.close()
        raise
    return stream


BLOCKING = BlockingNetwork()
