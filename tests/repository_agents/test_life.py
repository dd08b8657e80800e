"""What repository agents are told of a model's life, by a server that loads, fails, reloads and unloads it."""
import json
import pathlib
import threading

import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.agents import Recording, agents, agents_folder
from support.control import index, load, unload
from support.inference import ask, values
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

POLL_ERROR = "failed to load 'm', failed to poll from model repository"
WHOLE_LIFE = ["a LOAD", "a LOAD_COMPLETE", "a UNLOAD", "a UNLOAD_COMPLETE", "a finalized"]


@pytest.fixture
def recording(tmp_path):
    return Recording(tmp_path / "recording")


@pytest.fixture
def start(start_server, repository, tmp_path):
    """A server in explicit mode with the tests' agents."""
    folder = agents_folder(tmp_path / "agents")

    def started(*args, **kwargs):
        return start_server(repository.path, "--model-control-mode=explicit", f"--repoagent-directory={folder}", *args,
                            **kwargs)
    return started


def add(repository, recording, *wishes, **kwargs):
    return repository.add_identity("m", extra=agents(*(wishes or [recording.agent()])), **kwargs)


def ended(recording, name="a"):
    wait_until(lambda: f"{name} finalized" in recording.events(name))


def test_a_model_s_life_in_order(start, repository, recording):
    folder = add(repository, recording)
    server = start()
    assert load(server, "m").status_code == 200
    assert recording.events() == ["a LOAD", "a LOAD_COMPLETE"]
    assert recording.locations() == [str(folder)]
    config = json.loads(recording.configs()[0])
    assert (config["name"], config["backend"]) == ("m", "identity")
    assert values(ask(server, "m", [1.0])) == [1]
    assert unload(server, "m").status_code == 200
    ended(recording)
    assert recording.events() == WHOLE_LIFE


def test_the_stock_clients_load_and_unload(start, repository, recording):
    add(repository, recording)
    server = start()
    with httpclient.InferenceServerClient(server.http) as client:
        client.load_model("m")
        client.unload_model("m")
    ended(recording)
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.load_model("m")
        client.unload_model("m")
    wait_until(lambda: recording.events() == WHOLE_LIFE * 2)


def test_a_server_that_stops_ends_what_it_has(start, repository, recording):
    add(repository, recording)
    server = start("--load-model=m")
    assert recording.events() == WHOLE_LIFE[:2]
    server.stop()
    assert recording.events() == WHOLE_LIFE
    assert "the recorder ends after 1 models" in server.log


def test_agents_are_started_once_and_shown_in_a_table(start, repository, recording):
    for name in ("m", "n"):
        repository.add_identity(name, extra=agents(recording.agent(name)))
    server = start("--load-model=*")
    assert server.log.count("repository agent 'recorder' sees") == 1
    assert "| recorder " in server.log and "libtritonrepoagent_recorder.so" in server.log
    server.stop()
    assert "the recorder ends after 2 models" in server.log


def test_a_load_that_fails_behind_the_agents_is_told(start, repository, recording):
    add(repository, recording, datatype="TYPE_FP32").joinpath("config.pbtxt").write_text(
        f'backend: "no_such" max_batch_size: 1 {agents(recording.agent())} '
        'input { name: "I" data_type: TYPE_FP32 dims: 1 } output { name: "O" data_type: TYPE_FP32 dims: 1 }')
    server = start()
    assert load(server, "m").status_code == 400
    ended(recording)
    assert recording.events() == ["a LOAD", "a LOAD_FAIL", "a finalized"]


def test_a_configuration_that_is_refused_behind_the_agents_is_told(start, repository, recording):
    add(repository, recording, max_batch_size=-1)
    server = start()
    response = load(server, "m")
    assert (response.status_code, response.json()["error"]) == (500, POLL_ERROR)
    ended(recording)
    assert recording.events() == ["a LOAD", "a LOAD_FAIL", "a finalized"]


