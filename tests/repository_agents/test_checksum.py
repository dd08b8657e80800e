"""The checksum agent, by what its configuration says of a model's files."""
import hashlib

import pytest
from support.agents import agents
from support.control import load

CONTENT = b"weights\n"
MD5 = hashlib.md5(CONTENT).hexdigest()
EMPTY = hashlib.md5(b"").hexdigest()


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    return start_module_server(module_repository.path, "--model-control-mode=explicit")


@pytest.fixture
def refusal(server, module_repository):
    """What the log says of a model with these parameters that cannot be loaded; "" if it can."""
    def told(parameters, name="m", make=None):
        folder = module_repository.add_identity(name, extra=agents(("checksum", parameters)))
        (folder / "1" / "weights").write_bytes(CONTENT)
        (folder / "empty").write_bytes(b"")
        if make:
            make(folder)
        before = len(server.log)
        response = load(server, name)
        assert response.status_code in (200, 500)
        return "" if response.status_code == 200 else server.log[before:]
    return told


@pytest.mark.parametrize("parameters", [
    {}, {"MD5:1/weights": MD5}, {"md5:1/weights": MD5}, {"Md5:1/weights": MD5, "mD5:empty": EMPTY},
])
def test_files_as_they_should_be(refusal, parameters):
    assert refusal(parameters) == ""


@pytest.mark.parametrize("parameters, error", [
    ({"MD5:1/weights": EMPTY}, f"Mismatched MD5 hash for file 1/weights, expect: {EMPTY}, got: {MD5}"),
    ({"MD5:1/weights": MD5.upper()}, f"Mismatched MD5 hash for file 1/weights, expect: {MD5.upper()}, got: {MD5}"),
    ({"MD5:1/weights": MD5, "MD5:empty": ""}, f"Mismatched MD5 hash for file empty, expect: , got: {EMPTY}"),
    ({"SHA1:1/weights": MD5}, "Unsupported checksum algorithm: SHA1"),
    ({":1/weights": MD5}, "Unsupported checksum algorithm: "),
    ({"weights": MD5}, "failed to parse key: weights"),
    ({"MD5:1/missing": MD5}, "failed to open text file for read 1/missing: No such file or directory"),
    ({"MD5:1": MD5}, "failed to open text file for read 1: Is a directory"),
])
def test_what_is_wrong_is_told(refusal, parameters, error):
    assert f"Poll failed for model directory 'm': {error}" in refusal(parameters)


def test_a_pipe_is_not_waited_for(refusal):
    import os

    assert "failed to open text file for read pipe: Invalid argument" in refusal(
        {"MD5:pipe": MD5}, name="piped", make=lambda folder: os.mkfifo(folder / "pipe"))
