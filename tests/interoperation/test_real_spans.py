"""OpenTelemetry spans beside those of the real Triton server: the same requests, the same spans at one collector."""
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.otlp import Collector, needs_collector, opentelemetry
from support.server import Server
from support.triton import Triton, needs_triton

pytestmark = [needs_triton, needs_collector]

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(scope="module")
def servers(tmp_path_factory, module_repository):
    """Both servers with one repository, each with a collector."""
    module_repository.add_identity("step")
    module_repository.add_ensemble("whole", [("step", {"INPUT0": "IN"}, {"OUTPUT0": "OUT"})])
    started = []
    for kind in [Triton, Server]:
        collector = Collector(tmp_path_factory.mktemp(kind.__name__)).__enter__()
        server = kind(module_repository.path, *opentelemetry(collector.url, "resource=a=b"))
        server.collector = collector
        started.append(server)
        server.start()
    yield started
    for server in started:
        server.process.kill()  # this Triton waits for half a minute when it has spans to send
        server.process.wait()
        server.collector.__exit__()


def seen(server, request, count):
    """The spans that a request leaves, without what differs from run to run."""
    before = len(server.collector.spans())
    request(server)
    spans = server.collector.await_spans(before + count)[before:]
    names = {span.id: span.name for span in spans} | {CALLER: "the caller's", "": "nobody's"}
    return sorted((span.name, names[span.parent], span.kind, span.state, sorted(span.events), span.scope, span.status,
                   span.trace == TRACE, sorted(set(span.attributes)), span.attributes.get("triton.request_id"),
                   span.attributes.get("triton.model_version")) for span in spans)


def infer(module, address, model, name, **kwargs):
    def request(server):
        with module.InferenceServerClient(getattr(server, address)) as client:
            tensor = module.InferInput(name, [1, 2], "FP32")
            tensor.set_data_from_numpy(np.ones((1, 2), np.float32))
            client.infer(model, [tensor], **kwargs)
    return request


CONTEXT = {"traceparent": f"00-{TRACE}-{CALLER}-00", "tracestate": "a=1,b=2"}


@pytest.mark.parametrize("request_, count", [
    (infer(httpclient, "http", "step", "INPUT0"), 3),
    (infer(httpclient, "http", "step", "INPUT0", request_id="r", headers=dict(CONTEXT)), 3),
    (infer(grpcclient, "grpc", "step", "INPUT0", request_id="r"), 3),
    # This Triton reads no tracestate of calls.
    (infer(grpcclient, "grpc", "whole", "IN", headers={"traceparent": CONTEXT["traceparent"]}), 4),
])
def test_the_same_spans(servers, request_, count):
    real, ours = (seen(server, request_, count) for server in servers)
    assert ours == real


def test_the_same_settings_but_for_the_order(servers):
    shown = [server.get("/v2/trace/setting").json() for server in servers]
    for settings, server in zip(shown, servers):
        assert settings.pop("url") == server.collector.url
    assert shown[0] == shown[1]
