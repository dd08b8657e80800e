"""What HTTP/2 asks of a client beyond calls that go well: flow control, peers that make mistakes, and such that leave."""
import asyncio
import contextlib
import socket
import struct
import threading
import time

import numpy as np
import pytest
from neso_client import AsyncClient, Client, ServerError, Unavailable, http2
from neso_client.grpc import GrpcTransport
from neso_client.network import Address
from neso_client.streams import run
from support.server import PATIENCE

DATA, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 8, 9
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


@pytest.fixture
def narrow(monkeypatch):
    """Windows of 64 KB in the place of 2 GB."""
    monkeypatch.setattr(http2, "_OUR_WINDOW", 1 << 16)


def test_an_answer_larger_than_the_windows(server, narrow):
    array = np.arange(500_000, dtype=np.float32)[None]
    with Client(f"grpc://{server.grpc}", timeout=20 * PATIENCE) as client:
        for _ in range(2):
            np.testing.assert_array_equal(client.infer("identity", INPUT0=array).array, array)


def test_a_stream_larger_than_the_windows(server, narrow):
    with Client(f"grpc://{server.grpc}", timeout=20 * PATIENCE) as client:
        assert sum(1 for _ in client.stream("count", IN=[3000])) == 3000

    async def run():
        async with AsyncClient(f"grpc://{server.grpc}", timeout=20 * PATIENCE) as client:
            assert len([result async for result in client.stream("count", IN=[3000])]) == 3000

    asyncio.run(run())


MALFORMED = {
    "a window's": frame(WINDOW_UPDATE, 0, 0, b"\0\1"),
    "an end's": frame(RST_STREAM, 0, 1, b"\0"),
    "settings'": frame(SETTINGS, 0, 0, b"\0\1\0"),
    "fields of no table": frame(HEADERS, END_HEADERS, 1, b"\xff\xff\x7f"),
    "fields without padding": frame(HEADERS, END_HEADERS | PADDED, 1),
    "padding without data": frame(DATA, PADDED, 1, b"\7"),
    "a status that is no number": frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\0\x0bgrpc-status\x01x"),
}


def making(mistake):
    def talks(talk):
        talk.answer(mistake)
        talk.until_it_leaves()
    return talks


@pytest.mark.parametrize("mistake", MALFORMED.values(), ids=MALFORMED)
def test_peers_that_make_mistakes(mistake):
    with Peer(making(mistake)) as address:
        with Client(f"grpc://{address}", timeout=10) as client, pytest.raises(Unavailable):
            client.model("any")

        async def run():
            async with AsyncClient(f"grpc://{address}", timeout=10) as client:
                with pytest.raises(Unavailable):
                    await client.model("any")

        asyncio.run(run())
        call = duplex(address)
        call.finish()
        with pytest.raises(Unavailable):
            call.receive()
        call.close()


def duplex(address):
    host, _, port = address.rpartition(":")
    return GrpcTransport(Address(host, int(port), None, {})).duplex("ModelStreamInfer", None)


def test_a_writer_does_not_wait_for_a_peer_that_has_left():
    with Peer(lambda talk: (talk.until(DATA), time.sleep(0.2))) as address:
        call = duplex(address)
        writer = threading.Thread(target=lambda: call.send([memoryview(bytes(200_000))], 200_000), daemon=True)
        writer.start()
        with pytest.raises(Unavailable):
            call.receive()
        writer.join(5 * PATIENCE)
        assert not writer.is_alive()
        call.close()


def test_a_call_that_is_cancelled_while_it_takes_the_peers_news(sockets):
    """Of which half has come: its connection is closed."""
    def talks(talk):
        talk.answer()
        talk.send(frame(SETTINGS, 0, 0)[:4])
        talk.until_it_leaves()

    async def run(address):
        before = sockets()
        async with AsyncClient(f"grpc://{address}") as client:
            assert await client.is_ready()
            connected = sockets()
            assert connected > before
            await asyncio.sleep(0.1)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.is_ready(), 0.2)
            await asyncio.sleep(0.3)
            assert sockets() < connected

    with Peer(talks) as address:
        asyncio.run(run(address))


def test_a_request_that_is_refused_before_it_is_complete():
    """The server is told that no more comes, and the connection serves the next call."""
    refused = b"\x88\0\x0bgrpc-status\x018\0\x0cgrpc-message\x04full"

    def talks(talk):
        stream = talk.until(DATA)
        talk.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, refused))
        assert talk.until(RST_STREAM) == stream
        talk.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 65535)))
        talk.answer()
        talk.until_it_leaves()

    def message(size):
        return [memoryview(bytes(size))], size

    with Peer(talks) as address:
        host, _, port = address.rpartition(":")
        transport = GrpcTransport(Address(host, int(port), None, {}))
        with pytest.raises(ServerError, match="full"):
            run(transport.call("ModelInfer", *message(200_000), 10 * PATIENCE))
        assert run(transport.call("ServerReady", *message(0), 10 * PATIENCE)) == READY[5:]
        transport.close()


def test_more_header_fields_than_a_frame_has_room_for():
    def talks(talk):
        talk.until(CONTINUATION, END_HEADERS)
        talk.answer()
        talk.until_it_leaves()

    with Peer(talks) as address:
        with Client(f"grpc://{address}", headers={"a": 20_000 * "b"}, timeout=10 * PATIENCE) as client:
            assert client.is_ready()
