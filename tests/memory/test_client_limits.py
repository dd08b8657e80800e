"""What one client can make the server keep, and for how long: answers that it does not read, metadata, messages and bodies that
it does not finish. Limits are set low where the default would make a test long."""
import json
import queue
import socket
import time

import hpack
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from hyperframe.frame import DataFrame, HeadersFrame, SettingsFrame, WindowUpdateFrame
from support.http2 import WIDE, Http2Connection, message
from support.inference import body
from support.innocent import innocent
from support.many_connections import INFER, LIVE, infer_request
from support.raw import RawConnection, request
from support.server import IS_SANITIZED, PATIENCE
from support.wait import wait_until

STREAM = "/inference.GRPCInferenceService/ModelStreamInfer"
ENHANCE_YOUR_CALM = 11
DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED = "4", "8"
TIMES = ["progress-timeout-ms=400", "bytes-per-second=1000"]
real_build = pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer's memory is not the server's")


@pytest.fixture
def start(repository, start_server):
    def start(*limits):
        repository.add_identity("identity")
        repository.add_identity("decoupled", extra="model_transaction_policy { decoupled: true }",
                                parameters={"repeat": "1000000"})
        return start_server(repository.path, *(f"--{port}-limit={limit}" for limit in limits for port in ("http", "grpc")
                                               if port == "grpc" or "message" not in limit))
    return start


def head(client, path, method="GET", fields=()):
    """Of a request over HTTP/2 on the port for HTTP."""
    block = client.encoder.encode([(":method", method), (":scheme", "http"), (":path", path), (":authority", "x"), *fields])
    return HeadersFrame(client.expect(), block, flags=["END_HEADERS", *(["END_STREAM"] if method == "GET" else [])])


def get(client, path, method="GET", fields=()):
    """The stream of a request, whose body the caller sends."""
    frame = head(client, path, method, fields)
    client.send(frame)
    return frame.stream_id


def headers(answer):
    return answer.headers[":status"]


# --- Answers that are not read --------------------------------------------------------------------------------------
@real_build
def test_large_answers_to_small_requests_wait_to_be_made(start):
    server = start()
    size = len(server.get("/openapi.json").content)
    before = server.rss_kib()
    with Http2Connection(server.http_port, window=0) as client:
        frames = [head(client, "/openapi.json") for _ in range(900)]
        client.send(*frames)  # in one packet or two
        streams = [frame.stream_id for frame in frames]

        def answered():
            return sum(bool(client.answers[stream].headers) for stream in streams)

        wait_until(lambda: server.metric("neso_open_requests", service="HTTP") == 900)
        assert client.until(lambda: answered() * size > 8 << 20)
        assert client.is_open(0.5)
        # What had been handed out when the first answers were made is answered, too: on a busy machine that is more than the limit.
        assert answered() < 900
        assert server.rss_kib() < before + (answered() * size >> 10) + 4 * 1024, "and no more memory than so many take"
        # Who reads gets them all.
        client.send(SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: WIDE}), WindowUpdateFrame(0, WIDE - 65535))
        for stream in streams:
            answer = client.answer(stream)
            assert (headers(answer), len(answer.data)) == ("200", size)


def test_a_stream_whose_connection_leaves_too_much_unread_ends(start):
    server = start("unread-bytes=1000000")
    with Http2Connection(server.grpc_port, window=0) as client:
        request = infer_request("decoupled", 10_000)
        streams = [client.call(STREAM, request) for _ in range(3)]
        for stream in streams:
            assert client.answer(stream).status == RESOURCE_EXHAUSTED
        alive = client.call(LIVE, b"")
        assert client.until(lambda: client.answers[alive].headers), "the connection stays"


def test_who_reads_more_slowly_than_a_model_answers_gets_everything(start, repository):
    repository.add_identity("long", extra="model_transaction_policy { decoupled: true }", parameters={"repeat": "100"})
    server = start("unread-bytes=4000000")  # of 20 MB
    tensor = grpcclient.InferInput("INPUT0", [1, 50_000], "FP32")
    tensor.set_data_from_numpy(np.ones((1, 50_000), np.float32))
    answers = queue.Queue()

    def take(result, error):
        time.sleep(0.005)
        answers.put(error or result.as_numpy("OUTPUT0").shape)

    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(take)
        client.async_stream_infer("long", [tensor])
        assert {answers.get(timeout=30 * PATIENCE) for _ in range(100)} == {(1, 50_000)}
        client.stop_stream()
    with RawConnection(server) as connection:
        connection.send(request("long", {"INPUT0": [1.5] * 50_000}, "generate_stream"))
        read = 0
        while read < 100:
            read += connection.reader.readline().startswith(b"data: {")
            time.sleep(0.001)


