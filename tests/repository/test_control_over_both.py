"""Every control operation, done and refused, by the stock clients of both protocols: one table, the same texts."""
import json

import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.control import index
from support.hammer import Hammer
from support.inference import ask, values
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

CLIENTS = {"http": lambda server: httpclient.InferenceServerClient(server.http),
           "grpc": lambda server: grpcclient.InferenceServerClient(server.grpc)}
CONFIG = {"backend": "identity", "max_batch_size": 3,
          "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
          "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]}


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("m")
    repository.add_identity("a")
    repository.add_chain("chain", ["a", "a"])
    return start_server(repository.path, "--model-control-mode=explicit", "--load-model=m")


@pytest.fixture(params=CLIENTS)
def client(request, server):
    with CLIENTS[request.param](server) as client:
        yield client


def refusal(call, *args, **kwargs):
    with pytest.raises(InferenceServerException) as error:
        call(*args, **kwargs)
    return error.value.message()


def test_a_model_is_loaded_changed_and_unloaded(client, server, repository):
    client.load_model("a")
    assert client.is_model_ready("a")
    repository.add_identity("a", max_batch_size=5)
    client.load_model("a")
    assert server.get("/v2/models/a/config").json()["max_batch_size"] == 5
    client.unload_model("a")
    wait_until(lambda: index(server)["a:1"] == "UNAVAILABLE: unloaded")
    assert not client.is_model_ready("a")


def test_a_configuration_and_files_come_with_the_load(client, server):
    client.load_model("m", config=json.dumps(CONFIG))
    assert server.get("/v2/models/m/config").json()["max_batch_size"] == 3
    client.load_model("m", config=json.dumps(CONFIG), files={"file:7/model": b"x"})
    assert server.get("/v2/models/m").json()["versions"] == ["7"]


def test_dependents_go_along_when_asked(client, server):
    client.load_model("chain")
    assert index(server)["a:1"] == index(server)["chain:1"] == "READY"
    client.unload_model("chain")
    wait_until(lambda: index(server)["chain:1"] == "UNAVAILABLE: unloaded")
    assert index(server)["a:1"] == "READY"
    client.load_model("chain")
    client.unload_model("chain", unload_dependents=True)
    wait_until(lambda: index(server)["a:1"] == index(server)["chain:1"] == "UNAVAILABLE: unloaded")
    assert index(server)["m:1"] == "READY"


def test_a_model_that_others_need_takes_them_along(client, server):
    client.load_model("chain")
    client.unload_model("a")
    wait_until(lambda: index(server)["a:1"] == index(server)["chain:1"] == "UNAVAILABLE: unloaded")


@pytest.mark.parametrize("broken, text", [
    ({"parameters": {"initialize_error": "no luck"}},
     "load failed for model 'm': version 1 is at UNAVAILABLE state: Internal: no luck;\n"),
    ({"extra": "no_such_field: 1"}, "failed to load 'm', failed to poll from model repository"),
    ({"extra": "version_policy { specific { versions: 9 } }"},
     "load failed for model 'm': at least one version must be available under the version policy of model 'm'\n"),
])
def test_a_load_that_fails_says_why_and_the_old_copy_serves(client, server, repository, broken, text):
    with Hammer(server, "m") as hammer:
        repository.add_identity("m", **broken)
        assert refusal(client.load_model, "m") == text
        hammer.until_more()
    assert hammer.failures == []
    assert index(server)["m:1"] == "READY"


@pytest.mark.parametrize("arguments, text", [
    ({"model_name": "nobody"}, "failed to load 'nobody', failed to poll from model repository"),
    ({"model_name": "m", "config": "{"}, "Invalid config override: "),
    ({"model_name": "m", "files": {"file:1/model": b"x"}}, "failed to load 'm', failed to poll from model repository"),
    ({"model_name": "m", "config": json.dumps(CONFIG), "files": {"file:../model": b"x"}}, "failed to load 'm', failed to poll"),
])
def test_a_load_of_what_is_not_there_or_not_allowed_changes_nothing(client, server, arguments, text):
    assert text in refusal(client.load_model, **arguments)
    assert values(ask(server, "m")) == [1]
    assert index(server)["m:1"] == "READY"


def test_what_is_not_loaded_needs_no_unloading(client, server):
    before = index(server)
    client.unload_model("nobody")
    client.unload_model("a")
    assert index(server) == before


def test_names_stay_in_the_repository(client):
    for call in (client.load_model, client.unload_model):
        assert "must not contain path traversal characters" in refusal(call, "a\\b")


@pytest.mark.parametrize("mode", ["none", "poll"])
@pytest.mark.parametrize("kind", CLIENTS)
def test_other_modes_refuse_loads_and_show_the_index(repository, start_server, mode, kind):
    repository.add_identity("m")
    server = start_server(repository.path, f"--model-control-mode={mode}")
    with CLIENTS[kind](server) as client:
        for call in (client.load_model, client.unload_model):
            assert refusal(call, "m") == "explicit model load / unload is not allowed if polling is enabled"
        assert "READY" in str(client.get_model_repository_index())
    assert values(ask(server, "m")) == [1]
