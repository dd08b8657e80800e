"""What /metrics tells of models: families, labels, and numbers that equal the requests made."""
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.control import load, unload
from support.inference import Crowd, ask, delay_ms, pending, statistics, until_executing
from support.server import PATIENCE
from support.wait import wait_until

COUNTERS = ["nv_inference_request_success", "nv_inference_request_failure", "nv_inference_count", "nv_inference_exec_count"]
DURATIONS = [f"nv_inference_{part}_duration_us"
             for part in ("request", "queue", "compute_input", "compute_infer", "compute_output")]
GAUGES = ["nv_inference_pending_request_count", "nv_model_load_duration_secs"]
REASONS = ["REJECTED", "CANCELED", "BACKEND", "OTHER"]
DELAY = delay_ms(300)


def families(server):
    return re.findall(r"^# TYPE (\S+) (\S+)$", server.metrics(), re.M)


def lines(server, name, **labels):
    """The lines of a family as text, those with these labels."""
    found = [line for line in server.metrics().splitlines() if re.match(rf"{name}[ {{]", line)]
    return [line for line in found if all(f'{key}="{value}"' in line for key, value in labels.items())]


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("m", versions=(1, 3), extra="version_policy { all {} }")
    repository.add_identity("fails", parameters={"execute_error": "no luck"})
    repository.add_identity("slow", max_batch_size=1, parameters={"execute_delay_ms": DELAY},
                            extra="dynamic_batching { default_queue_policy { max_queue_size: 2 } }")
    return start_server(repository.path, "--model-control-mode=explicit", "--load-model=m")


def test_families_come_in_the_documented_order_with_help_and_type(server):
    own = [family for family in families(server) if family[0].startswith(("nv_inference", "nv_model"))]
    assert own == [*((name, "counter") for name in COUNTERS + DURATIONS), *((name, "gauge") for name in GAUGES)]
    for name, _ in own:
        assert len(re.findall(rf"^# HELP {name} \S.*\n# TYPE {name} ", server.metrics(), re.M)) == 1


def test_stock_parsers_read_the_text(server):
    names = {family.name for family in text_string_to_metric_families(server.metrics())}
    assert set(COUNTERS + DURATIONS + GAUGES) <= names
    assert server.metrics().endswith("\n")


def test_every_version_has_a_line_with_sorted_labels_from_the_start(server):
    for name in ["nv_inference_request_success", "nv_inference_count", "nv_inference_exec_count", *DURATIONS,
                 "nv_inference_pending_request_count"]:
        assert lines(server, name) == [f'{name}{{model="m",version="{version}"}} 0' for version in (1, 3)]
    assert sorted(lines(server, "nv_inference_request_failure", version=3)) == sorted(
        f'nv_inference_request_failure{{model="m",reason="{reason}",version="3"}} 0' for reason in REASONS)


def test_counts_equal_the_requests_made(server):
    for size in (1, 2, 4):
        assert ask(server, "m", *[[1.0]] * size).status_code == 200
    assert server.post("/v2/models/m/versions/1/infer",
                       {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 1], "data": [1]}]}).status_code == 200
    assert lines(server, "nv_inference_request_success") == ['nv_inference_request_success{model="m",version="1"} 1',
                                                             'nv_inference_request_success{model="m",version="3"} 3']
    assert lines(server, "nv_inference_count") == ['nv_inference_count{model="m",version="1"} 1',
                                                   'nv_inference_count{model="m",version="3"} 7']
    assert lines(server, "nv_inference_exec_count", version=3) == ['nv_inference_exec_count{model="m",version="3"} 3']


def test_durations_are_whole_microseconds_that_agree_with_the_statistics(server):
    load(server, "slow")
    assert ask(server, "slow").status_code == 200
    stats = statistics(server, "slow")["inference_stats"]
    for name, part in (("request", "success"), ("queue", "queue"), ("compute_input", "compute_input"),
                       ("compute_infer", "compute_infer"), ("compute_output", "compute_output")):
        line, = lines(server, f"nv_inference_{name}_duration_us", model="slow")
        assert re.fullmatch(r".* \d+", line)
        assert int(line.split()[-1]) == pytest.approx(stats[part]["ns"] / 1000, abs=1)
    assert server.metric("nv_inference_request_duration_us", model="slow") >= DELAY * 1000


def test_refused_requests_change_no_counter(server):
    before = [line for line in server.metrics().splitlines() if line.startswith("nv_inference")]
    assert ask(server, "m", *[[1.0]] * 9).status_code == 400
    assert ask(server, "nobody").status_code == 404
    assert server.infer("m", "{").status_code == 500
    assert server.infer("m", {"inputs": []}).status_code == 400
    assert [line for line in server.metrics().splitlines() if line.startswith("nv_inference")] == before


