"""Clients that break HTTP/2, or use it to do harm: each gets what is due to it, memory stays bounded, and another client's
calls go on."""
import struct

import grpc
import hpack
import pytest
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, RstStreamFrame, SettingsFrame, \
    WindowUpdateFrame
from support.http2 import PREFACE, WIDE, Http2Connection, message
from support.innocent import innocent
from support.server import IS_SANITIZED, PATIENCE
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

LIVE = "/inference.GRPCInferenceService/ServerLive"
INFER = "/inference.GRPCInferenceService/ModelInfer"
PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 1, 3, 6, 9, 11
DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL = "4", "8", "13"


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity")
    module_repository.add_identity("slow", parameters={"execute_delay_ms": f"{1000 * PATIENCE:.0f}"})
    return start_module_server(module_repository.path)


@pytest.fixture(autouse=True)
def nobody_else_is_disturbed(server):
    with innocent(server):
        before = server.rss_kib()
        yield
    if not IS_SANITIZED:  # sanitizers keep what is freed
        wait_until(lambda: server.rss_kib() < before + 48 * 1024)


def frame(type, flags, stream, payload=b"", length=None):
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + bytes([type, flags]) + struct.pack(">I", stream) + payload


def infer_request(model):
    request = pb.ModelInferRequest(model_name=model)
    request.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 1])
    request.raw_input_contents.append(b"\0\0\0\0")
    return request.SerializeToString()


DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
MALFORMED = {
    "data on stream 0": (frame(DATA, 0, 0, b"x"), PROTOCOL_ERROR),
    "data on an idle stream": (frame(DATA, 0, 7, b"x"), PROTOCOL_ERROR),
    "more padding than payload": (frame(HEADERS, 4 | 8, 1, b"\xff\x82"), PROTOCOL_ERROR),
    "headers on stream 0": (frame(HEADERS, 4 | 1, 0, b"\x82"), PROTOCOL_ERROR),
    "headers of an even stream": (frame(HEADERS, 4 | 1, 2, b"\x82"), PROTOCOL_ERROR),
    "headers without room for their priority": (frame(HEADERS, 4 | 0x20, 1, b"\0\0\0"), FRAME_SIZE_ERROR),
    "an index beyond the tables": (frame(HEADERS, 4, 1, b"\xff\xff\xff\x01"), COMPRESSION_ERROR),
    "a header block that is cut": (frame(HEADERS, 4, 1, b"\x40\x05ab"), COMPRESSION_ERROR),
    "a table larger than allowed": (frame(HEADERS, 4, 1, b"\x3f\xff\xff\x7f"), COMPRESSION_ERROR),
    "bad Huffman code": (frame(HEADERS, 4, 1, b"\x40\x84\xff\xff\xff\xff\x01a"), COMPRESSION_ERROR),
    "another frame within a header block": (frame(HEADERS, 0, 1, b"\x82") + frame(PING, 0, 0, b"12345678"), PROTOCOL_ERROR),
    "a continuation of nothing": (frame(CONTINUATION, 4, 1, b"\x82"), PROTOCOL_ERROR),
    "priority of the wrong size": (frame(PRIORITY, 0, 1, b"\0\0\0"), FRAME_SIZE_ERROR),
    "a reset of the wrong size": (frame(RST_STREAM, 0, 1, b"\0\0"), FRAME_SIZE_ERROR),
    "a reset of an idle stream": (frame(RST_STREAM, 0, 1, b"\0\0\0\0"), PROTOCOL_ERROR),
    "settings of the wrong size": (frame(SETTINGS, 0, 0, b"\0\0\0\0\0"), FRAME_SIZE_ERROR),
    "an acknowledgement with settings": (frame(SETTINGS, 1, 0, b"\0\3\0\0\0\1"), FRAME_SIZE_ERROR),
    "settings of a stream": (frame(SETTINGS, 0, 1, b"\0\3\0\0\0\1"), PROTOCOL_ERROR),
    "a window that is too large": (frame(SETTINGS, 0, 0, b"\0\4\xff\xff\xff\xff"), FLOW_CONTROL_ERROR),
    "frames that are too small": (frame(SETTINGS, 0, 0, b"\0\5\0\0\0\1"), PROTOCOL_ERROR),
    "push that is neither on nor off": (frame(SETTINGS, 0, 0, b"\0\2\0\0\0\2"), PROTOCOL_ERROR),
    "a promise of a client": (frame(PUSH_PROMISE, 4, 1, b"\0\0\0\2\x82"), PROTOCOL_ERROR),
    "a ping of the wrong size": (frame(PING, 0, 0, b"1234"), FRAME_SIZE_ERROR),
    "a ping of a stream": (frame(PING, 0, 1, b"12345678"), PROTOCOL_ERROR),
    "a goodbye that is cut": (frame(GOAWAY, 0, 0, b"\0\0\0\0"), FRAME_SIZE_ERROR),
    "a window update of the wrong size": (frame(WINDOW_UPDATE, 0, 0, b"\0"), FRAME_SIZE_ERROR),
    "a window update of nothing": (frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\0"), PROTOCOL_ERROR),
    "a window update of an idle stream": (frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"), PROTOCOL_ERROR),
    "a frame that is too large": (frame(DATA, 0, 1, b"x" * 100, length=(1 << 24) - 1), FRAME_SIZE_ERROR),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_frames(server, what):
    data, error = MALFORMED[what]
    with Http2Connection(server.grpc_port) as client:
        client.send_bytes(data)
        assert [code for code, _, _ in client.end()] == [error]


def test_frames_that_nobody_knows_are_ignored(server):
    with Http2Connection(server.grpc_port) as client:
        client.send_bytes(b"".join(frame(type, 0xff, 0, b"?" * 50) for type in range(0x20, 0x40)))
        assert client.answer(client.call(LIVE, b"")).status == "0"


REQUEST = [(":method", "POST"), (":scheme", "http"), (":authority", "here"), (":path", LIVE)]


@pytest.mark.parametrize("fields", [
    [*REQUEST[:3]], [*REQUEST[:3], (":path", "")], [*REQUEST[:2], REQUEST[3]], [*REQUEST, ("Upper", "case")],
    [*REQUEST, ("x", "a\nb")], [*REQUEST, ("connection", "close")], [*REQUEST, ("content-length", "many")],
    [("te", "trailers"), *REQUEST],
], ids=["no path", "empty path", "no authority", "upper case", "line break", "connection", "content length",
        "pseudo field after others"])
def test_malformed_requests_cost_their_stream_only(server, fields):
    with Http2Connection(server.grpc_port) as client:
        client.send(HeadersFrame(1, client.encoder.encode(fields), flags=["END_HEADERS", "END_STREAM"]))
        assert client.answer(client.expect()).reset == PROTOCOL_ERROR
        assert client.answer(client.call(LIVE, b"")).status == "0"


@pytest.mark.parametrize("announced, sent", [(6, 5), (4, 5), (0, 5), (5, 0)])
def test_a_body_of_another_length_than_announced_costs_its_stream_only(server, announced, sent):
    with Http2Connection(server.grpc_port) as client:
        stream = client.expect()
        client.send(*client.head_frames(stream, client.block(LIVE, [("content-length", str(announced))])))
        client.send(DataFrame(stream, b"\0" * sent, flags=["END_STREAM"]))
        assert client.answer(stream).reset == PROTOCOL_ERROR
        assert client.answer(client.call(LIVE, b"", fields=[("content-length", "5")])).status == "0"


@pytest.mark.parametrize("fields, flags", [
    ([(":path", "/"), ("x", "y")], ["END_STREAM"]), ([("X", "y")], ["END_STREAM"]), ([("x", "y")], []),
], ids=["pseudo field", "upper case", "not the end"])
def test_malformed_trailers_cost_their_stream_only(server, fields, flags):
    with Http2Connection(server.grpc_port) as client:
        stream = client.expect()
        client.send(*client.head_frames(stream, client.block(LIVE)), DataFrame(stream, message(b"")))
        client.send(HeadersFrame(stream, client.encoder.encode(fields), flags=["END_HEADERS", *flags]))
        assert client.answer(stream).reset == PROTOCOL_ERROR
        stream = client.expect()
        client.send(*client.head_frames(stream, client.block(LIVE)), DataFrame(stream, message(b"")))
        client.send(HeadersFrame(stream, client.encoder.encode([("x", "y")]), flags=["END_HEADERS", "END_STREAM"]))
        assert client.answer(stream).status == "0"


def test_metadata_that_is_too_large(server):
    with Http2Connection(server.grpc_port) as client:
        for size in (70_000, 130_000):
            answer = client.answer(client.call(LIVE, b"", fields=[("x-large", "v" * 5_000)] * (size // 5_000)))
            assert (answer.status, answer.text) == (RESOURCE_EXHAUSTED, "received metadata size exceeds the limit")
        assert client.answer(client.call(LIVE, b"", fields=[("x-large", "v" * 5_000)] * 8)).status == "0"


def test_metadata_that_grows_when_it_is_unpacked(server):
    with Http2Connection(server.grpc_port) as client:
        head = client.encoder.encode([hpack.NeverIndexedHeaderTuple(*field) for field in client.fields(LIVE)])
        # From then on one byte stands for a field of 4,000, and a block of 12 KB for 48 MB.
        field = b"\x40\x01x" + hpack.hpack.encode_integer(4000, 7) + b"v" * 4000
        client.send(HeadersFrame(client.expect(), head + field, flags=["END_HEADERS", "END_STREAM"]))
        assert client.answer(1).status == INTERNAL  # but for the missing message it is a call
        for _ in range(20):
            stream = client.expect()
            client.send(HeadersFrame(stream, head + b"\xbe" * 12_000, flags=["END_HEADERS", "END_STREAM"]))
            assert client.answer(stream).status == RESOURCE_EXHAUSTED


def test_header_blocks_without_end(server):
    for payload in (b"", b"\x00\x01a\x01b" * 2000):
        with Http2Connection(server.grpc_port) as client:
            client.send(HeadersFrame(1, client.block(LIVE)))
            frames = ContinuationFrame(1, payload).serialize() * 10
            assert [code for code, _, _ in client.flood([frames] * 2_000)] in ([ENHANCE_YOUR_CALM], [])


def test_calls_that_are_reset_at_once(server):
    with Http2Connection(server.grpc_port) as client:
        # Made before, so that they come faster than they are forgiven, however busy the machine is.
        data = message(infer_request("identity"))
        calls = []
        for _ in range(8_000):
            stream = client.expect()
            frames = [*client.head_frames(stream, client.block(INFER)), *client.data_frames(stream, data),
                      RstStreamFrame(stream, 8)]
            calls.append(b"".join(frame.serialize() for frame in frames))
        floods = [b"".join(calls[at:at + 500]) for at in range(0, len(calls), 500)]
        assert ENHANCE_YOUR_CALM in [code for code, _, _ in client.flood(floods)]


def test_more_streams_than_allowed(server):
    with Http2Connection(server.grpc_port) as client:
        streams = [client.call(INFER, end=False) for _ in range(1000)]
        client.send(*client.data_frames(streams[0], message(infer_request("identity"))))
        assert client.answer(streams[0]).status == "0"
        streams = [client.call(INFER, end=False) for _ in range(2)]  # one too many, and the client knows the limit
        assert [code for code, _, _ in client.end()] == [PROTOCOL_ERROR]


FLOODS = {
    "pings": (frame(PING, 0, 0, b"12345678"), ENHANCE_YOUR_CALM),
    "settings": (frame(SETTINGS, 0, 0), ENHANCE_YOUR_CALM),
    "large settings": (frame(SETTINGS, 0, 0, b"\0\3\0\0\0\1" * 100), ENHANCE_YOUR_CALM),
    "empty data": (frame(DATA, 0, 1), ENHANCE_YOUR_CALM),
    "goodbyes": (frame(GOAWAY, 0, 0, b"\0" * 8), ENHANCE_YOUR_CALM),
    "frames that nobody knows": (frame(0x77, 0, 0, b"?"), None),
    "priorities": (frame(PRIORITY, 0, 3, b"\0\0\0\0\1"), None),
    "answers to no ping": (frame(PING, 1, 0, b"12345678"), None),
    "windows": (frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"), None),
}


@pytest.mark.parametrize("what", FLOODS)
def test_floods(server, what):
    data, error = FLOODS[what]
    with Http2Connection(server.grpc_port, window=1000) as client:
        stream = client.call(INFER, end=False)
        if error is None:  # it is ignored, and costs little
            for _ in range(100):
                client.send_bytes(data * 1000)
            client.send(*client.data_frames(stream, message(infer_request("identity"))))
            assert client.answer(stream).status == "0"
        else:
            assert error in [code for code, _, _ in client.flood([data * 1000] * 100)]


def test_windows_that_overflow(server):
    with Http2Connection(server.grpc_port) as client:
        stream = client.call(INFER, end=False)
        client.send(WindowUpdateFrame(stream, WIDE))
        assert client.answer(stream).reset == FLOW_CONTROL_ERROR
        assert client.answer(client.call(LIVE, b"")).status == "0"
        client.send(WindowUpdateFrame(0, WIDE))
        assert [code for code, _, _ in client.end()] == [FLOW_CONTROL_ERROR]
    with Http2Connection(server.grpc_port, window=1000) as client:
        stream = client.call(INFER, end=False)
        client.send(WindowUpdateFrame(stream, WIDE - 1000),
                    SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: 2000}))
        assert client.answer(stream).reset == FLOW_CONTROL_ERROR


TRUNCATED = {
    "nothing": (b"", INTERNAL),
    "half a prefix": (b"\0\0\0", INTERNAL),
    "half a message": (b"\0\0\0\0\x0ahalf", INTERNAL),
    "a message and a half": (message(b"") + b"\0\0\0\0\x05abc", INTERNAL),
    "a flag that is no flag": (b"\2\0\0\0\1x", INTERNAL),
    "more than a message may have": (b"\0\xff\xff\xff\xffx", RESOURCE_EXHAUSTED),
    "compressed, but how": (b"\1\0\0\0\1x", INTERNAL),
}


@pytest.mark.parametrize("what", TRUNCATED)
def test_messages_that_are_none(server, what):
    data, status = TRUNCATED[what]
    with Http2Connection(server.grpc_port) as client:
        stream = client.call(INFER, end=False)
        client.send(*(client.data_frames(stream, data) or [DataFrame(stream, b"", flags=["END_STREAM"])]))
        assert client.answer(stream).status == status
        assert client.answer(client.call(LIVE, b"")).status == "0"


def test_messages_that_are_announced_and_never_come_take_no_memory(server):
    before = server.rss_kib()
    with Http2Connection(server.grpc_port) as client:
        streams = [client.call(INFER, end=False) for _ in range(200)]
        for stream in streams:
            client.send(DataFrame(stream, b"\0\x7f\xff\xff\xffsome"))
        assert client.answer(client.call(LIVE, b"")).status == "0"
        if not IS_SANITIZED:
            assert server.rss_kib() < before + 32 * 1024


def test_bytes_that_come_one_by_one(server):
    clients = [Http2Connection(server.grpc_port, greets=False) for _ in range(40)]
    head = HeadersFrame(1, clients[0].block(INFER), flags=["END_HEADERS"]).serialize()
    data = DataFrame(1, message(infer_request("identity")), flags=["END_STREAM"]).serialize()
    bytes_of_a_call = PREFACE + SettingsFrame().serialize() + head + data
    for at in range(len(bytes_of_a_call)):
        for client in clients:
            client.send_bytes(bytes_of_a_call[at:at + 1])
    for client in clients:
        assert client.answer(client.expect()).status == "0"
        client.socket.close()


def test_storms_of_deadlines(server):
    request = infer_request("slow")
    with Http2Connection(server.grpc_port) as client:
        for _ in range(3):
            streams = [client.call(INFER, request, fields=[("grpc-timeout", f"{1 + i % 40}m")]) for i in range(900)]
            for stream in streams:
                answer = client.answer(stream)
                assert answer.status == DEADLINE_EXCEEDED, (answer.status, answer.text)
    wait_until(lambda: server.metric("nv_inference_pending_request_count", model="slow") == 0)


def test_deadlines_that_are_none_are_ignored(server):
    with Http2Connection(server.grpc_port) as client:
        for text in ("", "x", "-1S", "99999999999S", "1", "S", "1.5S"):
            assert client.answer(client.call(LIVE, b"", fields=[("grpc-timeout", text)])).status == "0"


def test_the_stock_client_with_too_much_metadata(server):
    with grpc.insecure_channel(server.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as error:
            stub.ServerLive(pb.ServerLiveRequest(), metadata=[("x-large", "v" * 10_000)] * 10, timeout=20 * PATIENCE)
        assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert stub.ServerLive(pb.ServerLiveRequest(), timeout=20 * PATIENCE).live
