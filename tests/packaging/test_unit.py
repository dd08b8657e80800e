"""The unit file is sound, and says how exposed the service is."""
import re
import shutil
import subprocess

import pytest
from support.server import ROOT, TREE

UNIT = ROOT / "deploy/systemd/neso.service"
pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")


def analyze(*args):
    return subprocess.run(["systemd-analyze", *args], capture_output=True, text=True)


def test_the_unit_is_verified(tmp_path):
    unit = tmp_path / "neso.service"
    unit.write_text(UNIT.read_text().replace("/opt/neso/", f"{TREE}/"))
    result = analyze("verify", "--man=no", str(unit))
    complaints = [line for line in result.stderr.splitlines() if "neso" in line]  # not those about the machine's own units
    assert complaints == []


def test_the_service_is_little_exposed(tmp_path):
    result = analyze("security", "--offline=true", str(UNIT))
    level = re.search(r"Overall exposure level for neso.service: ([\d.]+)", result.stdout)
    assert level, result.stdout + result.stderr
    print(f"exposure level {level[1]} of 10")
    assert float(level[1]) <= 2.5


def test_gpus_and_shared_memory_stay_open():
    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if re.match(r"\w+=", line))
    for closing in ("PrivateDevices", "DevicePolicy", "DeviceAllow", "ProtectClock", "PrivateIPC", "MemoryDenyWriteExecute"):
        assert closing not in settings, closing
