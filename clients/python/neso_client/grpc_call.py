"""A call of gRPC with messages both ways, and how calls end."""
import socket
import threading
from typing import Callable, List, Mapping, Optional
from urllib.parse import unquote

from .clock import end_of, left_until
from .errors import DeadlineExceeded, NesoError, ServerError, Unavailable
from .http2 import PREFIX, Http2Connection, StreamEnded, data_frame, headers_frames
from .network import BLOCKING, Address
from .streams import Stream, run

_STATUS = ("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
           "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
           "DATA_LOSS", "UNAUTHENTICATED")
# By HTTP/2's codes.
_STREAM_ERRORS = {7: "UNAVAILABLE", 8: "CANCELLED", 11: "RESOURCE_EXHAUSTED", 12: "PERMISSION_DENIED"}


def check_status(fields: Mapping[bytes, bytes]) -> None:
    code = int(fields.get(b"grpc-status", b"2"))
    if code == 0:
        return
    if b"grpc-status" not in fields:
        raise Unavailable(f"expected an answer of gRPC, got HTTP status {fields.get(b':status', b'?').decode()}")
    message = unquote(fields.get(b"grpc-message", b"").decode())
    if code == 4:
        raise DeadlineExceeded(message or "deadline exceeded")
    raise ServerError(_STATUS[code] if code < len(_STATUS) else "UNKNOWN", message)


def as_status(error: StreamEnded) -> NesoError:
    """Of a call whose stream the server has ended. Source: gRPC over HTTP2, errors."""
    status = _STREAM_ERRORS.get(error.code, "INTERNAL")
    return Unavailable(str(error)) if status == "UNAVAILABLE" else ServerError(status, str(error))


class Cancellation:
    """Ends a call of a blocking network from another thread, or before it has begun. One for each call."""

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


class _Duplex(Http2Connection):
    """One thread reads, others write."""

    def __init__(self, bytes_: Stream) -> None:
        super().__init__(bytes_)
        self._writing = threading.Lock()
        self._changed = threading.Condition()

    def begin(self, headers: bytes, timeout: Optional[float]) -> None:
        self.limit(timeout)
        run(self.start())
        self._begin()
        self._put_bytes(headers_frames(self._stream, headers, self._frame_size))

    def put(self, data: memoryview, is_last: bool) -> None:
        """Waits for the server's windows."""
        while len(data) or is_last:
            with self._changed:
                while len(data) and min(self._window, self._stream_window) <= 0:
                    if self._ended:
                        return
                    self._changed.wait(1)
                count = min(len(data), self._window, self._stream_window, self._frame_size)
                self._window -= count
                self._stream_window -= count
            ends = is_last and count == len(data)
            self._put_bytes(data_frame(self._stream, count, ends) + data[:count])
            data = data[count:]
            if ends:
                return

    def _put_bytes(self, data: bytes) -> None:
        with self._writing:
            run(self._bytes.send([data]))

    async def _write(self, data: bytes) -> None:
        self._put_bytes(data)

    async def receive(self) -> Optional[memoryview]:
        message = None
        try:
            message = await super().receive()
        finally:
            if message is None:  # nobody reads on: a window that is waited for would never open
                with self._changed:
                    self._ended = True
                    self._changed.notify_all()
        return message

    def _open_window(self, stream: int, more: int) -> None:
        with self._changed:
            super()._open_window(stream, more)
            self._changed.notify_all()


class DuplexCall:
    """send() and finish() from any thread, receive() from one. timeout: of the whole call."""

    def __init__(self, address: Address, headers: bytes, timeout: Optional[float]) -> None:
        end = end_of(timeout)
        self._connection = _Duplex(BLOCKING.open_shared(address, timeout, "h2"))
        try:
            self._connection.begin(headers, left_until(end))
        except (OSError, ValueError, StreamEnded) as error:
            self._connection.close()
            raise self._understood(error, address.place) from None
        self._sending = threading.Lock()
        self._is_finished = False
        self.is_cancelled = False

    def send(self, message: List[memoryview], size: int, is_compressed: bool = False) -> None:
        with self._sending:
            self._put(memoryview(b"".join([PREFIX.pack(is_compressed, size), *message])), False)

    def finish(self) -> None:
        """No more messages; the answers still come."""
        with self._sending:
            if not self._is_finished:
                self._is_finished = True
                self._put(memoryview(b""), True)

    def _put(self, data: memoryview, is_last: bool) -> None:
        try:
            self._connection.put(data, is_last)
        except OSError as error:
            if not is_last:  # else whoever receives is told
                raise self._understood(error) from None

    @staticmethod
    def _understood(error: BaseException, place: str = "the server") -> NesoError:
        if isinstance(error, StreamEnded):
            return as_status(error)
        if isinstance(error, socket.timeout):
            return DeadlineExceeded(f"no answer from {place} in time")
        return Unavailable(f"{place}: {error}")

    def receive(self) -> Optional[memoryview]:
        """None at the end. Raises ServerError, DeadlineExceeded, Unavailable."""
        try:
            message = run(self._connection.receive())
            if message is None:
                check_status(self._connection.fields())
            return message
        except NesoError:  # some are OSErrors, too
            raise
        except (StreamEnded, OSError, ValueError) as error:
            raise self._understood(error) from None

    def cancel(self) -> None:
        self.is_cancelled = True
        self._connection.abort()

    def close(self) -> None:
        self._connection.close()
