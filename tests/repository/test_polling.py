"""Poll mode: what changes in the repository is loaded and unloaded without a request."""
import os
import shutil
import signal

import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.control import index, load, unload
from support.hammer import Hammer
from support.inference import ask, values
from support.repository import ModelRepository
from support.simple_models import config, numbers
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

POLL = ["--model-control-mode=poll", "--repository-poll-secs=0.2"]


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("m")
    return start_server(repository.path, *POLL)


@pytest.fixture
def elsewhere(tmp_path):
    """Where models are made before they are moved into the repository."""
    return ModelRepository(tmp_path / "elsewhere")


def size(server):
    """The maximum batch size of "m", which the tests change."""
    return server.get("/v2/models/m/config").json()["max_batch_size"]


def test_models_come_and_go_with_their_folders(repository, server):
    assert index(server) == {"m:1": "READY"}
    repository.add_identity("late")
    wait_until(lambda: index(server).get("late:1") == "READY")
    assert values(ask(server, "late")) == [1]
    shutil.rmtree(repository.path / "late")
    wait_until(lambda: index(server) == {"m:1": "READY"})
    response = ask(server, "late")
    assert response.status_code == 404
    assert response.json()["error"] == "Request for unknown model: 'late' has no available versions"
    assert server.get("/v2/health/ready").status_code == 200
    wait_until(lambda: "successfully unloaded 'late' version 1" in server.log)
    for line in ("loading: late:1", "successfully loaded 'late'", "unloading: late:1"):
        assert line in server.log


def test_versions_come_and_go_without_a_lost_request(repository, server):
    with Hammer(server, "m") as hammer:
        repository.add_identity("m", versions=(1, 2), extra="version_policy { all {} }")
        wait_until(lambda: index(server) == {"m:1": "READY", "m:2": "READY"})
        shutil.rmtree(repository.path / "m" / "1")
        wait_until(lambda: index(server) == {"m:1": "UNAVAILABLE: unloaded", "m:2": "READY"})
        hammer.until_more()
    assert hammer.failures == []


def test_changed_files_are_loaded_without_a_lost_request(repository, server):
    with Hammer(server, "m") as hammer:
        repository.add_identity("m", max_batch_size=5)
        wait_until(lambda: size(server) == 5)
        hammer.until_more()
    assert hammer.failures == []


def test_a_failing_reload_keeps_the_former_version_and_is_tried_again(repository, start_server):
    repository.add_identity("m")
    server = start_server(repository.path, *POLL, "--log-verbose=1")
    repository.add_identity("m", parameters={"initialize_error": "no luck"})
    failure = "failed to load 'm' version 1: Internal: no luck"
    wait_until(lambda: server.log.count(failure) >= 2)
    # As an error once; further failures are for those who look closely.
    assert len([line for line in server.log.splitlines() if failure in line and line.startswith("E")]) == 1
    assert index(server) == {"m:1": "READY"}
    assert values(ask(server, "m")) == [1]
    repository.add_identity("m", max_batch_size=5)
    wait_until(lambda: size(server) == 5)


def test_a_broken_configuration_keeps_the_model_and_does_not_stop_the_others(repository, server):
    repository.add("m", "{")
    repository.add_identity("late")
    wait_until(lambda: index(server).get("late:1") == "READY")
    wait_until(lambda: "Poll failed for model directory 'm': " in server.log)
    assert index(server) == {"late:1": "READY", "m:1": "READY"}
    assert values(ask(server, "m")) == [1]


def test_load_and_unload_requests_are_refused(server):
    text = "explicit model load / unload is not allowed if polling is enabled"
    for action in (load, unload):
        response = action(server, "m")
        assert (response.status_code, response.json()["error"]) == (503, text)
    with httpclient.InferenceServerClient(server.http) as http, grpcclient.InferenceServerClient(server.grpc) as grpc:
        for client in (http, grpc):
            for action in (client.load_model, client.unload_model):
                with pytest.raises(InferenceServerException, match=text):
                    action("m")
    assert values(ask(server, "m")) == [1]


def test_a_model_that_is_being_written_is_loaded_when_it_is_complete(repository, server):
    """The configuration stands there long before the version: a load in between would fail."""
    folder = repository.add("late", 'backend: "identity"\nmax_batch_size: 8\n'
                            'input { name: "INPUT0" data_type: TYPE_FP32 dims: -1 }\n'
                            'output { name: "OUTPUT0" data_type: TYPE_FP32 dims: -1 }\n', versions=())
    wait_until(lambda: "the files of model 'late' change" in server.log)
    (folder / "1").mkdir()
    wait_until(lambda: index(server).get("late:1") == "READY")
    assert "failed to load" not in server.log