def test_an_agent_s_error_keeps_the_model_out(start, repository, recording):
    add(repository, recording, recording.agent("a"), recording.agent("b", fail="LOAD"), recording.agent("c"))
    server = start()
    response = load(server, "m")
    assert (response.status_code, response.json()["error"]) == (500, POLL_ERROR)
    assert "Poll failed for model directory 'm': told to fail" in server.log
    assert recording.events() == ["a LOAD", "b LOAD", "b LOAD_FAIL", "b finalized", "a LOAD_FAIL", "a finalized"]
    assert index(server) == {"m": "UNAVAILABLE: Unavailable: told to fail"}
    with httpclient.InferenceServerClient(server.http) as client:
        with pytest.raises(InferenceServerException, match="failed to poll from model repository"):
            client.load_model("m")


def test_a_start_with_a_model_that_an_agent_refuses_ends(start, repository, recording):
    add(repository, recording, recording.agent(fail="LOAD"))
    server = start("--load-model=m", ready=False)
    assert server.wait() == 1
    assert "'m' (told to fail)" in server.log
    server.process = None


@pytest.mark.parametrize("action", ["LOAD", "LOAD_COMPLETE", "UNLOAD", "UNLOAD_COMPLETE"])
def test_exceptions_and_errors_of_agents_are_theirs_alone(start, repository, recording, action):
    add(repository, recording, recording.agent(throw=action))
    repository.add_identity("n", extra=agents(recording.agent("n", fail=action)))
    server = start()
    assert [load(server, name).status_code for name in "mn"] == ([500, 500] if action == "LOAD" else [200, 200])
    assert [unload(server, name).status_code for name in "mn"] == [200, 200]
    ended(recording, "a")
    ended(recording, "n")
    assert "TRITONREPOAGENT_ModelAction threw an exception: the recorder has no more paper" in server.log
    assert "told to fail" in server.log
    assert len(recording.events("a")) == len(recording.events("n")) == (3 if action == "LOAD" else 5)
    assert server.get("/v2/health/ready").status_code == 200


@pytest.mark.parametrize("name, error", [
    ("no_such", "unable to find 'libtritonrepoagent_no_such.so' for repo agent 'no_such', searched: "),
    ("../agents/recorder", "unable to find 'libtritonrepoagent_../agents/recorder.so' for repo agent"),
    ("incomplete", "unable to find required entrypoint 'TRITONREPOAGENT_ModelAction' in shared library: "),
])
def test_agents_that_are_not_there(start, repository, recording, name, error):
    add(repository, recording, (name, {}))
    server = start()
    response = load(server, "m")
    assert (response.status_code, response.json()["error"]) == (500, POLL_ERROR)
    assert f"Poll failed for model directory 'm': {error}" in server.log
    add(repository, recording)
    assert load(server, "m").status_code == 200


# --- loads of what is loaded

def test_a_load_of_what_has_not_changed_passes_no_agent_again(start, repository, recording):
    add(repository, recording)
    server = start()
    for _ in range(3):
        assert load(server, "m").status_code == 200
    assert recording.events() == ["a LOAD", "a LOAD_COMPLETE"]


def test_a_model_that_has_changed_passes_its_agents_again(start, repository, recording):
    add(repository, recording)
    server = start()
    assert load(server, "m").status_code == 200
    add(repository, recording, recording.agent("b"), versions=(1, 2))
    assert load(server, "m").status_code == 200
    ended(recording)
    assert server.get("/v2/models/m").json()["versions"] == ["2"]
    assert recording.events("a") == WHOLE_LIFE
    assert recording.events("b") == ["b LOAD", "b LOAD_COMPLETE"]
    # The new one serves before the old one goes.
    assert recording.events().index("b LOAD_COMPLETE") < recording.events().index("a UNLOAD")


def test_a_change_that_an_agent_refuses_leaves_the_former_version_serving(start, repository, recording):
    add(repository, recording)
    server = start()
    assert load(server, "m").status_code == 200
    add(repository, recording, recording.agent("b", fail="LOAD"))
    assert load(server, "m").status_code == 500
    assert values(ask(server, "m", [1.0])) == [1]
    assert recording.events("a") == ["a LOAD", "a LOAD_COMPLETE"]


