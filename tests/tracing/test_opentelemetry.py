"""Spans at the OpenTelemetry collector's own receiver: what they say of requests over both protocols, of nested calls and
of failures, and which trace they belong to."""
import base64
import concurrent.futures
import json
import socket

import grpc
import numpy as np
import pytest
import requests
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.inference import ask
from support.otlp import CALLER, CONTEXT, TRACE, FaultyCollector, by_name, needs_collector, opentelemetry
from support.plugins import needs_plugins
from support.python_models import PythonModels, python_on_path
from support.server import PATIENCE, TEST_BACKENDS, run_neso
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

HTTP = ["HTTP_RECV_START", "HTTP_RECV_END", "INFER_RESPONSE_COMPLETE", "HTTP_SEND_START", "HTTP_SEND_END"]
GRPC = ["GRPC_WAITREAD_START", "GRPC_WAITREAD_END", "INFER_RESPONSE_COMPLETE", "GRPC_SEND_START", "GRPC_SEND_END"]
CORE = ["REQUEST_START", "QUEUE_START", "REQUEST_END"]
COMPUTE = ["COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END"]
SERVER_KIND, ERROR = 2, 2


def infer_grpc(server, model, headers=None, **kwargs):
    with grpcclient.InferenceServerClient(server.grpc) as client:
        tensor = grpcclient.InferInput("INPUT0", [1, 2], "FP32")
        tensor.set_data_from_numpy(np.ones((1, 2), np.float32))
        return client.infer(model, [tensor], headers=headers, **kwargs)


@needs_collector
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_request_is_three_spans(repository, start, collector, protocol):
    repository.add_identity()
    server = start("resource=team=a,b", "resource=service.name=mine")
    if protocol == "http":
        ask(server, "identity", id="r")
    else:
        infer_grpc(server, "identity", request_id="r")
    spans = by_name(collector.await_spans(3))
    request, model, compute = spans["InferRequest"], spans["identity"], spans["compute"]
    assert (request.parent, model.parent, compute.parent) == ("", request.id, model.id)
    assert sorted(request.events) == sorted(HTTP if protocol == "http" else GRPC)
    assert (model.events, compute.events) == (CORE, COMPUTE)
    assert request.start <= model.start and model.holds(compute)
    assert model.attributes == {"triton.model_name": "identity", "triton.model_version": 1, "triton.request_id": "r",
                                "triton.trace_id": model.attributes["triton.trace_id"], "triton.trace_parent_id": 0}
    assert request.attributes == compute.attributes == {}
    for span in spans.values():
        assert (span.trace, span.kind, span.status, span.state) == (request.trace, SERVER_KIND, {}, "")
        assert span.scope == "triton-server"
        assert span.resource == {"service.name": "mine", "team": "a,b", "telemetry.sdk.name": "neso",
                                 "telemetry.sdk.language": "cpp", "telemetry.sdk.version": "2.73.0"}
    assert int(request.trace, 16) and int(request.id, 16)


@needs_collector
@pytest.mark.parametrize("protocol", ["http", "grpc", "grpc stream"])
def test_a_caller_s_trace_goes_on(repository, start, collector, protocol):
    repository.add_identity()
    server = start(rate=0)
    if protocol == "http":
        assert ask(server, "identity").status_code == 200  # nobody asked for a trace of this one
        response = requests.post(f"{server.url}/v2/models/identity/infer", headers=CONTEXT, json={
            "inputs": [{"name": "INPUT0", "shape": [1, 1], "datatype": "FP32", "data": [1]}]})
        assert response.status_code == 200
    elif protocol == "grpc":
        infer_grpc(server, "identity")
        infer_grpc(server, "identity", CONTEXT)
    else:
        stream(server, CONTEXT)
    spans = by_name(collector.await_spans(3))
    assert spans["InferRequest"].parent == CALLER
    assert {(span.trace, span.state) for span in spans.values()} == {(TRACE, "a=1,b=2")}


def stream(server, headers):
    answers = []
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.append(error), headers=headers)
        tensor = grpcclient.InferInput("INPUT0", [1, 2], "FP32")
        tensor.set_data_from_numpy(np.ones((1, 2), np.float32))
        client.async_stream_infer("identity", [tensor])
        wait_until(lambda: answers)
        client.stop_stream()
    assert answers == [None]


