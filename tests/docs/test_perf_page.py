"""What the page about `neso perf` shows works as shown."""
import re
import shlex

import pytest
from support.server import ROOT, run_neso

PAGE = (ROOT / "docs" / "perf.md").read_text()


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("digits", dims=(64,), parameters={"execute_delay_ms": "20"})
    return start_module_server(module_repository.path)


@pytest.mark.parametrize("marker, shown", [("concurrency", "Concurrency: 4, throughput: "),
                                           ("rate", "Request Rate: 200, throughput: "),
                                           ("limit", "Limit: ")])
def test_commands(server, marker, shown):
    text = PAGE.split(f"<!-- test:{marker} -->", 1)[1]
    [command] = re.search(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL).group(1).strip().splitlines()
    neso, *words = shlex.split(command)
    assert neso == "neso" and words[0] == "perf"
    # The same, but shorter and whatever the machine does meanwhile. What is given last counts.
    ran = run_neso(*words, "-u", f"127.0.0.1:{server.http_port}", "-p", "60", "-s", "10000", timeout=40)
    assert ran.returncode == 0, ran.stderr
    assert shown in ran.stdout