def test_messages_of_a_stream_wait_for_a_client_that_does_not_read(start):
    server = start("unread-bytes=1000000")
    request = infer_request("identity", 25_000)

    def done():
        return int(server.metric("nv_inference_request_success", model="identity") or 0)

    with Http2Connection(server.grpc_port, window=0) as client:
        alive = client.call(LIVE, b"")
        assert client.until(lambda: client.answers[alive].headers), "it knows how much we may send"
        stream = client.call(STREAM, request, end=False)
        for count in range(1, 10):  # each answer has 100 KB and a little, so the tenth is too much
            wait_until(lambda count=count: done() == count)
            client.send(*client.data_frames(stream, message(request), end=False))
        wait_until(lambda: done() == 10)
        client.send(*client.data_frames(stream, message(request) * 10))
        assert client.answer(client.call(LIVE, b"", fields=[("grpc-timeout", "300m")])).status == DEADLINE_EXCEEDED
        assert done() == 10
        client.widen(stream)
        answer = client.answer(stream)
        assert answer.status == "0"
        assert len(answer.data) > 20 * 100_000


# --- Metadata ---------------------------------------------------------------------------------------------------------
def test_metadata_of_open_calls_is_bounded(start):
    server = start("open-head-bytes=1000000")
    with Http2Connection(server.grpc_port) as client:
        head = client.encoder.encode([hpack.NeverIndexedHeaderTuple(*field) for field in client.fields(STREAM)])
        # From then on one byte stands for a field of 3,900.
        client.send(HeadersFrame(client.expect(), head + b"\x40\x01x" + hpack.hpack.encode_integer(3900, 7) + b"v" * 3900,
                                 flags=["END_HEADERS"]))
        streams = [client.expect() for _ in range(200)]
        for stream in streams:
            client.send(HeadersFrame(stream, head + b"\xbe" * 15, flags=["END_HEADERS"]))
        assert client.until(lambda: client.answers[streams[-1]].reset is not None)
        refused = [stream for stream in streams if client.answers[stream].reset == ENHANCE_YOUR_CALM]
        assert 180 < len(refused) < 190  # each of those that stay has 59 KB
        # The others are served, and their place is free again.
        for stream in set(streams) - set(refused):
            client.send(DataFrame(stream, b"", flags=["END_STREAM"]))
            assert client.answer(stream).status == "0"
        wait_until(lambda: server.metric("neso_open_requests", service="GRPC") == 1)
        again = client.expect()
        client.send(HeadersFrame(again, head + b"\xbe" * 15, flags=["END_HEADERS"]), DataFrame(again, b"", flags=["END_STREAM"]))
        assert client.answer(again).status == "0"


# --- Messages and bodies that are not finished ------------------------------------------------------------------------
def test_unfinished_messages_are_bounded_but_one_may_be_long(start):
    server = start("unfinished-bytes=1000000")
    sent = message(infer_request("identity", 500_000))
    with innocent(server), Http2Connection(server.grpc_port) as client:
        assert client.answer(client.call(LIVE, b"")).status == "0"
        first = client.call(INFER, end=False)
        client.send(*client.data_frames(first, sent[:1_500_000], end=False))
        second = client.call(INFER, end=False)
        client.send(*client.data_frames(second, sent[:100_000], end=False))
        answer = client.answer(second)
        assert (answer.status, answer.text) == (RESOURCE_EXHAUSTED, "too many unfinished messages of this connection")
        client.send(*client.data_frames(first, sent[1_500_000:]))
        assert client.answer(first).status == "0"
        assert client.answer(client.call(INFER, infer_request("identity", 100_000))).status == "0"


def test_unfinished_bodies_are_bounded_but_one_may_be_long(start):
    server = start("unfinished-bytes=1000000")
    start_of_body = json.dumps({"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 500_000],
                                            "parameters": {"binary_data_size": 2_000_000}}]}).encode()
    sent = start_of_body + bytes(2_000_000)
    fields = [("inference-header-content-length", str(len(start_of_body)))]
    with Http2Connection(server.http_port) as client:
        assert headers(client.answer(get(client, "/v2/health/live"))) == "200"
        first = get(client, "/v2/models/identity/infer", "POST", fields)
        client.send(*client.data_frames(first, sent[:1_500_000], end=False))
        second = get(client, "/v2/models/identity/infer", "POST", fields)
        client.send(*client.data_frames(second, sent[:100_000], end=False))
        assert headers(client.answer(second)) == "503"
        client.send(*client.data_frames(first, sent[1_500_000:]))
        assert headers(client.answer(first)) == "200"


def drip(send, is_over, seconds=10):
    """One byte now and then, as long as it is taken; how long that was."""
    began = time.monotonic()
    while not is_over():
        assert time.monotonic() - began < seconds * PATIENCE, "it goes on for ever"
        try:
            send(b"x")
        except OSError:
            break
        time.sleep(0.02)
    return time.monotonic() - began


