"""Clients that leave, over every protocol, at every moment and in every way: nothing of their calls stays behind, the model can
be unloaded, and the server stops."""
import itertools
import socket
import struct
import time

import numpy as np
import pytest
from hyperframe.frame import DataFrame, GoAwayFrame, HeadersFrame
from support.control import index, load, unload
from support.http2 import Http2Connection, message
from support.inference import delay_ms, until_executing
from support.raw import request as http_request
from support.server import PATIENCE, free_port
from support.shared_memory import Api, SharedObject
from support.vertex import ROUTES
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb

ELEMENTS = 50_000  # bodies and answers that come from the pools of memory
BODY = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, ELEMENTS], "data": [0.5] * ELEMENTS}],
        "outputs": [{"name": "OUTPUT0", "parameters": {"binary_data": True}}]}
GRPC = "/inference.GRPCInferenceService/"
RESET_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER


class Setting:
    """A server with every service, and memory that it shares with its clients."""

    def __init__(self, repository, start):
        repository.add_identity("slow", parameters={"execute_delay_ms": delay_ms(150)},
                                extra="instance_group { kind: KIND_CPU count: 8 }")
        repository.add_identity("fast")
        self.sagemaker_port, self.vertex_port = free_port(), free_port()
        self.server = start(repository.path, "--model-control-mode=explicit", "--load-model=*", "--allow-client-shm=true",
                            "--allow-sagemaker=true", f"--sagemaker-port={self.sagemaker_port}",
                            "--allow-vertex-ai=true", f"--vertex-ai-port={self.vertex_port}", "--vertex-ai-default-model=slow",
                            env={**ROUTES, "SAGEMAKER_TRITON_DEFAULT_MODEL_NAME": "slow"})
        # An input for all, and an output for each: those of one test run at once, and never write to the same place.
        tensor_bytes, outputs = 4 * ELEMENTS, 8
        self.memory = SharedObject((1 + outputs) * tensor_bytes)
        self.output_offsets = itertools.cycle(range(tensor_bytes, (1 + outputs) * tensor_bytes, tensor_bytes))
        Api("http", self.server).register_system_shared_memory("region", self.memory.key, (1 + outputs) * tensor_bytes)
        self.payload = self.server.metric("neso_payload_memory_bytes")

    def open_requests(self):
        return sum(self.server.metric("neso_open_requests", service=service)
                   for service in ("HTTP", "GRPC", "Sagemaker", "Vertex AI"))

    def is_clean(self):
        return self.open_requests() == 0 and self.server.metric("neso_payload_memory_bytes") == self.payload

    def shared(self, offset):
        return {"shared_memory_region": "region", "shared_memory_byte_size": 4 * ELEMENTS, "shared_memory_offset": offset}


@pytest.fixture(scope="module")
def setting(module_repository, start_module_server):
    setting = Setting(module_repository, start_module_server)
    yield setting
    began = time.monotonic()
    setting.server.stop()
    assert time.monotonic() - began < 5 * PATIENCE, "nothing is left that the stop would wait for"
    setting.memory.close()


class Http1:
    """`ask` sends a part of a request; the ways to leave follow."""
    WAYS = ["close", "reset", "half_close"]

    def __init__(self, setting, path, port, body=BODY):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        self.request = http_request("m", body).replace(b"/v2/models/m/infer", path.encode(), 1)

    def ask(self, share):
        self.socket.sendall(self.request[:int(len(self.request) * share)])

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
        self.socket.close()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)
        self.socket.settimeout(20 * PATIENCE)
        try:
            while self.socket.recv(1 << 16):
                pass
        except ConnectionResetError:
            pass
        self.socket.close()


class Http2(Http1):
    """A stream of a connection without a window for answers; the connection's other stream stays usable."""
    WAYS = ["close", "reset", "half_close", "reset_stream", "go_away"]

    def __init__(self, setting, path, port, body=BODY):
        self.client = Http2Connection(port, window=0)
        self.socket = self.client.socket
        self.warm_up()
        self.begin(path, body)

    def warm_up(self):
        """After an answer the server's windows are wide."""
        stream = self.client.expect()
        self.client.send(HeadersFrame(stream, self.client.encoder.encode(
            [(":method", "HEAD"), (":scheme", "http"), (":path", "/v2/health/live"), (":authority", "x")]),
            flags=["END_HEADERS", "END_STREAM"]))
        self.client.answer(stream)

    def begin(self, path, body):
        self.data = http_request("m", body).split(b"\r\n\r\n", 1)[1]
        self.fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x")]

    def ask(self, share):
        self.stream = self.client.expect()
        self.client.send(*self.client.head_frames(self.stream, self.client.encoder.encode(self.fields)))
        data = self.data[:int(len(self.data) * share)]
        self.client.send(*self.client.data_frames(self.stream, data, end=share == 1))

    def reset_stream(self):
        self.client.reset(self.stream)

    def go_away(self):
        self.client.send(GoAwayFrame(0, last_stream_id=0, error_code=0))
        self.socket.close()


