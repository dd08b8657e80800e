"""Models that change while they are served."""
import shutil

import pytest
from support.control import index, load, unload
from support.hammer import Hammer
from support.inference import Crowd, ask, statistics, values
from support.server import PATIENCE
from support.wait import wait_until

COUNT = "instance_group {{ kind: KIND_CPU count: {} }}"


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("m")
    return start_server(repository.path, "--model-control-mode=explicit", "--load-model=m")


def test_no_request_fails_while_models_are_swapped(repository, server):
    with Hammer(server, "m") as hammer:
        for i in range(12):
            repository.add_identity("m", parameters={"revision": i})
            assert load(server, "m").status_code == 200
            hammer.until_more()
    assert hammer.failures == []
    assert server.log.count("loading: m:1") == 13


def test_no_request_fails_while_versions_are_swapped(repository, server):
    with Hammer(server, "m") as hammer:
        for version in range(2, 8):
            repository.add_identity("m", versions=(version,))
            assert load(server, "m").status_code == 200
            hammer.until_more()
            assert server.get("/v2/models/m").json()["versions"] == [str(version)]
    assert hammer.failures == []


def test_no_request_fails_while_instances_come_and_go(repository, server):
    with Hammer(server, "m") as hammer:
        for count in (3, 1, 2, 4, 1, 2):
            repository.add_identity("m", extra=COUNT.format(count))
            assert load(server, "m").status_code == 200
            hammer.until_more()
    assert hammer.failures == []
    assert server.log.count("loading: m:1") == 1


def test_instances_are_added_to_the_model_that_is_served(repository, server):
    repository.add_identity("m", parameters={"execute_delay_ms": 200})
    load(server, "m")
    assert ask(server, "m").status_code == 200
    repository.add_identity("m", parameters={"execute_delay_ms": 200}, extra=COUNT.format(2))
    assert load(server, "m").status_code == 200
    assert server.get("/v2/models/m/config").json()["instance_group"][0]["count"] == 2
    assert statistics(server, "m")["execution_count"] == 1, "a new model would count from 0"
    with Crowd() as crowd:
        replies = [crowd.ask(server, "m") for _ in range(2)]
        assert [values(reply.result()) for reply in replies] == [[1], [1]]
    assert statistics(server, "m")["inference_stats"]["queue"]["ns"] < 100e6 * PATIENCE, "neither waited for the other"


def test_an_instance_group_that_cannot_be_made_changes_nothing(repository, server):
    repository.add_identity("m", extra="instance_group { kind: KIND_CPU gpus: [0] }")
    response = load(server, "m")
    assert response.status_code == 400
    assert response.json()["error"].startswith("load failed for model 'm': version 1 is at UNAVAILABLE state: Invalid argument: ")
    assert index(server) == {"m:1": "READY"}
    assert values(ask(server, "m")) == [1]


def test_a_version_policy_is_applied_in_place(repository, server):
    repository.add_identity("m", versions=(1, 2), extra="version_policy { all {} }")
    assert load(server, "m").status_code == 200
    assert server.get("/v2/models/m").json()["versions"] == ["1", "2"]
    assert server.log.count("loading: m:1") == 1
    repository.add_identity("m", extra="version_policy { specific { versions: 1 } }")
    assert load(server, "m").status_code == 200
    wait_until(lambda: index(server) == {"m:1": "READY", "m:2": "UNAVAILABLE: unloaded"})
    assert server.log.count("loading: m:1") == 1


@pytest.mark.parametrize("how, status, text", [
    ("broken configuration", 500, "failed to load 'm', failed to poll from model repository"),
    ("failing backend", 400, "load failed for model 'm': version 1 is at UNAVAILABLE state: Internal: no luck;\n"),
    ("failing new version", 400, "load failed for model 'm': version 2 is at UNAVAILABLE state: Internal: no luck;\n"),
    ("no version", 400, "load failed for model 'm': at least one version must be available under the version policy of model "
                        "'m'\n"),
])
def test_a_failed_reload_keeps_the_old_version(repository, server, how, status, text):
    with Hammer(server, "m") as hammer:
        if how == "broken configuration":
            repository.add("m", "{")
        elif how == "no version":
            repository.add_identity("m", extra="version_policy { specific { versions: 9 } }")
        else:
            repository.add_identity("m", versions=(2,) if "new version" in how else (1,),
                                    parameters={"initialize_error": "no luck"})
        response = load(server, "m")
        assert (response.status_code, response.json()["error"]) == (status, text)
        hammer.until_more()
        assert index(server)["m:1"] == "READY"
        assert server.get("/v2/health/ready").status_code == (400 if "new version" in how else 200)
        repository.add_identity("m", max_batch_size=5)
        assert load(server, "m").status_code == 200
    assert hammer.failures == []
    assert server.get("/v2/models/m/config").json()["max_batch_size"] == 5


def test_loads_of_the_same_model_at_the_same_time_are_one_after_the_other(repository, server):
    with Crowd() as crowd, Hammer(server, "m") as hammer:
        for i in range(5):
            repository.add_identity("m", parameters={"revision": i})
            replies = [crowd.pool.submit(load, server, "m") for _ in range(4)]
            assert {reply.result().status_code for reply in replies} == {200}
    assert hammer.failures == []


def test_a_removed_model_can_still_be_unloaded(repository, server):
    shutil.rmtree(repository.path / "m")
    assert load(server, "m").status_code == 500
    assert values(ask(server, "m")) == [1]
    assert unload(server, "m").status_code == 200
    wait_until(lambda: ask(server, "m").status_code == 404)
