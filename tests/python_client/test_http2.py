"""What HTTP/2 asks of a client beyond calls that go well: flow control, peers that make mistakes, and such that leave."""
import asyncio
import struct
import threading
import time

import numpy as np
import pytest
from neso_client import AsyncClient, Client, ServerError, Unavailable, http2
from neso_client.grpc import GrpcTransport
from neso_client.network import Address
from neso_client.streams import run
from neso_client.transport import Request
from support.http2_peer import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE,
                                PADDED, READY, RST_STREAM, SETTINGS, WINDOW_UPDATE, Peer, frame)
from support.server import PATIENCE

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
    "frames of no size": frame(SETTINGS, 0, 0, struct.pack(">HI", MAX_FRAME_SIZE, 0)),
    "fields without end": frame(HEADERS, 0, 1) + 40 * frame(CONTINUATION, 0, 1, bytes(10_000)),
    "HTTP/1": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
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


def transport_of(address):
    host, _, port = address.rpartition(":")
    return GrpcTransport(Address(host, int(port), None, {}))


def duplex(address):
    return transport_of(address).duplex("ModelStreamInfer", None)


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
        transport = transport_of(address)
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


def leaving(*refusal):
    """The first `len(refusal)` requests that come are refused so, each on a connection of its own; what is asked then is answered."""
    left = list(refusal)

    def talks(talk):
        if left:
            talk.until(DATA, END_STREAM)
            talk.send(left.pop(0))
            talk.until_it_leaves()
            return
        talk.answer()
        talk.until_it_leaves()
    return talks


AWAY = frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0))  # no stream was begun with
REFUSED = frame(RST_STREAM, 0, 1, struct.pack(">I", 7))


@pytest.mark.parametrize("refusal", [AWAY, REFUSED], ids=["GOAWAY", "REFUSED_STREAM"])
def test_what_a_server_that_leaves_has_not_begun_with_is_sent_to_the_next(refusal):
    with Peer(leaving(refusal)) as address, Client(f"grpc://{address}", timeout=10 * PATIENCE) as client:
        assert client.is_ready()

    async def run(address):
        async with AsyncClient(f"grpc://{address}", timeout=10 * PATIENCE) as client:
            assert await client.is_ready()

    with Peer(leaving(refusal)) as address:
        asyncio.run(run(address))


@pytest.mark.parametrize("refusals", [[AWAY, AWAY], [REFUSED, AWAY]], ids=["GOAWAY", "both"])
def test_it_is_sent_once_more_and_no_more(refusals):
    with Peer(leaving(*refusals)) as address:
        with pytest.raises(Unavailable, match="the server is about to leave"):
            run(transport_of(address).model("any", "", 10 * PATIENCE))


def test_what_a_server_that_leaves_has_begun_with_is_not_sent_again():
    requests = []

    def talks(talk):
        stream = talk.until(DATA, END_STREAM)
        requests.append(stream)
        talk.send(frame(GOAWAY, 0, 0, struct.pack(">II", stream, 0)))

    with Peer(talks) as address:
        with pytest.raises(Unavailable, match="closed the connection"):
            run(transport_of(address).model("any", "", 10 * PATIENCE))
    assert len(requests) == 1


def test_a_server_that_leaves_while_a_large_request_is_on_its_way():
    """It does not read the rest, so that the connection breaks; what it said before is heard."""
    left = [AWAY]
    more = struct.pack(">I", 1 << 30)
    wide = frame(SETTINGS, 0, 0, struct.pack(">H", INITIAL_WINDOW_SIZE) + more), frame(WINDOW_UPDATE, 0, 0, more)

    def talks(talk):
        if left:
            talk.until(HEADERS)
            talk.send(*wide, left.pop())
            time.sleep(0.2)
            return
        talk.send(*wide)
        talk.answer()
        talk.until_it_leaves()

    size = 20_000_000
    with Peer(talks) as address:
        answer = run(transport_of(address).call("ModelInfer", [memoryview(bytes(size))], size, 20 * PATIENCE))
        assert answer == READY[5:]


def test_a_stream_that_is_refused_is_begun_again():
    outputs = b"\x12\x00"  # a response without outputs
    left = [AWAY]

    def talks(talk):
        stream = talk.until(DATA, END_STREAM)
        if left:
            talk.send(left.pop())
            talk.until_it_leaves()
            return
        message = struct.pack(">BI", 0, len(outputs)) + outputs
        talk.send(frame(HEADERS, END_HEADERS, stream, b"\x88"), 2 * frame(DATA, 0, stream, message),
                  frame(HEADERS, END_HEADERS | END_STREAM, stream, b"\0\x0bgrpc-status\x010"))
        talk.until_it_leaves()

    async def count(transport):
        return len([response async for response in transport.stream(Request("m", "", "", [], (), {}), 10 * PATIENCE)])

    with Peer(talks) as address:
        assert run(count(transport_of(address))) == 2
