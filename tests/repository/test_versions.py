"""Which versions and which configuration file of a model's folder are served."""
import pytest
from support.control import index, load
from support.inference import ask
from support.wait import wait_until


def serve(start_server, repository, *args):
    return start_server(repository.path, "--model-control-mode=explicit", *args)


@pytest.mark.parametrize("policy, served", [
    ("", [10]),
    ("version_policy { latest { num_versions: 2 } }", [3, 10]),
    ("version_policy { latest { num_versions: 9 } }", [1, 2, 3, 10]),
    ("version_policy { all {} }", [1, 2, 3, 10]),
    ("version_policy { specific { versions: [1, 3] } }", [1, 3]),
])
def test_the_policy_chooses_versions(repository, start_server, policy, served):
    repository.add_identity("m", versions=(1, 2, 3, 10), extra=policy)
    server = serve(start_server, repository)
    assert load(server, "m").status_code == 200
    assert index(server) == {f"m:{version}": "READY" for version in served}
    assert server.get("/v2/models/m").json()["versions"] == [str(version) for version in served]
    assert ask(server, "m").json()["model_version"] == str(served[-1])


@pytest.mark.parametrize("versions, policy", [
    ((1, 2), "version_policy { specific { versions: [7] } }"),
    ((1, 2), "version_policy { latest { num_versions: 0 } }"),
    ((), ""),
])
def test_a_policy_that_leaves_no_version_is_an_error(repository, start_server, versions, policy):
    repository.add_identity("m", versions=versions, extra=policy)
    server = serve(start_server, repository)
    response = load(server, "m")
    assert response.status_code == 400
    assert response.json()["error"] == ("load failed for model 'm': at least one version must be available under the version "
                                        "policy of model 'm'\n")


def test_a_listed_version_that_is_missing_is_logged(repository, start_server):
    repository.add_identity("m", versions=(1,), extra="version_policy { specific { versions: [1, 4] } }")
    server = serve(start_server, repository)
    assert load(server, "m").status_code == 200
    assert index(server) == {"m:1": "READY"}
    assert "version 4 is specified for model 'm', but the version directory is not present" in server.log


def test_other_folders_are_ignored_with_a_warning(repository, start_server):
    folder = repository.add_identity("m", versions=(1, 2), extra="version_policy { all {} }")
    for name in ("003", "draft", "warmup", "initial_state", "configs"):
        (folder / name).mkdir()
    server = serve(start_server, repository, "--load-model=m")
    assert index(server) == {"m:1": "READY", "m:2": "READY"}
    warnings = [line for line in server.log.splitlines() if line.startswith("W")]
    assert any("003" in line for line in warnings), server.log
    assert any("draft" in line for line in warnings), server.log
    for silent in ("warmup", "initial_state", "configs"):
        assert not any(silent in line for line in warnings)


def test_a_named_configuration_comes_before_the_ordinary_one(repository, start_server):
    folder = repository.add_identity("special", max_batch_size=8)
    (folder / "configs").mkdir()
    (folder / "configs" / "small.pbtxt").write_text((folder / "config.pbtxt").read_text().replace(
        "max_batch_size: 8", "max_batch_size: 2"))
    repository.add_identity("ordinary", max_batch_size=8)
    server = serve(start_server, repository, "--model-config-name=small", "--load-model=*")
    assert server.get("/v2/models/special/config").json()["max_batch_size"] == 2
    assert server.get("/v2/models/ordinary/config").json()["max_batch_size"] == 8


def test_a_new_version_is_served_after_the_next_load(repository, start_server):
    folder = repository.add_identity("m")
    server = serve(start_server, repository, "--load-model=m")
    (folder / "2").mkdir()
    assert load(server, "m").status_code == 200
    assert server.get("/v2/models/m").json()["versions"] == ["2"]
    wait_until(lambda: index(server) == {"m:1": "UNAVAILABLE: unloaded", "m:2": "READY"})
