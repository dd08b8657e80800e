"""Load balancers ask generate how full the KV cache is; the plug-in is tests/backends/kv_cache."""

import pytest
from support.plugins import needs_plugins
from support.server import TEST_BACKENDS


pytestmark = needs_plugins("kv_cache", "slow")

JSON = 'JSON {"named_metrics":{"kv_cache_utilization":0.25,"max_token_capacity":6400}}'
TEXT = "TEXT named_metrics.kv_cache_utilization=0.25, named_metrics.max_token_capacity=6400"


def add(repository, name, backend="kv_cache"):
    repository.add(name, f"""
        backend: "{backend}"
        input {{ name: "IN" data_type: TYPE_INT32 dims: [1] }}
        output {{ name: "OUT" data_type: TYPE_INT32 dims: [1] }}
        """)


def generate(server, model, kind="generate", **headers):
    response = server.post(f"/v2/models/{model}/{kind}", {"IN": 25}, headers=headers)
    assert response.status_code == 200, response.text
    return response.headers.get("endpoint-load-metrics")


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    add(module_repository, "llm")
    add(module_repository, "partial")
    add(module_repository, "other", "slow")
    return start_module_server(module_repository.path, f"--backend-directory={TEST_BACKENDS}")


@pytest.mark.parametrize("kind", ["generate", "generate_stream"])
@pytest.mark.parametrize("headers,expected", [
    ({"endpoint-load-metrics-format": "json"}, JSON), ({"Endpoint-Load-Metrics-Format": "text"}, TEXT),
    ({"endpoint-load-metrics-format": "bin"}, None), ({"endpoint-load-metrics-format": ""}, None), ({}, None),
])
def test_whoever_asks_is_told(server, kind, headers, expected):
    assert generate(server, "llm", kind, **headers) == expected


def test_any_model_s_answer_tells_it(server):
    generate(server, "llm")
    generate(server, "partial")
    assert generate(server, "other", **{"endpoint-load-metrics-format": "text"}) == TEXT


def test_infer_does_not_tell(server):
    response = server.infer("llm", {"inputs": [{"name": "IN", "datatype": "INT32", "shape": [1], "data": [1]}]},
                            headers={"endpoint-load-metrics-format": "json"})
    assert response.status_code == 200
    assert "endpoint-load-metrics" not in response.headers


def test_without_the_metrics_nothing_is_told(repository, start_server):
    add(repository, "partial")
    add(repository, "other", "slow")
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}")
    for model in ("partial", "other"):
        assert generate(server, model, **{"endpoint-load-metrics-format": "json"}) is None