def test_a_model_that_names_no_agent_any_more_leaves_them(start, repository, recording):
    add(repository, recording)
    server = start()
    assert load(server, "m").status_code == 200
    repository.add_identity("m")
    assert load(server, "m").status_code == 200
    ended(recording)
    assert recording.events() == WHOLE_LIFE


def test_models_of_an_ensemble_pass_their_agents_once(start, repository, recording):
    add(repository, recording)
    repository.add_chain("chain", ["m", "m"], extra=agents(recording.agent("chain")))
    server = start()
    assert load(server, "chain").status_code == 200
    assert recording.events("a") == ["a LOAD", "a LOAD_COMPLETE"]
    assert recording.events("chain") == ["chain LOAD", "chain LOAD_COMPLETE"]
    assert unload(server, "m").status_code == 200
    wait_until(lambda: "chain UNLOAD" in recording.events())
    assert load(server, "m").status_code == 200
    assert server.get("/v2/models/chain/ready").status_code == 200


def test_a_slow_agent_holds_up_its_own_model_only(start, repository, recording, tmp_path):
    add(repository, recording, recording.agent(wait=str(tmp_path / "go")))
    repository.add_identity("n")
    server = start()
    with httpclient.InferenceServerClient(server.http) as client, grpcclient.InferenceServerClient(server.grpc) as other:
        loading = threading.Thread(target=lambda: other.load_model("m"))
        loading.start()
        wait_until(lambda: recording.events() == ["a LOAD"])
        client.load_model("n")
        assert not client.is_model_ready("m")
        (tmp_path / "go").touch()
        loading.join()
        assert client.is_model_ready("m")


def test_polls_bother_no_agent_until_its_model_changes(start_server, repository, recording, tmp_path):
    add(repository, recording, recording.agent(copy="true"))
    server = start_server(repository.path, "--model-control-mode=poll", "--repository-poll-secs=1",
                          f"--repoagent-directory={agents_folder(tmp_path / 'agents')}")
    repository.add_identity("n")
    wait_until(lambda: server.get("/v2/models/n/ready").status_code == 200)
    assert recording.events() == ["a LOAD", "a LOAD_COMPLETE"]
    add(repository, recording, recording.agent("b", copy="true"), versions=(1, 2))
    ended(recording)
    assert recording.events("a") == WHOLE_LIFE
    assert recording.events("b") == ["b LOAD", "b LOAD_COMPLETE"]
    assert server.get("/v2/models/m").json()["versions"] == ["2"]


# --- agents that move models

def test_an_agent_chooses_another_folder(start, repository, recording, tmp_path):
    other = type(repository)(tmp_path / "elsewhere").add_identity("anything", max_batch_size=3, versions=(4,))
    repository.add("m", agents(recording.agent(move=str(other)), recording.agent("b")))
    server = start()
    assert load(server, "m").status_code == 200
    assert recording.locations("b") == [str(other)]
    assert json.loads(recording.configs("b")[0])["max_batch_size"] == 3
    assert server.get("/v2/models/m/config").json()["max_batch_size"] == 3
    assert server.get("/v2/models/m").json()["versions"] == ["4"]


def test_an_acquired_folder_lives_as_long_as_the_model(start, repository, recording):
    add(repository, recording, recording.agent(copy="true"), recording.agent("b"))
    server = start()
    assert load(server, "m").status_code == 200
    acquired = pathlib.Path(recording.locations("b")[0])
    assert acquired != repository.path / "m"
    assert (acquired / "config.pbtxt").exists()
    assert load(server, "m").status_code == 200
    assert recording.events("a") == ["a LOAD", "a LOAD_COMPLETE"]
    unload(server, "m")
    ended(recording)
    wait_until(lambda: not acquired.exists())
    assert (repository.path / "m" / "config.pbtxt").exists()


