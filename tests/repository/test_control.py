"""Explicit model control: load, unload and index, from the stock client and from curl."""
import pytest
import tritonclient.http as httpclient
from support.control import index, load, unload
from support.inference import Crowd, ask, open_requests, pending, values
from support.repository import ModelRepository
from support.server import Server, run_neso
from support.wait import wait_until
from tritonclient.utils import InferenceServerException


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("one")
    repository.add_identity("two", versions=(1, 2), extra="version_policy { all {} }")
    return start_server(repository.path, "--model-control-mode=explicit")


def test_the_stock_client_loads_serves_and_unloads(server):
    with httpclient.InferenceServerClient(server.http) as client:
        assert client.get_model_repository_index() == [{"name": "one"}, {"name": "two"}]
        assert not client.is_model_ready("one")
        client.load_model("one")
        assert client.is_model_ready("one")
        assert client.get_model_repository_index() == [{"name": "one", "version": "1", "state": "READY"}, {"name": "two"}]
        assert values(ask(server, "one", [1.0, 2.0])) == [1, 2]
        client.unload_model("one")
        wait_until(lambda: index(server)["one:1"] == "UNAVAILABLE: unloaded")
        assert not client.is_model_ready("one")
        client.load_model("one")
        assert client.is_model_ready("one")


def test_all_versions_come_and_go_together(server):
    assert load(server, "two").status_code == 200
    assert index(server) == {"one": "", "two:1": "READY", "two:2": "READY"}
    assert unload(server, "two").status_code == 200
    wait_until(lambda: index(server) == {"one": "", "two:1": "UNAVAILABLE: unloaded", "two:2": "UNAVAILABLE: unloaded"})
    assert index(server, ready=True) == {}


def test_loading_again_without_a_change_does_nothing(server):
    assert load(server, "one").content == b""
    loads = server.log.count("loading: one:1")
    assert load(server, "one").status_code == 200
    assert server.log.count("loading: one:1") == loads


def test_requests_to_an_unloaded_model_say_so(server):
    response = ask(server, "one")
    assert response.status_code == 404
    assert response.json()["error"] == "Request for unknown model: 'one' is not found"
    load(server, "one")
    unload(server, "one")
    wait_until(lambda: index(server)["one:1"] == "UNAVAILABLE: unloaded")
    response = ask(server, "one")
    assert response.status_code == 404
    assert response.json()["error"] == "Request for unknown model: 'one' has no available versions"
    response = server.post("/v2/models/one/versions/1/infer", "{}")
    assert response.status_code == 503
    assert response.json()["error"] == "Request for unknown model: 'one' version 1 is not at ready state"


def test_a_model_that_does_not_exist_cannot_be_loaded_but_unloaded(server):
    response = load(server, "nobody")
    assert response.status_code == 500
    assert response.json() == {"error": "failed to load 'nobody', failed to poll from model repository"}
    with httpclient.InferenceServerClient(server.http) as client:
        with pytest.raises(InferenceServerException, match="failed to load 'nobody', failed to poll from model repository"):
            client.load_model("nobody")
    assert unload(server, "nobody").status_code == 200
    assert unload(server, "one").status_code == 200
    assert index(server) == {"one": "", "two": ""}


@pytest.mark.parametrize("name", ["..%2F..%2Fetc", "..", "a%5Cb", "one%2F1"])
@pytest.mark.parametrize("action", [load, unload])
def test_names_cannot_lead_out_of_the_repository(server, name, action):
    response = action(server, name)
    # A client library may take ".." out of the path itself.
    assert response.status_code in ((400, 404) if name == ".." else (400,))
    if response.status_code == 400:
        assert "model name must not contain path traversal characters" in response.json()["error"]


@pytest.mark.parametrize("body, status, text", [
    ('{"parameters":{"unload_dependents":"yes"}}', 500, "Unable to parse 'unload_dependents': "),
    ('{"parameters":{"unload_dependents":1}}', 500, "Unable to parse 'unload_dependents': "),
    ("{", 500, "failed to parse the request JSON buffer: "),
])
def test_a_bad_body_does_not_unload(server, body, status, text):
    load(server, "one")
    response = unload(server, "one", body)
    assert response.status_code == status
    assert response.json()["error"].startswith(text)
    assert index(server)["one:1"] == "READY"


@pytest.mark.parametrize("body", ['{"parameters":{"unload_dependents":true}}', '{"parameters":{"unload_dependents":false}}',
                                  '{"parameters":{}}', "{}"])
def test_dependents_may_be_named(server, body):
    load(server, "one")
    assert unload(server, "one", body).status_code == 200
    wait_until(lambda: index(server)["one:1"] == "UNAVAILABLE: unloaded")


