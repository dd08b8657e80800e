"""HTTP/1.1, as far as a client needs it: one request after the other on a connection."""
import re
import socket
from functools import lru_cache
from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from .network import Pooled
from .streams import Stream


class Answer(NamedTuple):
    status: int
    head_size: Optional[int]  # of the JSON before binary tensors
    head: bytes
    tail: np.ndarray  # what comes after it
    encoding: str = ""  # where there is one, all of the body is in `head`, as it came


class _Head(NamedTuple):
    status: int
    size: Optional[int]
    json_size: Optional[int]
    keeps: bool
    is_chunked: bool
    encoding: str


_NOTHING = np.empty(0, np.uint8)
MOST_UNANNOUNCED = (1 << 31) - 1  # bytes of an answer whose size is not known before
_HEX = re.compile(rb"[0-9A-Fa-f]{1,16}")


class HttpConnection(Pooled):
    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def is_quiet(self) -> bool:
        return self._stream.is_quiet()

    def close(self) -> None:
        self._stream.close()

    async def catch_up(self) -> bool:
        return False  # the server's farewell

    async def exchange(self, buffers: List[Any], timeout: Optional[float]) -> Tuple[Answer, bool]:
        """(answer, whether the connection can be used again). Raises ValueError for what is no HTTP, too."""
        self._stream.limit(timeout)
        cut: Optional[OSError] = None
        try:
            await self._stream.send(buffers)
        except socket.timeout:
            raise
        except OSError as error:  # the server may have answered before it had all, as who refuses it does
            cut = error
        try:
            answer, keeps = await self._answer()
        except (OSError, ValueError) as error:
            raise (cut or error) from None
        except (MemoryError, OverflowError):
            raise ValueError("no memory for an answer of the size that is said") from None
        return answer, keeps and cut is None

    async def _answer(self) -> Tuple[Answer, bool]:
        stream = self._stream
        told = _read_head(await stream.read_until(b"\r\n\r\n"))
        while told.status < 200:  # news before the answer
            told = _read_head(await stream.read_until(b"\r\n\r\n"))
        if told.is_chunked:
            return _apart(told, await self._chunks()), told.keeps
        if told.size is None:
            return _apart(told, await stream.read_to_end(MOST_UNANNOUNCED)), False
        if told.json_size is None or told.encoding:
            return Answer(told.status, told.json_size, await stream.read(told.size), _NOTHING, told.encoding), told.keeps
        if told.json_size > told.size:
            raise ValueError(f"expected {told.json_size} bytes of JSON, got {told.size}")
        head = await stream.read(told.json_size)
        tail = np.empty(told.size - told.json_size, np.uint8)
        await stream.read_into(memoryview(tail))
        return Answer(told.status, told.json_size, head, tail), told.keeps

    async def _chunks(self) -> bytes:
        stream, body = self._stream, bytearray()
        while size := _chunk_size(await stream.read_until(b"\r\n")):
            if len(body) + size > MOST_UNANNOUNCED:
                raise ValueError(f"expected at most {MOST_UNANNOUNCED} bytes of an answer whose size was not said")
            body += await stream.read(size)
            if await stream.read(2) != b"\r\n":
                raise ValueError("expected the end of a chunk")
        while await stream.read_until(b"\r\n") != b"\r\n":
            pass
        return bytes(body)


def _apart(told: _Head, body: bytes) -> Answer:
    """Of a body whose size was not known before."""
    if told.json_size is None or told.encoding:
        return Answer(told.status, told.json_size, body, _NOTHING, told.encoding)
    if told.json_size > len(body):
        raise ValueError(f"expected {told.json_size} bytes of JSON, got {len(body)}")
    return Answer(told.status, told.json_size, body[:told.json_size], np.frombuffer(body, np.uint8)[told.json_size:])


def _number(text: bytes) -> int:
    if not text.strip().isdigit():
        raise ValueError(f"expected a number of bytes, got {text[:100]!r}")
    return int(text)


def _chunk_size(line: bytes) -> int:
    text = line.split(b";")[0].strip()
    if not _HEX.fullmatch(text):
        raise ValueError(f"expected the size of a chunk, got {line[:100]!r}")
    return int(text, 16)


@lru_cache(maxsize=256)  # a model's answers begin alike
def _read_head(head: bytes) -> _Head:
    first, *lines = head[:-4].split(b"\r\n")
    version, _, status = first[:12].partition(b" ")
    if not version.startswith(b"HTTP/1.") or not status.isdigit():
        raise ValueError(f"expected an answer of HTTP/1.1, got {first[:100]!r}")
    size = 0 if status in (b"204", b"304") else None
    json_size = None
    keeps, is_chunked, encoding = version != b"HTTP/1.0", False, ""
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == b"content-length":
            size = _number(value)
        elif name == b"inference-header-content-length":
            json_size = _number(value)
        elif name == b"connection":
            options = [option.strip() for option in value.lower().split(b",")]
            keeps = b"close" not in options and (keeps or b"keep-alive" in options)
        elif name == b"transfer-encoding":
            is_chunked = value.lower().split(b",")[-1].strip() == b"chunked"
        elif name == b"content-encoding":
            encoding = value.strip().decode("latin-1").lower()
    return _Head(int(status), size, json_size, keeps, is_chunked, encoding)
