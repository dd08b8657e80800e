"""What one and the same repository agent is told by a real Triton and by Neso; and Neso's checksum agent in Triton."""
import hashlib
import re

import pytest
from support.agents import Recording, agents, agents_folder
from support.control import load, unload
from support.server import Server
from support.triton import Triton, needs_triton
from support.wait import wait_until

pytestmark = needs_triton


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return agents_folder(tmp_path_factory.mktemp("agents") / "repoagents")


@pytest.fixture(scope="module")
def servers(module_repository, folder):
    running = []
    for kind in (Server, Triton):
        server = kind(module_repository.path, "--model-control-mode=explicit", f"--repoagent-directory={folder}")
        running.append(server.start())
    yield running
    for server in running:
        server.stop()


def told_by(servers, repository, tmp_path, do, wishes):
    """What the recorders hear from each server, without the names of temporary folders."""
    def hear(server, recording):
        repository.add_identity("m", extra=agents(*wishes(recording)))
        do(server)
        wait_until(lambda: count(recording, "finalized") == count(recording, "LOAD") > 0 or server.process.poll() is not None)
        return recording

    heard = []
    for server in servers:
        recording = hear(server, Recording(tmp_path / type(server).__name__))
        if server.process.poll() in server.other_ends:  # a real one that crashed while it unloaded: it gets another chance
            recording = hear(server.start(), Recording(tmp_path / "again"))
        assert server.process.poll() is None
        heard.append([re.sub(r"/tmp/(?!pytest)\S+", "<acquired>", line) for line in recording.lines()])
    return heard


def count(recording, event):
    return sum(told.endswith(f" {event}") for told in recording.events())


def load_and_unload(server):
    assert load(server, "m").status_code == 200
    assert unload(server, "m").status_code == 200


def load_in_vain(server):
    response = load(server, "m")
    assert response.status_code != 200
    assert response.json()["error"] == "failed to load 'm', failed to poll from model repository"


@pytest.mark.parametrize("wishes", [
    lambda r: [r.agent()],
    lambda r: [r.agent(), r.agent("b"), r.agent("c")],
    lambda r: [r.agent(copy="true"), r.agent("b")],
    lambda r: [r.agent(copy="true", release="true")],
], ids=["one", "three", "moved", "released"])
def test_a_life_is_told_alike(servers, module_repository, tmp_path, wishes):
    neso, triton = told_by(servers, module_repository, tmp_path, load_and_unload, wishes)
    assert neso == triton


@pytest.mark.parametrize("wishes", [
    lambda r: [r.agent(fail="LOAD")],
    lambda r: [r.agent(), r.agent("b", fail="LOAD"), r.agent("c")],
    lambda r: [r.agent(), ("no_such", {})],
], ids=["one", "three", "absent"])
def test_a_refusal_is_told_alike(servers, module_repository, tmp_path, wishes):
    neso, triton = told_by(servers, module_repository, tmp_path, load_in_vain, wishes)
    assert neso == triton


def test_what_checksum_says_in_triton(servers, module_repository):
    """Compiled for Neso, it serves there, too."""
    for digest, status in ((hashlib.md5(b"x").hexdigest(), 200), ("0" * 32, 500)):
        folder = module_repository.add_identity("sum", extra=agents(("checksum", {"MD5:1/x": digest})))
        (folder / "1" / "x").write_bytes(b"x")
        for server in servers:
            assert load(server, "sum").status_code == status
            unload(server, "sum")
