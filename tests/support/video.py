"""Films of JPEGs."""
import struct


def avi(frames, width, height, rate=10):
    """An AVI file (Motion JPEG) whose frames are these JPEGs."""
    def chunk(name, content):
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def listed(name, content):
        return chunk(b"LIST", name + content)

    count, largest = len(frames), max(map(len, frames))
    header = struct.pack("<14I", 1000000 // rate, largest * rate, 0, 0x10, count, 0, 1, largest, width, height, 0, 0, 0, 0)
    stream = b"vidsMJPG" + struct.pack("<IHHIIIIIIII4H", 0, 0, 0, 0, 1, rate, 0, count, largest, 0xffffffff, 0, 0, 0, width,
                                       height)
    picture = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", width * height * 3, 0, 0, 0, 0)
    movie, index = b"", b""
    for frame in frames:
        index += b"00dc" + struct.pack("<III", 0x10, 4 + len(movie), len(frame))
        movie += chunk(b"00dc", frame)
    headers = chunk(b"avih", header) + listed(b"strl", chunk(b"strh", stream) + chunk(b"strf", picture))
    return chunk(b"RIFF", b"AVI " + listed(b"hdrl", headers) + listed(b"movi", movie) + chunk(b"idx1", index))
