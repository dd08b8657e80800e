"""Model repositories in object stores: what works with folders works there, for each of the three stores."""
import concurrent.futures
import os
import pathlib
import re
import signal
import threading

import numpy as np
import pytest
import requests
import tritonclient.grpc as grpcclient
from support.clients import infer_at_once
from support.control import index, load, unload
from support.embedded import run_embedded
from support.inference import ask, values
from support.repository import ModelRepository
from support.server import IS_SANITIZED, PATIENCE, Server, run_neso
from support.wait import wait_until


@pytest.fixture
def serve(store, folder, temporary, start_server):
    """Starts a server on the test's folder of the store."""
    def start(*args, env=None, **kwargs):
        return start_server(f"{store.url}/{folder}", *args,
                            env={**store.environment, "TMPDIR": str(temporary), **(env or {})}, **kwargs)
    return start


def copies(temporary):
    """Files of models, without locks and what is kept to be linked."""
    # os.walk() leaves out what goes away meanwhile, where rglob() raises.
    paths = [pathlib.Path(folder, file) for folder, _, files in os.walk(temporary) for file in files]
    return sorted(str(path.relative_to(temporary)) for path in paths
                  if not {".lock", "blobs", "parts"} & set(path.parts) and "neso-objects" in str(path))


def test_models_are_served_to_stock_clients(store, folder, repository, serve):
    repository.add_identity("one")
    repository.add_identity("two", versions=(1, 3), extra="version_policy { all {} }")
    (repository.path / "one/1/some").mkdir()
    (repository.path / "one/1/some/über café+x=1&y.bin").write_bytes(os.urandom(100_000))
    store.upload(repository.path, folder)
    server = serve()
    sent = np.arange(4, dtype=np.float32).reshape(1, 4)
    answers = infer_at_once(server.http, "two", [{"INPUT0": sent}])
    assert np.array_equal(answers[0]["OUTPUT0"], sent)
    with grpcclient.InferenceServerClient(server.grpc) as client:
        tensor = grpcclient.InferInput("INPUT0", [1, 4], "FP32")
        tensor.set_data_from_numpy(sent)
        assert np.array_equal(client.infer("one", [tensor]).as_numpy("OUTPUT0"), sent)
    assert index(server) == {"one:1": "READY", "two:1": "READY", "two:3": "READY"}
    assert server.metric("neso_object_store_read_bytes") >= 100_000
    assert server.metric("neso_object_store_pending_bytes") == 0
    assert f"{store.url}/{folder}/one: downloaded 10" in server.log


def test_loads_follow_the_bucket_and_copies_go_with_their_models(store, folder, repository, serve, temporary):
    repository.add_identity("m")
    store.upload(repository.path, folder)
    server = serve("--model-control-mode=explicit")
    assert index(server) == {"m": ""}
    assert load(server, "m").status_code == 200
    assert [path for path in copies(temporary) if path.endswith("m/config.pbtxt")]
    read = server.metric("neso_object_store_read_bytes")

    store.put(f"{folder}/m/2/weights.bin", bytes(5000))
    assert load(server, "m").status_code == 200
    assert index(server) == {"m:1": "UNAVAILABLE: unloaded", "m:2": "READY"}
    # What was here already did not come again.
    assert server.metric("neso_object_store_read_bytes") == read + 5000
    wait_until(lambda: len([path for path in copies(temporary) if path.endswith("weights.bin")]) == 1)

    assert unload(server, "m").status_code == 200
    wait_until(lambda: not copies(temporary))
    wait_until(lambda: not list(temporary.glob("*/blobs/*")))
    server.stop()
    assert not list(temporary.iterdir())


def test_sizes_of_objects_count_for_models_on_demand(store, folder, repository, serve):
    repository.add_identity("small")
    repository.add_identity("huge")
    store.upload(repository.path, folder)
    for name, size in (("small", 1_000_000), ("huge", 6_000_000)):
        store.put(f"{folder}/{name}/1/weights.bin", bytes(size))
    server = serve("--model-control-mode=on_demand", "--model-memory-budget=5000000")
    response = ask(server, "huge")
    assert response.status_code == 503
    assert "model 'huge' takes about 6.0 MB, and all models together may take 5.0 MB" in response.json()["error"]
    assert values(ask(server, "small", [1.0])) == [1]
    assert server.metric("neso_on_demand_model_memory_bytes", model="small", device="host") >= 1_000_000