@needs_collector
@pytest.mark.parametrize("headers", [
    [("traceparent", f"00-{TRACE}-{CALLER}")],
    [("traceparent", f"00-{TRACE.upper()}-{CALLER}-01")],
    [("traceparent", f"ff-{TRACE}-{CALLER}-01")],
    [("traceparent", f"00-{'0' * 32}-{CALLER}-01")],
    [("traceparent", f"00-{TRACE}-{CALLER}-01"), ("traceparent", f"00-{TRACE}-{CALLER}-01")],
    [("traceparent", "x" * 4000)],
    [("tracestate", "a=1")],
])
def test_headers_that_are_no_context_are_as_if_they_were_not_there(repository, start, collector, headers):
    repository.add_identity()
    server = start(rate=1000)
    body = json.dumps({"inputs": [{"name": "INPUT0", "shape": [1, 1], "datatype": "FP32", "data": [1]}]})

    def post(lines):
        head = "".join(f"{name}: {value}\r\n" for name, value in lines)
        host, port = server.http.split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall((f"POST /v2/models/identity/infer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{head}"
                                f"content-length: {len(body)}\r\n\r\n{body}").encode())
            assert connection.makefile("rb").read().startswith(b"HTTP/1.1 200")

    post(headers)
    post([*CONTEXT.items()])
    assert {span.trace for span in collector.await_spans(3)} == {TRACE}, "only the second one is traced"


@needs_collector
def test_several_state_headers_are_one_list_and_bad_ones_none(repository, start, collector):
    repository.add_identity()
    server = start(rate=0)
    metadata = [("traceparent", CONTEXT["traceparent"]), ("tracestate", "a=1"), ("tracestate", "b=2")]
    with grpc.insecure_channel(server.grpc) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        message = grpcclient.service_pb2.ModelInferRequest(model_name="identity")
        message.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 1]).contents.fp32_contents.append(1)
        call(message.SerializeToString(), metadata=metadata)
        call(message.SerializeToString(), metadata=[metadata[0], ("tracestate", "A=no=state")])
    spans = collector.await_spans(6)
    assert [span.state for span in spans if span.name == "InferRequest"] == ["a=1,b=2", ""]


@needs_collector
def test_ensembles_have_their_steps_below_them(repository, start, collector):
    repository.add_identity("step")
    repository.add_ensemble("whole", [("step", {"INPUT0": "IN"}, {"OUTPUT0": "OUT"})])
    server = start()
    with httpclient.InferenceServerClient(server.http) as client:
        tensor = httpclient.InferInput("IN", [1, 1], "FP32")
        tensor.set_data_from_numpy(np.ones((1, 1), np.float32))
        client.infer("whole", [tensor])
    spans = by_name(collector.await_spans(4))
    assert spans["step"].parent == spans["whole"].id and spans["whole"].parent == spans["InferRequest"].id
    assert spans["compute"].parent == spans["step"].id
    assert spans["whole"].holds(spans["step"])
    assert spans["step"].attributes["triton.trace_parent_id"] == spans["whole"].attributes["triton.trace_id"]


@needs_collector
@needs_plugins("nested")
def test_calls_of_models_are_below_them_and_activities_are_events(repository, start, collector):
    for depth in range(2):
        repository.add(f"nested_{depth}", """
            backend: "nested"
            input { name: "IN" data_type: TYPE_INT32 dims: [1] }
            output { name: "OUT" data_type: TYPE_INT32 dims: [1] }""")
    server = start(args=[f"--backend-directory={TEST_BACKENDS}"])
    server.infer("nested_1", {"inputs": [{"name": "IN", "datatype": "INT32", "shape": [1], "data": [5]}]})
    spans = collector.await_spans(4)
    outer, = [span for span in spans if span.name == "nested_1"]
    inner = [span for span in spans if span.name == "nested_0"]
    assert [span.parent for span in inner] == [outer.id] * 2
    assert sorted(outer.events) == sorted([*CORE, "NESTED_ANSWERS_READ"])


