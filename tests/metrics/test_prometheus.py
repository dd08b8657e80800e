"""A real Prometheus that scrapes two servers under load, one in the text form and one in OpenMetrics: what it answers is what
was done, and every expression of the dashboard and of the rules has its data."""
import json
import time

import numpy as np
import pytest
import requests
import tritonclient.grpc as grpcclient
import yaml
from support import gpu, prometheus
from support.inference import Crowd, ask, statistics
from support.repository import ModelRepository
from support.server import ROOT, Server
from support.traces import read_traces
from support.wait import wait_until

pytestmark = [prometheus.needed, gpu.needs_stand_in]

REQUESTS = 40
FORMS = ["text", "openmetrics"]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus/neso.rules.yml"
# In place of what Grafana fills in.
VARIABLES = {"$__rate_interval": "1m", "$__interval": "1m", "$job": "neso", "$instance": ".*", "$model": ".*"}


def make_repository(folder):
    repository = ModelRepository(folder)
    cpu = "instance_group { kind: KIND_CPU } "  # those that are not asked run on the stand-ins' GPUs
    repository.add_identity("m", parameters={"execute_delay_ms": "20"},
                            extra=cpu + "dynamic_batching { default_queue_policy { max_queue_size: 100 } }")
    repository.add_identity("cached", extra=cpu + "response_cache { enable: true }")
    repository.add_identity("fails", extra=cpu, parameters={"execute_error": "on purpose"})
    return repository


def start(repository, *args):
    return Server(repository.path, "--metrics-config=histogram_latencies=true", "--cache-config=local,size=1048576",
                  "--metrics-interval-ms=0", *args, env=gpu.environment()).start()


def put_under_load(server):
    with Crowd(4) as crowd:
        for reply in [crowd.ask(server, "m", [1.0], [2.0]) for _ in range(REQUESTS)]:
            assert reply.result().status_code == 200
    for model, status in (("cached", 200), ("fails", 500)):
        for _ in range(5):
            assert ask(server, model).status_code == status
    with grpcclient.InferenceServerClient(server.grpc) as client:
        tensor = grpcclient.InferInput("INPUT0", [1, 1], "FP32")
        tensor.set_data_from_numpy(np.ones((1, 1), np.float32))
        for _ in range(5):
            client.infer("m", [tensor])


