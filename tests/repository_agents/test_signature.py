"""Signed models: the commands that sign and verify, and servers that demand it of all models."""
import json
import shutil
import subprocess

import pytest
from support.agents import Recording, agents, agents_folder
from support.control import load
from support.inference import ask, values
from support.server import run_neso

NOT_SIGNED = "model 'm' is not signed: it has no model.signature (neso sign makes one)"


@pytest.fixture
def key(tmp_path):
    made = run_neso("keygen", str(tmp_path / "key"))
    assert made.returncode == 0, made.stderr
    return tmp_path / "key"


def public(key):
    return key.with_name(key.name + ".pub")


def sign(key, *folders):
    signed = run_neso("sign", f"--key={key}", *map(str, folders))
    assert signed.returncode == 0, signed.stderr
    return signed.stdout


def verify(key, *folders):
    return run_neso("verify", f"--keys={public(key)}", *map(str, folders))


def demanding(start_server, repository, key, *args, **kwargs):
    return start_server(repository.path, f"--repoagent-config=signature,keys={public(key)}",
                        "--model-control-mode=explicit", *args, **kwargs)


# --- the commands

def test_keys_are_made_and_kept_from_others(key):
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert public(key).read_text().startswith("-----BEGIN PUBLIC KEY-----")
    again = run_neso("keygen", str(key))
    assert again.returncode == 1
    assert f"cannot make '{key}': File exists" in again.stderr


def test_what_was_signed_is_verified(repository, key):
    folder = repository.add_identity("m")
    assert "is signed" in sign(key, folder)
    assert verify(key, folder).returncode == 0
    (folder / "config.pbtxt").write_text("")
    changed = verify(key, folder)
    assert changed.returncode == 1
    assert "error: model 'm' is not what was signed: 'config.pbtxt' has another size, 0 bytes" in changed.stderr


def test_every_model_of_a_call_is_told_of(repository, key):
    folders = [repository.add_identity(name) for name in ("m", "n", "o")]
    sign(key, folders[1])
    told = verify(key, *folders)
    assert told.returncode == 1
    assert f"error: {NOT_SIGNED}" in told.stderr and "model 'o' is not signed" in told.stderr
    assert f"'{folders[1]}' is as key " in told.stdout


def test_keys_of_openssl_sign_too(repository, tmp_path):
    key = tmp_path / "other"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public(key)], check=True)
    folder = repository.add_identity("m")
    sign(key, folder)
    assert verify(key, folder).returncode == 0


@pytest.mark.parametrize("arguments, error", [
    (("sign",), "expected: neso sign --key=KEY-FILE... MODEL-FOLDER..."),
    (("sign", "/tmp"), "expected: neso sign --key=KEY-FILE... MODEL-FOLDER..."),
    (("sign", "--force", "/tmp"), "unexpected '--force'"),
    (("verify", "--keys=/none", "/tmp"), "there is no '/none'"),
    (("sign", "--key=/dev/null", "/tmp"), "'/dev/null' is not a regular file"),
    (("sign", "--key", "/dev/null", "/tmp"), "'/dev/null' is not a regular file"),
    (("sign", "--key"), "unexpected '--key'; expected: neso sign --key=KEY-FILE... MODEL-FOLDER..."),
    (("keygen", "a", "b"), "expected: neso keygen KEY-FILE"),
    (("keygen", "/no/such/folder/key"), "cannot make '/no/such/folder/key': No such file or directory"),
])
def test_mistakes_are_told(arguments, error):
    told = run_neso(*arguments)
    assert told.returncode == (2 if "expected: neso " in error or error.startswith("unexpected") else 1)
    assert f"error: {error}" in told.stderr


def test_what_is_no_model_is_not_signed(tmp_path, key):
    (tmp_path / "empty").mkdir()
    told = run_neso("sign", f"--key={key}", str(tmp_path / "empty"))
    assert told.returncode == 1
    assert "is not the folder of a model" in told.stderr


# --- servers that demand signatures

def test_a_signed_model_is_served(start_server, repository, key):
    sign(key, repository.add_identity("m"))
    server = demanding(start_server, repository, key, "--load-model=m")
    assert values(ask(server, "m", [1.0])) == [1]
    assert "is as key " in server.log


def test_a_model_that_is_not_signed_is_not_loaded(start_server, repository, key):
    repository.add_identity("m")
    server = demanding(start_server, repository, key)
    response = load(server, "m")
    assert (response.status_code, response.json()["error"]) == (500, "failed to load 'm', failed to poll from model repository")
    assert f"Poll failed for model directory 'm': {NOT_SIGNED}" in server.log
    ended = demanding(start_server, repository, key, "--load-model=m", ready=False)
    assert ended.wait() == 1
    assert f"'m' ({NOT_SIGNED})" in ended.log
    ended.process = None