def test_complete_copies_are_moved_into_place(elsewhere, repository, server):
    """Exchanged as fast as renames go, under load: every answer is right, and the last one stays."""
    with Hammer(server, "m") as hammer:
        for revision in range(5):
            new = elsewhere.add_identity("m", max_batch_size=revision + 2)
            os.rename(repository.path / "m", elsewhere.path / f"old{revision}")
            os.rename(new, repository.path / "m")
            hammer.until_more()
        wait_until(lambda: size(server) == 6)
    # Between the two renames there is no folder, which a look may see.
    assert hammer.failures == []


def test_ensembles_follow_their_models(repository, start_server):
    repository.add_identity("a")
    repository.add_chain("both", ["a", "a"])
    server = start_server(repository.path, *POLL)
    assert index(server) == {"a:1": "READY", "both:1": "READY"}
    shutil.rmtree(repository.path / "a")
    wait_until(lambda: index(server) == {"both:1": "UNAVAILABLE: unloaded"})
    assert ask(server, "a").status_code == 404
    repository.add_identity("a")
    wait_until(lambda: index(server) == {"a:1": "READY", "both:1": "READY"})


def test_a_model_that_failed_at_the_start_is_tried_again(repository, start_server):
    repository.add_identity("bad", parameters={"initialize_error": "no luck"})
    repository.add_identity("worse", parameters={"initialize_error": "no luck"})
    server = start_server(repository.path, *POLL, "--exit-on-error=false", "--log-verbose=1", ready=False)
    wait_until(lambda: server.log.count("failed to load 'bad' version 1") >= 2)
    assert server.get("/v2/health/ready").status_code == 400
    repository.add_identity("bad")
    wait_until(lambda: index(server).get("bad:1") == "READY")
    assert server.get("/v2/health/ready").status_code == 400
    shutil.rmtree(repository.path / "worse")
    wait_until(lambda: index(server) == {"bad:1": "READY"})
    assert server.get("/v2/health/ready").status_code == 200, "nobody wants what is gone"


def test_a_repository_that_is_out_of_reach_changes_nothing(repository, server):
    away = repository.path.with_name("away")
    os.rename(repository.path, away)
    wait_until(lambda: "failed to poll the model repository: failed to open directory" in server.log)
    assert values(ask(server, "m")) == [1]
    os.rename(away, repository.path)
    repository.add_identity("late")
    wait_until(lambda: values_or_none(server, "late") == [1])
    assert server.log.count("loading: m:1") == 1


def values_or_none(server, model):
    response = ask(server, model)
    return values(response) if response.status_code == 200 else None


def test_the_server_ends_at_once_while_a_poll_loads(repository, server):
    repository.add_identity("slow", parameters={"creation_delay_sec": 2})
    wait_until(lambda: index(server).get("slow:1") == "LOADING")
    server.process.send_signal(signal.SIGTERM)
    assert server.wait() == 0


@pytest.mark.parametrize("seconds", ["0", "-1"])
def test_without_an_interval_nothing_is_looked_at(repository, start_server, seconds):
    repository.add_identity("m")
    server = start_server(repository.path, "--model-control-mode=poll", f"--repository-poll-secs={seconds}")
    assert not any(open(f"/proc/{server.pid}/task/{task}/comm").read().startswith("repository-poll")
                   for task in os.listdir(f"/proc/{server.pid}/task"))
    assert index(server) == {"m:1": "READY"}


def is_ready(server):
    return server.get("/v2/health/ready").status_code == 200


def unavailable(server):
    return server.metric("neso_model_versions", state="UNAVAILABLE")


@pytest.mark.parametrize("mended_by", ["removal", "newer version"])
def test_a_broken_new_version_is_forgotten_when_it_is_mended(repository, start_server, mended_by):
    repository.add("m", config("TYPE_INT32"), files={"model.onnx": numbers()})
    server = start_server(repository.path, *POLL)

    def put(version, content):
        staged = repository.path / "m" / f".{version}"
        staged.mkdir()
        (staged / "model.onnx").write_bytes(content)
        staged.rename(repository.path / "m" / str(version))
    put(2, b"garbage")
    wait_until(lambda: index(server).get("m:2", "").startswith("UNAVAILABLE: "))
    assert index(server)["m:1"] == "READY" and not is_ready(server) and unavailable(server) == 1
    if mended_by == "removal":
        shutil.rmtree(repository.path / "m/2")
    else:
        put(3, numbers())
    wait_until(lambda: is_ready(server))
    assert unavailable(server) == 0 and "m:2" not in index(server)


def test_a_folder_that_cannot_be_read_says_why_in_the_index(repository, server):
    repository.add("broken", "bogus bogus")
    wait_until(lambda: index(server).get("broken", "").startswith("UNAVAILABLE: "))
    assert "failed to read text proto" in index(server)["broken"]
    assert is_ready(server)
    shutil.rmtree(repository.path / "broken")
    wait_until(lambda: index(server) == {"m:1": "READY"})
