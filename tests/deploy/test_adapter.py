"""The rule of the Prometheus adapter, as the adapter asks for it, on a real Prometheus that watches a server."""
import re

import yaml
from support.prometheus import Prometheus, needed
from support.server import ROOT
from support.wait import wait_until


@needed
def test_the_queue_time_of_each_pod(repository, start_server, tmp_path):
    repository.add_identity("identity", extra='parameters { key: "execute_delay_ms" value { string_value: "20" } }')
    server = start_server(repository.path)
    (rule,) = yaml.safe_load((ROOT / "deploy/prometheus/adapter.yml").read_text())["rules"]["custom"]
    labels = {"namespace": "here", "pod": "neso-1"}
    query = rule["metricsQuery"].replace("<<.GroupBy>>", "pod").replace("<<.LabelMatchers>>", 'namespace="here",pod="neso-1"')
    assert "<<" not in query
    address = re.search("//([^/]+)", server.metrics_url)[1]
    scrape = [{"job_name": "neso", "static_configs": [{"targets": [address], "labels": labels}]}]
    with Prometheus(tmp_path, {"scrape_configs": scrape}) as prometheus:
        assert wait_until(lambda: prometheus.query(rule["seriesQuery"]), timeout=20)[0][0]["pod"] == "neso-1"
        assert wait_until(lambda: prometheus.query(query), timeout=20) == [({"pod": "neso-1"}, 0)]
        for _ in range(5):
            server.infer("identity", {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 1], "data": [1]}]})
        assert wait_until(lambda: prometheus.query(query)[0][1], timeout=20) > 0
    assert rule["name"]["as"] == "avg_time_queue_us"
