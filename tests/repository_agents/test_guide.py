"""The guide of repository agents: what it shows is the example, which is built as it says and does what it says."""
import shutil
import subprocess

import pytest
from support.agents import agents
from support.control import load
from support.server import ROOT, TREE

EXAMPLE = ROOT / "examples" / "agents" / "overlay"
GUIDE = (ROOT / "docs" / "repository-agents.md").read_text()

pytestmark = pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")


@pytest.fixture(scope="module")
def server(module_repository, start_module_server, tmp_path_factory):
    build = tmp_path_factory.mktemp("overlay")
    for command in (["cmake", "-S", EXAMPLE, "-B", build, f"-DCMAKE_PREFIX_PATH={TREE}"], ["cmake", "--build", build]):
        built = subprocess.run(command, capture_output=True, text=True)
        assert built.returncode == 0, built.stdout + built.stderr
    return start_module_server(module_repository.path, "--model-control-mode=explicit",
                               f"--repoagent-directory={build / 'repoagents'}")


@pytest.mark.parametrize("language, file", [("cpp", "overlay.cc"), ("cmake", "CMakeLists.txt")])
def test_the_guide_shows_the_example(language, file):
    assert f"```{language}\n{(EXAMPLE / file).read_text()}```" in GUIDE


def test_an_overlay_takes_the_place_of_files(server, module_repository, tmp_path):
    over = type(module_repository)(tmp_path / "site").add_identity("m", max_batch_size=3)
    module_repository.add("m", agents(("overlay", {"over": over})), versions=(2,))
    assert load(server, "m").status_code == 200
    assert server.get("/v2/models/m/config").json()["max_batch_size"] == 3
    assert server.get("/v2/models/m").json()["versions"] == ["2"]


def test_a_folder_that_is_not_there_is_told(server, module_repository):
    module_repository.add_identity("n", extra=agents(("overlay", {"over": "/none"})))
    assert load(server, "n").status_code == 500
    assert "Poll failed for model directory 'n': filesystem error: cannot copy: No such file or directory [/none]" in server.log
