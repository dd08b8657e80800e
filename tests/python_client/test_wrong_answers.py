"""Servers that are none, or that have gone mad: errors that say so, and neither time nor memory without end."""
import asyncio
import struct
import threading

import numpy as np
import pytest
from neso_client import AsyncClient, Client, InvalidInput, NesoError, ServerError, Unavailable, http1
from support.http1_peer import HEAD, MODEL, SIZE, TAIL, answering, model, ok
from support.http2_peer import DATA, END_HEADERS, END_STREAM, HEADERS, Peer, frame
from support.server import PATIENCE

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def failures(url):
    """Of both clients."""
    async def loop():
        async with AsyncClient(url, timeout=10 * PATIENCE, shared_memory=False) as client:
            with pytest.raises(NesoError) as told:
                await client.infer("m", x=[1])
            return told.value

    with Client(url, timeout=10 * PATIENCE, shared_memory=False) as client, pytest.raises(NesoError) as told:
        client.infer("m", x=[1])
    return [told.value, asyncio.run(loop())]


def within(seconds, function, *arguments):
    """Its result; a thread that spins is found, too."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)), daemon=True)
    thread.start()
    thread.join(seconds)
    assert results, "no end"
    return results[0]


@pytest.mark.parametrize("answer, told", [
    (CHUNKED + b"-6\r\n", "expected the size of a chunk, got b'-6"),
    (CHUNKED + b"0x1\r\n0\r\n\r\n", "expected the size of a chunk"),
    (CHUNKED + b"1\r\nabc\r\n0\r\n\r\n", "expected the end of a chunk"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "expected a number of bytes, got b' -5'"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n0123456789", "expected a number of bytes"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\n", "no memory for an answer"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999999999\r\n\r\n", "no memory for an answer"),
    (b"HTTP/1.1 200 OK\r\nInference-Header-Content-Length: 9\r\nContent-Length: 2\r\n\r\n{}", "expected 9 bytes of JSON, got 2"),
    (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "expected an answer of HTTP/1.1, got b'SSH-2.0"),
    (b"HTTP/1.1 OK\r\n\r\n", "expected an answer of HTTP/1.1, got b'HTTP/1.1 OK'"),
    (b"\x15\x03\x01\x00\x02\x02\x50", "closed the connection"),
], ids=lambda value: "" if isinstance(value, bytes) else value)
def test_what_is_no_http(answer, told):
    with answering(model(answer, ends=True)) as address:
        for error in within(20 * PATIENCE, failures, f"http://{address}"):
            assert isinstance(error, Unavailable) and told in str(error) and address in str(error)


@pytest.mark.parametrize("start", [CHUNKED, b"HTTP/1.1 200 OK\r\n\r\n"], ids=["chunks", "no size"])
def test_an_answer_without_end(monkeypatch, start):
    monkeypatch.setattr(http1, "MOST_UNANNOUNCED", 1_000_000)
    piece = b"8000\r\n" + bytes(0x8000) + b"\r\n" if start is CHUNKED else bytes(0x8000)

    def endless(connected):
        connected.recv(65536)
        connected.sendall(ok(MODEL))
        connected.recv(65536)
        connected.sendall(start)
        while True:
            connected.sendall(piece)

    with answering(endless) as address:
        for error in within(20 * PATIENCE, failures, f"http://{address}"):
            assert isinstance(error, Unavailable) and "expected at most 1000000 bytes of an answer whose size was not said" in str(error)


def head(**output):
    text = str({"outputs": [{"name": "y", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}, **output}]})
    text = text.replace("'", '"').encode()
    return ok(text + TAIL, b"Inference-Header-Content-Length: %d\r\n" % len(text))


@pytest.mark.parametrize("answer, told", [
    (head(shape=[3]), "output 'y': expected FP32 of the shape [3], got 8 bytes of something else"),
    (head(shape=["a"]), "expected an answer of the Open Inference Protocol"),
    (head(datatype="FP4"), "output 'y': expected FP4 of the shape [2], got 8 bytes"),
    (head(datatype="BYTES"), "output 'y': expected"),
    (head(parameters={"binary_data_size": 800}), "expected 800 bytes of outputs behind the answer's JSON, got 8"),
    (head(parameters={"binary_data_size": -8}), "expected an answer of the Open Inference Protocol"),
    (head(parameters={"binary_data_size": "x"}), "expected an answer of the Open Inference Protocol"),
    (ok(b"[" * 200_000), "expected an answer of the Open Inference Protocol"),
    (ok(b'{"outputs":[],"parameters":[1]}'), "expected an answer of the Open Inference Protocol"),
    (ok(b"[" * 200_000, first=b"HTTP/1.1 500 Oh\r\n"), "[["),
    (ok(b'{"error":{"code":7}}', first=b"HTTP/1.1 500 Oh\r\n"), "{'code': 7}"),
], ids=lambda value: "" if isinstance(value, bytes) else value)
def test_what_is_no_answer_over_http(answer, told):
    with answering(model(answer)) as address:
        for error in failures(f"http://{address}"):
            assert isinstance(error, ServerError) and told in str(error)


def delimited(field, body):
    return bytes((field << 3 | 2, len(body))) + body


def spec(name, shape):
    return delimited(1, name) + delimited(2, b"FP32") + delimited(3, bytes(shape))


DESCRIBED = delimited(1, b"m") + delimited(4, spec(b"x", [1])) + delimited(5, spec(b"y", [1]))
NUMBER = b"\x80\x80\x80\x80\x80\x40"  # 2 ** 41


@pytest.mark.parametrize("message, told", [
    (b"\x0a\x05m", "expected an answer of the Open Inference Protocol"),
    (b"\xff\xff\xff\xff", "expected an answer of the Open Inference Protocol"),
    (delimited(2, b"\xff\xfe"), "expected an answer of the Open Inference Protocol"),
    (b"\x28" + NUMBER, "expected an answer of the Open Inference Protocol"),  # a number in place of a tensor
    (b"\x30" + NUMBER, "expected"),
    (delimited(4, delimited(2, b"\x30" + NUMBER)) + delimited(5, spec(b"y", [2])) + delimited(6, TAIL[:4]),
     "output 'y': expected FP32 of the shape [2], got 4 bytes"),
], ids=["cut", "no message", "no text", "a number for a tensor", "a number for data", "too little"])
def test_what_is_no_answer_over_grpc(message, told):
    def talks(talk):
        for body in (DESCRIBED, message):
            stream = talk.until(DATA, END_STREAM)
            talk.send(frame(HEADERS, END_HEADERS, stream, b"\x88"), frame(DATA, 0, stream, struct.pack(">BI", 0, len(body)) + body),
                      frame(HEADERS, END_HEADERS | END_STREAM, stream, b"\0\x0bgrpc-status\x010"))
        talk.until_it_leaves()

    with Peer(talks) as address:
        for error in within(20 * PATIENCE, failures, f"grpc://{address}"):
            assert isinstance(error, ServerError) and told in str(error)


def test_a_model_whose_datatype_is_not_known():
    described = MODEL.replace(b'"FP32"', b'"FP4"', 1)

    def talk(connected):
        while connected.recv(65536):
            connected.sendall(ok(described))

    with answering(talk) as address:
        for error in failures(f"http://{address}"):
            assert isinstance(error, InvalidInput)
            assert str(error) == "input 'x' of model 'm': its datatype FP4 is not one that this client knows"


def test_answers_are_still_understood():
    with answering(model(ok(HEAD + TAIL, SIZE))) as address, Client(f"http://{address}", shared_memory=False) as client:
        np.testing.assert_array_equal(client.infer("m", x=[1])["y"], [1, 2])
