"""Latency summaries: off unless asked for, families, quantiles, and what models with a response cache have instead."""
import pytest
from support.control import unload
from support.inference import ask, body
from support.wait import wait_until

COMPUTE = [f"nv_inference_{name}_summary_us" for name in ("queue", "compute_input", "compute_infer", "compute_output")]
REQUEST = "nv_inference_request_summary_us"
CACHE = ["nv_cache_hit_summary_per_model", "nv_cache_miss_summary_per_model"]
ON = "--metrics-config=summary_latencies=true"


@pytest.fixture
def quantiles(by_label):
    """quantiles(server, family, model): {quantile: microseconds}, as printed."""
    return lambda server, family, model: by_label(server, family, model, "quantile")


@pytest.mark.parametrize("args", [[], ["--metrics-config=summary_latencies=false"],
                                  ["--metrics-config=summary_latencies=yes"],
                                  ["--metrics-config=summary_quantiles=0.5:0.05"]])
def test_without_being_asked_for_there_are_none(start, args):
    server = start(*args)
    ask(server, "m")
    assert "summary" not in server.metrics()


def test_each_successful_request_is_in_each(start, quantiles):
    server = start(ON)
    assert set(quantiles(server, REQUEST, "m").values()) == {"Nan"}, "of nothing there is no quantile"
    for _ in range(3):
        ask(server, "m")
    server.infer("m", "{}")  # refused: no summary knows of it
    text = server.metrics()
    for family in [REQUEST, *COMPUTE]:
        assert f"# TYPE {family} summary\n" in text
        assert f"# HELP {family} " in text
        assert server.metric(f"{family}_count", model="m", version="1") == 3
        assert list(quantiles(server, family, "m")) == ["0.5", "0.9", "0.95", "0.99", "0.999"]
        counted = server.metric(family.replace("_summary_us", "_duration_us"), model="m")
        assert server.metric(f"{family}_sum", model="m") == counted
    infer = [float(value) for value in quantiles(server, COMPUTE[2], "m").values()]
    assert infer == sorted(infer)
    assert 19_800 <= infer[0] <= server.metric(f"{COMPUTE[2]}_sum", model="m") / 3 * 1.5
    assert not any(family in text for family in CACHE)


def test_quantiles_are_chosen(start, quantiles):
    server = start(ON, "--metrics-config=summary_quantiles=0.25:0.1,most:0.1,0.75:0.01")
    ask(server, "m")
    assert list(quantiles(server, REQUEST, "m")) == ["0.25", "0.75"]
    assert "metrics setting 'summary_quantiles': expected quantile:error, as in 0.99:0.001, got 'most:0.1'" in server.log


def test_models_with_a_cache_have_hits_and_misses_instead_of_requests(repository, start):
    repository.add_identity("cached", extra="response_cache { enable: true }")
    server = start(ON, "--cache-config=local,size=1048576")
    ask(server, "cached")
    wait_until(lambda: server.metric(f"{CACHE[1]}_count", model="cached") == 1)
    for _ in range(2):
        ask(server, "cached")
    assert server.metric(f"{CACHE[0]}_count", model="cached") == 2
    assert server.metric(f"{COMPUTE[0]}_count", model="cached") == 3
    assert server.metric(f"{COMPUTE[2]}_count", model="cached") == 1
    assert server.metric(f"{CACHE[1]}_sum", model="cached") == server.metric(
        "nv_cache_miss_duration_per_model", model="cached")
    text = server.metrics()
    assert f'{REQUEST}_count{{model="cached"' not in text
    assert f'{REQUEST}_count{{model="m"' in text
    assert f'{CACHE[0]}_count{{model="m"' not in text


def test_ensembles_have_them_and_models_that_are_gone_have_not(repository, start_server):
    repository.add_identity("part")
    repository.add_ensemble("whole", [("part", {"INPUT0": "IN"}, {"OUTPUT0": "OUT"})])
    server = start_server(repository.path, ON, "--model-control-mode=explicit", "--load-model=whole")
    assert server.infer("whole", body([1.0], inputs=("IN",))).status_code == 200
    for model in ("whole", "part"):
        assert server.metric(f"{REQUEST}_count", model=model, version="1") == 1
    unload(server, "whole")
    wait_until(lambda: f'{REQUEST}_count{{model="whole"' not in server.metrics())