@pytest.mark.parametrize("action", [load, unload])
def test_control_needs_post(server, action):
    assert server.get(f"/v2/repository/models/one/{action.__name__}").status_code == 405


def test_requests_under_way_end_before_their_model(repository, start_server):
    repository.add_identity("slow", parameters={"execute_delay_ms": 250})
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=slow")
    with Crowd() as crowd:
        replies = [crowd.ask(server, "slow", [7.0]) for _ in range(2)]  # one executes, one waits
        wait_until(lambda: pending(server, "slow") == 1)
        assert unload(server, "slow").status_code == 200
        assert index(server)["slow:1"].startswith("UNLOADING")
        assert ask(server, "slow").status_code == 404
        assert [values(reply.result()) for reply in replies] == [[7], [7]]
    wait_until(lambda: index(server)["slow:1"] == "UNAVAILABLE: unloaded")


# --- Models at start ------------------------------------------------------------------------------------------------


def start_with(start_server, repository, *models):
    return start_server(repository.path, "--model-control-mode=explicit", *(f"--load-model={name}" for name in models))


@pytest.mark.parametrize("names, expected", [
    ([], {"a": "", "b": "", "c": ""}),
    (["a", "c"], {"a:1": "READY", "b": "", "c:1": "READY"}),
    (["*"], {"a:1": "READY", "b:1": "READY", "c:1": "READY"}),
])
def test_load_model_chooses_what_is_loaded_at_start(repository, start_server, names, expected):
    for name in ("a", "b", "c"):
        repository.add_identity(name)
    assert index(start_with(start_server, repository, *names)) == expected


def test_load_model_needs_explicit_mode(repository):
    repository.add_identity("a")
    for mode in ([], ["--model-control-mode=none"]):
        result = run_neso(f"--model-repository={repository.path}", "--load-model=a", *mode)
        assert result.returncode == 1
        assert "error: Use of '--load-model' requires setting '--model-control-mode=explicit' as well." in result.stderr


def test_load_model_takes_the_star_alone(repository):
    repository.add_identity("a")
    result = run_neso(f"--model-repository={repository.path}", "--load-model=a", "--load-model=*",
                      "--model-control-mode=explicit")
    assert result.returncode == 1
    assert "error: creating server: " in result.stderr


def test_the_control_mode_is_one_of_three(repository):
    result = run_neso(f"--model-repository={repository.path}", "--model-control-mode=sometimes")
    assert result.returncode == 1
    assert "invalid argument for --model-control-mode" in result.stderr


# --- Several repositories -------------------------------------------------------------------------------------------


@pytest.fixture
def second(tmp_path):
    return ModelRepository(tmp_path / "more")


def test_models_come_from_all_repositories(repository, second, start_server):
    repository.add_identity("here")
    second.add_identity("there")
    server = start_server([repository.path, second.path])
    assert index(server) == {"here:1": "READY", "there:1": "READY"}
    assert values(ask(server, "there", [3.0])) == [3]


def test_a_model_in_two_repositories_is_unavailable(repository, second, start_server):
    repository.add_identity("twice")
    repository.add_identity("once")
    second.add_identity("twice")
    server = start_server([repository.path, second.path], "--model-control-mode=explicit", "--load-model=once")
    duplicate = "UNAVAILABLE: model appears in two or more repositories"
    assert index(server) == {"once:1": "READY", "twice": duplicate}
    response = load(server, "twice")
    assert response.status_code == 500
    assert response.json()["error"] == "failed to load 'twice', failed to poll from model repository"
    assert "not unique across all model repositories" in server.log
    assert ask(server, "twice").status_code == 404


def test_a_repository_named_twice_is_one(repository, start_server):
    repository.add_identity("m")
    assert index(start_server([repository.path, repository.path])) == {"m:1": "READY"}


def test_a_model_in_two_repositories_leaves_the_others_alone(repository, second, start_server):
    repository.add_identity("twice")
    second.add_identity("twice")
    second.add_identity("once")
    server = start_server([repository.path, second.path], "--exit-on-error=false")
    assert index(server) == {"once:1": "READY", "twice": "UNAVAILABLE: model appears in two or more repositories"}
    assert values(ask(server, "once")) == [1]


def test_a_model_in_two_repositories_fails_the_start(repository, second):
    repository.add_identity("twice")
    second.add_identity("twice")
    server = Server([repository.path, second.path], ready=False).start()
    assert server.wait() == 1
    assert "error: creating server: Internal - failed to load all models" in server.log