class Watched:
    """`servers` by form, a Prometheus that has seen all they did, and how long the load took."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    watched = Watched()
    watched.traces = tmp_path_factory.mktemp("traces") / "trace.json"
    repository = make_repository(tmp_path_factory.mktemp("repository") / "models")
    watched.servers = {
        "text": start(repository),
        "openmetrics": start(repository, "--metrics-config=openmetrics=true", "--trace-config=level=TIMESTAMPS",
                             "--trace-config=rate=1", f"--trace-config=triton,file={watched.traces}")}
    relabel = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"][0]["metric_relabel_configs"]
    targets = [{"targets": [f"127.0.0.1:{server.metrics_port}"], "labels": {"instance": form}}
               for form, server in watched.servers.items()]
    config = {"rule_files": [str(RULES)],
              "scrape_configs": [{"job_name": "neso", "static_configs": targets, "metric_relabel_configs": relabel}]}
    try:
        with prometheus.Prometheus(tmp_path_factory.mktemp("prometheus"), config) as watched.prometheus:
            # Rates are of what came after the first look.
            wait_until(lambda: (watched.prometheus.value("min(count_over_time(nv_inference_count{model='m'}[1m]))") or 0) >= 2)
            for server in watched.servers.values():
                put_under_load(server)
            for form in FORMS:
                wait_until(lambda form=form: watched.prometheus.value(
                    f'nv_inference_request_success{{model="m",instance="{form}"}}') == REQUESTS + 5)
            time.sleep(2 * prometheus.SCRAPE_SECONDS)  # what is counted beside the answers
            yield watched
    finally:
        for server in watched.servers.values():
            server.stop()


@pytest.fixture(params=FORMS)
def form(request):
    return request.param


@pytest.fixture
def value(watched, form):
    """value(expression): `#` stands for the labels of the server."""
    return lambda expression: watched.prometheus.value(expression.replace("#", f'instance="{form}"'))


def test_it_scrapes_without_an_error(watched):
    targets = watched.prometheus.get("targets", state="active")["activeTargets"]
    assert sorted((target["labels"]["instance"], target["health"], target["lastError"]) for target in targets) == [
        ("openmetrics", "up", ""), ("text", "up", "")]


def test_counts_are_those_of_the_requests_made(value):
    assert value('sum(nv_inference_request_success{#})') == REQUESTS + 5 + 5
    assert value('nv_inference_count{#,model="m"}') == 2 * REQUESTS + 5
    assert value('nv_inference_request_failure{#,model="fails",reason="BACKEND"}') == 5
    assert value('nv_cache_num_hits_per_model{#}') == 4
    assert value('neso_answers_total{#,service="HTTP",code="500"}') == 5
    assert value('neso_answers_total{#,service="GRPC",code="OK"}') >= 5
    assert value('count({__name__=~".*_created|nv_.*_total",#})') is None


def test_rates_agree_with_the_server_s_own_statistics(watched, form, value):
    # It extrapolates by up to a scrape at both ends.
    assert value('increase(nv_inference_request_success{#,model="m"}[5m])') == pytest.approx(REQUESTS + 5, rel=0.2)
    mean_us = value('rate(nv_inference_request_duration_us{#,model="m"}[5m])'
                    ' / rate(nv_inference_request_success{#,model="m"}[5m])')
    success = statistics(watched.servers[form], "m")["inference_stats"]["success"]
    assert mean_us == pytest.approx(success["ns"] / success["count"] / 1000, rel=0.01)
    seconds = value('histogram_quantile(0.5, rate(nv_inference_request_histogram_ms_bucket{#,model="m"}[5m])) / 1e3')
    assert 0.01 <= seconds <= 60, "an execution takes 20 ms, which is in the bucket from 10 ms"
    assert value('sum(nv_inference_request_histogram_ms_count{#,model="m"})') == REQUESTS + 5


def is_json(path):
    try:
        return path.exists() and bool(json.loads(path.read_text()))
    except json.JSONDecodeError:
        return False


def test_examples_lead_to_traces(watched):
    found = watched.prometheus.get("query_exemplars", query='nv_inference_request_histogram_ms_bucket{model="m"}',
                                   start=time.time() - 600, end=time.time() + 60)
    assert {series["seriesLabels"]["instance"] for series in found} == {"openmetrics"}
    ids = {exemplar["labels"]["trace_id"] for series in found for exemplar in series["exemplars"]}
    assert ids
    server = watched.servers["openmetrics"]
    assert server.post("/v2/trace/setting", {"trace_rate": "1"}).status_code == 200  # which writes what there is
    wait_until(lambda: is_json(watched.traces))  # whole
    wait_until(lambda: ids <= {str(trace.id) for trace in read_traces(watched.traces) if trace.model == "m"})


def expressions_of_the_dashboard():
    dashboard = json.loads((DEPLOY / "grafana/neso.json").read_text())
    return [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", [])]


def fill(expression):
    for variable, text in VARIABLES.items():
        expression = expression.replace(variable, text)
    assert "$" not in expression
    return expression


@pytest.mark.parametrize("title, expression", expressions_of_the_dashboard())
def test_every_panel_of_the_dashboard_has_data(watched, title, expression):
    found = watched.prometheus.query(fill(expression))
    assert found, title
    assert any(number == number for _, number in found), f"{title}: nothing but NaN"


def test_the_dashboard_s_variables_and_notes_are_understood(watched):
    dashboard = json.loads((DEPLOY / "grafana/neso.json").read_text())
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        series, label = variable["definition"].removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
        assert watched.prometheus.get(f"label/{label}/values", **{"match[]": fill(series)}), variable["name"]
    for note in dashboard["annotations"]["list"]:
        watched.prometheus.query(fill(note["expr"]))


def rules():
    return [(rule.get("record") or rule["alert"], rule["expr"], "alert" in rule)
            for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("name, expression, is_alert", rules())
def test_every_rule_is_evaluated_and_has_data(watched, name, expression, is_alert):
    # An alert's last comparison says when it is too much.
    looked_at = expression.rsplit(" > ", 1)[0].rsplit(" == ", 1)[0] if is_alert else expression
    wait_until(lambda: watched.prometheus.query(looked_at))
    if not is_alert:
        wait_until(lambda: watched.prometheus.query(name))


def test_the_rules_are_healthy_and_what_fails_all_the_time_is_about_to_wake_somebody(watched):
    groups = watched.prometheus.get("rules")["groups"]
    assert {(rule["name"], rule["health"]) for group in groups for rule in group["rules"] if rule["health"] != "ok"} == set()
    pending = {alert["labels"]["alertname"] for alert in watched.prometheus.get("alerts")["alerts"]}
    assert "NesoFailures" in pending and "NesoDown" not in pending


@pytest.mark.parametrize("accept, ours", [("text/plain", ("neso_", "process_")), ("application/openmetrics-text", ())])
def test_promtool_has_nothing_against_what_is_ours(watched, accept, ours):
    # Of the server that traces nothing: promtool knows the text form only, of which OpenMetrics without exemplars is one as
    # far as numbers go. The status is 3 when names and texts could be better, as Triton's could.
    text = requests.get(watched.servers["text"].metrics_url, headers={"Accept": accept}, timeout=30).text
    status, found = prometheus.promtool("check", "metrics", input=text)
    assert status in (0, 3), found
    assert not [line for line in found.splitlines() if ours and line.startswith(ours)], found
