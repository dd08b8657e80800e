"""Crowds of clients: many that say nothing, and many that do not read what they have asked for."""
import resource
import time

import numpy as np
from support.http2 import Http2Connection, message
from tritonclient.grpc import service_pb2 as pb

LIVE = "/inference.GRPCInferenceService/ServerLive"
INFER = "/inference.GRPCInferenceService/ModelInfer"


def allow_descriptors(count):
    """False where the system does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard >= count


def infer_request(model, elements):
    """For ModelRepository.add_identity: one row of that many FP32."""
    request = pb.ModelInferRequest(model_name=model)
    request.inputs.add(name="INPUT0", datatype="FP32", shape=[1, elements])
    request.raw_input_contents.append(bytes(4 * elements))
    return request.SerializeToString()


def idle(port, count):
    """Connections that have made one call each."""
    clients = []
    for _ in range(count):
        client = Http2Connection(port)
        assert client.answer(client.call(LIVE, b"")).status == "0"
        clients.append(client)
    return clients


def slow_readers(port, count, model, elements):
    """Connections with a response of 4 * `elements` bytes pending, of which they have let one KB come."""
    request = message(infer_request(model, elements))
    clients = []
    for _ in range(count):
        client = Http2Connection(port, window=1000)
        assert client.answer(client.call(LIVE, b"")).status == "0"  # after it the server's windows are wide
        stream = client.call(INFER, end=False)
        client.send(*client.data_frames(stream, request))
        clients.append(client)
    for client in clients:
        assert client.until(lambda client=client: len(client.answers[3].data) == 1000)
    return clients


def latencies(port, model, seconds):
    """Of small calls one after the other, in microseconds, sorted."""
    request = infer_request(model, 16)
    took = []
    with Http2Connection(port) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begin = time.perf_counter()
            assert client.answer(client.call(INFER, request)).status == "0"
            took.append((time.perf_counter() - begin) * 1e6)
            client.answers.clear()
    return np.sort(took)


def close(clients):
    for client in clients:
        client.socket.close()
