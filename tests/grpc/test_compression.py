"""Compressed messages, both ways: what goes over the wire, and what damaged ones are answered with."""
import gzip
import queue
import zlib

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.http2 import Http2Connection, message
from support.innocent import innocent
from support.server import IS_SANITIZED, PATIENCE
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb

INFER = "/inference.GRPCInferenceService/ModelInfer"
INVALID_ARGUMENT, UNIMPLEMENTED, INTERNAL = "3", "12", "13"
ROW = np.arange(1000, dtype=np.float32).reshape(1, 1000)


@pytest.fixture(scope="module", params=["none", "low", "medium", "high"])
def level(request):
    return request.param


@pytest.fixture(scope="module")
def server(level, module_repository, start_module_server):
    module_repository.add_identity("identity")
    return start_module_server(module_repository.path, f"--grpc-infer-response-compression-level={level}")


def infer_request(row=ROW):
    infer = pb.ModelInferRequest(model_name="identity")
    infer.inputs.add(name="INPUT0", datatype="FP32", shape=row.shape)
    infer.raw_input_contents.append(row.tobytes())
    return infer.SerializeToString()


def answer(server, *fields, data=None):
    with Http2Connection(server.grpc_port) as client:
        stream = client.call(INFER, end=False, fields=fields)
        client.send(*client.data_frames(stream, data or message(infer_request())))
        return client.answer(stream)


@pytest.mark.parametrize("accepts,encodings", [
    ("identity, deflate, gzip", {"none": None, "low": "gzip", "medium": "deflate", "high": "deflate"}),
    ("gzip", {"none": None, "low": "gzip", "medium": "gzip", "high": "gzip"}),
    ("deflate,identity", {"none": None, "low": "deflate", "medium": "deflate", "high": "deflate"}),
    ("identity", {}), ("br", {}), ("", {}),
])
def test_responses_are_compressed_as_the_level_says_and_the_client_accepts(server, level, accepts, encodings):
    got = answer(server, ("grpc-accept-encoding", accepts))
    assert got.status == "0"
    assert got.headers.get("grpc-encoding") == encodings.get(level)
    assert got.headers["grpc-accept-encoding"] == "identity, deflate, gzip"
    is_compressed, content = got.data[0], got.data[5:]
    assert is_compressed == (encodings.get(level) is not None)
    if is_compressed:
        assert len(content) < 4000
        content = zlib.decompress(content, wbits=32 + zlib.MAX_WBITS)
    assert pb.ModelInferResponse.FromString(content).raw_output_contents[0] == ROW.tobytes()


@pytest.mark.parametrize("algorithm", [None, "gzip", "deflate"])
def test_stock_clients_compress_calls_and_streams(server, algorithm):
    tensor = grpcclient.InferInput("INPUT0", ROW.shape, "FP32").set_data_from_numpy(ROW)
    with grpcclient.InferenceServerClient(server.grpc) as client:
        result = client.infer("identity", [tensor], compression_algorithm=algorithm)
        assert (result.as_numpy("OUTPUT0") == ROW).all()
        results = queue.Queue()
        client.start_stream(lambda result, error: results.put((result, error)), compression_algorithm=algorithm)
        for _ in range(3):
            client.async_stream_infer("identity", [tensor])
        for _ in range(3):
            result, error = results.get(timeout=20 * PATIENCE)
            assert error is None and (result.as_numpy("OUTPUT0") == ROW).all()
        client.stop_stream()


COMPRESSED = gzip.compress(infer_request())
DAMAGED = {
    "no compression": (b"plain", "gzip"),
    "the end is missing": (COMPRESSED[:-9], "gzip"),
    "the checksum is wrong": (COMPRESSED[:-8] + b"\0\0\0\0" + COMPRESSED[-4:], "gzip"),
    "something follows": (COMPRESSED + b"more", "gzip"),
    "two streams": (COMPRESSED + COMPRESSED, "gzip"),
    "nothing": (b"", "gzip"),
    "damaged": (COMPRESSED[:50] + b"\xff\xff\xff" + COMPRESSED[53:], "deflate"),
    "no name": (COMPRESSED, None),
    "the name says it is not": (COMPRESSED, "identity"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_messages(server, what):
    content, encoding = DAMAGED[what]
    fields = [("grpc-encoding", encoding)] if encoding else []
    assert answer(server, *fields, data=message(content, compressed=True)).status == INTERNAL
    assert answer(server).status == "0"


def test_messages_of_a_compressed_call_may_be_plain(server):
    assert answer(server, ("grpc-encoding", "gzip")).status == "0"


def test_unknown_compressions(server):
    got = answer(server, ("grpc-encoding", "snappy"), data=message(b"?", compressed=True))
    assert got.status == UNIMPLEMENTED
    assert got.text == "Compression algorithm 'snappy' is not supported."
    assert got.headers["grpc-accept-encoding"] == "identity, deflate, gzip"


def test_messages_that_grow_a_thousandfold_leave_nothing_behind(server):
    row = np.zeros((9, 16 << 18), np.float32)  # 144 MiB of what compresses best, and a row too many
    bomb = message(gzip.compress(infer_request(row), 1), compressed=True)
    before = server.rss_kib()
    with innocent(server):
        with Http2Connection(server.grpc_port) as client:
            assert client.answer(client.call(INFER, infer_request())).status == "0"  # after it windows are wide
            for _ in range(3):
                stream = client.call(INFER, end=False, fields=[("grpc-encoding", "gzip")])
                client.send(*client.data_frames(stream, bomb))
                assert client.answer(stream).status == INVALID_ARGUMENT
    if not IS_SANITIZED:
        wait_until(lambda: server.rss_kib() < before + 32 * 1024)