def test_repositories_of_both_kinds_stand_beside_each_other(store, folder, repository, tmp_path, temporary, start_server):
    repository.add_identity("far")
    store.upload(repository.path, folder)
    local = ModelRepository(tmp_path / "local")
    local.add_identity("near")
    server = start_server([f"{store.url}/{folder}", local.path], env={**store.environment, "TMPDIR": str(temporary)})
    assert index(server) == {"far:1": "READY", "near:1": "READY"}


@pytest.mark.skipif(IS_SANITIZED, reason="the library needs its sanitizer in the process, which Python has not")
def test_a_repository_is_added_and_removed_while_the_server_runs(store, folder, repository, tmp_path, temporary):
    """Only the C interface can do that."""
    near = ModelRepository(tmp_path / "near")
    near.add_identity("here")
    repository.add_identity("far")
    store.upload(repository.path, folder + "/deep")
    far = f"{store.url}/{folder}/deep"
    steps = [["load", "here"], ["load", "far"], ["index"], ["register", far], ["index"], ["load", "far"], ["index"],
             ["unload", "far"], ["unregister", far], ["load", "far"], ["index"]]
    loaded, unknown, before, registered, known, reloaded, ready, unloaded, unregistered, gone, after = run_embedded(
        near.path, steps, env={**store.environment, "TMPDIR": str(temporary)})
    assert (loaded, registered, reloaded, unloaded, unregistered) == ("",) * 5
    assert "failed to poll from model repository" in unknown and "failed to poll from model repository" in gone
    assert [names(entries) for entries in (before, known, ready)] == [{"here"}, {"here", "far"}, {"here", "far"}]
    assert {"name": "far", "version": "1", "state": "READY"} in ready
    assert {"name": "far", "version": "1", "state": "READY"} not in after
    assert not copies(temporary)


def names(entries):
    return {entry["name"] for entry in entries}


def test_listings_of_several_pages_are_read_to_their_end(store, folder, repository, serve, temporary):
    for name in ("a", "b", "c", "d", "e", "f", "g"):
        repository.add_identity(name)
    for number in range(10):
        (repository.path / f"d/1/part{number}").write_bytes(bytes([number]) * 100)
    store.upload(repository.path, folder)
    with store.pages_of(3):
        server = serve("--model-control-mode=explicit", "--load-model=d")
        assert set(index(server)) == {"a", "b", "c", "d:1", "e", "f", "g"}
    listings = [path for path in store.proxy.paths(store.list_path) if re.search("(token|Token|marker)=", path)]
    assert len(listings) >= 2 + 3, "the folder has three pages, and the model has four"
    assert len([path for path in copies(temporary) if "/d/1/part" in path]) == 10


def test_a_store_that_gives_the_same_page_again_is_an_error(store, folder, repository, serve):
    """And not a server that asks for ever."""
    if store.scheme != "s3":
        pytest.skip("its token is easily held on to")
    repository.add_identity("a")
    for number in range(4):
        (repository.path / f"a/1/part{number}").write_bytes(b"part")
    store.upload(repository.path, folder)
    server = serve("--model-control-mode=explicit")
    with store.pages_of(1):
        smaller = store.proxy.rewrite
        # Each page but the first is the second one, which says that the third follows.
        kept = {}

        def stuck(path, headers):
            if "continuation-token" in path:
                path = kept.setdefault("path", path)
            return smaller(path, headers)
        store.proxy.rewrite = stuck
        response = load(server, "a")
    assert response.status_code == 500
    assert "expected the next page of the listing, got the same one again" in server.log


