"""Several instances of a model, and the order of their responses."""
import time

import pytest
from support.inference import Crowd, ask, delay_ms, open_requests, pending, statistics, values
from support.server import PATIENCE
from support.wait import wait_until

DELAY = delay_ms(300)
FAST = delay_ms(40)  # the second instance of the "uneven" models takes 6 times as long


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for name, count, scheduler in (("one", 1, ""), ("two", 2, ""), ("two_batching", 2, "dynamic_batching {}")):
        module_repository.add_identity(name, extra=f"{scheduler} instance_group {{ kind: KIND_CPU count: {count} }}",
                                       parameters={"execute_delay_ms": DELAY})
    module_repository.add_identity("groups", parameters={"execute_delay_ms": DELAY}, extra="""
        instance_group [ { kind: KIND_CPU count: 1 name: "a" }, { kind: KIND_CPU count: 2 } ]""")
    for name, setting in (("ordered", "preserve_ordering: true"), ("unordered", "")):
        module_repository.add_identity(
            name, max_batch_size=1, extra=f"dynamic_batching {{ {setting} }} instance_group {{ kind: KIND_CPU count: 2 }}",
            parameters={"execute_delay_ms": FAST, "instance_wise_delay_multiplier": 6})
    return start_module_server(module_repository.path)


def seconds_for(server, model, requests):
    began = time.monotonic()
    with Crowd() as crowd:
        replies = [crowd.ask(server, model, [float(i)]) for i in range(requests)]
        assert [values(reply.result()) for reply in replies] == [[i] for i in range(requests)]
    return time.monotonic() - began


def run_side_by_side(server, model, requests):
    """All are under way, and none of them waits."""
    with Crowd() as crowd:
        replies = [crowd.ask(server, model, [float(i)]) for i in range(requests)]
        wait_until(lambda: open_requests(server) == requests and pending(server, model) == 0)
        assert [values(reply.result()) for reply in replies] == [[i] for i in range(requests)]


@pytest.mark.parametrize("model, requests", [("two", 2), ("groups", 3)])
def test_instances_run_side_by_side(server, model, requests):
    run_side_by_side(server, model, requests)
    assert statistics(server, model)["execution_count"] == requests


def test_a_free_instance_is_used_before_a_batch_is_gathered(server):
    run_side_by_side(server, "two_batching", 2)


def test_one_instance_runs_one_after_the_other(server):
    assert seconds_for(server, "one", 2) >= 2 * DELAY / 1000


def test_instance_groups_are_named_after_their_place(server):
    groups = server.get("/v2/models/groups/config").json()["instance_group"]
    assert [(group["name"], group["count"]) for group in groups] == [("a", 1), ("groups_1", 2)]
    assert server.get("/v2/models/one/config").json()["instance_group"][0]["name"] == "one_0"


def ends(server, model):
    """When each of five requests that came in this order was answered, in seconds."""
    def run(i):
        assert values(ask(server, model, [float(i)])) == [i]
        return time.monotonic()

    with Crowd() as crowd:
        replies = []
        for i in range(5):
            replies.append(crowd.pool.submit(run, i))
            time.sleep(0.01 * PATIENCE)
        return [reply.result() for reply in replies]


def test_without_preserve_ordering_a_fast_instance_overtakes(server):
    times = ends(server, "unordered")
    assert max(earlier - later for i, earlier in enumerate(times) for later in times[i + 1:]) > FAST / 1000


def test_preserve_ordering_keeps_the_order_of_requests(server):
    times = ends(server, "ordered")
    # Who of those answered at the same moment wakes first is chance.
    assert max(earlier - later for i, earlier in enumerate(times) for later in times[i + 1:]) < FAST / 2000
