"""Where a backend's library comes from, and how models load side by side."""
import pathlib
import shutil
import time

import pytest
from support.control import index, load
from support.inference import Crowd, ask, values
from support.server import PATIENCE, TREE, Server
from support.wait import wait_until

IDENTITY = TREE / "backends" / "identity" / "libtriton_identity.so"
IO = 'input { name: "INPUT0" data_type: TYPE_FP32 dims: [1] } output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [1] }'


def loaded_libraries(server):
    maps = pathlib.Path(f"/proc/{server.pid}/maps").read_text()
    return {line.split(maxsplit=5)[5] for line in maps.splitlines() if line.endswith(".so")}


@pytest.fixture
def server(repository, start_server):
    return start_server(repository.path, "--model-control-mode=explicit")


@pytest.mark.parametrize("places, used", [
    (["1", "."], "1/libtriton_identity.so"),
    (["."], "libtriton_identity.so"),
    ([], None),
])
@pytest.mark.parametrize("runtime", ["", 'runtime: "libtriton_identity.so"'])
def test_the_version_folder_comes_before_the_model_folder_and_the_backend_directory(repository, server, places, used, runtime):
    folder = repository.add("m", f'backend: "identity" {runtime} {IO}')
    for place in places:
        shutil.copy(IDENTITY, folder / place)
    assert load(server, "m").status_code == 200
    libraries = loaded_libraries(server)
    assert str((folder / used) if used else IDENTITY.resolve()) in libraries
    assert sum(path.endswith("libtriton_identity.so") for path in libraries) == 1


def test_a_model_may_bring_its_own_backend(repository, server):
    folder = repository.add("m", f'backend: "homemade" {IO}')
    assert load(server, "m").status_code == 400
    shutil.copy(IDENTITY, folder / "libtriton_homemade.so")
    assert load(server, "m").status_code == 200
    assert str(folder / "libtriton_homemade.so") in loaded_libraries(server)
    reply = server.infer("m", {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1], "data": [4]}]})
    assert values(reply) == [4]


def test_a_library_that_is_none_is_an_error(repository, server):
    folder = repository.add("m", f'backend: "identity" {IO}')
    (folder / "1" / "libtriton_identity.so").write_bytes(b"not a library")
    response = load(server, "m")
    assert response.status_code == 400
    assert "unable to load shared library" in response.json()["error"]
    (folder / "1" / "libtriton_identity.so").unlink()
    assert load(server, "m").status_code == 200


def test_the_backend_directory_is_found_beside_the_program(repository):
    repository.add_identity("m")
    server = Server(repository.path)
    server.command = [word for word in server.command if not word.startswith("--backend-directory")]
    server.start()
    try:
        assert values(ask(server, "m")) == [1]
        assert str(IDENTITY.resolve()) in loaded_libraries(server)
    finally:
        server.stop()


def test_models_load_side_by_side_while_others_serve(repository, start_server):
    names = ["a", "b", "c"]
    for name in names:
        repository.add_identity(name, parameters={"creation_delay_sec": 1})
    repository.add_identity("good")
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=good")
    with Crowd() as crowd:
        began = time.monotonic()
        replies = [crowd.pool.submit(load, server, name) for name in names]
        wait_until(lambda: "LOADING" in index(server).values(), timeout=1)
        assert values(ask(server, "good")) == [1]
        assert server.get("/v2/health/ready").status_code == 400
        assert server.get("/v2/models/a/ready").status_code != 200
        assert {reply.result().status_code for reply in replies} == {200}
        assert time.monotonic() - began < 1 + 1 * PATIENCE
    assert server.get("/v2/health/ready").status_code == 200


def test_models_load_side_by_side_at_start(repository, start_server):
    for i in range(4):
        repository.add_identity(f"m{i}", parameters={"creation_delay_sec": 1})
    began = time.monotonic()
    start_server(repository.path)
    assert 1 <= time.monotonic() - began < 1 + 1.5 * PATIENCE


def test_one_load_thread_loads_one_after_the_other(repository, start_server):
    for name in "ab":
        repository.add_identity(name, parameters={"creation_delay_sec": 1})
    began = time.monotonic()
    start_server(repository.path, "--model-load-thread-count=1")
    assert time.monotonic() - began >= 2


def test_a_load_that_fails_is_tried_again_as_often_as_said(repository, start_server):
    repository.add_identity("m", parameters={"initialize_error": "no luck"})
    server = start_server(repository.path, "--model-control-mode=explicit", "--model-load-retry-count=2")
    assert load(server, "m").status_code == 400
    assert server.log.count("retrying to load 'm' version 1: Internal: no luck") == 2
