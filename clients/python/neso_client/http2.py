"""As much of HTTP/2 as calls of gRPC need: one stream at a time on a connection, no dynamic header table, wide-open windows.

Sources: RFC 9113 (frames, flow control), RFC 7541 (header fields).
"""
import socket
import struct
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

import hpack
import numpy as np

from .errors import DeadlineExceeded, Unavailable
from .transport import Address, Watch, buffered, send_all, shut_down

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE, _CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
_END_STREAM = _ACK = 1
_END_HEADERS, _PADDED, _PRIORITY = 4, 8, 32
_HEADER_TABLE_SIZE, _ENABLE_PUSH, _INITIAL_WINDOW_SIZE, _MAX_FRAME_SIZE = 1, 2, 4, 5
_LARGEST_WINDOW = (1 << 31) - 1
_LARGEST_FRAME = 1 << 20  # that we take
_LAST_STREAM = 1 << 30
_KNOWN_BLOCKS = 64

_PREFACE = (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
            struct.pack(">HBBBI", 0, 24, _SETTINGS, 0, 0) +
            struct.pack(">HIHIHIHI", _HEADER_TABLE_SIZE, 0, _ENABLE_PUSH, 0, _INITIAL_WINDOW_SIZE, _LARGEST_WINDOW,
                        _MAX_FRAME_SIZE, _LARGEST_FRAME) +
            struct.pack(">HBBBII", 0, 4, _WINDOW_UPDATE, 0, 0, _LARGEST_WINDOW - 65535))


def frame(kind: int, flags: int, stream: int, size: int) -> bytes:
    return struct.pack(">HBBBI", size >> 8, size & 255, kind, flags, stream)


def data_frame(stream: int, size: int, ends: bool) -> bytes:
    return frame(_DATA, _END_STREAM if ends else 0, stream, size)


def headers_frame(stream: int, headers: bytes) -> bytes:
    return frame(_HEADERS, _END_HEADERS, stream, len(headers)) + headers


def literal(name: bytes, value: bytes) -> bytes:
    """A header field that no table keeps."""
    return b"\0" + _text(name) + _text(value)


def _text(text: bytes) -> bytes:
    if len(text) < 127:
        return bytes((len(text),)) + text
    rest, size = bytearray(b"\x7f"), len(text) - 127
    while size >= 128:
        rest.append(size & 127 | 128)
        size >>= 7
    rest.append(size)
    return bytes(rest) + text


