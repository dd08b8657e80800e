"""Instances that their backend gives up: a version of which none is left is not ready, and a load makes it anew."""
import pytest
from support.control import index, load
from support.plugins import needs_plugins
from support.server import TEST_BACKENDS
from support.wait import wait_until

pytestmark = needs_plugins("losing")

LOSE = -1


@pytest.fixture
def server(repository, start_server):
    for name in ("two", "beside"):
        repository.add(name, """
            backend: "losing"
            input { name: "IN" data_type: TYPE_INT32 dims: [1] }
            output { name: "OUT" data_type: TYPE_INT32 dims: [1] }
            instance_group { count: 2 kind: KIND_CPU }
            """)
    return start_server(repository.path, "--model-control-mode=explicit", "--load-model=*",
                        f"--backend-directory={TEST_BACKENDS}")


def infer(server, model, value):
    return server.infer(model, {"inputs": [{"name": "IN", "datatype": "INT32", "shape": [1], "data": [value]}]})


def is_ready(server, model):
    return server.get(f"/v2/models/{model}/ready").status_code == 200


def lose(server, count):
    while count:  # one that is lost already may be asked again
        error = infer(server, "two", LOSE).json()["error"]
        assert error in ("the instance is lost from now on", "the instance is lost")
        count -= error == "the instance is lost from now on"


def test_a_version_without_instances_is_unavailable_until_it_is_loaded_anew(server):
    lose(server, 1)
    assert index(server)["two:1"] == "READY"
    assert not is_ready(server, "two")  # as long as all its instances are
    lose(server, 1)
    assert index(server) == {"beside:1": "READY", "two:1": "UNAVAILABLE: lost on purpose"}
    assert list(index(server, ready=True)) == ["beside:1"]
    assert not is_ready(server, "two")
    assert server.get("/v2/health/ready").status_code != 200  # --strict-readiness is the default
    assert infer(server, "two", 7).json() == {"error": "the instance is lost"}
    assert infer(server, "beside", 7).json()["outputs"][0]["data"] == [7]

    assert load(server, "two").status_code == 200  # although nothing of its folder has changed
    assert index(server)["two:1"] == "READY"
    assert is_ready(server, "two")
    assert server.get("/v2/health/ready").status_code == 200
    assert infer(server, "two", 7).json()["outputs"][0]["data"] == [7]


def test_it_can_be_unloaded(server):
    lose(server, 2)
    server.post("/v2/repository/models/two/unload")
    wait_until(lambda: index(server)["two:1"] == "UNAVAILABLE: unloaded")
    assert server.get("/v2/health/ready").status_code == 200


def test_a_request_does_not_load_it_where_models_come_on_demand(repository, start_server, server):
    server.stop()
    server = start_server(repository.path, "--model-control-mode=on_demand",
                          f"--backend-directory={TEST_BACKENDS}")
    assert infer(server, "two", 7).status_code == 200
    lose(server, 2)
    assert index(server)["two:1"] == "UNAVAILABLE: lost on purpose"
    assert load(server, "two").status_code == 200
    assert infer(server, "two", 7).status_code == 200
