"""Batching libraries: what joins a batch is theirs to decide, request by request."""
import os
import pathlib
import shutil

import pytest
from support.batching import batches, rows
from support.control import index, load, unload
from support.inference import Crowd, ask, delay_ms, pending, values
from support.server import ROOT
from support.wait import wait_until

STRATEGIES = pathlib.Path(os.environ.get("NESO_BUILD", ROOT / "build/release")) / "batching"
pytestmark = pytest.mark.skipif(not STRATEGIES.is_dir(), reason="the batching libraries are not built")

PATH = "TRITON_BATCH_STRATEGY_PATH"


def add(repository, name, strategy=None, extra="dynamic_batching {}", place=".", **parameters):
    """A model whose folder holds the strategy. All requests of a test have to come while it executes the first."""
    folder = repository.add_identity(name, extra=extra, parameters={"execute_delay_ms": delay_ms(600), **parameters})
    if strategy is not None:
        shutil.copy(STRATEGIES / strategy / "batchstrategy.so", folder / place)
    return folder


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    add(module_repository, "one_by_one", "one_by_one")
    add(module_repository, "by_volume", "by_volume", MAX_BATCH_VOLUME_BYTES=16)
    add(module_repository, "unwilling", "unwilling")
    add(module_repository, "waiting", "unwilling", execute_delay_ms=0,
        extra="dynamic_batching { max_queue_delay_microseconds: 600000000 }")
    add(module_repository, "no_batcher", "one_by_one", extra="", execute_delay_ms=0)
    add(module_repository, "sequences", "one_by_one", extra="sequence_batching {}", execute_delay_ms=0)
    return start_module_server(module_repository.path)


def test_a_strategy_of_one_request_a_batch(server):
    assert batches(server, "one_by_one", [rows(1), rows(2), rows(1)]) == {1: 2, 2: 1}


def test_a_strategy_by_volume(server):
    # Four bytes a value, sixteen a batch.
    assert batches(server, "by_volume", [rows(1, 2), rows(1, 2), rows(1, 2)]) == {2: 1, 1: 1}
    assert batches(server, "by_volume", [rows(1, 1)] * 5) == {4: 1, 1: 1}


def test_a_request_that_no_batch_has_room_for_is_executed_alone(server):
    assert batches(server, "by_volume", [rows(1, 9), rows(1, 9)]) == {1: 2}


def asked(server):
    """What each batch of the strategy "unwilling" that has ended was asked about."""
    return [line.split()[2:] for line in server.log.splitlines() if line.startswith("unwilling: batch")]


def test_each_request_is_asked_about_in_order_and_a_refusal_ends_the_batch(server):
    requests = [rows(1, id=id) for id in ("a", "b", "refused", "c")]
    assert batches(server, "unwilling", requests) == {2: 1, 1: 2}
    assert [batch for batch in asked(server) if "refused" in batch] == [["a", "b", "refused"], ["refused"]]


def test_a_strategy_that_throws_keeps_the_request_out_and_the_log_says_so(server):
    assert batches(server, "unwilling", [rows(1, id=id) for id in ("a", "throws", "b")]) == {1: 3}
    assert "Custom batching include function failed for model unwilling: thrown by a strategy" in server.log


def test_a_batch_that_a_strategy_has_closed_does_not_wait(server):
    with Crowd() as crowd:
        first = crowd.ask(server, "waiting", id="a")
        wait_until(lambda: pending(server, "waiting") == 1)
        others = [crowd.ask(server, "waiting", id="refused")]
        assert values(first.result()) == [1]
        # The one that is refused is executed alone, and eight are a full batch.
        others += [crowd.ask(server, "waiting", id="c") for _ in range(8)]
        assert all(values(reply.result()) == [1] for reply in others), "a full batch does not wait either"


@pytest.mark.parametrize("model", ["no_batcher", "sequences"])
def test_models_without_dynamic_batching_are_served_without_it(server, model):
    request = {"sequence_id": 1, "sequence_start": True, "sequence_end": True} if model == "sequences" else {}
    assert values(ask(server, model, **request)) == [1]


