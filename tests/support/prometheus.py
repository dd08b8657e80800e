"""A real Prometheus on a free port of loopback, with its data in a temporary folder.

    with Prometheus(tmp_path, {"scrape_configs": [...]}) as prometheus:
        prometheus.value('sum(nv_inference_count{instance="a"})')
"""
import json
import subprocess

import pytest
import requests

from .server import PATIENCE, ROOT, free_port
from .wait import wait_until

PROGRAMS = ROOT / ".deps/prometheus/bin"
SCRAPE_SECONDS = 0.25

needed = pytest.mark.skipif(not (PROGRAMS / "prometheus").exists(),
                            reason="there is no Prometheus here: scripts/setup test")


def promtool(*args, **kwargs):
    """Its exit status and all that it printed."""
    result = subprocess.run([PROGRAMS / "promtool", *args], capture_output=True, text=True, timeout=60 * PATIENCE, **kwargs)
    return result.returncode, result.stdout + result.stderr


class Prometheus:
    def __init__(self, folder, config):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.folder = folder
        interval = f"{int(SCRAPE_SECONDS * 1000)}ms"
        (folder / "prometheus.yml").write_text(json.dumps(
            {"global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
             **config}))  # JSON is YAML

    def __enter__(self):
        command = [PROGRAMS / "prometheus", f"--config.file={self.folder / 'prometheus.yml'}",
                   f"--storage.tsdb.path={self.folder / 'data'}", f"--web.listen-address={self.url[len('http://'):]}",
                   "--enable-feature=exemplar-storage", "--log.level=warn"]
        self.log = self.folder / "prometheus.log"
        self.process = subprocess.Popen(command, stdout=self.log.open("w"), stderr=subprocess.STDOUT)
        try:
            wait_until(self._is_ready, timeout=30)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait(30 * PATIENCE)

    def _is_ready(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{self.url}/-/ready", timeout=10).status_code == 200
        except requests.ConnectionError:
            return False

    def get(self, path, **parameters):
        """The data of an answer of its API; an error fails the test."""
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30 * PATIENCE).json()
        assert answer["status"] == "success", (parameters, answer)
        return answer["data"]

    def query(self, expression, **parameters):
        """Series as [(labels, value)]."""
        return [(series["metric"], float(series["value"][1]))
                for series in self.get("query", query=expression, **parameters)["result"]]

    def value(self, expression, **parameters):
        """That of the one series there is; None if there is none."""
        found = self.query(expression, **parameters)
        assert len(found) <= 1, (expression, found)
        return found[0][1] if found else None
