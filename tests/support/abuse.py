"""What hostile and careless clients do to a server; each function does it and holds what it holds until it is left.

    with abuse.announced_bodies(server):
        assert server.get("/v2/health/ready").status_code == 200
"""
import contextlib
import gzip
import json
import socket
import struct

from support.http2 import Http2Connection, message
from support.server import PATIENCE
from tritonclient.grpc import service_pb2 as pb

SERVICE = "/inference.GRPCInferenceService/"


def _connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=20 * PATIENCE)


def _post(server, path, body, headers=""):
    """The status line of the answer; empty when there is none."""
    with _connect(server.http_port) as client:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        try:
            client.sendall(head.encode() + body)
            return client.makefile("rb").readline().decode()
        except (ConnectionError, TimeoutError):
            return ""


@contextlib.contextmanager
def _holding(connections):
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


@contextlib.contextmanager
def announced_bodies(server, count=60):
    """Bodies of 64 TiB to 128 KiB are announced, and one byte of each is sent: a few kilobytes in all."""
    with _holding([]) as held:
        size = 1 << 46
        while size >= 1 << 17 and len(held) < count:
            client = _connect(server.http_port)
            held.append(client)
            client.sendall(b"POST /v2/models/identity/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n{" % size)
            client.settimeout(0.03 * PATIENCE)
            try:
                client.recv(100)  # refused, or cut
                held.pop().close()
                size //= 2
            except socket.timeout:
                pass
            except ConnectionError:
                size //= 2
        yield


@contextlib.contextmanager
def announced_messages(server, connections=3, calls=100):
    """gRPC messages of two gigabytes are announced, and ten bytes of each are sent."""
    with contextlib.ExitStack() as stack:
        for _ in range(connections):
            client = stack.enter_context(Http2Connection(server.grpc_port))
            with contextlib.suppress(ConnectionError):
                for _ in range(calls):
                    stream = client.call(SERVICE + "ModelInfer", end=False)
                    client.send(*client.data_frames(stream, struct.pack(">BI", 0, 2**31 - 1) + b"\0" * 10, end=False))
        yield


@contextlib.contextmanager
def declared_elements(server):
    """81 bytes of JSON that declare 400,000,000 elements."""
    body = b'{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,400000000],"data":[1]}]}'
    for _ in range(3):
        _post(server, "/v2/models/identity/infer", body)
    yield


@contextlib.contextmanager
def json_bomb(server):
    """A few kilobytes that inflate to millions of brackets."""
    for text in (b"[" * 4_000_000, b'{"inputs":[' + b"[0," * 4_000_000):
        _post(server, "/v2/models/identity/infer", gzip.compress(text), "Content-Encoding: gzip\r\n")
    _post(server, "/v2/repository/models/identity/load", b'{"parameters":' + b"[" * 2_000_000)
    yield


@contextlib.contextmanager
def many_names(server):
    """80,000 inputs, and as many requested outputs."""
    for kind in ("inputs", "outputs"):
        names = [{"name": f"n{i}", "datatype": "FP32", "shape": [1, 1], "data": [1]} for i in range(80_000)]
        _post(server, "/v2/models/identity/infer", json.dumps({kind: names}).encode())
    yield


@contextlib.contextmanager
def large_answer_as_text(server, elements=12_000_000):
    """Raw bytes whose answer is asked for as JSON, several times as long."""
    head = json.dumps({"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, elements],
                                   "parameters": {"binary_data_size": 4 * elements}}]}).encode()
    body = head + b"\x35\x12\x93\x3e" * elements
    for _ in range(2):
        _post(server, "/v2/models/identity/infer", body, f"Inference-Header-Content-Length: {len(head)}\r\n")
    yield


@contextlib.contextmanager
def long_name(server):
    """A model's name of 70,000 bytes over gRPC."""
    with Http2Connection(server.grpc_port) as client, contextlib.suppress(ConnectionError):
        client.call(SERVICE + "ModelMetadata", pb.ModelMetadataRequest(name="n" * 70_000).SerializeToString())
        yield


@contextlib.contextmanager
def unread_answers(server, connections=4, requests=900):
    """Large answers are asked for with a window of 0 and never read."""
    with contextlib.ExitStack() as stack:
        for _ in range(connections):
            client = stack.enter_context(Http2Connection(server.http_port, window=0))
            block = client.encoder.encode([(":method", "GET"), (":scheme", "http"), (":path", "/openapi.json"),
                                           (":authority", "x")])
            frame = struct.pack(">I", len(block))[1:] + b"\1\5"
            with contextlib.suppress(ConnectionError):
                client.send_bytes(b"".join(frame + struct.pack(">I", 1 + 2 * i) + block for i in range(requests)))
        yield


@contextlib.contextmanager
def idle_connections(server, count=200):
    """A crowd that connects, to all ports, and says nothing."""
    with _holding([]) as held:
        for i in range(count):
            port = (server.http_port, server.grpc_port, server.metrics_port)[i % 3]
            with contextlib.suppress(OSError):
                held.append(_connect(port))
        yield


@contextlib.contextmanager
def halves(server, count=60):
    """Heads and bodies that are never finished."""
    with _holding([]) as held:
        for i in range(count):
            with contextlib.suppress(OSError):
                client = _connect(server.http_port)
                held.append(client)
                if i % 2:
                    client.sendall(b"GET /v2/health/ready HTTP/1.1\r\nHost:")
                else:
                    client.sendall(b"POST /v2/models/identity/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        yield


@contextlib.contextmanager
def abandoned_requests(server, count=100):
    """Requests over HTTP/2 and gRPC whose clients leave while they run."""
    infer = pb.ModelInferRequest(model_name="slow")
    infer.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 2])
    infer.raw_input_contents.append(bytes(8))
    for _ in range(count // 20):
        with Http2Connection(server.grpc_port) as client, contextlib.suppress(ConnectionError):
            for _ in range(20):
                client.call(SERVICE + "ModelInfer", infer.SerializeToString())
    yield


@contextlib.contextmanager
def slow_requests_at_once(server, count=40):
    """As many requests that each want a thread for a while."""
    with _holding([]) as held:
        body = b'{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,2],"data":[1,2]}]}'
        for _ in range(count):
            with contextlib.suppress(OSError):
                client = _connect(server.http_port)
                held.append(client)
                client.sendall(b"POST /v2/models/slow/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
                               % (len(body), body))
        yield


ALL = [announced_bodies, announced_messages, declared_elements, json_bomb, many_names, large_answer_as_text, long_name,
       unread_answers, idle_connections, halves, abandoned_requests, slow_requests_at_once]
