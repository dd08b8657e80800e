"""What the pages about access control and hardening show works as shown."""
import json
import re
import subprocess
import sys

import pytest
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, TREE, run_neso
from support.wait import wait_until

PAGE = ROOT / "docs" / "access-control.md"
HARDENING = ROOT / "docs" / "hardening.md"


def block(marker, language, page=PAGE):
    text = page.read_text().split(f"<!-- test:{marker} -->", 1)[1]
    return re.search(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL).group(1)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """The folder in which the page's keys have been made."""
    folder = tmp_path_factory.mktemp("access")
    *create, start = block("create", "sh").strip().splitlines()
    assert start == "neso --model-repository=models --access-keys=keys.json --audit-log=audit.jsonl"
    run("\n".join(create), folder)
    return folder


def run(commands, folder):
    shell = commands.replace("neso key", f"{TREE}/bin/neso key")
    return subprocess.run(["bash", "-ec", shell], cwd=folder, capture_output=True, text=True, check=True,
                          timeout=60 * PATIENCE).stdout


@pytest.fixture(scope="module")
def server(work, start_module_server):
    repository = ModelRepository(work / "models")
    for name in ("digits", "faces"):
        repository.add_identity(name)
    return start_module_server(repository.path, f"--access-keys={work / 'keys.json'}", f"--audit-log={work / 'audit.jsonl'}",
                               "--model-control-mode=explicit", "--load-model=*")


def test_the_command_and_the_clients(server, work):
    answer = json.loads(run(block("curl", "sh").replace("localhost:8000", server.http), work))
    assert answer["name"] == "digits"
    code = block("clients", "python").replace("localhost:8000", server.http).replace("localhost:8001", server.grpc)
    result = subprocess.run([sys.executable, "-c", code], cwd=work, capture_output=True, text=True, timeout=60 * PATIENCE)
    assert (result.returncode, result.stdout) == (0, "digits\ndigits\n"), result.stderr


def test_the_lines_of_the_audit_log(server, work):
    operator, team = ({"Authorization": f"Bearer {(work / f'{name}.key').read_text().strip()}"}
                      for name in ("operator", "team-a"))
    server.post("/v2/repository/models/digits/load", headers=operator)
    server.post("/v2/models/faces/infer", headers=team)
    shown = [json.loads(line) for line in block("audit", "json").splitlines()]

    def alike(line, other):
        return line.keys() == other.keys() and all(line[name] == other[name] for name in line if name not in ("time", "peer"))

    wait_until(lambda: all(any(alike(json.loads(line), other) for line in (work / "audit.jsonl").read_text().splitlines())
                           for other in shown))


def test_the_file(tmp_path):
    (tmp_path / "keys.json").write_text(block("file", "json"))
    lines = run("neso key list --file=keys.json", tmp_path).splitlines()
    assert lines[1].split() == ["team-a", "k7Gq2mXw01", "2099-01-31T12:00:00Z", "digits*,faces,!*-internal",
                                "metadata,inference,index"]


def test_listing_and_revoking(server, work):  # the last of this file
    assert "team-a" in run(block("keep", "sh"), work)
    wait_until(lambda: "access keys: 1 keys of" in server.log)


def test_the_hardened_server_and_the_limits_it_is_said_to_have(repository, start_server):
    repository.add_identity("m")
    command = block("hardened", "sh", HARDENING).split()
    assert command[:2] == ["neso", "--model-repository=models"]
    server = start_server(repository.path, *command[2:])
    assert server.get("/v2/logging", headers={"Via": "proxy"}).status_code == 403


def test_every_option_of_the_hardening_page_is_one():
    options = run_neso("--help").stdout
    named = set(re.findall(r"`(--[a-z-]+)", HARDENING.read_text()))
    assert len(named) > 10
    assert [name for name in sorted(named) if f"{name} " not in options and f"{name}\n" not in options] == []
