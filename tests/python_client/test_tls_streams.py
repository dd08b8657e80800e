"""Streams of gRPC over TLS: a thread reads while another writes, and OpenSSL's object is no thing for two threads at once."""
import concurrent.futures
import contextlib
import socket
import ssl
import threading

import numpy as np
import pytest
from neso_client import Unavailable
from neso_client.grpc import GrpcTransport, _read_stream_response, infer_request
from neso_client.network import Address
from neso_client.streams import SharedTlsStream, run
from neso_client.tensors import Tensor
from neso_client.transport import Request
from support.certificates import Authority
from support.server import PATIENCE

MESSAGES, ELEMENTS = 20, 300_000


class Watched(ssl.SSLObject):
    """Counts who comes, and how often a thread comes while another is inside."""
    visits = overlaps = 0
    _inside = threading.Lock()

    @contextlib.contextmanager
    def _visit(self):
        is_first = self._inside.acquire(blocking=False)
        Watched.visits += 1
        Watched.overlaps += not is_first
        try:
            yield
        finally:
            if is_first:
                self._inside.release()

    def read(self, *arguments):
        with self._visit():
            return super().read(*arguments)

    def write(self, *arguments):
        with self._visit():
            return super().write(*arguments)


@pytest.fixture
def duplex(secured):
    """A call's maker."""
    server, authority = secured
    trusted = ssl.create_default_context(cafile=str(authority.certificate))
    host, _, port = server.grpc.rpartition(":")

    def make(kind=ssl.SSLObject):
        trusted.sslobject_class = kind
        return GrpcTransport(Address(host, int(port), trusted, {})).duplex("ModelStreamInfer", None)

    return make


def exchange(call):
    """Large messages both ways at the same time; whether what came is what went."""
    arrays = [np.full((1, ELEMENTS + i), i, np.float32) for i in range(MESSAGES)]

    def write():
        try:
            for array in arrays:
                tensor = Tensor("INPUT0", "FP32", array.shape, memoryview(array).cast("B"))
                call.send(*infer_request(Request("identity", "", "", [tensor], [], {})))
        finally:
            call.finish()

    came = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        while (message := call.receive()) is not None:
            came.append(np.frombuffer(_read_stream_response(message).outputs[0].data, np.float32))
        written.result()
    call.close()
    return [len(array) for array in came] == [ELEMENTS + i for i in range(MESSAGES)] and \
        all((array == i).all() for i, array in enumerate(came))


def test_one_thread_at_a_time_uses_a_connection(duplex):
    Watched.visits = Watched.overlaps = 0
    assert exchange(duplex(Watched))
    assert Watched.visits > 2 * MESSAGES and Watched.overlaps == 0


def test_large_messages_both_ways_on_many_streams(duplex):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: exchange(duplex()), range(8)))


def test_a_reader_who_waits_is_told_when_the_call_is_cancelled(duplex):
    call = duplex()
    timer = threading.Timer(0.2, call.cancel)
    timer.start()
    with pytest.raises(Unavailable):
        call.receive()
    with pytest.raises(Unavailable):
        call.send([memoryview(b"late")], 4)
    call.close()


@pytest.fixture
def ends(tmp_path):
    """(the client's stream, the server's socket), connected and secured."""
    authority = Authority(tmp_path, "ours")
    pair = authority.issue("server")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pair.certificate, pair.key)
    trusted = ssl.create_default_context(cafile=str(authority.certificate))
    ours, theirs = socket.socketpair()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(serving.wrap_socket, theirs, server_side=True)
        stream = SharedTlsStream(ours, trusted, "localhost")
        stream.handshake()
        peer = accepted.result(20 * PATIENCE)
    yield stream, peer
    stream.close()
    peer.close()


def test_a_writer_who_waits_does_not_keep_the_reader_from_reading(ends):
    """The peer reads nothing until all that it has to say has been read."""
    stream, peer = ends
    said = np.random.default_rng(1).integers(0, 256, 4_000_000, np.uint8).tobytes()

    def talk():
        peer.sendall(said)
        heard = bytearray()
        while len(heard) < len(said) and (part := peer.recv(1 << 16)):
            heard += part
        return heard

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        heard = pool.submit(talk)
        sent = pool.submit(lambda: run(stream.send([said])))
        assert run(stream.read(len(said))) == said
        sent.result(20 * PATIENCE)
        assert heard.result(20 * PATIENCE) == said


def test_a_reader_who_has_waited_long_enough(ends):
    stream, _ = ends
    stream.limit(0.1)
    with pytest.raises(socket.timeout):
        run(stream.read(1))
