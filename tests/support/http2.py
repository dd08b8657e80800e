"""HTTP/2 frame by frame, for what no client library does: pings at will, bad frames, reading late or never.

    with Http2Connection(server.grpc_port) as client:
        stream = client.call("/inference.GRPCInferenceService/ServerLive", b"")
        assert client.answer(stream).status == "0"
"""
import select
import socket
import struct
import time

import hpack
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, \
    SettingsFrame, WindowUpdateFrame
from support.server import PATIENCE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
WIDE = 2**31 - 1


def message(content, compressed=False):
    """A gRPC message in its frame."""
    return struct.pack(">BI", compressed, len(content)) + content


class Answer:
    def __init__(self):
        self.headers = {}
        self.trailers = {}
        self.data = b""
        self.reset = None  # the code of a RST_STREAM
        self.is_complete = False

    @property
    def status(self):
        return {**self.headers, **self.trailers}.get("grpc-status")

    @property
    def text(self):
        return {**self.headers, **self.trailers}.get("grpc-message")


class Http2Connection:
    """`window`: of each stream, for the server to send; as wide as can be unless said. With `answers_pings` false pings
    of the server are only counted."""

    def __init__(self, port, window=WIDE, answers_pings=True, greets=True, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20 * PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.answers_pings = answers_pings
        self.pings = 0
        self.answers = {}
        self.go_aways = []  # (code, last stream, reason)
        self.next_stream = 1
        self._received = b""
        if greets:
            self.send_bytes(PREFACE)
            self.send(SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: window}))
            if window == WIDE:
                self.send(WindowUpdateFrame(0, WIDE - 65535))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    # --- sending ------------------------------------------------------------------------------------------------
    def send_bytes(self, data):
        self.socket.sendall(data)

    def send(self, *frames):
        self.send_bytes(b"".join(frame.serialize() for frame in frames))

    @staticmethod
    def fields(path, more=()):
        """The head of a gRPC call."""
        return [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
                ("content-type", "application/grpc"), ("te", "trailers"), *more]

    def block(self, path, fields=()):
        return self.encoder.encode(self.fields(path, fields))

    def expect(self):
        """A stream of the next number, whose frames the caller sends."""
        stream = self.next_stream
        self.next_stream += 2
        self.answers[stream] = Answer()
        return stream

    def call(self, path, *messages, end=True, fields=()):
        """Begins a call; its stream."""
        stream = self.expect()
        self.send(*self.head_frames(stream, self.block(path, fields=fields)),
                  *self.data_frames(stream, b"".join(map(message, messages)), end))
        return stream

    @staticmethod
    def head_frames(stream, block):
        frames = [(HeadersFrame if at == 0 else ContinuationFrame)(stream, block[at:at + 16384])
                  for at in range(0, len(block), 16384)]
        frames[-1].flags.add("END_HEADERS")
        return frames

    @staticmethod
    def data_frames(stream, data, end=True):
        pieces = [data[at:at + 16384] for at in range(0, len(data), 16384)] or [b""]
        frames = [DataFrame(stream, piece) for piece in pieces]
        if end:
            frames[-1].flags.add("END_STREAM")
        return frames if end or data else []

    def ping(self, count=1):
        self.send(*[PingFrame(0, b"neso.h2.") for _ in range(count)])

    def reset(self, stream, code=8):
        self.send(RstStreamFrame(stream, code))

    def widen(self, stream):
        """Lets the server send all there is on the stream."""
        self.send(WindowUpdateFrame(0, WIDE - 65535), WindowUpdateFrame(stream, WIDE - 65535))

    # --- receiving ----------------------------------------------------------------------------------------------
    def read(self):
        """The next frame, or None at the end of the connection."""
        while len(self._received) < 9 or len(self._received) < 9 + int.from_bytes(self._received[:3], "big"):
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._received += data
        frame, length = Frame.parse_frame_header(memoryview(self._received[:9]))
        frame.parse_body(memoryview(self._received[9:9 + length]))
        self._received = self._received[9 + length:]
        self._note(frame)
        return frame

    def _note(self, frame):
        answer = self.answers.get(frame.stream_id)
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.send(SettingsFrame(flags=["ACK"]))
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            self.pings += 1
            if self.answers_pings:
                self.send(PingFrame(0, frame.opaque_data, flags=["ACK"]))
        elif isinstance(frame, GoAwayFrame):
            self.go_aways.append((frame.error_code, frame.last_stream_id, frame.additional_data))
        elif isinstance(frame, HeadersFrame):
            fields = dict(self.decoder.decode(frame.data))
            if answer:
                (answer.trailers if answer.headers else answer.headers).update(fields)
        elif answer and isinstance(frame, DataFrame):
            answer.data += frame.data
        elif answer and isinstance(frame, RstStreamFrame):
            answer.reset = frame.error_code
            answer.is_complete = True
        if answer and "END_STREAM" in frame.flags:
            answer.is_complete = True

    def until(self, condition):
        """Reads until it holds; False if the connection ended before."""
        while not condition():
            if self.read() is None:
                return condition()
        return True

    def answer(self, stream):
        """The whole answer."""
        assert self.until(lambda: self.answers[stream].is_complete), f"the connection ended: {self.go_aways}"
        return self.answers[stream]

    def flood(self, chunks):
        """Sends one after the other until the server says goodbye, and reads meanwhile, so that nothing it says is lost to a
        reset; the GOAWAYs that came, at the end of the connection."""
        for chunk in chunks:
            try:
                self.send_bytes(chunk)
            except OSError:
                break
            if not self.catch_up() or self.go_aways:
                break
        return self.end()

    def catch_up(self):
        """Reads what is there; False at the end of the connection."""
        while select.select([self.socket], [], [], 0)[0]:
            if self.read() is None:
                return False
        return True

    def end(self):
        """Reads to the end of the connection; the GOAWAYs that came."""
        try:
            while self.read() is not None:
                pass
        except BrokenPipeError:
            pass  # an answer of ours to what came before the end
        return self.go_aways

    def is_open(self, seconds=0.2):
        """Still there after that time, within which nothing ended it."""
        deadline = time.monotonic() + seconds
        self.socket.settimeout(seconds)
        try:
            while time.monotonic() < deadline:
                if self.read() is None:
                    return False
        except TimeoutError:
            pass
        finally:
            self.socket.settimeout(20 * PATIENCE)
        return True
