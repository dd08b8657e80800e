"""h2spec, all of its cases and the strict ones too, against both ports that speak HTTP/2."""
import subprocess
import xml.etree.ElementTree

import pytest
from support.server import PATIENCE, ROOT

H2SPEC = ROOT / ".deps" / "gotools" / "bin" / "h2spec"
LARGE_HEADER_BYTES = 300_000  # five such headers are more than a frame may have, which is 1 MiB


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity")
    return start_module_server(module_repository.path)


def outcomes(port, report, *args):
    """What became of each case: {"http2/5.1.1 Sends stream identifier ...": None or what went wrong}."""
    run = subprocess.run([H2SPEC, "--port", str(port), "--timeout", str(int(5 * PATIENCE)), "--strict", "--junit-report",
                          report, *args], capture_output=True, text=True, timeout=100 * PATIENCE)
    assert report.exists(), run.stdout + run.stderr
    cases = xml.etree.ElementTree.parse(report).getroot().iter("testcase")
    return {f"{case.get('package')} {case.get('classname')}":
            None if len(case) == 0 else " ".join(text.strip() for part in case for text in part.itertext())
            for case in cases}


@pytest.mark.parametrize("port", ["grpc_port", "http_port"])
def test_h2spec(server, tmp_path, port):
    found = outcomes(getattr(server, port), tmp_path / "all.xml")
    # A case of HEADERS that are too large takes the smallest limit there can be for ours, unless it is told to send more.
    found |= outcomes(getattr(server, port), tmp_path / "large.xml", "http2/4.2", "--max-header-length",
                      str(LARGE_HEADER_BYTES))
    wrong = {case: outcome for case, outcome in found.items() if outcome is not None}
    print(f"{len(found)} cases, {len(wrong)} of them failed or left out")
    assert wrong == {}
    assert len(found) == 146