@needs_collector
@pytest.mark.parametrize("protocol", ["http", "grpc", "stream"])
def test_failures_are_the_status_of_spans(repository, start, collector, protocol):
    repository.add_identity()
    server = start()
    error = "unexpected inference input 'NOPE' for model 'identity'"
    if protocol == "http":
        answer = server.infer("identity", {"inputs": [
            {"name": "NOPE", "shape": [1, 1], "datatype": "FP32", "data": [1]}]})
        assert answer.json() == {"error": error}
    else:
        with grpcclient.InferenceServerClient(server.grpc) as client:
            tensor = grpcclient.InferInput("NOPE", [1, 1], "FP32")
            tensor.set_data_from_numpy(np.ones((1, 1), np.float32))
            if protocol == "grpc":
                with pytest.raises(InferenceServerException, match="unexpected inference input"):
                    client.infer("identity", [tensor])
            else:
                answers = []
                client.start_stream(lambda result, error: answers.append(error))
                client.async_stream_infer("identity", [tensor])
                wait_until(lambda: answers)
                client.stop_stream()
                assert "unexpected inference input" in str(answers[0])
    for span in collector.await_spans(2):
        assert span.status == {"code": ERROR, "message": error}


@needs_collector
def test_a_step_that_fails_is_told_from_those_that_do_not(repository, start, collector):
    repository.add_identity("good")
    PythonModels(repository).add("bad", """
        def execute(self, requests):
            raise ValueError("no luck")
        """, inputs={"INPUT0": "TYPE_FP32"}, outputs={"OUTPUT0": "TYPE_FP32"}, max_batch_size=8)
    repository.add_ensemble("whole", [("good", {"INPUT0": "IN"}, {"OUTPUT0": "MIDDLE"}),
                                      ("bad", {"INPUT0": "MIDDLE"}, {"OUTPUT0": "OUT"})])
    server = start(env=python_on_path())
    answer = server.infer("whole", {"inputs": [{"name": "IN", "shape": [1, 1], "datatype": "FP32", "data": [1]}]})
    assert answer.status_code != 200
    wait_until(lambda: any(span.name == "InferRequest" for span in collector.spans()))
    failed = {span.name: span.status.get("message", "") for span in collector.spans() if span.status}
    assert set(failed) == {"bad", "whole", "InferRequest"}
    assert all("no luck" in message for message in failed.values())


@needs_collector
def test_settings_at_run_time_and_of_models(repository, start, collector):
    for name in ["one", "two"]:
        repository.add_identity(name)
    server = start("resource=a=b", "resource=c=d", rate=1000)
    options = {"url": collector.url, "bsp_schedule_delay": "50", "resource": "a=b,c=d", "bsp_max_queue_size": "2048",
               "bsp_max_export_batch_size": "512"}
    shown = {"trace_level": ["TIMESTAMPS"], "trace_rate": "1000", "trace_count": "-1", "trace_mode": "opentelemetry",
             **options}
    assert server.get("/v2/trace/setting").json() == shown
    with grpcclient.InferenceServerClient(server.grpc) as client:
        settings = client.get_trace_settings(as_json=True)["settings"]
    assert {name: setting["value"] for name, setting in settings.items()} == {
        name: value if isinstance(value, list) else [value] for name, value in shown.items()}
    assert server.post("/v2/models/one/trace/setting", {"trace_rate": "1", "trace_count": "1"}).json() == {
        **shown, "trace_rate": "1", "trace_count": "1"}
    for _ in range(2):
        ask(server, "one")
        ask(server, "two")
    assert by_name(collector.await_spans(3))["one"].attributes["triton.model_name"] == "one"
    assert server.post("/v2/models/two/trace/setting", {"trace_level": ["OFF"]}).json()["trace_level"] == ["OFF"]
    requests.post(f"{server.url}/v2/models/two/infer", headers=CONTEXT, json={
        "inputs": [{"name": "INPUT0", "shape": [1, 1], "datatype": "FP32", "data": [1]}]})
    server.stop()
    collector.await_spans(3)


@needs_collector
def test_the_end_of_the_server_sends_what_waits(repository, start, collector):
    repository.add_identity()
    server = start(delay=3_000_000)
    for _ in range(5):
        ask(server, "identity")
    server.stop()
    collector.await_spans(15)


@needs_collector
def test_parallel_traffic_loses_nothing(repository, start, collector):
    repository.add_identity("batching", extra="dynamic_batching { }")
    server = start("bsp_max_queue_size=100000")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for answer in pool.map(lambda _: ask(server, "batching"), range(300)):
            assert answer.status_code == 200
    server.stop()
    spans = collector.await_spans(900)
    assert len({span.trace for span in spans}) == 300
    assert len({span.id for span in spans}) == 900


