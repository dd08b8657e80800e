"""Alert and recording rules: promtool takes them, each alert fires when it should, and says what to do."""
import re

import pytest
import yaml
from support import prometheus
from support.server import ROOT

pytestmark = prometheus.needed

RULES = ROOT / "deploy/prometheus/neso.rules.yml"
TESTS = ROOT / "tests/metrics/alerts.test.yml"


@pytest.fixture(scope="module")
def alerts():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"] if "alert" in rule]


def test_promtool_takes_the_rules_and_the_configuration():
    for check in (["rules", RULES], ["config", ROOT / "deploy/prometheus/prometheus.yml"]):
        status, text = prometheus.promtool("check", *check)
        assert status == 0, text


def test_alerts_fire_when_they_should():
    status, text = prometheus.promtool("test", "rules", TESTS.name, cwd=TESTS.parent)
    assert status == 0, text


def test_each_alert_is_tested(alerts):
    tested = set(re.findall(r"alertname: (\w+)\n", TESTS.read_text()))
    assert tested == {alert["alert"] for alert in alerts}


def test_each_alert_says_what_to_do(alerts):
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs/monitoring.md").read_text(), re.M)
    assert sorted(headings) == sorted(alert["alert"] for alert in alerts)
    for alert in alerts:
        assert alert["annotations"]["runbook"] == f"docs/monitoring.md#{alert['alert'].lower()}"
        assert alert["labels"]["severity"] in ("critical", "warning")