def test_a_message_that_does_not_end_is_given_up(start):
    server = start(*TIMES)
    for how in ("silence", "drip"):
        with Http2Connection(server.grpc_port) as client:
            stream = client.call(INFER, end=False)
            client.send(DataFrame(stream, b"\0\0\0\xff\xffbegun"))
            if how == "drip":
                drip(lambda byte: client.send(DataFrame(stream, byte)),  # pylint: disable=cell-var-from-loop
                     lambda: client.catch_up() and client.answers[stream].is_complete)  # pylint: disable=cell-var-from-loop
            answer = client.answer(stream)
            assert (answer.status, answer.text) == (DEADLINE_EXCEEDED, "the message was not received in time")
            assert client.answer(client.call(LIVE, b"")).status == "0"


def test_a_stream_may_be_idle_between_messages(start):
    server = start(*TIMES)
    with Http2Connection(server.grpc_port) as client:
        stream = client.call(STREAM, infer_request("identity", 10), end=False)
        assert client.until(lambda: client.answers[stream].data)
        assert client.is_open(1.0)
        client.send(*client.data_frames(stream, message(infer_request("identity", 10))))
        assert client.answer(stream).status == "0"


def test_a_body_that_does_not_end_is_given_up(start):
    server = start(*TIMES)
    begun = request("identity", {})[:-2].replace(b"Content-Length: 2", b"Content-Length: 100000")
    for how in ("silence", "drip"):
        with RawConnection(server) as connection:
            connection.send(begun)
            if how == "drip":
                connection.socket.setblocking(True)
                drip(connection.socket.sendall, lambda: bool(_peek(connection.socket)))  # pylint: disable=cell-var-from-loop
            assert connection.answer()[0] == 408
    with Http2Connection(server.http_port) as client:
        stream = get(client, "/v2/models/identity/infer", "POST")
        drip(lambda byte: client.send(DataFrame(stream, byte)), lambda: client.catch_up() and client.answers[stream].headers)
        assert headers(client.answer(stream)) == "408"


def _peek(connection):
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b""


def test_an_answer_that_is_not_read_is_given_up(start):
    server = start(*TIMES)
    for port, ask in ((server.http_port, lambda client: get(client, "/openapi.json")),
                      (server.grpc_port, lambda client: client.call(INFER, infer_request("identity", 10_000)))):
        for how in ("silence", "drip"):
            with Http2Connection(port, window=0) as client:
                stream = ask(client)
                assert client.until(lambda: client.answers[stream].headers)  # pylint: disable=cell-var-from-loop
                if how == "drip":  # a window of one byte now and then
                    drip(lambda _: client.send(WindowUpdateFrame(stream, 1)),  # pylint: disable=cell-var-from-loop
                         lambda: not client.catch_up())  # pylint: disable=cell-var-from-loop
                client.end()
    wait_until(lambda: server.metric("neso_open_connections", service="GRPC") == 0)


# --- Other limits that an operator can choose -------------------------------------------------------------------------
def test_limits_of_connections_streams_heads_and_messages(start):
    server = start("connections=2", "streams=3", "head-bytes=2000", "message-bytes=10000")
    with Http2Connection(server.grpc_port) as client:
        settings = {}
        while SettingsFrame.MAX_CONCURRENT_STREAMS not in settings:
            frame = client.read()
            settings = frame.settings if isinstance(frame, SettingsFrame) else {}
        assert settings[SettingsFrame.MAX_CONCURRENT_STREAMS] == 3
        answer = client.answer(client.call(LIVE, b"", fields=[("x", "v" * 2000)]))
        assert answer.status == RESOURCE_EXHAUSTED
        answer = client.answer(client.call(INFER, infer_request("identity", 10_000)))
        assert (answer.status, answer.text.startswith("SERVER: Received message larger than max (")) == (RESOURCE_EXHAUSTED, True)
        with Http2Connection(server.grpc_port) as second:
            assert second.answer(second.call(LIVE, b"")).status == "0"
            third = socket.create_connection(("127.0.0.1", server.grpc_port), timeout=20 * PATIENCE)
            assert third.recv(1) == b"", "it is closed before anything is said"
            third.close()


def test_idle_connections_end_when_that_is_asked_for(start):
    server = start("idle-timeout-ms=200")
    with Http2Connection(server.grpc_port) as client:
        assert client.answer(client.call(LIVE, b"")).status == "0"
        assert [code for code, _, _ in client.end()] == [0]
    with RawConnection(server) as connection:
        connection.send(request("identity", body([1.0])))
        assert connection.answer()[0] == 200
        assert connection.answer() is None