def test_a_cache_folder_spares_the_second_download(store, folder, repository, serve, tmp_path):
    weights = os.urandom(300_000)
    repository.add_identity("m")
    (repository.path / "m/1/weights.bin").write_bytes(weights)
    store.upload(repository.path, folder)
    cache = tmp_path / "cache"
    server = serve(f"--object-cache-directory={cache}")
    assert server.metric("neso_object_store_read_bytes") >= 300_000
    server.stop()
    blobs = [path for path in cache.glob("blobs/*") if path.stat().st_size == 300_000]
    assert [path.read_bytes() for path in blobs] == [weights]

    server = serve(f"--object-cache-directory={cache}")
    assert server.metric("neso_object_store_read_bytes") < 10_000
    server.stop()

    # What has rotted is noticed, and comes again.
    blobs[0].write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    server = serve(f"--object-cache-directory={cache}")
    assert server.metric("neso_object_store_read_bytes") >= 300_000
    assert "not what was written there any more" in server.log
    assert not list(cache.glob("neso-objects-*/*/m/1/weights.bin")) == []
    assert [path.read_bytes() for path in cache.glob("neso-objects-*/*/m/1/weights.bin")] == [weights]


MOUNT_DIRECTORIES = {"s3": "TRITON_AWS_MOUNT_DIRECTORY", "gs": "TRITON_GCS_MOUNT_DIRECTORY",
                     "as": "TRITON_AZURE_MOUNT_DIRECTORY"}


def test_the_mount_directory_holds_the_copies(store, folder, repository, serve, tmp_path):
    repository.add_identity("m")
    store.upload(repository.path, folder)
    server = serve(env={MOUNT_DIRECTORIES[store.scheme]: str(tmp_path / "mount")})
    assert index(server) == {"m:1": "READY"}
    assert list((tmp_path / "mount").glob("neso-objects-*/*/m/config.pbtxt"))
    server.stop()
    assert [path.name for path in sorted((tmp_path / "mount").iterdir())] == ["blobs", "parts"]


def test_what_a_killed_server_left_is_cleaned_up_and_used(store, folder, repository, temporary, tmp_path, start_server):
    repository.add_identity("m")
    big = os.urandom(40_000_000)
    (repository.path / "m/1/weights.bin").write_bytes(big)
    store.upload(repository.path, folder)
    cache = tmp_path / "cache"
    environment = {**store.environment, "TMPDIR": str(temporary)}
    args = (f"{store.url}/{folder}", f"--object-cache-directory={cache}", "--object-store-connections=1")
    # Two chunks come, the third does not.
    store.proxy.fail(None, store.read_path(f"{folder}/m/1/weights.bin"), times=2)
    store.proxy.fail("hang", store.read_path(f"{folder}/m/1/weights.bin"))
    server = Server(*args, env=environment, ready=False)
    server.start()
    wait_until(lambda: any(path.stat().st_size == 2 for path in cache.glob("parts/*.done")), timeout=30)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    assert list(cache.glob("neso-objects-*"))

    server = start_server(*args, env=environment)
    assert server.metric("neso_object_store_read_bytes") < 20_000_000
    assert "which a server that ended early left behind" in server.log
    assert [path.read_bytes() == big for path in cache.glob("neso-objects-*/*/m/1/weights.bin")] == [True]
    assert not list(cache.glob("parts/*"))


@pytest.mark.parametrize("name", ["1/../../../evil", "/1/evil", "1//evil", "1/./evil", "1/model/", "1/x/y"])
def test_names_that_no_folder_can_have_cost_only_their_model(store, folder, repository, serve, temporary, name):
    repository.add_identity("good")
    repository.add_identity("bad")
    (repository.path / "bad/1/x").write_bytes(b"a file")
    store.upload(repository.path, folder)
    try:
        store.put(f"{folder}/bad/{name}", b"evil")
    except AssertionError:
        pytest.skip(f"{store.scheme} itself refuses the name {name}")
    server = serve("--exit-on-error=false", "--strict-readiness=false")
    assert values(ask(server, "good", [1.0])) == [1]
    assert not [path for path in temporary.parent.rglob("evil") if "bad" not in path.parts]


