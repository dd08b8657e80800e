"""Poll mode over an object store: uploads are taken when they are whole, and faults of the store change nothing."""
import contextlib
import os

import pytest
from support.control import index
from support.hammer import Hammer
from support.inference import ask, values
from support.repository import ModelRepository
from support.wait import wait_until


@pytest.fixture
def serve(store, folder, repository, temporary, start_server):
    repository.add_identity("m")
    store.upload(repository.path, folder)

    def start(poll_secs):
        return start_server(f"{store.url}/{folder}", "--model-control-mode=poll", f"--repository-poll-secs={poll_secs}",
                            env={**store.environment, "TMPDIR": str(temporary)})
    return start


@pytest.fixture
def server(serve):
    return serve(0.2)


@pytest.fixture
def change(store, folder, tmp_path):
    """Uploads an identity model as it is to be from now on."""
    def upload(name, **config):
        made = ModelRepository(tmp_path / f"change{len(list(tmp_path.iterdir()))}")
        made.add_identity(name, **config)
        store.upload(made.path, folder)
    return upload


def size(server):
    """The maximum batch size of "m", which the tests change."""
    return server.get("/v2/models/m/config").json()["max_batch_size"]


def copies(temporary, name):
    found = []
    for path in temporary.glob(f"neso-objects-*/*/m/1/{name}"):
        with contextlib.suppress(FileNotFoundError):  # a copy may go meanwhile
            found.append(path.read_bytes())
    return found


def test_what_changes_is_taken_without_a_lost_request(store, folder, server, change, temporary):
    with Hammer(server, "m") as hammer:
        change("m", max_batch_size=5)
        wait_until(lambda: size(server) == 5)
        content = os.urandom(10_000)
        store.put(f"{folder}/m/1/weights.bin", content)
        wait_until(lambda: copies(temporary, "weights.bin") == [content])
        store.put(f"{folder}/m/1/weights.bin", content[::-1])
        wait_until(lambda: copies(temporary, "weights.bin") == [content[::-1]])
        hammer.until_more()
    assert hammer.failures == []


def test_models_come_and_go_with_their_objects(store, folder, server, change):
    change("late")
    wait_until(lambda: index(server).get("late:1") == "READY")
    assert values(ask(server, "late")) == [1]
    for name in ("config.pbtxt", "1/"):
        store.delete(f"{folder}/late/{name}")
    wait_until(lambda: index(server) == {"m:1": "READY"})


def test_a_model_that_is_being_uploaded_is_loaded_when_it_is_whole(store, folder, serve):
    """The configuration stands there long before the version: a load in between would fail."""
    server = serve(1)  # the rest has to come before the next look
    store.put(f"{folder}/late/config.pbtxt", b'backend: "identity"\nmax_batch_size: 8\n'
              b'input { name: "INPUT0" data_type: TYPE_FP32 dims: -1 }\n'
              b'output { name: "OUTPUT0" data_type: TYPE_FP32 dims: -1 }\n')
    wait_until(lambda: "the files of model 'late' change" in server.log)
    store.put(f"{folder}/late/1/", b"")
    wait_until(lambda: index(server).get("late:1") == "READY")
    assert "failed to load" not in server.log


def test_a_broken_upload_keeps_the_model_and_does_not_stop_the_others(store, folder, server, change):
    store.put(f"{folder}/m/config.pbtxt", b"{")
    change("late")
    wait_until(lambda: index(server).get("late:1") == "READY")
    wait_until(lambda: "Poll failed for model directory 'm': " in server.log)
    assert values(ask(server, "m")) == [1]


@pytest.mark.parametrize("fault", ["503", "cut", "short", "garbage"])
def test_a_look_with_a_fault_finds_what_has_changed_all_the_same(store, server, change, fault):
    store.proxy.fail(fault, store.list_path, times=2)
    change("m", max_batch_size=5)
    wait_until(lambda: size(server) == 5)
    assert server.metric("neso_object_store_retries") >= 1


def test_a_store_that_is_out_of_reach_changes_nothing(store, server, change):
    store.proxy.fail("403", store.list_path, times=2)
    change("m", max_batch_size=5)
    wait_until(lambda: "failed to poll the model repository: " in server.log)
    assert (values(ask(server, "m")), index(server)) == ([1], {"m:1": "READY"})
    wait_until(lambda: size(server) == 5)
