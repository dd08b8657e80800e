"""Protocol Buffers' wire format, as far as the protocol's messages need it. Source: the encoding's public description."""
import struct
from typing import Any, Iterator, List, Tuple

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def varint(number: int) -> bytes:
    if 0 <= number < 128:
        return bytes((number,))
    number &= (1 << 64) - 1
    made = bytearray()
    while number >= 128:
        made.append(number & 127 | 128)
        number >>= 7
    made.append(number)
    return bytes(made)


def number_field(field: int, number: int) -> bytes:
    return varint(field << 3) + varint(number) if number else b""


def bytes_field(field: int, data: bytes) -> bytes:
    return varint(field << 3 | BYTES) + varint(len(data)) + data


def text_field(field: int, text: str) -> bytes:
    return bytes_field(field, text.encode()) if text else b""


def packed_field(field: int, numbers: Any) -> bytes:
    return bytes_field(field, b"".join(varint(number) for number in numbers)) if len(numbers) else b""


def fields(data: memoryview) -> Iterator[Tuple[int, Any]]:
    """(number of the field, an int, a float's 4 or 8 bytes, or a view of the bytes). Raises ValueError where it ends too early."""
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        at += 1
        if tag > 127:  # the usual ones have one byte
            tag, at = _read_varint(data, at - 1)
        kind = tag & 7
        if kind == VARINT:
            value, at = _read_varint(data, at)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            size, at = _read_varint(data, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise ValueError(f"expected a field of Protocol Buffers, got wire type {kind}")
        if at + size > end:
            raise ValueError("a message ends too early")
        yield tag >> 3, data[at:at + size]
        at += size


def _read_varint(data: memoryview, at: int) -> Tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("a message ends too early")
        byte = data[at]
        number |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError("a number has more than 64 bits")


def signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def unpack(data: memoryview) -> List[int]:
    """Numbers of a packed field."""
    numbers, at = [], 0
    while at < len(data):
        number, at = _read_varint(data, at)
        numbers.append(signed(number))
    return numbers


def text(data: memoryview) -> str:
    return str(data, "utf-8")


def double(data: memoryview) -> float:
    return float(struct.unpack("<d", data)[0])