class StreamEnded(Exception):
    """The server gave up on this stream, not on the connection."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the server ended the stream with HTTP/2 error {code}")
        self.code = code


class Http2Connection:
    """Not thread-safe. Raises OSError when the connection ends, socket.timeout, ValueError for what is no HTTP/2."""

    def __init__(self, address: Address, timeout: Optional[float]) -> None:
        self._socket = address.connect(timeout, "h2")
        self._file = buffered(self._socket)
        self._watch = Watch(self._socket)
        self._stream = -1
        self._window = self._initial_window = 65535  # what the server takes on the connection, and on each stream at first
        self._stream_window = 0
        self._frame_size = 16384
        self._unannounced = 0  # bytes that came, and that our window does not know are gone
        self._blocks: Dict[bytes, Dict[bytes, bytes]] = {}
        self._is_leaving = False  # the server takes no more streams
        self._ended = True
        self._headers: Optional[Dict[bytes, bytes]] = None
        self._trailers: Optional[Dict[bytes, bytes]] = None
        self._messages: List[memoryview] = []
        self._prefix = bytearray()  # of the message that comes, which is `_filled` so far
        self._message: Optional[memoryview] = None
        self._filled = 0
        try:
            self._socket.sendall(_PREFACE)
            while not self._step():  # its settings tell how large frames may be
                pass
        except socket.timeout:
            self.close()
            raise DeadlineExceeded(f"no answer from {address.authority} within {timeout} s") from None
        except (OSError, ValueError) as error:
            self.close()
            raise Unavailable(f"{address.authority}: {error}") from None

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def abort(self) -> None:
        """From any thread: whoever waits for an answer gets an error."""
        shut_down(self._socket)

    def is_idle(self) -> bool:
        """Ready for another call. What came meanwhile (pings, settings) is answered."""
        try:
            self._socket.settimeout(1)
            while self._has_frame():
                self._step()
        except (OSError, ValueError):
            return False
        return not self._is_leaving and self._stream < _LAST_STREAM

    def _has_frame(self) -> bool:
        return not self._watch.is_quiet()

    def settimeout(self, timeout: Optional[float]) -> None:
        self._socket.settimeout(timeout)

    def send(self, headers: bytes, message: List[memoryview], size: int) -> None:
        """One request with one message behind its prefix of five bytes, of `size` bytes together."""
        self._begin()
        buffers: List[object] = [frame(_HEADERS, _END_HEADERS, self._stream, len(headers)), headers]
        for chunk in self._chunks(message, size, buffers):
            buffers += chunk
        send_all(self._socket, buffers)

    def _begin(self) -> None:
        self._stream += 2
        self._stream_window = self._initial_window
        self._headers = self._trailers = None
        self._ended = False
        self._prefix, self._message, self._filled, self._messages = bytearray(), None, 0, []

    def _write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _open_window(self, stream: int, more: int) -> None:
        if stream == 0:
            self._window += more
        elif stream == self._stream:
            self._stream_window += more

    def _chunks(self, message: List[memoryview], size: int, before: List[object]) -> Iterator[List[object]]:
        """Frames of what the windows allow; where they are shut, sends what there is and waits until they open."""
        pieces, left = list(message), size
        while True:
            count = min(left, self._window, self._stream_window, self._frame_size)
            if count <= 0 < left:
                send_all(self._socket, before)
                before.clear()
                while min(self._window, self._stream_window) <= 0:
                    self._step()
                    if self._ended:
                        return
                continue
            left -= count
            self._window -= count
            self._stream_window -= count
            chunk: List[object] = [frame(_DATA, 0 if left else _END_STREAM, self._stream, count)]
            while count:
                piece = pieces[0]
                chunk.append(piece[:count])
                pieces[0] = piece[count:]
                count -= len(chunk[-1])  # type: ignore[arg-type]
                if not len(pieces[0]):
                    pieces.pop(0)
            yield chunk
            if not left:
                return

    def receive(self) -> Optional[memoryview]:
        """The next message of the answer; None at its end, when headers() and trailers() are complete."""
        while not self._messages and not self._ended:
            self._step()
        return self._messages.pop(0) if self._messages else None

    def cancel(self) -> None:
        """Ends the call, whose answer nobody wants any more."""
        if not self._ended:
            self._write(frame(_RST_STREAM, 0, self._stream, 4) + struct.pack(">I", 8))
            self._ended = True

    def fields(self) -> Mapping[bytes, bytes]:
        """Of the answer's head and its end."""
        return {**(self._headers or {}), **(self._trailers or {})}

    def _step(self) -> bool:
        """Reads one frame. True if it was the server's settings."""
        head = self._file.read(9)
        if len(head) < 9:
            raise ConnectionResetError("the server closed the connection")
        high, low, kind, flags, stream = struct.unpack(">HBBBI", head)
        size = high << 8 | low
        if size > _LARGEST_FRAME:
            raise ValueError(f"expected a frame of HTTP/2, of at most {_LARGEST_FRAME} bytes, got one of {size}")
        if kind == _DATA:
            self._take_data(stream, flags, size)
            return False
        body = self._read(size)
        if kind == _HEADERS:
            self._take_headers(stream, flags, body)
        elif kind == _SETTINGS and not flags & _ACK:
            self._take_settings(body)
            return True
        elif kind == _PING and not flags & _ACK:
            self._write(frame(_PING, _ACK, 0, 8) + body)
        elif kind == _WINDOW_UPDATE:
            self._open_window(stream, struct.unpack(">I", body)[0])
        elif kind == _RST_STREAM and stream == self._stream and not self._ended:
            self._ended = True
            raise StreamEnded(struct.unpack(">I", body)[0])
        elif kind == _GOAWAY:
            self._is_leaving = True
            if struct.unpack(">I", body[:4])[0] < self._stream:
                raise ConnectionResetError("the server is about to leave")
        return False

    def _take_settings(self, body: bytes) -> None:
        for name, value in struct.iter_unpack(">HI", body):
            if name == _INITIAL_WINDOW_SIZE:
                self._stream_window += value - self._initial_window
                self._initial_window = value
            elif name == _MAX_FRAME_SIZE:
                self._frame_size = min(value, 1 << 18)
        self._write(frame(_SETTINGS, _ACK, 0, 0))

    def _take_headers(self, stream: int, flags: int, body: bytes) -> None:
        if flags & _PADDED:
            body = body[1:len(body) - body[0]]
        if flags & _PRIORITY:
            body = body[5:]
        ended = flags & _END_STREAM
        while not flags & _END_HEADERS:
            high, low, kind, flags, _ = struct.unpack(">HBBBI", self._read(9))
            if kind != _CONTINUATION:
                raise ValueError("expected the rest of the header fields")
            body += self._read(high << 8 | low)
        if stream != self._stream:
            return
        fields = self._decode(body)
        if self._headers is None:
            self._headers = fields
        else:
            self._trailers = fields
        self._ended = bool(ended)

    def _decode(self, block: bytes) -> Dict[bytes, bytes]:
        """There is no dynamic table: the same bytes always say the same."""
        fields = self._blocks.get(block)
        if fields is None:
            decoder = hpack.Decoder()
            decoder.max_allowed_table_size = 0
            decoder.header_table_size = 0
            fields = {bytes(name): bytes(value) for name, value in decoder.decode(block, raw=True)}
            if len(self._blocks) >= _KNOWN_BLOCKS:
                self._blocks.clear()
            self._blocks[block] = fields
        return fields

    def _take_data(self, stream: int, flags: int, size: int) -> None:
        self._unannounced += size
        if self._unannounced > _LARGEST_WINDOW // 2:
            self._write(frame(_WINDOW_UPDATE, 0, 0, 4) + struct.pack(">I", self._unannounced))
            self._unannounced = 0
        padding = 0
        if flags & _PADDED:
            padding = self._read(1)[0]
            size -= 1 + padding
        if stream != self._stream:
            self._read(size)
        else:
            self._take_messages(size)
            self._ended = bool(flags & _END_STREAM)
        self._read(padding)

    def _take_messages(self, left: int) -> None:
        while left:
            if self._message is None:
                part = self._read(min(left, 5 - len(self._prefix)))
                self._prefix += part
                left -= len(part)
                if len(self._prefix) < 5:
                    return
                compressed, size = struct.unpack(">BI", self._prefix)
                if compressed:
                    raise ValueError("expected messages that are not compressed")
                self._message, self._filled = _ending_aligned(size), 0
            count = min(left, len(self._message) - self._filled)
            self._fill(self._message[self._filled:self._filled + count])
            self._filled += count
            left -= count
            if self._filled == len(self._message):
                self._messages.append(self._message)
                self._prefix, self._message = bytearray(), None

    def _read(self, size: int) -> bytes:
        read = self._file.read(size) if size else b""
        if len(read) < size:
            raise ConnectionResetError("the server closed the connection")
        return read

    def _fill(self, view: memoryview) -> None:
        at = 0
        while at < len(view):
            count = self._file.readinto(view[at:])
            if not count:
                raise ConnectionResetError("the server closed the connection")
            at += count


def _ending_aligned(size: int) -> memoryview:
    """Room for a message. Tensors come last in it: the last one's numbers are aligned, and need no copy."""
    room = np.empty(size + 64, np.uint8)
    start = -(room.ctypes.data + size) % 64
    return memoryview(room)[start:start + size]
