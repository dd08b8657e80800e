"""What HTTP/1.1 asks of a client beyond answers as Neso gives them: proxies', other servers', early and slow ones."""
import asyncio
import socket
import threading
import time

import numpy as np
import pytest
from neso_client import AsyncClient, Client, DeadlineExceeded, ServerError, Unavailable
from support.http1_peer import HEAD, MODEL, SIZE, TAIL, answering, model, ok, request
from support.server import PATIENCE


def chunked(body, sizes):
    cut = [body[at:at + sizes] for at in range(0, len(body), sizes)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in cut) + b"0\r\n\r\n"


def asked(address, **arguments):
    """By both clients, twice: a connection that is used again has to stand where the next answer begins."""
    async def loop():
        async with AsyncClient(f"http://{address}", timeout=10 * PATIENCE, shared_memory=False) as client:
            return [(await client.infer("m", x=[1], **arguments)).array.tolist() for _ in range(2)]

    with Client(f"http://{address}", timeout=10 * PATIENCE, shared_memory=False) as client:
        return [client.infer("m", x=[1], **arguments).array.tolist() for _ in range(2)] + asyncio.run(loop())


@pytest.mark.parametrize("answer", [
    ok(HEAD + TAIL, SIZE),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + SIZE + b"\r\n" + chunked(HEAD + TAIL, 13),
    b"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING:chunked\r\n" + SIZE + b"\r\n" + chunked(HEAD + TAIL, 1000),
    b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok(HEAD + TAIL, SIZE),
], ids=["as Neso", "chunks", "one chunk", "news before it"])
def test_answers_on_connections_that_are_used_again(answer):
    with answering(model(answer)) as address:
        assert asked(address) == 4 * [[1, 2]]


@pytest.mark.parametrize("answer", [
    ok(HEAD + TAIL, SIZE, b"HTTP/1.0 200 OK\r\n"),
    ok(HEAD + TAIL, SIZE + b"Connection: Keep-Alive, close\r\n"),
    b"HTTP/1.1 200 OK\r\n" + SIZE + b"\r\n" + HEAD + TAIL,
], ids=["of HTTP/1.0", "that says so", "of no size"])
def test_an_answer_that_is_the_last_one(answer):
    with answering(model(answer, ends=True)) as address:
        assert asked(address) == 4 * [[1, 2]]


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"outputs":[{"name":"y"}]}', b'"text"'])
def test_answers_of_something_else(answer):
    told = "expected an answer of the Open Inference Protocol, got"
    with answering(model(ok(answer))) as address, pytest.raises(ServerError, match=told):
        asked(address)
    with answering(lambda connected: request(connected) and connected.sendall(ok(answer))) as address:
        with Client(f"http://{address}") as client, pytest.raises(ServerError, match=told):
            client.model("m")


def test_an_answer_without_a_body():
    with answering(model(b"HTTP/1.1 204 No Content\r\n\r\n")) as address:
        with pytest.raises(ServerError, match="HTTP status 204"):
            asked(address)


def refusing(connected):
    """A request of which not much is read."""
    if connected.recv(3) == b"GET":
        request(connected)
        connected.sendall(ok(MODEL))
        connected.recv(3)
    connected.sendall(ok(b'{"error":"too large"}', first=b"HTTP/1.1 413 Too Large\r\n"))
    connected.shutdown(socket.SHUT_WR)
    time.sleep(0.2)


def test_who_refuses_a_request_before_it_is_complete_is_heard():
    large = np.zeros(4_000_000, np.float32)

    async def loop(address):
        async with AsyncClient(f"http://{address}", timeout=20 * PATIENCE, shared_memory=False) as client:
            await client.infer("m", x=large)

    with answering(refusing) as address:
        with Client(f"http://{address}", timeout=20 * PATIENCE, shared_memory=False) as client:
            with pytest.raises(ServerError, match="too large") as told:
                client.infer("m", x=large)
        assert told.value.status == "RESOURCE_EXHAUSTED"
        with pytest.raises(ServerError, match="too large"):
            asyncio.run(loop(address))


def test_a_timeout_is_of_the_whole_call():
    def dribble(connected):
        while head := request(connected):
            for byte in ok(HEAD + TAIL, SIZE) if head.startswith(b"POST") else ():
                connected.sendall(bytes([byte]))
                time.sleep(0.1)
            if head.startswith(b"GET"):
                connected.sendall(ok(MODEL))

    with answering(dribble) as address, Client(f"http://{address}", shared_memory=False) as client:
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            client.infer("m", x=[1], timeout=0.5)
        assert time.monotonic() - began < 2 * PATIENCE


def test_the_protocol_of_a_port_that_forwards_to_no_server_yet(server):
    """As ssh, docker and load balancers do: who connects is accepted, and then the connection ends."""
    is_up = threading.Event()

    def forward(connected):
        if is_up.is_set():
            with socket.create_connection(("127.0.0.1", server.http_port)) as there:
                there.sendall(connected.recv(65536))
                while more := there.recv(65536):
                    connected.sendall(more)

    with answering(forward) as address, Client(address, timeout=5 * PATIENCE) as client:
        assert not client.is_ready()
        with pytest.raises(Unavailable, match="answers neither protocol"):
            client.model("identity")
        is_up.set()
        assert client.is_ready()


def test_a_port_that_has_to_be_asked_keeps_to_the_time_limit():
    with socket.create_server(("127.0.0.1", 0)) as silent, Client("127.0.0.1:%d" % silent.getsockname()[1]) as client:
        began = time.monotonic()
        with pytest.raises(Unavailable, match="answers neither protocol"):
            client.infer("m", x=[1], timeout=0.3)
        assert time.monotonic() - began < 3 * PATIENCE


@pytest.mark.parametrize("url", ["http://host:1/path", "host:1?a=b", "https://name:word@host:1", "grpc://host:1/path"])
def test_what_a_url_cannot_say_here(url):
    with pytest.raises(ValueError, match="nothing but host:port"):
        Client(url)


@pytest.mark.parametrize("headers", [{"a": "b\r\nc: d"}, {"a\n": "b"}, {"": "b"}, {"a": 5}, {"a": "€"}])
def test_headers_that_none_are(headers):
    for protocol in ("http", "grpc"):
        with pytest.raises(ValueError, match="header"):
            Client(f"{protocol}://host:1", headers=headers)
