"""`neso serve` on bare Debians with nothing but the package: the line that it prints, run by Debian's curl, is answered."""
import json
import pathlib
import shutil

import pytest
from support.model_kinds import KINDS
from support.serving import Served

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def installed(machine, package):
    shutil.copy(package, machine.root / "tmp/neso.deb")
    machine.run("apt-get", "install", "-y", "--no-install-recommends", "/tmp/neso.deb", "curl")
    yield machine
    machine.run("apt-get", "purge", "-y", "neso")


@pytest.mark.parametrize("kind, more", [("onnx", ()), ("model.py", ("python3", "python3-numpy"))])
def test_the_printed_line_is_answered(installed, kind, more):
    if more:  # what Python models ask for
        installed.run("apt-get", "install", "-y", "--no-install-recommends", *more)
    folder = installed.root / "srv" / kind
    folder.mkdir()
    laid = KINDS[kind].lay_out(folder)
    what = pathlib.Path("/", laid.what.relative_to(installed.root))
    with Served(what, *laid.options, on=installed.command) as served:
        answer = json.loads(served.run_line())
        assert answer["model_name"] == "net"
        assert answer["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [2], "data": [1.0, 1.0]}]
    assert list((installed.root / "tmp").glob("neso-*")) == []
