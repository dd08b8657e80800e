"""The same sequences through the same plug-in, here and in the real Triton server: answers, texts and counts are the same."""
import pytest
from support.inference import statistics
from support.sequences import ALONE, END, GOES_ON, START, add, add_accumulator, body, needs_accumulator
from support.server import TEST_BACKENDS
from support.triton import Triton, needs_triton
from support.wait import wait_until

pytestmark = [needs_triton, needs_accumulator]

# Value, sequence, flags; one after the other.
LOAD = [(1, 1, START), (10, 2, START), (100, 3, START), (11, 2, GOES_ON), (101, 3, GOES_ON), (2, 1, GOES_ON), (12, 2, END),
        (13, 2, START), (3, 1, END), (4, 1, GOES_ON), (102, 3, START), (103, 3, END), (7, 9, ALONE), (7, 0, START),
        (14, 2, END), (9, 9, END)]


@pytest.fixture(scope="module")
def servers(module_repository, start_module_server):
    for name, strategy in {"direct": {}, "oldest": {"strategy": "oldest { max_candidate_sequences: 4 }", "by": "id"}}.items():
        add_accumulator(module_repository, name, idle_us=2_000_000, **strategy)
    add_accumulator(module_repository, "text", id_type="TYPE_STRING", idle_us=2_000_000)
    backends = f"--backend-directory={TEST_BACKENDS}"
    triton = Triton(module_repository.path, backends).start()
    yield start_module_server(module_repository.path, backends), triton
    triton.stop()


def counts(server, model):
    stats = statistics(server, model)
    success = stats["inference_stats"]["success"]["count"]
    return {"success": success, "failed": stats["inference_stats"]["fail"]["count"],
            "queued": stats["inference_stats"]["queue"]["count"], "inferences": stats["inference_count"],
            "executions": stats["execution_count"],
            "batches": {entry["batch_size"]: entry["compute_infer"]["count"] for entry in stats["batch_stats"]}}


@pytest.mark.parametrize("model", ["direct", "oldest"])
def test_answers_texts_and_counts(servers, model):
    answers, counted = [], []
    for server in servers:
        replies = [add(server, value, sequence, flags, model) for value, sequence, flags in LOAD]
        answers.append([(reply.status_code, reply.json()) for reply in replies])
        served = sum(reply.status_code == 200 for reply in replies)
        wait_until(lambda server=server, served=served: counts(server, model)["success"] == served)
        counted.append(counts(server, model))
    assert answers[0] == answers[1]
    assert counted[0] == counted[1]


def test_what_is_refused(servers):
    two = body(1, 5, START)
    two["inputs"][0].update(shape=[2, 1], data=[1, 2])
    for ask in (lambda server: add(server, 1, "name", GOES_ON, "text"), lambda server: add(server, 1, "", START, "text"),
                lambda server: server.infer("direct", two)):
        here, there = (ask(server) for server in servers)
        assert (here.status_code, here.json()) == (there.status_code, there.json())


def test_the_configuration(servers):
    here, there = (server.get("/v2/models/oldest/config").json()["sequence_batching"] for server in servers)
    assert here == there
