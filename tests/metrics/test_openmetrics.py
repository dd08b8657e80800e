"""The form of OpenMetrics: who gets it, that a strict parser reads it, and examples of requests that were traced."""
import time

import pytest
import requests
from prometheus_client.openmetrics import parser
from support.inference import ask, body
from support.otlp import FaultyCollector, opentelemetry
from support.server import PATIENCE, TEST_BACKENDS
from support.traces import read_traces
from support.wait import wait_until

OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
PROMETHEUS = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
              "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
LATENCIES = ["--metrics-config=histogram_latencies=true", "--metrics-config=summary_latencies=true"]


def scrape(server, accept="application/openmetrics-text"):
    answer = requests.get(server.metrics_url, headers={"Accept": accept}, timeout=10 * PATIENCE)
    assert answer.headers["Vary"] == "Accept"
    return answer


def families(server):
    """By name, as the strict parser understands them."""
    return {family.name: family for family in parser.text_string_to_metric_families(scrape(server).text)}


def sample(server, name, **labels):
    found, = (sample for family in families(server).values() for sample in family.samples
              if sample.name == name and labels.items() <= sample.labels.items())
    return found


@pytest.fixture
def start(repository, start_server, tmp_path):
    repository.add_identity("m", parameters={"execute_delay_ms": "20"})
    repository.add_identity("fails", parameters={"execute_error": "on purpose"})

    def start(*args):
        return start_server(repository.path, *args)
    return start


@pytest.fixture
def start_traced(start, tmp_path):
    def start_traced(*args):
        return start(*args, "--trace-config=level=TIMESTAMPS", "--trace-config=rate=1",
                     f"--trace-config=triton,file={tmp_path / 'trace.json'}")
    return start_traced


@pytest.mark.parametrize("args, accept, expected", [
    ([], None, TEXT),
    ([], PROMETHEUS, TEXT),  # it knows Triton's counters by the names of the text form
    ([], "application/openmetrics-text", OPEN),
    (["--metrics-config=openmetrics=true"], None, TEXT),
    (["--metrics-config=openmetrics=true"], PROMETHEUS, OPEN),
    (["--metrics-config=openmetrics=true"], "text/plain", TEXT),
    (["--metrics-config=openmetrics=yes"], PROMETHEUS, TEXT)])
def test_who_asks_for_it_gets_it(start, args, accept, expected):
    answer = scrape(start(*args), accept)
    assert answer.headers["Content-Type"] == expected
    assert answer.text.endswith("# EOF\n") == (expected == OPEN)
    assert ("nv_inference_count_total{" in answer.text) == (expected == OPEN)


def test_a_strict_parser_reads_it_and_finds_what_the_text_form_has(repository, start):
    repository.add_identity("odd", extra=r'metric_tags { key: "team" value: "a \"b\" \\ c\nd" }')
    server = start(*LATENCIES, "--cache-config=local,size=1048576")
    for model in ("m", "m", "odd", "fails"):
        ask(server, model)
    read = families(server)
    kinds = {line.split()[2]: line.split()[3] for line in server.metrics().splitlines() if line.startswith("# TYPE")}
    assert {name.removesuffix("_total"): kind for name, kind in kinds.items()} == {
        family.name: family.type for family in read.values()}
    assert sample(server, "nv_inference_request_success_total", model="m").value == 2
    assert sample(server, "nv_inference_count_total", model="odd").labels["_team"] == 'a "b" \\ c\nd'
    assert sample(server, "nv_inference_request_failure_total", model="fails", reason="BACKEND").value == 1
    assert sample(server, "nv_inference_request_histogram_ms_bucket", model="m", le="5000.0").value == 2
    assert sample(server, "nv_inference_request_summary_us_count", model="m").value == 2


def test_counting_began_when_the_model_was_loaded(start):
    before = time.time()
    server = start(*LATENCIES)
    for name in ("nv_inference_count", "nv_inference_request_histogram_ms", "nv_inference_queue_summary_us"):
        created = sample(server, f"{name}_created", model="m").value
        assert before - 1 <= created <= time.time() + 1


def test_a_traced_request_is_the_example_of_what_it_is_counted_in(start_traced, tmp_path):
    server = start_traced(*LATENCIES)
    before = time.time()
    ask(server, "m")
    ask(server, "fails")
    success = sample(server, "nv_inference_request_success_total", model="m").exemplar
    failure = sample(server, "nv_inference_request_failure_total", model="fails", reason="BACKEND").exemplar
    infer, = (s for s in families(server)["nv_inference_compute_infer_histogram_ms"].samples
              if s.labels.get("model") == "m" and s.exemplar is not None)
    assert infer.exemplar.labels == success.labels
    assert 20 <= infer.exemplar.value <= float(infer.labels["le"])
    assert success.value == failure.value == 1
    assert before - 1 <= float(success.timestamp) <= time.time() + 1
    assert server.post("/v2/trace/setting", {"trace_rate": "1"}).status_code == 200  # which writes what there is
    wait_until((tmp_path / "trace.json").exists)
    wait_until(lambda: len(read_traces(tmp_path / "trace.json")) == 2)
    models = {str(trace.id): trace.model for trace in read_traces(tmp_path / "trace.json")}
    assert models[success.labels["trace_id"]] == "m"
    assert models[failure.labels["trace_id"]] == "fails"
    assert "trace_id" not in server.metrics(), "the text form has no place for it"


def test_what_is_not_traced_is_no_example(start):
    server = start(*LATENCIES)
    ask(server, "m")
    assert not [s for family in families(server).values() for s in family.samples if s.exemplar is not None]


def test_a_trace_that_began_at_the_client_has_its_w3c_id(start):
    trace = "0af7651916cd43dd8448eb211c80319c"
    with FaultyCollector() as collector:
        server = start(*LATENCIES, *opentelemetry(collector.url))
        headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        assert server.infer("m", body([1.0]), headers=headers).status_code == 200
        wait_until(lambda: sample(server, "nv_inference_request_success_total", model="m").exemplar)  # counted behind the answer
        assert sample(server, "nv_inference_request_success_total", model="m").exemplar.labels == {"trace_id": trace}
        server.stop()


def test_models_on_demand_of_a_backend_that_reports_memory(repository, start_server):
    """What was measured and what is reported are two families."""
    repository.add("m", 'backend: "accountant" max_batch_size: 0 input { name: "INPUT0" data_type: TYPE_FP32 dims: [-1] } '
                        'output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [-1] }')
    server = start_server(repository.path, "--model-control-mode=on_demand", f"--backend-directory={TEST_BACKENDS}")
    assert server.get("/v2/models/m/config").status_code == 200
    assert {"neso_model_memory_bytes", "neso_on_demand_model_memory_bytes"} <= set(families(server))
