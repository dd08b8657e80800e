"""Requests without a pause over HTTP and gRPC, each with numbers of its own that the answer has to give back.

    with SteadyLoad(server, ["m"]) as load:
        ...                                  # change the server
        load.until_more()
    load.expect_nothing_lost()

Models have one input INPUT0 and one output OUTPUT0, FP32, [batch, any]: those of add_identity, and echo() in Python.
"""
import collections
import functools
import itertools
import struct
import time

import grpc
import requests
from support.inference import body
from support.server import PATIENCE
from support.workers import Workers
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

ECHO = """
def execute(self, requests):
    return [answer(OUTPUT0=values(request, "INPUT0")) for request in requests]
"""


def add_echo(python_models, name, methods=ECHO, **kwargs):
    tensor = ("TYPE_FP32", (-1,))
    return python_models.add(name, methods, {"INPUT0": tensor}, {"OUTPUT0": tensor}, max_batch_size=8, **kwargs)


class _Http:
    def __init__(self, server):
        self.url, self.session = server.url, requests.Session()

    def ask(self, model, row):
        """The row that comes back, or the error's text."""
        response = self.session.post(f"{self.url}/v2/models/{model}/infer", json=body(row), timeout=30 * PATIENCE)
        answer = response.json()
        return answer["outputs"][0]["data"] if response.status_code == 200 else answer["error"]

    def close(self):
        self.session.close()


class _Grpc:
    def __init__(self, server):
        self.channel = grpc.insecure_channel(server.grpc, options=[("grpc.use_local_subchannel_pool", 1)])
        self.stub = service_pb2_grpc.GRPCInferenceServiceStub(self.channel)

    def ask(self, model, row):
        request = pb.ModelInferRequest(model_name=model, raw_input_contents=[struct.pack(f"<{len(row)}f", *row)])
        request.inputs.add(name="INPUT0", datatype="FP32", shape=[1, len(row)])
        try:
            answer = self.stub.ModelInfer(request, timeout=30 * PATIENCE)
        except grpc.RpcError as error:
            # What the library says of itself, and not the server, is an answer that was lost.
            if error.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
                raise
            return error.details()
        return list(struct.unpack(f"<{len(row)}f", answer.raw_output_contents[0]))

    def close(self):
        self.channel.close()


class SteadyLoad(Workers):
    """`allowed`: model -> texts of errors that its requests may get; any other error counts as a lost request."""

    def __init__(self, server, models, allowed=None, protocols=("http", "grpc")):
        self.server = server
        self.allowed = allowed or {}
        self.answers = collections.Counter()  # by protocol and model
        self.refused = collections.Counter()  # by model and text
        self.problems = []
        self._numbers = itertools.count(1)
        super().__init__([functools.partial(self._run, protocol, model) for protocol in protocols for model in models])

    def until_more(self, count=3):
        """Until every client has had that many answers, refusals included."""
        before = self.answers.copy()
        deadline = time.monotonic() + 30 * PATIENCE
        while not self.problems and any(self.answers[key] < before[key] + count for key in list(self.answers)):
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.001)

    def expect_nothing_lost(self):
        assert self.problems == []

    @property
    def total(self):
        return sum(self.answers.values())

    def _run(self, protocol, model):
        client = {"http": _Http, "grpc": _Grpc}[protocol](self.server)
        self.answers[protocol, model] = 0
        while not self.stopped() and len(self.problems) < 5:
            row = [float(next(self._numbers) % 1_000_000), 0.5]
            try:
                answer = client.ask(model, row)
            except (requests.RequestException, grpc.RpcError, ValueError) as error:
                self.problems.append(f"{protocol} {model}: lost: {error!r}")
                continue
            if answer != row:
                self._judge(protocol, model, row, answer)
            self.answers[protocol, model] += 1
        client.close()

    def _judge(self, protocol, model, row, answer):
        text = next((text for text in self.allowed.get(model, ()) if isinstance(answer, str) and text in answer), None)
        if text is None:
            self.problems.append(f"{protocol} {model}: {row} was answered by {answer}")
        else:
            self.refused[model, text] += 1
            time.sleep(0.001)  # a client that is refused does not try as fast as it can
