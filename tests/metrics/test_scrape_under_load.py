"""Scrapes while requests come without a pause: no request suffers, and what is read without a lock makes sense."""
from prometheus_client.parser import text_string_to_metric_families
from support.hammer import Hammer

SCRAPES = 60


def samples(server):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(server.metrics()) for sample in family.samples
            if "quantile" not in sample.labels and family.type != "gauge"}


def test_no_count_falls_and_no_histogram_contradicts_itself(repository, start_server):
    repository.add_identity("m", extra="dynamic_batching {}")
    server = start_server(repository.path, "--metrics-config=histogram_latencies=true",
                          "--metrics-config=summary_latencies=true", "--metrics-interval-ms=0")
    before = samples(server)
    with Hammer(server, "m", threads=3) as hammer:
        for _ in range(SCRAPES):
            now = samples(server)
            fallen = {key: (before[key], now[key]) for key in before.keys() & now.keys() if now[key] < before[key]}
            assert not fallen
            assert len(before.keys() - now.keys()) == 0, "what was counted once is there for good"
            for (name, labels), value in now.items():
                if ("le", "+Inf") in labels:
                    count = now[name.removesuffix("_bucket") + "_count", tuple(l for l in labels if l[0] != "le")]
                    assert value == count
            before = now
        hammer.until_more()
    assert hammer.failures == []
    counted = server.metric("nv_inference_request_success", model="m")
    assert counted == hammer.answers == server.metric("nv_inference_request_histogram_ms_count", model="m")