def test_what_is_missing_is_named(store, folder, temporary):
    result = run_neso(f"--model-repository={store.url}/{folder}", env={**store.environment, "TMPDIR": str(temporary)})
    assert result.returncode == 1
    assert f"failed to stat file {store.url}/{folder}: no object's name begins with it" in result.stdout + result.stderr
    missing = store.url.replace("models-of-tests", "no-such-bucket")
    result = run_neso(f"--model-repository={missing}/x", env={**store.environment, "TMPDIR": str(temporary)})
    assert result.returncode == 1
    assert f"{missing}/x: 404" in result.stdout + result.stderr


def test_wrong_keys_are_refused_with_what_to_set(store, folder, repository, temporary):
    if store.wrong_environment is None:
        pytest.skip(f"the stand-in for {store.scheme} lets everybody in")
    repository.add_identity("m")
    store.upload(repository.path, folder)
    result = run_neso(f"--model-repository={store.url}/{folder}", env={**store.wrong_environment, "TMPDIR": str(temporary)})
    text = result.stdout + result.stderr
    assert result.returncode == 1
    assert f"{store.url}/{folder}: 403" in text
    assert store.advice in text
    assert "wrong" not in text  # no secret


class Hold:
    """A fault that holds a request up until it is let go."""

    def __init__(self, store, path):
        self._came, self._may_go = threading.Event(), threading.Event()
        store.proxy.fail(self, store.read_path(path))

    def __call__(self):
        self._came.set()
        assert self._may_go.wait(60 * PATIENCE)

    def until_there(self):
        assert self._came.wait(20 * PATIENCE)

    def let_go(self):
        self._may_go.set()


def test_servers_that_start_at_the_same_time_share_a_cache_folder(store, folder, repository, temporary, tmp_path,
                                                                  start_server):
    """One is in the midst of a file when another one begins with it, and keeps it."""
    weights = os.urandom(300_000)
    repository.add_identity("m")
    (repository.path / "m/1/weights.bin").write_bytes(weights)
    store.upload(repository.path, folder)
    cache = tmp_path / "cache"
    arguments = (f"{store.url}/{folder}", f"--object-cache-directory={cache}")
    environment = {**store.environment, "TMPDIR": str(temporary)}
    hold = Hold(store, f"{folder}/m/1/weights.bin")
    slow = start_server(*arguments, env=environment, ready=False)
    hold.until_there()
    quick = start_server(*arguments, env=environment)
    hold.let_go()
    slow.until_ready()
    assert [path.read_bytes() == weights for path in cache.glob("neso-objects-*/*/m/1/weights.bin")] == [True, True]
    assert "downloaded anew" not in slow.log + quick.log
    late = start_server(*arguments, env=environment)
    assert late.metric("neso_object_store_read_bytes") < 10_000
    assert not list(cache.glob("parts/*")) and not list(cache.glob("neso-objects-*/parts/*"))


def test_ready_is_told_only_with_the_models_here(store, folder, repository, serve):
    repository.add_identity("m")
    (repository.path / "m/1/weights.bin").write_bytes(b"weights")
    store.upload(repository.path, folder)
    hold = Hold(store, f"{folder}/m/1/weights.bin")
    server = serve(ready=False)
    hold.until_there()
    for _ in range(20):
        assert not is_ready(server, "/v2/health/ready") and not is_ready(server, "/v2/models/m/ready")
    hold.let_go()
    server.until_ready()
    assert is_ready(server, "/v2/models/m/ready")


def is_ready(server, path):
    try:
        return server.get(path).status_code == 200
    except requests.ConnectionError:  # it does not listen before its models are here
        return False


def test_network_threads_are_free_while_a_model_comes(store, folder, repository, serve):
    repository.add_identity("here")
    repository.add_identity("m")
    (repository.path / "m/1/weights.bin").write_bytes(b"weights")
    store.upload(repository.path, folder)
    server = serve("--model-control-mode=explicit", "--load-model=here", "--http-thread-count=1")
    hold = Hold(store, f"{folder}/m/1/weights.bin")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load, server, "m")
        hold.until_there()
        for _ in range(20):
            assert values(ask(server, "here", [2.0])) == [2]
            assert is_ready(server, "/v2/health/live") and not is_ready(server, "/v2/models/m/ready")
        assert not loading.done()
        hold.let_go()
        assert loading.result().status_code == 200
    assert is_ready(server, "/v2/models/m/ready")
