"""The bytes of a connection, for whoever waits in a thread and for whoever waits in a loop.

Everything above is written once, as coroutines over Stream. Over a BlockingStream they never hand over to a loop: run() takes them to
their end in the calling thread.
"""
import select
import socket
import ssl
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, Coroutine, List, Optional, TypeVar

from . import forks
from .clock import end_of

_ROOM = 1 << 16
SMALL = 4096  # bytes that are cheaper copied than sent apart
_T = TypeVar("_T")


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """The result of one over blocking streams."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: _T = end.value
        return result
    coroutine.close()
    raise RuntimeError("expected streams that block, got one that waits in a loop")


class Stream(ABC):
    """Used by one call at a time. Raises OSError when the connection ends too early, socket.timeout."""

    def __init__(self) -> None:
        self._buffer = bytearray(_ROOM)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0  # of what has come and was not read

    @abstractmethod
    async def send(self, buffers: List[Any]) -> None:
        """All of them, without joining large ones. They may be changed afterwards."""

    @abstractmethod
    def limit(self, timeout: Optional[float]) -> None:
        """Of waiting, from now on; None for ever."""

    @abstractmethod
    def is_quiet(self) -> bool:
        """Whether nothing has come; what does while no call runs is the server's farewell, or its news."""

    @abstractmethod
    def abort(self) -> None:
        """From any thread: whoever waits gets an error."""

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    async def _more(self) -> bool:
        """Waits until the buffer holds more; false at the end."""

    @abstractmethod
    async def _fill(self, view: memoryview) -> None:
        """All of it. The buffer is empty."""

    async def read(self, size: int) -> bytes:
        if self._end - self._start < size:
            if size > SMALL:
                whole = bytearray(size)
                await self.read_into(memoryview(whole))
                return bytes(whole)
            while self._end - self._start < size:
                if not await self._more():
                    raise ConnectionResetError("the server closed the connection")
        at = self._start
        self._start = at + size
        return bytes(self._view[at:at + size])

    async def read_until(self, mark: bytes) -> bytes:
        """With the mark."""
        while (at := self._buffer.find(mark, self._start, self._end)) < 0:
            if self._end - self._start >= _ROOM:
                raise ValueError(f"expected {mark!r} within {_ROOM} bytes")
            if not await self._more():
                raise ConnectionResetError("the server closed the connection")
        start, self._start = self._start, at + len(mark)
        return bytes(self._view[start:self._start])

    async def read_to_end(self, most: int) -> bytes:
        """Raises ValueError for more than that."""
        whole = bytearray()
        while self._end > self._start or await self._more():
            whole += self._view[self._start:self._end]
            self._start = self._end
            if len(whole) > most:
                raise ValueError(f"expected at most {most} bytes of an answer whose size was not said")
        return bytes(whole)

    async def read_into(self, view: memoryview) -> None:
        count = min(self._end - self._start, len(view))
        view[:count] = self._view[self._start:self._start + count]
        self._start += count
        if count < len(view):
            self._start = self._end = 0
            await self._fill(view[count:])

    def _make_room(self) -> None:
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == len(self._buffer):
            rest = bytes(self._view[self._start:self._end])
            self._view[:len(rest)] = rest
            self._start, self._end = 0, len(rest)


class BlockingStream(Stream):
    """limits_each: limit() is of each time that is waited, not of all together."""

    def __init__(self, connected: socket.socket, limits_each: bool = False) -> None:
        super().__init__()
        self._socket = connected
        self._timeout = connected.gettimeout()
        self._limits_each = limits_each
        self._deadline: Optional[float] = None
        self._is_abandoned = False
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)
        forks.watch(self)

    def abandon(self) -> None:
        """In a process that was forked off: what comes is for the other."""
        self._is_abandoned = True
        self._socket.close()

    def limit(self, timeout: Optional[float]) -> None:
        if timeout != self._timeout:  # it costs a call of the system
            self._socket.settimeout(timeout)
            self._timeout = timeout
        self._deadline = None if self._limits_each else end_of(timeout)

    def _hurry(self) -> None:
        """What was waited since limit() counts. Up to a tenth, it does not: each change costs a call of the system."""
        if self._is_abandoned:
            raise ConnectionAbortedError("the call is one of the process that this one was forked from")
        if self._deadline is None or self._timeout is None:
            return
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        if left < 0.9 * self._timeout:
            self._socket.settimeout(left)
            self._timeout = left

    def is_quiet(self) -> bool:
        return self._start == self._end and not self._poll.poll(0)

    def close(self) -> None:
        self._socket.close()

    def abort(self) -> None:
        try:
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # TLS's own would have who still writes go on without TLS
        except OSError:  # it has ended already
            pass

    async def send(self, buffers: List[Any]) -> None:
        if isinstance(self._socket, ssl.SSLSocket) or sum(map(len, buffers)) <= SMALL:
            self._socket.sendall(b"".join(buffers))
            return
        rest = [memoryview(buffer) for buffer in buffers if len(buffer)]
        while rest:
            self._hurry()
            sent = self._socket.sendmsg(rest[:64])
            while rest and sent >= len(rest[0]):
                sent -= len(rest.pop(0))
            if sent:
                rest[0] = rest[0][sent:]

    async def _more(self) -> bool:
        self._make_room()
        count = self._receive(self._view[self._end:])
        self._end += count
        return count > 0

    async def _fill(self, view: memoryview) -> None:
        at = 0
        while at < len(view):
            count = self._receive(view[at:])
            if not count:
                raise ConnectionResetError("the server closed the connection")
            at += count

    def _receive(self, view: memoryview) -> int:
        """At least one byte; 0 at the end."""
        self._hurry()
        return self._socket.recv_into(view)


class SharedTlsStream(BlockingStream):
    """For a thread that reads while others write, one at a time.

    OpenSSL's side of a connection may not be used by two threads at once, and Python leaves that to whoever calls (but 3.13.6, where a
    writer waits until the reader has got something). So it is used under a lock, on bytes in memory; who waits for the network has let
    the lock go. What OpenSSL wants to send because of what was read, it can send before the next that is written."""

    def __init__(self, connected: socket.socket, tls: ssl.SSLContext, host: str) -> None:
        """handshake() comes next."""
        super().__init__(connected)
        self._came, self._to_go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls.wrap_bio(self._came, self._to_go, server_hostname=host)
        self._lock = threading.Lock()
        self._secret = memoryview(bytearray(_ROOM))

    def handshake(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
                return self._send_secret()
            except ssl.SSLWantReadError:
                pass
            except BaseException:
                with suppress(OSError):  # what the server is told of the failure is less than what the caller is
                    self._send_secret()
                raise
            self._send_secret()
            self._take_secret()

    async def send(self, buffers: List[Any]) -> None:
        with self._lock:
            self._tls.write(b"".join(buffers))
            secret = self._to_go.read()
        self._socket.sendall(secret)

    def _receive(self, view: memoryview) -> int:
        while True:
            with self._lock:
                if self._came.pending or self._came.eof or self._tls.pending():
                    try:
                        return self._tls.read(len(view), view)  # type: ignore[arg-type,return-value,unused-ignore]
                    except ssl.SSLWantReadError:  # not yet a whole record
                        pass
                    except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                        return 0
            self._take_secret()

    def _send_secret(self) -> None:
        secret = self._to_go.read()
        if secret:
            self._socket.sendall(secret)

    def _take_secret(self) -> None:
        self._hurry()
        count = self._socket.recv_into(self._secret)
        with self._lock:
            if count:
                self._came.write(self._secret[:count])
            else:
                self._came.write_eof()
