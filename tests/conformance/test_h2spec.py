"""h2spec, all of its cases and the strict ones too, against both ports that speak HTTP/2, in the clear and over TLS."""
import subprocess
import xml.etree.ElementTree

import pytest
from support.certificates import Authority, tls_flags
from support.server import PATIENCE, ROOT
from support.wait import wait_until

H2SPEC = ROOT / ".deps" / "gotools" / "bin" / "h2spec"
LARGE_HEADER_BYTES = 300_000  # five such headers are more than a frame may have, which is 1 MiB


@pytest.fixture(scope="module", params=["clear", "TLS"])
def server(request, tmp_path_factory, module_repository, start_module_server):
    flags = []
    if request.param == "TLS":
        pair = Authority(tmp_path_factory.mktemp("pki"), "ours").issue("server")
        flags = tls_flags("grpc", pair) + tls_flags("http", pair)
    module_repository.add_identity("identity")
    server = start_module_server(module_repository.path, *flags, ready=not flags)
    server.is_tls = bool(flags)
    wait_until(lambda: "Started HTTPService" in server.log)
    return server


def outcomes(server, port, report, *args):
    """What became of each case: {"http2/5.1.1 Sends stream identifier ...": None or what went wrong}."""
    if server.is_tls:
        args = ["--tls", "--insecure", *args]
    run = subprocess.run([H2SPEC, "--port", str(getattr(server, port)), "--timeout", str(int(5 * PATIENCE)), "--strict",
                          "--junit-report", report, *args], capture_output=True, text=True, timeout=100 * PATIENCE)
    assert report.exists(), run.stdout + run.stderr
    cases = xml.etree.ElementTree.parse(report).getroot().iter("testcase")
    return {f"{case.get('package')} {case.get('classname')}":
            None if len(case) == 0 else " ".join(text.strip() for part in case for text in part.itertext())
            for case in cases}


@pytest.mark.parametrize("port", ["grpc_port", "http_port"])
def test_h2spec(server, tmp_path, port):
    found = outcomes(server, port, tmp_path / "all.xml")
    # A case of HEADERS that are too large takes the smallest limit there can be for ours, unless it is told to send more.
    found |= outcomes(server, port, tmp_path / "large.xml", "http2/4.2", "--max-header-length",
                      str(LARGE_HEADER_BYTES))
    wrong = {case: outcome for case, outcome in found.items() if outcome is not None}
    print(f"{len(found)} cases, {len(wrong)} of them failed or left out")
    assert wrong == {}
    assert len(found) == 146
