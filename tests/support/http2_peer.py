"""A server of HTTP/2 in the test's hands, frame by frame."""
import contextlib
import socket
import struct
import threading

DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 7, 8, 9
INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 4, 5
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
READY = b"\0\0\0\0\2\x08\1"  # the message of a server that is ready


def frame(kind, flags, stream, body=b""):
    return struct.pack(">BHBBI", len(body) >> 16, len(body) & 0xffff, kind, flags, stream) + body


class Talk:
    """With one client."""

    def __init__(self, connected):
        self._connected = connected
        self._read = connected.makefile("rb")
        self._read.read(24)  # the preface
        self.send(frame(SETTINGS, 0, 0))

    def send(self, *frames):
        self._connected.sendall(b"".join(frames))

    def until(self, wanted, flags=0):
        """The stream of the next frame of this kind, with these flags."""
        while head := self._read.read(9):
            high, low, kind, got, stream = struct.unpack(">BHBBI", head)
            self._read.read(high << 16 | low)
            if kind == wanted and got & flags == flags:
                return stream
        raise ConnectionResetError("the client has left")

    def answer(self, *frames):
        """To a request that has come, or `frames` in its place."""
        stream = self.until(DATA, END_STREAM)
        self.send(*(frames or [frame(HEADERS, END_HEADERS, stream, b"\x88"), frame(DATA, 0, stream, READY),
                               frame(HEADERS, END_HEADERS | END_STREAM, stream, b"\0\x0bgrpc-status\x010")]))

    def until_it_leaves(self):
        with contextlib.suppress(OSError):
            while self._read.read(1):
                pass


class Peer:
    """Does what no real server does when it is asked to. `talks`: called with the Talk with each client, in a thread; the connection ends
    when it returns."""

    def __init__(self, talks):
        self._talks = talks
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return "127.0.0.1:%d" % self._listener.getsockname()[1]

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, connected):
        with contextlib.suppress(OSError), connected:
            self._talks(Talk(connected))
            connected.shutdown(socket.SHUT_RDWR)
