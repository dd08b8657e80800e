"""The units are sound, say how exposed the service is, and name their sockets as the server wants them."""
import configparser
import re
import shutil
import signal
import subprocess

import pytest
import requests
import tritonclient.grpc as grpcclient
from support.server import ROOT, TREE, Server, free_port
from support.wait import wait_until

UNITS = ROOT / "deploy/systemd"
SERVICE = UNITS / "neso.service"
SOCKETS = {"http": 8000, "grpc": 8001, "metrics": 8002}
pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")


def analyze(*args):
    return subprocess.run(["systemd-analyze", *args], capture_output=True, text=True)


def test_the_units_are_verified(tmp_path):
    for unit in UNITS.glob("neso*.s*"):
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/neso/", f"{TREE}/"))
    units = sorted(str(path) for path in tmp_path.iterdir())
    assert len(units) == 4
    result = analyze("verify", "--man=no", *units)
    complaints = [line for line in result.stderr.splitlines() if "neso" in line]  # not those about the machine's own units
    assert complaints == []


def test_a_wrong_unit_would_be_told(tmp_path):
    unit = tmp_path / "neso-http.socket"
    unit.write_text((UNITS / unit.name).read_text().replace("Service=neso.service", "Service=neso.socket"))
    assert "neso-http.socket" in analyze("verify", "--man=no", str(unit)).stderr


def test_the_service_is_little_exposed():
    result = analyze("security", "--offline=true", str(SERVICE))
    level = re.search(r"Overall exposure level for neso.service: ([\d.]+)", result.stdout)
    assert level, result.stdout + result.stderr
    print(f"exposure level {level[1]} of 10")
    assert float(level[1]) <= 2.5


def test_gpus_and_shared_memory_stay_open():
    settings = dict(line.split("=", 1) for line in SERVICE.read_text().splitlines() if re.match(r"\w+=", line))
    for closing in ("PrivateDevices", "DevicePolicy", "DeviceAllow", "ProtectClock", "PrivateIPC", "MemoryDenyWriteExecute"):
        assert closing not in settings, closing


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="there is no systemd-socket-activate here")
def test_the_first_connection_starts_a_server_that_takes_all_sockets(repository):
    repository.add_identity("identity")
    server = Server(repository.path, "--http-port=1", "--grpc-port=2", "--metrics-port=3")  # ports that nobody may take
    listen, names = [], []
    for name, port in SOCKETS.items():
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str
        unit.read(UNITS / f"neso-{name}.socket")
        socket = unit["Socket"]
        assert (socket["ListenStream"], socket["Service"]) == (str(port), "neso.service")
        listen.append(free_port())
        names.append(socket["FileDescriptorName"])
    server.http_port, server.grpc_port, server.metrics_port = listen
    server.command = ["systemd-socket-activate", *(f"--listen=127.0.0.1:{port}" for port in listen),
                      f"--fdname={':'.join(names)}", *server.command]
    server.wait_for_ready = False
    server.start()
    try:
        wait_until(lambda: "Listening on" in server.log)
        assert "Neso" not in server.log and "Started" not in server.log  # nobody has connected yet
        assert requests.get(f"{server.url}/v2/health/ready", timeout=30).status_code == 200
        with grpcclient.InferenceServerClient(server.grpc) as client:
            assert client.is_server_ready()
        assert "nv_inference_count" in requests.get(server.metrics_url, timeout=30).text
    finally:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0, server.log
        server.process = None