def counted(server):
    lines = requests.get(server.metrics_url).text.splitlines()
    return {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("neso_trace_spans")}


def test_a_collector_that_is_down_loses_spans_and_nothing_else(repository, start_server):
    repository.add_identity()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1/traces"
    server = start_server(repository.path, *opentelemetry(url, "bsp_max_queue_size=6"))
    for _ in range(10):
        assert ask(server, "identity").status_code == 200
    wait_until(lambda: counted(server).get("neso_trace_spans_dropped", 0) >= 12)
    assert counted(server)["neso_trace_spans_exported"] == 0
    server.stop()
    assert f"failed to export traces to '{url}'" in server.log


def test_a_collector_that_is_silent_does_not_hold_up_the_stop(repository, start_server):
    repository.add_identity()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces"
        server = start_server(repository.path, *opentelemetry(url), "--exit-timeout-secs=3",
                              env={"OTEL_EXPORTER_OTLP_TIMEOUT": "600000"})
        ask(server, "identity")
        silent.settimeout(20 * PATIENCE)
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(4) == b"POST"
            server.stop()  # whose exit status says that it was in time
    assert f"failed to export traces to '{url}': no time is left; 3 spans have been lost so far" in server.log


def test_nobody_is_shown_the_password_of_a_collector(repository, start_server):
    repository.add_identity()
    with FaultyCollector(statuses=[400]) as collector:
        server = start_server(repository.path, *opentelemetry(collector.url.replace("http://", "http://me:s3cret@")))
        assert server.get("/v2/trace/setting").json()["url"] == collector.url.replace("http://", "http://***@")
        ask(server, "identity")
        (_, headers, _), = collector.await_posts(1)
        assert headers["Authorization"] == "Basic " + base64.b64encode(b"me:s3cret").decode()
        wait_until(lambda: "failed to export traces to 'http://***@" in server.log)
        assert "s3cret" not in server.log


def test_what_fails_for_a_while_is_sent_again(repository, start_server):
    repository.add_identity()
    with FaultyCollector(statuses=[503, 429]) as collector:
        server = start_server(repository.path, *opentelemetry(collector.url))
        ask(server, "identity")
        posts = collector.await_posts(3)
        assert posts[0][2] == posts[1][2] == posts[2][2]
        wait_until(lambda: counted(server) == {"neso_trace_spans_exported": 3, "neso_trace_spans_dropped": 0})
        server.stop()
        assert len(collector.posts) == 3


def test_the_environment_of_opentelemetry(repository, start_server):
    repository.add_identity()
    with FaultyCollector() as collector:
        server = start_server(repository.path, "--trace-config=mode=opentelemetry", "--trace-config=level=TIMESTAMPS",
                              "--trace-config=rate=1", env={
                                  "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url.removesuffix("/v1/traces"),
                                  "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
                                  "OTEL_BSP_SCHEDULE_DELAY": "20", "OTEL_SERVICE_NAME": "from-environment"})
        assert server.get("/v2/trace/setting").json()["bsp_schedule_delay"] == "20"
        ask(server, "identity")
        (path, headers, body), = collector.await_posts(1)
    assert (path, headers["x-key"], headers["Content-Encoding"]) == ("/v1/traces", "a b", "gzip")
    assert headers["Content-Type"] == "application/x-protobuf"
    assert b"from-environment" in body


@pytest.mark.parametrize("option, error", [
    ("opentelemetry,url=collector:4318", "url: expected http://<host>:<port>/<path>"),
    ("opentelemetry,resource=a", "resource: expected <name>=<value>, got 'a'"),
    ("opentelemetry,bsp_max_export_batch_size=4096", "expected at most bsp_max_queue_size, which is 2048, got 4096"),
    ("opentelemetry,file=x", "unknown trace setting 'opentelemetry,file', expected url, resource"),
])
def test_wrong_options_are_refused(repository, option, error, tmp_path):
    ended = run_neso(f"--model-repository={tmp_path}", "--trace-config=mode=opentelemetry", f"--trace-config={option}")
    assert ended.returncode == 1 and error in ended.stderr
