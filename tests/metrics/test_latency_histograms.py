"""Latency histograms: off unless asked for, families and buckets, what falls where."""
import pytest
from support.inference import ask
from support.server import run_neso

FIRST = "nv_inference_first_response_histogram_ms"
DURATIONS = [f"nv_inference_{name}_histogram_ms"
             for name in ("request", "queue", "compute_input", "compute_infer", "compute_output")]
ON = "--metrics-config=histogram_latencies=true"


@pytest.fixture
def buckets(by_label):
    """buckets(server, family, model): {upper end: requests at most that long}."""
    return lambda server, family, model: {
        end: int(count) for end, count in by_label(server, f"{family}_bucket", model, "le").items()}


@pytest.mark.parametrize("args", [[], ["--metrics-config=histogram_latencies=false"],
                                  ["--metrics-config=histogram_latencies=yes"],
                                  ["--metrics-config=histogram_buckets=1,2"]])
def test_without_being_asked_for_there_are_none(start, args):
    server = start(*args)
    ask(server, "m")
    assert "histogram" not in server.metrics()


def test_each_successful_request_is_counted_once_in_each(start, buckets):
    server = start(ON)
    for _ in range(3):
        ask(server, "m")
    server.infer("m", "{}")  # refused: no histogram knows of it
    text = server.metrics()
    for family in [FIRST, *DURATIONS]:
        assert f"# TYPE {family} histogram\n" in text
        assert f"# HELP {family} " in text
        assert server.metric(f"{family}_count", model="m", version="1") == 3
    assert buckets(server, FIRST, "m") == {"100": 3, "500": 3, "2000": 3, "5000": 3, "+Inf": 3}
    infer = buckets(server, "nv_inference_compute_infer_histogram_ms", "m")
    assert infer["10"] == 0 and infer["+Inf"] == 3
    milliseconds = server.metric("nv_inference_compute_infer_histogram_ms_sum", model="m")
    counted = server.metric("nv_inference_compute_infer_duration_us", model="m") / 1000
    assert milliseconds == pytest.approx(counted, abs=0.01)


def test_answers_out_of_the_cache_count_as_they_do_in_the_durations(repository, start, buckets):
    repository.add_identity("cached", parameters={"execute_delay_ms": "20"}, extra="response_cache { enable: true }")
    server = start(ON, "--cache-config=local,size=1000000")
    for _ in range(4):
        assert ask(server, "cached").status_code == 200
    assert server.metric("nv_cache_num_hits_per_model", model="cached") == 3
    for family in [FIRST, *DURATIONS]:
        assert server.metric(f"{family}_count", model="cached") == (1 if "compute" in family else 4), family
    for name in ("request", "queue"):
        milliseconds = server.metric(f"nv_inference_{name}_histogram_ms_sum", model="cached")
        counted = server.metric(f"nv_inference_{name}_duration_us", model="cached") / 1000
        assert milliseconds == pytest.approx(counted, abs=0.01)
    took = buckets(server, "nv_inference_request_histogram_ms", "cached")
    assert took["10"] <= 3 and took["+Inf"] == 4


def test_a_model_and_the_server_choose_buckets(repository, start, buckets):
    chosen = f"""
        model_metrics {{
          metric_control {{ metric_identifier {{ family: "{FIRST}" }} histogram_options {{ buckets: [ 1, 10, 60000 ] }} }}
          metric_control {{ metric_identifier {{ family: "{DURATIONS[0]}" }} histogram_options {{ buckets: [ 7 ] }} }}
        }}"""
    repository.add_identity("chosen", extra=chosen)
    server = start(ON, "--metrics-config=histogram_buckets=0.5,30000")
    assert list(buckets(server, FIRST, "chosen")) == ["1", "10", "60000", "+Inf"]
    assert list(buckets(server, DURATIONS[0], "chosen")) == ["7", "+Inf"]
    assert list(buckets(server, DURATIONS[1], "chosen")) == ["0.5", "30000", "+Inf"]
    assert list(buckets(server, DURATIONS[0], "m")) == ["0.5", "30000", "+Inf"]
    ask(server, "m")
    assert buckets(server, DURATIONS[0], "m") == {"0.5": 0, "30000": 1, "+Inf": 1}


def test_a_family_that_has_no_buckets_to_choose_is_told(repository, start):
    repository.add_identity("other", extra="""
        model_metrics { metric_control { metric_identifier { family: "nv_inference_count" } histogram_options { buckets: [ 1 ] } } }
        """)
    log = start(ON).log
    assert "'nv_inference_count' in 'metric_identifier' is not a customizable metric in Triton core." in log


def test_only_the_first_response_of_a_stream_counts(repository, start):
    repository.add_identity("repeat", extra="model_transaction_policy { decoupled: true }", parameters={"repeat": 5})
    server = start(ON)
    answer = server.post("/v2/models/repeat/generate_stream", {"INPUT0": [1.0]})
    assert answer.text.count("data:") == 5
    assert server.metric(f"{FIRST}_count", model="repeat") == 1


def test_an_error_is_no_response_to_wait_for(repository, start):
    repository.add_identity("failing", parameters={"execute_error": "on purpose"})
    server = start(ON)
    assert ask(server, "failing").status_code == 500
    for family in [FIRST, *DURATIONS]:
        assert server.metric(f"{family}_count", model="failing") == 0


@pytest.mark.parametrize("wrong", ["2,1", "0", "x", "1,,2"])
def test_buckets_that_cannot_be_are_refused(repository, wrong):
    result = run_neso(f"--model-repository={repository.path}", ON, f"--metrics-config=histogram_buckets={wrong}")
    assert result.returncode == 1
    assert "metrics setting 'histogram_buckets': expected ascending milliseconds" in result.stderr
    assert f"got '{wrong}'" in result.stderr