@pytest.mark.parametrize("attack, told", [
    (lambda folder: (folder / "1" / "libother.so").write_bytes(b""), "'1/libother.so' was added"),
    (lambda folder: (folder / "2").mkdir(), "'2' was added"),
    (lambda folder: (folder / "1" / "weights").write_bytes(b"Weights"), "'1/weights' has other contents"),
    (lambda folder: (folder / "1" / "weights").unlink(), "'1/weights' is missing"),
])
def test_a_model_that_was_changed_is_not_loaded_and_the_former_one_serves(start_server, repository, key, attack, told):
    folder = repository.add_identity("m")
    (folder / "1" / "weights").write_bytes(b"weights")
    sign(key, folder)
    server = demanding(start_server, repository, key, "--load-model=m")
    attack(folder)
    assert load(server, "m").status_code == 500
    assert f"Poll failed for model directory 'm': model 'm' is not what was signed: {told}" in server.log
    assert values(ask(server, "m", [1.0])) == [1]
    sign(key, folder)
    assert load(server, "m").status_code == 200


def test_dropping_the_agent_from_the_configuration_does_not_help(start_server, repository, key, tmp_path):
    """The operator's demand stands on the command line; a configuration can neither undo it nor run other agents first."""
    recording = Recording(tmp_path / "recording")
    folder = repository.add_identity("m", extra=agents(recording.agent()))
    sign(key, folder)
    server = demanding(start_server, repository, key, f"--repoagent-directory={agents_folder(tmp_path / 'agents')}")
    assert load(server, "m").status_code == 200
    folder.joinpath("config.pbtxt").write_text(folder.joinpath("config.pbtxt").read_text() + "# changed")
    before = recording.lines()
    assert load(server, "m").status_code == 500
    assert recording.lines() == before


def test_another_key_is_not_enough(start_server, repository, key, tmp_path):
    run_neso("keygen", str(tmp_path / "stranger"))
    folder = repository.add_identity("m")
    sign(tmp_path / "stranger", folder)
    server = demanding(start_server, repository, key)
    assert load(server, "m").status_code == 500
    assert "which is not trusted here" in server.log
    # Keys are read at each load: one that joins them is trusted from now on.
    public(key).write_text(public(key).read_text() + public(tmp_path / "stranger").read_text())
    assert load(server, "m").status_code == 200


def test_a_signed_model_under_another_name_is_not_loaded(start_server, repository, key):
    sign(key, repository.add_identity("m"))
    shutil.copytree(repository.path / "m", repository.path / "n")
    server = demanding(start_server, repository, key)
    assert load(server, "m").status_code == 200
    assert load(server, "n").status_code == 500
    assert "model 'n' was signed under another name: 'model m'" in server.log


def test_requests_cannot_bring_what_nobody_has_signed(start_server, repository, key):
    sign(key, repository.add_identity("m"))
    server = demanding(start_server, repository, key)
    response = load(server, "m", {"backend": "identity"})
    assert response.status_code == 400
    assert response.json()["error"] == ("load parameter 'config' is refused: with --repoagent-config every model is "
                                        "loaded as it lies in its repository")


@pytest.mark.parametrize("parameters, told", [
    ({}, "agent 'signature': expected 'keys', the file of the public keys that are trusted"),
    ({"keys": "/none"}, "there is no '/none'"),
    ({"keys": "{key}", "copy": "yes"}, "agent 'signature': expected 'keys', or 'copy' with 'true' or 'false', got 'copy' with 'yes'"),
    ({"keys": "{private}"}, "' has a 'PRIVATE KEY' that is no public Ed25519 key"),
])
def test_what_is_wrong_with_the_agent_s_settings_is_told(start_server, repository, key, parameters, told):
    given = {name: value.format(key=public(key), private=key) for name, value in parameters.items()}
    sign(key, repository.add_identity("m", extra=agents(("signature", given))))
    server = start_server(repository.path, "--model-control-mode=explicit")
    assert load(server, "m").status_code == 500
    assert told in server.log


def test_a_private_copy_is_loaded(start_server, repository, key, tmp_path):
    """What lies in the repository may change between the check and the load, and later: the copy does not."""
    recording = Recording(tmp_path / "recording")
    folder = repository.add_identity("m", extra=agents(recording.agent()))
    (folder / "1" / "weights").write_bytes(b"weights")
    sign(key, folder)
    server = demanding(start_server, repository, key, "--repoagent-config=signature,copy=true",
                       f"--repoagent-directory={agents_folder(tmp_path / 'agents')}")
    assert load(server, "m").status_code == 200
    copy = recording.locations()[0]
    assert copy != str(folder)
    with open(f"{copy}/1/weights", "rb") as weights:
        assert weights.read() == b"weights"
    assert json.loads(recording.configs()[0])["backend"] == "identity"