def failures(server, model):
    counted = {reason: server.metric("nv_inference_request_failure", model=model, reason=reason) for reason in REASONS}
    return {reason: count for reason, count in counted.items() if count}


def test_a_failed_execution_is_the_backend_s(server):
    load(server, "fails")
    for _ in range(2):
        assert ask(server, "fails").status_code == 500
    assert failures(server, "fails") == {"BACKEND": 2}
    assert server.metric("nv_inference_request_success", model="fails") == 0
    assert statistics(server, "fails")["inference_stats"]["fail"]["count"] == 2


def test_waiting_requests_are_pending_and_the_rest_rejected(server):
    load(server, "slow")
    with Crowd() as crowd:
        first = crowd.ask(server, "slow")
        until_executing()
        queued = [crowd.ask(server, "slow") for _ in range(2)]
        wait_until(lambda: pending(server, "slow") == 2)
        assert lines(server, "nv_inference_pending_request_count", model="slow")[0].endswith(" 2")
        assert ask(server, "slow").status_code == 503
        assert {reply.result().status_code for reply in (first, *queued)} == {200}
    assert pending(server, "slow") == 0
    assert failures(server, "slow") == {"REJECTED": 1}
    assert server.metric("nv_inference_request_success", model="slow") == 3
    assert server.metric("nv_inference_queue_duration_us", model="slow") >= DELAY * 1000


def test_a_batch_is_one_execution(repository, start_server):
    repository.add_identity("m", parameters={"execute_delay_ms": DELAY}, extra="dynamic_batching {}")
    server = start_server(repository.path)
    with Crowd() as crowd:
        replies = [crowd.ask(server, "m") for _ in range(6)]
        assert {reply.result().status_code for reply in replies} == {200}
    assert server.metric("nv_inference_request_success", model="m") == server.metric("nv_inference_count", model="m") == 6
    assert 2 <= server.metric("nv_inference_exec_count", model="m") <= 3


def test_load_time_is_told(repository, start_server):
    repository.add_identity("m", parameters={"creation_delay_sec": 1})
    server = start_server(repository.path)
    assert 1 <= server.metric("nv_model_load_duration_secs", model="m", version="1") < 1 + PATIENCE


def test_lines_come_and_go_with_versions(server):
    assert lines(server, "nv_inference_count", model="fails") == []
    load(server, "fails")
    assert len(lines(server, "nv_inference_count", model="fails")) == 1
    unload(server, "fails")
    wait_until(lambda: 'model="fails"' not in server.metrics())
    unload(server, "m")
    wait_until(lambda: not any(name.startswith("nv_inference") for name, _ in families(server)))


def test_tags_of_the_configuration_are_labels(repository, start_server):
    repository.add_identity("tagged", extra=r"""
        metric_tags { key: "team" value: "vision" }
        metric_tags { key: "Area" value: "a \"quoted\" \\ name" }
        """)
    repository.add_identity("plain")
    server = start_server(repository.path)
    assert ask(server, "tagged").status_code == 200
    assert lines(server, "nv_inference_count") == [
        'nv_inference_count{model="plain",version="1"} 0',
        r'nv_inference_count{_Area="a \"quoted\" \\ name",_team="vision",model="tagged",version="1"} 1']
    assert server.metric("nv_inference_count", _team="vision", _Area='a "quoted" \\ name') == 1
    failure = lines(server, "nv_inference_request_failure", model="tagged", reason="OTHER")
    assert failure == [r'nv_inference_request_failure{_Area="a \"quoted\" \\ name",_team="vision",model="tagged",'
                       r'reason="OTHER",version="1"} 0']


def test_one_model_s_tags_do_not_cost_everybody_the_metrics(repository, start_server):
    repository.add_identity("odd", extra=r"""
        metric_tags { key: "cost-center/eu" value: "1\n2" }
        metric_tags { key: "größe" value: "XL" }
        metric_tags { key: "two words\n\"x\"" value: "" }
        """)
    server = start_server(repository.path)
    assert lines(server, "nv_inference_count") == [
        r'nv_inference_count{_cost_center_eu="1\n2",_gr____e="XL",_two_words__x_="",model="odd",version="1"} 0']
    assert "nv_inference_count" in {family.name for family in text_string_to_metric_families(server.metrics())}


def test_counts_start_anew_with_a_new_load(repository, server):
    ask(server, "m")
    repository.add_identity("m", versions=(3,), parameters={"revision": 2})
    load(server, "m")
    assert lines(server, "nv_inference_count") == ['nv_inference_count{model="m",version="3"} 0']