@pytest.fixture
def explicit(repository, start_server):
    return start_server(repository.path, "--model-control-mode=explicit")


def test_where_the_library_is_found(repository, explicit):
    loading = "Loading custom batching strategy library {} for model {}"
    for place in ("1", "."):
        folder = add(repository, "beside", "one_by_one", place=place)
        assert load(explicit, "beside").status_code == 200
        path = folder / place / "batchstrategy.so" if place != "." else folder / "batchstrategy.so"
        wait_until(lambda path=path: loading.format(path, "beside") in explicit.log)
        shutil.rmtree(folder)
        assert unload(explicit, "beside").status_code == 200
    shared = repository.path / "shared.so"
    shutil.copy(STRATEGIES / "one_by_one" / "batchstrategy.so", shared)
    add(repository, "named", "unwilling", **{PATH: shared})  # before what lies in the folder
    assert load(explicit, "named").status_code == 200
    wait_until(lambda: loading.format(shared, "named") in explicit.log)


def load_error(server, model):
    response = load(server, model)
    assert response.status_code == 400
    begin = f"load failed for model '{model}': version 1 is at UNAVAILABLE state: "
    assert response.json()["error"].startswith(begin)
    return response.json()["error"].removeprefix(begin).removesuffix(";\n")


def test_libraries_that_do_not_serve(repository, explicit, tmp_path):
    add(repository, "missing", **{PATH: repository.path / "nothing.so"})
    assert load_error(explicit, "missing") == f"Not found: Batching library path not found: {repository.path}/nothing.so"
    for outside in (STRATEGIES / "one_by_one" / "batchstrategy.so", f"{repository.path}/../x.so"):
        add(repository, "outside", **{PATH: outside})
        assert load_error(explicit, "outside").startswith(
            f"Invalid argument: batching library '{outside}' lies outside of the model repository '{repository.path}'")
    add(repository, "in_sequence", extra="sequence_batching {}", **{PATH: repository.path / "nothing.so"})
    assert load_error(explicit, "in_sequence") == ("Invalid argument: TRITON_BATCH_STRATEGY_PATH cannot be specified with "
                                                   "sequence batcher, using default batching strategy")
    (add(repository, "rubbish") / "batchstrategy.so").write_text("no library")
    assert load_error(explicit, "rubbish").startswith("Not found: unable to load shared library: ")
    add(repository, "by_volume", "by_volume")
    assert load_error(explicit, "by_volume") == ("Invalid argument: expected a positive number as parameter "
                                                 "MAX_BATCH_VOLUME_BYTES, got 0")
    add(repository, "fails", "unwilling", fail="yes")
    assert load_error(explicit, "fails") == "Invalid argument: no luck with fails"
    assert index(explicit)["fails:1"].startswith("UNAVAILABLE")


def test_a_library_with_some_of_the_functions_is_refused_and_one_without_any_decides_nothing(repository, explicit):
    # A backend has none of them; patching one name out of a strategy leaves four.
    folder = add(repository, "none")
    shutil.copy(pathlib.Path(os.environ.get("NESO_TREE", ROOT / "out")) / "backends/identity/libtriton_identity.so",
                folder / "batchstrategy.so")
    assert load(explicit, "none").status_code == 200
    assert "has none of the batching functions" in explicit.log
    folder = add(repository, "some", "one_by_one")
    library = folder / "batchstrategy.so"
    library.write_bytes(library.read_bytes().replace(b"ModelBatchFinalize\0", b"ModelBatchFinaliZe\0"))
    assert load_error(explicit, "some") == (
        f"Invalid argument: {library} does not define all required custom batching functions for model some")


def test_a_strategy_ends_with_its_model(repository, explicit):
    add(repository, "m", "unwilling")
    assert load(explicit, "m").status_code == 200
    assert values(ask(explicit, "m", id="a")) == [1]
    assert unload(explicit, "m").status_code == 200
    wait_until(lambda: "unwilling: ended" in explicit.log)
    lines = [line for line in explicit.log.splitlines() if line.startswith("unwilling: ")]
    assert lines == ["unwilling: batch a", "unwilling: ended"]
