"""What a Python model knows of the trace that its request belongs to, and the calls that it makes of other models: in spans at the
OpenTelemetry collector's own receiver."""
import json

import numpy as np
import pytest
import requests
import tritonclient.grpc as grpcclient
from support.otlp import CONTEXT, TRACE, by_name, needs_collector
from support.python_models import PythonModels, python_on_path
from support.wait import wait_until

pytestmark = needs_collector

FP32, TEXT = ("TYPE_FP32", (1,)), ("TYPE_STRING", (1,))
TELLS = """
    def text(value):
        return np.array([str(value)], dtype=object)
    """
# Answers with the context of its own request.
OWN_CONTEXT = """
    def execute(self, requests):
        return [answer(OUT=text(request.trace().get_context())) for request in requests]
    """


@pytest.fixture
def models(repository):
    class TellingModels(PythonModels):
        def add(self, name, methods, outputs=None, **kwargs):
            super().add(name, methods, inputs={"IN": FP32}, outputs=outputs or {"OUT": TEXT}, before=TELLS, **kwargs)
    return TellingModels(repository)


def ask(server, model, headers=CONTEXT):
    """The outputs by name."""
    answer = requests.post(f"{server.url}/v2/models/{model}/infer", headers=headers, json={
        "inputs": [{"name": "IN", "shape": [1], "datatype": "FP32", "data": [1]}]})
    assert answer.status_code == 200, answer.text
    return {output["name"]: output["data"][0] for output in answer.json()["outputs"]}


def context_of(span):
    return {"traceparent": f"00-{TRACE}-{span.id}-01", "tracestate": "a=1,b=2"}


def test_a_model_has_the_context_to_hand_on(models, start, collector):
    models.add("tells", OWN_CONTEXT)
    server = start(rate=0, env=python_on_path())
    assert ask(server, "tells", headers={}) == {"OUT": "None"}
    context = json.loads(ask(server, "tells")["OUT"])
    assert context == context_of(by_name(collector.await_spans(3))["tells"])
    assert list(json.loads(ask(server, "tells", {"traceparent": CONTEXT["traceparent"]})["OUT"])) == ["traceparent"]


def test_traces_in_files_have_no_context(models, start_tracing, repository):
    models.add("tells", OWN_CONTEXT)
    server = start_tracing(repository, env=python_on_path())
    assert ask(server, "tells") == {"OUT": "None"}


def test_parameters_and_ids_stand_beside_the_context(models, start):
    models.add("tells", """
        def execute(self, requests):
            return [answer(OUT=text(json.dumps([request.request_id(), request.correlation_id(), request.parameters(),
                                                request.trace().get_context()]))) for request in requests]
        """)
    server = start(rate=0, env=python_on_path())
    for headers in CONTEXT, {}:
        for sequence in 7, "seven":
            answer = requests.post(f"{server.url}/v2/models/tells/infer", headers=headers, json={
                "id": "r", "parameters": {"sequence_id": sequence, "mine": "x"},
                "inputs": [{"name": "IN", "shape": [1], "datatype": "FP32", "data": [1]}]})
            ident, correlation, parameters, context = json.loads(answer.json()["outputs"][0]["data"][0])
            assert (ident, correlation, json.loads(parameters)) == ("r", sequence, {"mine": "x"})
            assert (context is not None) == bool(headers)
            assert context is None or json.loads(context)["tracestate"] == CONTEXT["tracestate"]


CALLS = {
    "exec": "call.exec()",
    "exec of a decoupled one": "list(call.exec(decoupled=True))[0]",
    "async_exec": "await call.async_exec()",
}


