"""The compose file: valid by the schema of the Compose Specification, its parts find each other, and what it starts is started."""
import json
import posixpath
import re
import subprocess
from urllib.parse import urlsplit

import pytest
import yaml
from support.prometheus import Prometheus, needed
from support.server import BUILD, ROOT
from support.wait import wait_until

FOLDER = ROOT / "deploy/compose"
FILE = FOLDER / "compose.yaml"
VALIDATE = ROOT / ".deps/manifests/bin/check-jsonschema"
SERVICES = yaml.safe_load(FILE.read_text())["services"]


def read(path):
    return yaml.safe_load(path.read_text())


def mounts(service):
    """{place in the container: file here}, of those that are files of the repository."""
    parts = [re.match(r"(\.\.?/[^:]*):([^:]*):ro$", volume) for volume in SERVICES[service]["volumes"]]
    return {part[2]: (FOLDER / part[1]).resolve() for part in parts if part}


def mounted(service, place):
    """The file of the repository that a program in the container finds at `place`."""
    found = mounts(service).get(place)
    assert found is not None and found.is_file(), f"{service} has nothing at {place}"
    return found


def ports(service):
    """Those within the network that are known: by what is published, and the server's own."""
    known = {int(port.rsplit(":", 1)[1]) for port in SERVICES[service]["ports"]}
    return known | ({8002} if service == "neso" else set())


@pytest.mark.skipif(not VALIDATE.exists(), reason="check-jsonschema is not set up: scripts/setup charts")
def test_it_is_valid_by_the_compose_specification(tmp_path):
    def validate(path):
        return subprocess.run([VALIDATE, "--builtin-schema", "vendor.compose-spec", path], capture_output=True, text=True)
    assert validate(FILE).returncode == 0, validate(FILE).stdout
    (tmp_path / "compose.yaml").write_text(FILE.read_text().replace("read_only:", "readonly:"))
    assert "'readonly' was unexpected" in validate(tmp_path / "compose.yaml").stdout


def test_images_are_of_one_version():
    version = re.search(r"^CMAKE_PROJECT_VERSION:STATIC=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)[1]
    assert SERVICES["neso"]["image"] == f"${{NESO_IMAGE:-neso:{version}}}"
    for service in ("prometheus", "grafana"):
        assert re.fullmatch(r"[\w.-]+/[\w.-]+:v?\d+\.\d+\.\d+", SERVICES[service]["image"]), service


def test_what_is_mounted_is_there_and_in_no_place_twice():
    for service, words in SERVICES.items():
        places = [volume.split(":")[-2] if volume.endswith(":ro") else volume.split(":")[-1] for volume in words["volumes"]]
        assert len(set(places)) == len(places), service
        for path in mounts(service).values():
            assert path.is_file() and path.is_relative_to(ROOT / "deploy"), path
    named = {volume.split(":")[0] for words in SERVICES.values() for volume in words["volumes"] if re.match(r"\w+:", volume)}
    assert named == set(read(FILE)["volumes"])


def test_published_ports_are_apart_and_only_those_of_models_are_for_strangers():
    published = [port for words in SERVICES.values() for port in words["ports"]]
    assert len({port.split(":")[-2] for port in published}) == len(published)
    assert [port for port in published if not port.startswith("127.0.0.1:")] == ["8000:8000", "8001:8001"]


def test_prometheus_finds_the_server_and_the_rules():
    config = read(mounted("prometheus", "/etc/prometheus/prometheus.yml"))
    for rules in config["rule_files"]:
        assert mounted("prometheus", posixpath.join("/etc/prometheus", rules)) == ROOT / "deploy/prometheus/neso.rules.yml"
    (target,) = config["scrape_configs"][0]["static_configs"][0]["targets"]
    service, port = target.split(":")
    assert int(port) in ports(service)


def test_grafana_finds_prometheus_and_the_dashboard():
    (source,) = read(mounted("grafana", "/etc/grafana/provisioning/datasources/neso.yml"))["datasources"]
    address = urlsplit(source["url"])
    assert address.port in ports(address.hostname) and address.hostname in SERVICES["grafana"]["depends_on"]
    scrapes = read(mounted("prometheus", "/etc/prometheus/prometheus.yml"))["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scrapes
    (provider,) = read(mounted("grafana", "/etc/grafana/provisioning/dashboards/neso.yml"))["providers"]
    dashboard = json.loads(mounted("grafana", provider["options"]["path"] + "/neso.json").read_text())
    # What a panel asks, it asks of the source that is chosen, which is the only one.
    assert {variable["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "datasource"} == {source["type"]}
    assert mounted("grafana", SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])


@needed
def test_a_prometheus_started_so_watches_a_server_started_so(repository, start_server, tmp_path):
    repository.add_identity("digits")
    words = SERVICES["neso"]["command"]
    assert words[0] == "--model-repository=/models" and any(volume.endswith(":/models:ro") for volume in SERVICES["neso"]["volumes"])
    server = start_server(repository.path, *words[1:])
    server.infer("digits", {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 1], "data": [1]}]})
    config = read(FOLDER / "prometheus.yml")
    del config["global"]  # a test does not wait for 15 seconds
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{server.metrics_port}"]
    config["rule_files"] = [str(mounts("prometheus")[posixpath.join("/etc/prometheus", name)]) for name in config["rule_files"]]
    with Prometheus(tmp_path, config) as prometheus:
        wait_until(lambda: prometheus.value('nv_inference_request_success{job="neso",model="digits"}') == 1, timeout=30)
        wait_until(lambda: prometheus.query('nv_inference_request_histogram_ms_bucket{model="digits"}'), timeout=30)
        assert {group["name"] for group in prometheus.get("rules")["groups"]} == {"neso-recording", "neso-alerts"}
