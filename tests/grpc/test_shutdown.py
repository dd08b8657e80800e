"""What a client sees whose server is told to stop while calls are running, and others are on their way."""
import signal

import numpy as np
import pytest
from support.http2 import Http2Connection, message
from tritonclient.grpc import service_pb2 as pb

SERVICE = "/inference.GRPCInferenceService/"
SHUTTING_DOWN = "GRPC server is shutting down and has stopped accepting new requests."
UNAVAILABLE = "14"
ANNOUNCEMENT = (0, 2**31 - 1, b"")


def request(model, id):
    infer = pb.ModelInferRequest(model_name=model, id=id)
    infer.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 2])
    infer.raw_input_contents.append(np.ones(2, np.float32).tobytes())
    return infer.SerializeToString()


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("identity")
    repository.add_identity("slow", parameters={"execute_delay_ms": "1500"})
    return start_server(repository.path)


@pytest.fixture
def draining(server):
    """A connection with one slow call running and one stream open, that has not yet said that it knows of the end."""
    with Http2Connection(server.grpc_port, answers_pings=False) as client:
        client.running = client.call(SERVICE + "ModelInfer", request("slow", "running"))
        client.stream = client.call(SERVICE + "ModelStreamInfer", request("identity", "before"), end=False)
        assert client.until(lambda: client.answers[client.stream].data)  # so the slow one runs, too
        client.answers[client.stream].data = b""
        server.process.send_signal(signal.SIGTERM)
        assert client.until(lambda: client.go_aways == [ANNOUNCEMENT])
        yield client
    assert server.wait() == 0
    server.process = None


def test_calls_on_their_way_are_refused_and_what_runs_is_answered(draining):
    for method in ("ModelInfer", "ModelStreamInfer", "ServerLive"):
        answer = draining.answer(draining.call(SERVICE + method, request("identity", "late")))
        assert (answer.status, answer.text) == (UNAVAILABLE, SHUTTING_DOWN)
    assert draining.answer(draining.running).status == "0"
    assert b"running" in draining.answers[draining.running].data


def test_requests_of_open_streams_are_refused_one_by_one(draining):
    draining.send(*draining.data_frames(draining.stream, message(request("identity", "late"))))
    answer = draining.answer(draining.stream)
    assert answer.status == "0"
    response = pb.ModelStreamInferResponse.FromString(answer.data[5:])
    assert response.error_message == SHUTTING_DOWN
    assert response.infer_response.id == "late"


def test_the_connection_ends_when_all_is_answered(draining):
    draining.send(*draining.data_frames(draining.stream, b""))
    draining.end()
    assert draining.answers[draining.running].status == "0"
    assert draining.go_aways == [ANNOUNCEMENT, (0, draining.stream, b"")]