@pytest.mark.parametrize("way, mode", [*((way, "none") for way in CALLS), ("exec", "on_demand")])
def test_calls_are_children_and_know_it(models, start, collector, way, mode):
    """Three deep: each calls the next one with its request's trace, also one that the call loads."""
    models.add("third", OWN_CONTEXT)
    for name, callee in ("second", "third"), ("first", "second"):
        models.add(name, f"""
            async def execute(self, requests):
                answers = []
                for request in requests:
                    call = pb_utils.InferenceRequest(model_name="{callee}", requested_output_names=["OUT"],
                        inputs=[pb_utils.Tensor("IN", values(request))], trace=request.trace())
                    response = {CALLS[way]}
                    below = pb_utils.get_output_tensor_by_name(response, "OUT").as_numpy()[0].decode()
                    answers.append(answer(OUT=text(request.trace().get_context() + "|" + below)))
                return answers
            """)
    server = start(args=[f"--model-control-mode={mode}"], rate=0, env=python_on_path())
    told = [json.loads(context) for context in ask(server, "first")["OUT"].split("|")]
    spans = [span for span in collector.await_spans(7) if span.name != "compute"]
    named = by_name(spans)
    chain = ["InferRequest", "first", "second", "third"]
    assert [named[name].parent for name in chain[1:]] == [named[name].id for name in chain[:-1]]
    assert told == [context_of(named[name]) for name in chain[1:]]
    assert {span.trace for span in spans} == {TRACE}
    for outer, inner in zip(chain, chain[1:]):
        # Who called has the answer a moment before the call's request is released, which ends its span.
        assert named[outer].start <= named[inner].start <= named[outer].end


def test_calls_without_the_trace_are_not_traced(models, start, collector):
    models.add("inner", OWN_CONTEXT)
    models.add("outer", """
        def execute(self, requests):
            calls = [pb_utils.InferenceRequest(model_name="inner", requested_output_names=["OUT"],
                         inputs=[pb_utils.Tensor("IN", values(request))]) for request in requests]
            return [answer(OUT=call.exec().output_tensors()[0].as_numpy()) for call in calls]
        """)
    server = start(rate=0, env=python_on_path())
    assert ask(server, "outer") == {"OUT": "None"}
    assert {span.name for span in collector.await_spans(3)} == {"InferRequest", "outer", "compute"}


def test_steps_of_ensembles_have_contexts_of_their_own(models, repository, start, collector):
    models.add("step", OWN_CONTEXT)
    repository.add("whole", """
        platform: "ensemble"
        input { name: "IN" data_type: TYPE_FP32 dims: [1] }
        output [ { name: "A" data_type: TYPE_STRING dims: [1] }, { name: "B" data_type: TYPE_STRING dims: [1] } ]
        ensemble_scheduling { step [
            { model_name: "step" model_version: -1 input_map { key: "IN" value: "IN" } output_map { key: "OUT" value: "A" } },
            { model_name: "step" model_version: -1 input_map { key: "IN" value: "IN" } output_map { key: "OUT" value: "B" } }
        ] }""")
    server = start(rate=0, env=python_on_path())
    told = [json.loads(context)["traceparent"] for context in ask(server, "whole").values()]
    steps = [span for span in collector.await_spans(6) if span.name == "step"]
    assert sorted(told) == sorted(context_of(span)["traceparent"] for span in steps)


def test_the_context_stays_when_the_answer_has_gone(models, start, collector):
    """Of a decoupled model whose thread looks at it after the last response."""
    models.add("late", """
        def execute(self, requests):
            for request in requests:
                threading.Thread(target=self.answer_late, args=(request,)).start()
            return None

        def answer_late(self, request):
            sender = request.get_response_sender()
            sender.send(answer(OUT=text("done")), flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
            time.sleep(0.2)
            pb_utils.Logger.log_info("late: " + str(request.trace().get_context()))
        """, extra="model_transaction_policy { decoupled: true }")
    server = start(rate=0, env={**python_on_path(), "TRITON_SERVER_ESCAPE_LOG_MESSAGES": "0"})
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: None, headers=CONTEXT)
        tensor = grpcclient.InferInput("IN", [1], "FP32")
        tensor.set_data_from_numpy(np.ones(1, np.float32))
        client.async_stream_infer("late", [tensor])
        span = by_name(collector.await_spans(3))["late"]
        line = f"late: {json.dumps(context_of(span), separators=(',', ':'))}"
        wait_until(lambda: "late: " in server.log)
        client.stop_stream()
    assert line in server.log
