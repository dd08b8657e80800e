"""The guide of repository agents: its example is the one that is built here, and does what it says."""
import pytest
from support.agents import agents, agents_folder
from support.control import load
from support.server import ROOT


@pytest.fixture
def server(start_server, repository, tmp_path):
    return start_server(repository.path, "--model-control-mode=explicit",
                        f"--repoagent-directory={agents_folder(tmp_path / 'agents')}")


def test_the_guide_shows_the_example():
    source = (ROOT / "examples/agents/overlay/overlay.cc").read_text()
    assert f"```cpp\n{source}```" in (ROOT / "docs/repository-agents.md").read_text()


def test_an_overlay_takes_the_place_of_files(server, repository, tmp_path):
    over = type(repository)(tmp_path / "site").add_identity("m", max_batch_size=3)
    repository.add("m", agents(("overlay", {"over": over})), versions=(2,))
    assert load(server, "m").status_code == 200
    assert server.get("/v2/models/m/config").json()["max_batch_size"] == 3
    assert server.get("/v2/models/m").json()["versions"] == ["2"]


def test_a_folder_that_is_not_there_is_told(server, repository):
    repository.add_identity("m", extra=agents(("overlay", {"over": "/none"})))
    assert load(server, "m").status_code == 500
    assert "Poll failed for model directory 'm': filesystem error: cannot copy: No such file or directory [/none]" in server.log