def test_an_acquired_folder_goes_with_a_load_that_fails(start, repository, recording):
    add(repository, recording, recording.agent(copy="true"), recording.agent("b", fail="LOAD"))
    server = start()
    assert load(server, "m").status_code == 500
    assert not pathlib.Path(recording.locations("b")[0]).exists()


def test_an_agent_may_give_its_folder_up_early(start, repository, recording):
    add(repository, recording, recording.agent(copy="true", release="true"), recording.agent("b"))
    server = start()
    assert load(server, "m").status_code == 200
    assert not pathlib.Path(recording.locations("b")[0]).exists()
    assert load(server, "m").status_code == 200  # nothing has changed
    assert values(ask(server, "m", [1.0])) == [1]


def test_models_move_only_while_they_are_loaded(start, repository, recording):
    add(repository, recording, recording.agent(move_at="LOAD_COMPLETE"))
    server = start()
    assert load(server, "m").status_code == 200
    assert ("location can only be updated during TRITONREPOAGENT_ACTION_LOAD, current action type is "
            "TRITONREPOAGENT_ACTION_LOAD_COMPLETE") in server.log


def test_a_folder_that_is_not_there_is_a_poll_error(start, repository, recording):
    add(repository, recording, recording.agent(move="/nowhere"))
    server = start()
    assert load(server, "m").status_code == 500
    assert "Poll failed for model directory 'm': failed to open directory /nowhere: No such file or directory" in server.log
    assert recording.events() == ["a LOAD", "a LOAD_FAIL", "a finalized"]


# --- what load requests bring

def test_a_configuration_in_the_request_names_agents(start, repository, recording):
    repository.add_identity("m")
    server = start()
    config = {"backend": "identity", "max_batch_size": 2, "model_repository_agents": {"agents": [
        {"name": "recorder", "parameters": recording.agent()[1]}]},
        "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
        "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]}
    assert load(server, "m", config).status_code == 200
    assert load(server, "m").status_code == 200  # keeps the configuration, and what its agents have seen
    assert server.get("/v2/models/m/config").json()["max_batch_size"] == 2
    assert recording.events() == ["a LOAD", "a LOAD_COMPLETE"]
    assert json.loads(recording.configs()[0])["max_batch_size"] == 2


def test_files_in_the_request_pass_the_agents(start, repository, recording):
    server = start()
    config = {"backend": "identity", "max_batch_size": 2, "model_repository_agents": {"agents": [
        {"name": "recorder", "parameters": recording.agent(copy="true")[1]},
        {"name": "recorder", "parameters": recording.agent("b")[1]}]},
        "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
        "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]}
    assert load(server, "m", config, files={"3/data": b"hello"}).status_code == 200
    given, copied = (pathlib.Path(recording.locations(name)[0]) for name in "ab")
    assert (copied / "3" / "data").read_bytes() == b"hello"
    assert server.get("/v2/models/m").json()["versions"] == ["3"]
    unload(server, "m")
    ended(recording)
    wait_until(lambda: not given.exists() and not copied.exists())


# --- agents that the operator demands

def test_a_demanded_agent_sees_every_model_first(start, repository, recording, tmp_path):
    demanded = Recording(tmp_path / "demanded")
    repository.add_identity("n")
    add(repository, recording)
    server = start(f"--repoagent-config=recorder,log={demanded.path}", "--repoagent-config=recorder,as=boss")
    assert load(server, "m").status_code == load(server, "n").status_code == 200
    assert demanded.locations("boss") == [str(repository.path / "m"), str(repository.path / "n")]
    assert recording.events() == ["a LOAD", "a LOAD_COMPLETE"]


def test_with_a_demanded_agent_requests_bring_nothing(start, repository, recording):
    repository.add_identity("m")
    server = start(f"--repoagent-config=recorder,log={recording.path}")
    for given in ({"config": {"backend": "identity"}}, {"config": {}, "files": {"1/x": b""}}):
        response = load(server, "m", **given)
        assert response.status_code == 400
        assert "every model is loaded as it lies in its repository" in response.json()["error"]
    assert recording.lines() == []
