"""As much of HTTP/2 as calls of gRPC need: one call at a time on a connection, no dynamic header table, wide-open windows.

Sources: RFC 9113 (frames, flow control), RFC 7541 (header fields).
"""
import socket
import struct
from contextlib import suppress
from typing import Any, AsyncIterator, Dict, List, Mapping, Optional

import hpack
import numpy as np

from .network import Pooled
from .streams import SMALL, Stream

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE, _CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
_END_STREAM = _ACK = 1
_REFUSED_STREAM, _CANCEL = 7, 8  # errors' codes
_END_HEADERS, _PADDED, _PRIORITY = 4, 8, 32
_HEADER_TABLE_SIZE, _ENABLE_PUSH, _INITIAL_WINDOW_SIZE, _MAX_FRAME_SIZE = 1, 2, 4, 5
_OUR_WINDOW = (1 << 31) - 1  # of the connection and of each stream
_LARGEST_FRAME = 1 << 20  # that we take
_MOST_FIELDS = 1 << 18  # bytes of header fields, still packed
_LAST_STREAM = 1 << 30
_KNOWN_BLOCKS = 64
_NUMBER = (1 << 31) - 1  # the bit before it means nothing
_FRAME = struct.Struct(">HBBBI")
PREFIX = struct.Struct(">BI")  # of a message: whether it is compressed, its size


def _preface() -> bytes:
    settings = struct.pack(">HIHIHIHI", _HEADER_TABLE_SIZE, 0, _ENABLE_PUSH, 0, _INITIAL_WINDOW_SIZE, _OUR_WINDOW,
                           _MAX_FRAME_SIZE, _LARGEST_FRAME)
    return (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(_SETTINGS, 0, 0, len(settings)) + settings +
            _window_update(0, _OUR_WINDOW - 65535))


def _window_update(stream: int, more: int) -> bytes:
    return frame(_WINDOW_UPDATE, 0, stream, 4) + struct.pack(">I", more)


def frame(kind: int, flags: int, stream: int, size: int) -> bytes:
    return _FRAME.pack(size >> 8, size & 255, kind, flags, stream)


def data_frame(stream: int, size: int, ends: bool) -> bytes:
    return frame(_DATA, _END_STREAM if ends else 0, stream, size)


def headers_frames(stream: int, headers: bytes, largest: int) -> bytes:
    """One, unless there are more fields than fit into the largest frame that the server takes."""
    made, kind = b"", _HEADERS
    while len(headers) > largest:
        made += frame(kind, 0, stream, largest) + headers[:largest]
        headers, kind = headers[largest:], _CONTINUATION
    return made + frame(kind, _END_HEADERS, stream, len(headers)) + headers


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

    def __init__(self, code: int, told: str = "") -> None:
        super().__init__(told or f"the server ended the stream with HTTP/2 error {code}")
        self.code = code


class StreamRefused(StreamEnded):
    """The server has not begun with the request, and will not: it may be sent again, on another connection."""

    def __init__(self, told: str) -> None:
        super().__init__(_REFUSED_STREAM, told)