class Grpc(Http2):
    WAYS = [*Http2.WAYS, "deadline"]
    METHOD = "ModelInfer"

    def warm_up(self):
        self.client.answer(self.client.call(GRPC + "ServerLive", fields=[("grpc-timeout", "1m")], end=False))

    def begin(self, path, body):
        request = pb.ModelInferRequest(model_name=path)
        tensor = request.inputs.add(name="INPUT0", datatype="FP32", shape=[1, ELEMENTS])
        if body is BODY:
            request.raw_input_contents.append(np.full(ELEMENTS, 0.5, np.float32).tobytes())
        else:
            for parameters, values in ((tensor.parameters, body["inputs"][0]["parameters"]),
                                       (request.outputs.add(name="OUTPUT0").parameters, body["outputs"][0]["parameters"])):
                for name, value in values.items():
                    kind = "string_param" if isinstance(value, str) else "int64_param"
                    setattr(parameters[name], kind, value)
        self.data = message(request.SerializeToString())
        self.fields = self.client.fields(GRPC + self.METHOD)

    def deadline(self):
        """It was told with the head, and passes; an answer that waits then is not sent any more."""
        answer = self.client.answer(self.stream)
        assert answer.status == "4" or answer.reset is not None


class GrpcWithDeadline(Grpc):
    def begin(self, path, body):
        super().begin(path, body)
        milliseconds = 100 if path == "slow" else int(300 * PATIENCE)  # in which it has to be served
        self.fields.append(("grpc-timeout", f"{milliseconds}m"))


class GrpcStream(Grpc):
    METHOD = "ModelStreamInfer"


class GrpcStreamWithDeadline(GrpcWithDeadline):
    METHOD = "ModelStreamInfer"


def protocols():
    for kind, client in (("HTTP/1.1", Http1), ("HTTP/2", Http2)):
        for name in ("infer", "generate", "generate_stream", "SageMaker", "Vertex AI", "shared memory"):
            yield f"{kind} {name}", client, name
    for kind, client in (("gRPC", Grpc), ("gRPC stream", GrpcStream)):
        for name in ("infer", "shared memory"):
            yield f"{kind} {name}", client, name


def connect(setting, client, name, model):
    if name in ("generate", "generate_stream"):
        return client(setting, f"/v2/models/{model}/{name}", setting.server.http_port, {"INPUT0": [0.5] * ELEMENTS})
    if name == "SageMaker":
        return client(setting, "/invocations", setting.sagemaker_port)
    if name == "Vertex AI":
        return client(setting, ROUTES["AIP_PREDICT_ROUTE"], setting.vertex_port)
    body = BODY
    if name == "shared memory":
        body = {"inputs": [{**BODY["inputs"][0], "parameters": setting.shared(0)}],
                "outputs": [{"name": "OUTPUT0", "parameters": setting.shared(next(setting.output_offsets))}]}
        del body["inputs"][0]["data"]
    if issubclass(client, Grpc):
        return client(setting, model, setting.server.grpc_port, body)
    return client(setting, f"/v2/models/{model}/infer", setting.server.http_port, body)


MOMENTS = ["while the body is uploaded", "while the model runs", "while the answer waits to be read"]


def ask(setting, clients, moment, model):
    executions = setting.server.metric("nv_inference_exec_count", model=model)
    for client in clients:
        client.ask(0.5 if moment == MOMENTS[0] else 1)
    if moment == MOMENTS[1]:
        until_executing()
    if moment == MOMENTS[2]:
        wait_until(lambda: setting.server.metric("nv_inference_exec_count", model=model) == executions + len(clients))


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("client,name", [pytest.param(client, name, id=id) for id, client, name in protocols()])
def test_a_client_that_leaves_leaves_nothing_behind(setting, client, name, moment):
    # The other services know one model, which takes its time.
    model = "fast" if moment == MOMENTS[2] and name not in ("SageMaker", "Vertex AI") else "slow"
    ways = [way for way in client.WAYS if way != "deadline"]
    clients = [connect(setting, client, name, model) for _ in ways]
    ask(setting, clients, moment, model)
    for leaving, way in zip(clients, ways):
        getattr(leaving, way)()
    wait_until(setting.is_clean)
    for leaving in clients:
        leaving.socket.close()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("client", [GrpcWithDeadline, GrpcStreamWithDeadline], ids=["unary", "stream"])
def test_a_deadline_leaves_nothing_behind(setting, client, moment):
    model = "fast" if moment == MOMENTS[2] else "slow"
    calls = [connect(setting, client, "infer", model) for _ in range(4)]
    ask(setting, calls, moment, model)
    for call in calls:
        call.deadline()
    wait_until(setting.is_clean)
    for call in calls:
        call.socket.close()


@pytest.mark.parametrize("client", [Http1, Http2, Grpc, GrpcStream], ids=["HTTP/1.1", "HTTP/2", "gRPC", "gRPC stream"])
def test_an_answer_that_nobody_reads_does_not_keep_the_model(setting, client):
    assert load(setting.server, "fast").status_code == 200
    reader = connect(setting, client, "infer", "fast")
    ask(setting, [reader], MOMENTS[2], "fast")
    assert unload(setting.server, "fast").status_code == 200
    wait_until(lambda: index(setting.server)["fast:1"] == "UNAVAILABLE: unloaded")
    reader.close()
    wait_until(setting.is_clean)
    assert load(setting.server, "fast").status_code == 200
