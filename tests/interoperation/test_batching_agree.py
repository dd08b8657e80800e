"""The dynamic batcher of the real Triton and Neso's, over the same plug-ins: the same batches, order, counts and texts for
the same load. Each model holds its queue back until six requests wait, once, so that batches follow from their order: what
Triton does with requests that trickle in while it is busy depends on when they come."""
import os
import pathlib
import shutil

import pytest
from support.batching import batch_counts, rows
from support.control import load
from support.inference import Crowd, body, pending, statistics
from support.server import ROOT, Server
from support.triton import Triton, needs_triton
from support.wait import wait_until

STRATEGIES = pathlib.Path(os.environ.get("NESO_BUILD", ROOT / "build/release")) / "batching"
pytestmark = [needs_triton, pytest.mark.skipif(not STRATEGIES.is_dir(), reason="the batching libraries are not built")]

ONE = [rows(1, id=id) for id in "abcdef"]
PRIORITIES = [body([1.0], id=id, priority=priority) for id, priority in zip("abcdef", (3, 0, 7, 1, 3, 2), strict=True)]
SIXTEEN_BYTES = {"MAX_BATCH_VOLUME_BYTES": 16}

# Batching, max_batch_size, parameters, the six requests.
CASES = {
    "dynamic": ("", 4, {}, ONE),
    "one_row": ("", 1, {}, ONE),
    "no_rows": ("", 0, {}, [{"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1], "data": [1]}]}] * 6),
    "of_many_rows": ("", 4, {}, [rows(count) for count in (2, 1, 2, 4, 1, 1)]),
    "of_many_shapes": ("", 4, {}, [rows(1, columns) for columns in (2, 3, 3, 2, 2, 3)]),
    "preferring_one_size": ("preferred_batch_size: [ 4 ]", 8, {}, ONE),
    "preferring_two_sizes": ("preferred_batch_size: [ 2, 3 ]", 8, {}, ONE),
    "preferring_and_passing": ("preferred_batch_size: [ 4 ]", 8, {}, [rows(count) for count in (3, 3, 1, 5, 2, 6)]),
    "having_waited": ("preferred_batch_size: [ 4 ] max_queue_delay_microseconds: 1", 8, {}, ONE),
    "in_order": ("preserve_ordering: true", 2, {}, ONE),
    "levels": ("priority_levels: 3 default_priority_level: 2", 1, {}, PRIORITIES),
    "levels_together": ("priority_levels: 3 default_priority_level: 2", 4, {}, PRIORITIES),
    "one_by_one": ("", 4, {}, [rows(count) for count in (1, 2, 1, 4, 3, 1)]),
    "by_volume": ("", 8, SIXTEEN_BYTES, [rows(1, 2)] * 6),
    "by_volume_and_rows": ("", 3, SIXTEEN_BYTES, [rows(count) for count in (1, 2, 3, 1, 1, 2)]),
}


@pytest.fixture(scope="module")
def servers(module_repository):
    for name, (batching, max_batch_size, parameters, _) in CASES.items():
        folder = module_repository.add_identity(
            name, max_batch_size=max_batch_size, extra=f"dynamic_batching {{ {batching} }}",
            # The order of answers that come one after the other is compared.
            parameters={"execute_delay_ms": 100 if max_batch_size == 1 else 30, **parameters})
        strategy = STRATEGIES / name.removesuffix("_and_rows") / "batchstrategy.so"
        if strategy.exists():
            shutil.copy(strategy, folder)
    running = [kind(module_repository.path, env={"TRITONSERVER_DELAY_SCHEDULER": "6"}).start() for kind in (Triton, Server)]
    yield running
    for server in running:
        server.stop()


def run(server, model):
    """Sends the requests of a case one after the other, to be served together; gives the order of the answers."""
    answered = []

    def ask(number, request):
        reply = server.infer(model, request)
        assert reply.status_code == 200, reply.text
        answered.append(number)

    with Crowd() as crowd:
        replies = []
        for number, request in enumerate(CASES[model][3]):
            replies.append(crowd.pool.submit(ask, number, request))
            if number < 5:
                wait_until(lambda number=number: pending(server, model) == number + 1)
        for reply in replies:
            reply.result()
    wait_until(lambda: statistics(server, model)["inference_count"] == sum(
        size * count for size, count in batch_counts(server, model).items()))
    return answered


def counts(server, model):
    stats = statistics(server, model)
    return {"inferences": stats["inference_count"], "executions": stats["execution_count"],
            "batches": batch_counts(server, model),
            **{name: value["count"] for name, value in stats["inference_stats"].items()}}


@pytest.mark.parametrize("model", CASES)
def test_the_same_batches_counts_and_order(servers, model):
    theirs, ours = (run(server, model) for server in servers)
    if CASES[model][1] == 1:  # answers of one batch overtake each other on their way
        assert ours == theirs
    wait_until(lambda: counts(servers[0], model)["success"] == counts(servers[1], model)["success"] == 6)
    assert counts(servers[1], model) == counts(servers[0], model)


def test_the_same_texts_about_libraries_that_do_not_serve(repository):
    path = "TRITON_BATCH_STRATEGY_PATH"
    nothing = repository.path / "nothing.so"
    repository.add_identity("missing", extra="dynamic_batching {}", parameters={path: nothing})
    repository.add_identity("in_sequence", extra="sequence_batching {}", parameters={path: nothing})
    told = []
    for kind in (Triton, Server):
        server = kind(repository.path, "--model-control-mode=explicit").start()
        told.append([(reply.status_code, reply.json())
                     for reply in (load(server, name) for name in ("missing", "in_sequence"))])
        server.stop()
    assert told[0] == told[1]