class Http2Connection(Pooled):
    """Raises OSError when the connection ends, socket.timeout, ValueError for what is no HTTP/2."""

    def __init__(self, bytes_: Stream) -> None:
        """start() comes next."""
        self._bytes = bytes_
        self._stream = -1
        self._window = self._initial_window = 65535  # what the server takes on the connection, and on each stream at first
        self._stream_window = 0
        self._frame_size = 16384
        self._unannounced = self._stream_unannounced = 0  # bytes that came, and that our windows do not know are gone
        self._blocks: Dict[bytes, Dict[bytes, bytes]] = {}
        self._is_leaving = False  # the server takes no more streams
        self._ended = True
        self._headers: Optional[Dict[bytes, bytes]] = None
        self._trailers: Optional[Dict[bytes, bytes]] = None
        self._messages: List[memoryview] = []
        self._prefix = b""  # of the message that comes, which is `_filled` so far
        self._message: Optional[memoryview] = None
        self._filled = 0

    async def start(self) -> None:
        await self._write(_preface())
        while not await self._step():  # the server's settings tell how large frames may be
            pass

    def close(self) -> None:
        self._bytes.close()

    def abort(self) -> None:
        """From any thread: whoever waits for an answer gets an error."""
        self._bytes.abort()

    def is_quiet(self) -> bool:
        return self._bytes.is_quiet() and not self._is_leaving and self._stream < _LAST_STREAM

    async def catch_up(self) -> bool:
        """Pings and settings are answered."""
        try:
            self._bytes.limit(1)
            while not self._bytes.is_quiet():
                await self._step()
        except (OSError, ValueError):
            return False
        return not self._is_leaving and self._stream < _LAST_STREAM

    def limit(self, timeout: Optional[float]) -> None:
        self._bytes.limit(timeout)

    async def send(self, headers: bytes, message: List[Any], size: int) -> None:
        """One request with one message behind its prefix of five bytes, of `size` bytes together."""
        self._begin()
        try:
            buffers: List[Any] = [headers_frames(self._stream, headers, self._frame_size)]
            if size <= min(self._window, self._stream_window, self._frame_size):
                self._window -= size
                self._stream_window -= size
                buffers += [frame(_DATA, _END_STREAM, self._stream, size), *message]
            else:
                async for chunk in self._chunks(message, size, buffers):
                    buffers += chunk
            await self._bytes.send(buffers)
        except socket.timeout:
            raise
        except OSError:  # the server may have said why before it left
            await self._hear_out()
            if not self._ended:
                raise

    async def _hear_out(self) -> None:
        """What came before the end of the connection. Raises StreamEnded."""
        with suppress(OSError, ValueError):
            while not self._ended:
                await self._step()

    def _begin(self) -> None:
        if self._is_leaving:
            raise StreamRefused("the server is about to leave")
        self._stream += 2
        self._stream_window = self._initial_window
        self._headers = self._trailers = None
        self._ended = False
        self._stream_unannounced = 0
        self._prefix, self._message, self._filled, self._messages = b"", None, 0, []

    async def _write(self, data: bytes) -> None:
        await self._bytes.send([data])

    def _open_window(self, stream: int, more: int) -> None:
        if stream == 0:
            self._window += more
        elif stream == self._stream:
            self._stream_window += more

    async def _chunks(self, message: List[Any], size: int, before: List[Any]) -> AsyncIterator[List[Any]]:
        """Frames of what the windows allow; where they are shut, sends what there is and waits until they open."""
        pieces, left = list(message), size
        while True:
            count = min(left, self._window, self._stream_window, self._frame_size)
            if count <= 0 < left:
                await self._bytes.send(before)
                before.clear()
                while min(self._window, self._stream_window) <= 0:
                    await self._step()
                    if self._ended:  # it does not want the rest; told so, it may forget the stream
                        await self._write(frame(_RST_STREAM, 0, self._stream, 4) + struct.pack(">I", _CANCEL))
                        return
                continue
            left -= count
            self._window -= count
            self._stream_window -= count
            chunk: List[Any] = [frame(_DATA, 0 if left else _END_STREAM, self._stream, count)]
            while count:
                piece = pieces[0]
                chunk.append(piece[:count])
                pieces[0] = piece[count:]
                count -= len(chunk[-1])
                if not len(pieces[0]):
                    pieces.pop(0)
            yield chunk
            if not left:
                return

    async def receive(self) -> Optional[memoryview]:
        """The next message of the answer; None at its end, when headers() and trailers() are complete."""
        while not self._messages and not self._ended:
            await self._step()
        return self._messages.pop(0) if self._messages else None

    def fields(self) -> Mapping[bytes, bytes]:
        """Of the answer's head and its end."""
        return {**(self._headers or {}), **(self._trailers or {})}

    async def _step(self) -> bool:
        """Reads one frame. True if it was the server's settings."""
        try:
            return await self._take_frame()
        except (struct.error, IndexError, hpack.HPACKError) as error:
            raise ValueError(f"expected frames of HTTP/2, got one that is malformed: {error}") from None

    async def _take_frame(self) -> bool:
        head = await self._bytes.read(9)
        high, low, kind, flags, stream = _FRAME.unpack(head)
        size = high << 8 | low
        if size > _LARGEST_FRAME:
            if head.startswith(b"HTTP/"):
                raise ValueError("expected HTTP/2, got an answer of HTTP/1; gRPC has a port of its own, 8001 by default")
            raise ValueError(f"expected a frame of HTTP/2, of at most {_LARGEST_FRAME} bytes, got one of {size}")
        if kind == _DATA:
            await self._take_data(stream, flags, size)
            return False
        body = await self._bytes.read(size)
        if kind == _HEADERS:
            await self._take_headers(stream, flags, body)
        elif kind == _SETTINGS and not flags & _ACK:
            await self._take_settings(body)
            return True
        elif kind == _PING and not flags & _ACK:
            await self._write(frame(_PING, _ACK, 0, 8) + body)
        elif kind == _WINDOW_UPDATE:
            self._open_window(stream, struct.unpack(">I", body)[0] & _NUMBER)
        elif kind == _RST_STREAM and stream == self._stream and not self._ended:
            self._ended = True
            (code,) = struct.unpack(">I", body)
            if code == _REFUSED_STREAM and self._headers is None:
                raise StreamRefused("the server refused the stream")
            raise StreamEnded(code)
        elif kind == _GOAWAY:
            self._is_leaving = True
            if struct.unpack(">I", body[:4])[0] & _NUMBER < self._stream and not self._ended:
                raise StreamRefused("the server is about to leave")
        return False

    async def _take_settings(self, body: bytes) -> None:
        for name, value in struct.iter_unpack(">HI", body):
            if name == _INITIAL_WINDOW_SIZE:
                self._open_window(self._stream, value - self._initial_window)
                self._initial_window = value
            elif name == _MAX_FRAME_SIZE:
                if value < 16384:
                    raise ValueError(f"expected frames of HTTP/2 of at least 16384 bytes to be taken, got {value}")
                self._frame_size = min(value, 1 << 18)
        await self._write(frame(_SETTINGS, _ACK, 0, 0))

    async def _take_headers(self, stream: int, flags: int, body: bytes) -> None:
        if flags & _PADDED:
            body = body[1:len(body) - body[0]]
        if flags & _PRIORITY:
            body = body[5:]
        ended = flags & _END_STREAM
        while not flags & _END_HEADERS:
            high, low, kind, flags, _ = _FRAME.unpack(await self._bytes.read(9))
            if kind != _CONTINUATION:
                raise ValueError("expected the rest of the header fields")
            size = high << 8 | low
            if len(body) + size > _MOST_FIELDS:
                raise ValueError(f"expected at most {_MOST_FIELDS} bytes of header fields")
            body += await self._bytes.read(size)
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

    async def _take_data(self, stream: int, flags: int, size: int) -> None:
        self._unannounced += size
        if self._unannounced > _OUR_WINDOW // 2:
            await self._write(_window_update(0, self._unannounced))
            self._unannounced = 0
        if stream == self._stream:
            self._stream_unannounced += size
            if self._stream_unannounced > _OUR_WINDOW // 2 and not flags & _END_STREAM:
                await self._write(_window_update(stream, self._stream_unannounced))
                self._stream_unannounced = 0
        padding = 0
        if flags & _PADDED:
            padding = (await self._bytes.read(1))[0]
            size -= 1 + padding
            if size < 0:
                raise ValueError("expected a frame that is longer than its padding")
        if stream != self._stream:
            await self._bytes.read(size)
        else:
            await self._take_messages(size)
            self._ended = bool(flags & _END_STREAM)
        if padding:
            await self._bytes.read(padding)

    async def _take_messages(self, left: int) -> None:
        while left:
            if self._message is None:
                part = await self._bytes.read(min(left, 5 - len(self._prefix)))
                self._prefix += part
                left -= len(part)
                if len(self._prefix) < 5:
                    return
                compressed, size = PREFIX.unpack(self._prefix)
                if compressed:
                    raise ValueError("expected messages that are not compressed")
                self._message, self._filled = memoryview(bytearray(size)) if size <= SMALL else _ending_aligned(size), 0
            count = min(left, len(self._message) - self._filled)
            await self._bytes.read_into(self._message[self._filled:self._filled + count])
            self._filled += count
            left -= count
            if self._filled == len(self._message):
                self._messages.append(self._message)
                self._prefix, self._message = b"", None


def _ending_aligned(size: int) -> memoryview:
    """Room for a large message. Tensors come last in it: the last one's numbers are aligned, and need no copy."""
    try:
        room = np.empty(size + 64, np.uint8)
    except MemoryError:
        raise ValueError(f"no memory for a message of {size} bytes") from None
    start = -(room.__array_interface__["data"][0] + size) % 64
    return memoryview(room)[start:start + size]
