"""Families of metrics whose models change: what is new in a model must not need another server."""
import pytest
from support.control import load, unload
from support.python_models import PythonModels, python_on_path
from support.wait import wait_until


@pytest.fixture
def server(repository, start_server):
    return start_server(repository.path, "--model-control-mode=explicit", env=python_on_path())


def add(repository, kind, description):
    PythonModels(repository).add("m", f"""
        def initialize(self, args):
            self.family = pb_utils.MetricFamily(name="py_changing", description="{description}",
                                                kind=pb_utils.MetricFamily.{kind})
            self.metric = self.family.Metric()
            self.metric.increment(1)

        def execute(self, requests):
            return [answer(OUT=values(request)) for request in requests]
        """)


def told(server):
    return [line for line in server.metrics().splitlines() if "py_changing" in line]


def test_another_description_is_no_reason_to_refuse_a_model(repository, server):
    add(repository, "COUNTER", "the first")
    assert load(server, "m").status_code == 200
    add(repository, "COUNTER", "the second")
    answer = load(server, "m")
    assert answer.status_code == 200, answer.text
    # While the new one loads the old one serves, and holds the family.
    wait_until(lambda: told(server) == ["# HELP py_changing the first", "# TYPE py_changing counter", "py_changing 2"])


def test_a_family_that_no_model_has_any_more_may_become_another(repository, server):
    add(repository, "COUNTER", "it counts")
    assert load(server, "m").status_code == 200
    unload(server, "m")
    wait_until(lambda: not told(server))
    add(repository, "GAUGE", "it goes up and down")
    answer = load(server, "m")
    assert answer.status_code == 200, answer.text
    assert told(server) == ["# HELP py_changing it goes up and down", "# TYPE py_changing gauge", "py_changing 1"]


def test_a_name_that_the_server_has_does_not_cost_everybody_the_metrics(repository, server):
    PythonModels(repository).add("m", """
        def initialize(self, args):
            self.families = [pb_utils.MetricFamily(name=name, description="Mine", kind=pb_utils.MetricFamily.GAUGE)
                             for name in ("nv_inference_count", "mine")]
            self.metrics = [family.Metric() for family in self.families]
            for metric in self.metrics:
                metric.set(7)

        def execute(self, requests):
            return [answer(OUT=values(request)) for request in requests]
        """)
    assert load(server, "m").status_code == 200
    lines = server.metrics().splitlines()
    assert lines.count("# TYPE nv_inference_count counter") == 1 and "# TYPE nv_inference_count gauge" not in lines
    assert "mine 7" in lines and "nv_inference_count 7" not in lines
    assert "the metrics 'nv_inference_count' of a model are left out: others have that name" in server.log
