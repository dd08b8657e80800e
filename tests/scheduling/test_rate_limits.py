"""--rate-limit=execution_count: instances execute only while they have the resources that they need."""
import pytest
from support.control import load, unload
from support.inference import Crowd, ask, delay_ms, open_requests, pending, statistics, values
from support.wait import wait_until

LIMITED = "--rate-limit=execution_count"
DELAY = delay_ms(300)
HOLD = delay_ms(1500)


def needs(count=1, priority=1, resource="R", is_global=False, more=""):
    return f"""instance_group {{ kind: KIND_CPU count: 1 rate_limiter {{
                 resources {{ name: "{resource}" count: {count} global: {str(is_global).lower()} }}
                 priority: {priority} }} }} {more}"""


def add(repository, name, delay=DELAY, batching="", **limits):
    repository.add_identity(name, extra=needs(**limits) + batching, parameters={"execute_delay_ms": delay})


def waiting(server, *models):
    return sum(pending(server, model) for model in models)


def run_beside_each_other(server, *models):
    """Whether all of them execute at the same time, when each has one request."""
    all_execute = []  # in the looks so far; twice is no chance: a request is open a moment before it waits

    def decided():
        everybody_is_there = open_requests(server) == len(models)
        nobody_waits = waiting(server, *models) == 0
        all_execute.append(everybody_is_there and nobody_waits and open_requests(server) == len(models))
        return all(all_execute[-2:]) and len(all_execute) > 1 or all(reply.done() for reply in replies)

    with Crowd() as crowd:
        replies = [crowd.ask(server, model) for model in models]
        wait_until(decided)
        assert all(values(reply.result()) == [1.0] for reply in replies)
    return all(all_execute[-2:])


def hold(server, crowd):
    """The reply to a request that keeps the resource from now on, while a few others are sent and looked at."""
    reply = crowd.ask(server, "holder")
    holds = []  # in the looks so far; twice is no chance: a request is open a moment before it waits

    def executes():
        holds.append(open_requests(server) == 1 and pending(server, "holder") == 0)
        return len(holds) > 1 and all(holds[-2:])

    wait_until(executes)
    return reply


def until_queued(server, crowd, model, count):
    replies = [crowd.ask(server, model, [float(i)]) for i in range(count)]
    wait_until(lambda: pending(server, model) == count)
    return replies


def test_models_that_share_a_resource_do_not_run_beside_each_other(repository, start_server):
    for name in ("a", "b"):
        add(repository, name)
    add(repository, "other", resource="S")
    server = start_server(repository.path, LIMITED)
    with Crowd() as crowd:
        replies = [crowd.ask(server, model) for model in ("a", "b")]
        wait_until(lambda: waiting(server, "a", "b") == 1)
        other = crowd.ask(server, "other")
        wait_until(lambda: pending(server, "other") == 0)
        assert [values(reply.result()) for reply in (*replies, other)] == [[1.0]] * 3


def test_without_the_option_nothing_is_limited(repository, start_server):
    for name in ("a", "b"):
        add(repository, name)
    server = start_server(repository.path)
    assert run_beside_each_other(server, "a", "b")
    assert "model 'a' has a rate_limiter, which takes effect with --rate-limit=execution_count" in server.log


def test_priority_two_executes_half_as_often(repository, start_server):
    add(repository, "holder", delay=HOLD)
    for name, priority in (("a", 1), ("b", 2)):
        add(repository, name, delay=delay_ms(10), priority=priority)
    server = start_server(repository.path, LIMITED)
    with Crowd(64) as crowd:
        holder = hold(server, crowd)
        replies = until_queued(server, crowd, "a", 30) + until_queued(server, crowd, "b", 30)

        def counts():
            models = {model["name"]: model for model in server.get("/v2/models/stats").json()["model_stats"]}
            return models["a"]["execution_count"], models["b"]["execution_count"]

        seen = []
        wait_until(lambda: seen.append(counts()) or sum(seen[-1]) >= 24)
        first, second = seen[-1]
        # Those that execute are not in the counts yet.
        assert first < 30, f"too late to see: {seen}"
        assert abs(first - 2 * second) <= 4
        assert all(reply.result().status_code == 200 for reply in [holder, *replies])


def test_a_batch_grows_while_its_instance_waits(repository, start_server):
    add(repository, "holder", delay=HOLD)
    add(repository, "batching", delay=0, batching="dynamic_batching { }")
    server = start_server(repository.path, LIMITED)
    with Crowd() as crowd:
        holder = hold(server, crowd)
        replies = until_queued(server, crowd, "batching", 5)
        assert [values(reply.result()) for reply in replies] == [[float(i)] for i in range(5)]
        holder.result()
    assert statistics(server, "batching")["execution_count"] == 1


def test_sequences_and_ensembles_are_limited_by_their_models(repository, start_server):
    add(repository, "holder", delay=HOLD)
    for strategy in ("direct", "oldest"):
        add(repository, strategy, delay=0, batching=f"sequence_batching {{ {strategy} {{ }} }}")
    add(repository, "step", delay=0)
    repository.add_chain("ensemble", ["step", "step"])
    server = start_server(repository.path, LIMITED)
    with Crowd() as crowd:
        holder = hold(server, crowd)
        replies = [crowd.ask(server, strategy, sequence_id=7, sequence_start=True, sequence_end=True)
                   for strategy in ("direct", "oldest")]
        replies.append(crowd.ask(server, "ensemble", inputs=["IN"]))
        wait_until(lambda: waiting(server, "direct", "oldest", "step") == 3)
        assert [values(reply.result()) for reply in [holder, *replies]] == [[1.0]] * 4


def test_a_model_that_is_unloaded_takes_its_share_along(repository, start_server):
    add(repository, "large", count=2)
    for name in ("a", "b"):
        add(repository, name)
    server = start_server(repository.path, LIMITED, "--model-control-mode=explicit", "--load-model=*")
    assert run_beside_each_other(server, "a", "b"), "there is as much as the neediest model needs"
    unload(server, "large")
    wait_until(lambda: "successfully unloaded 'large'" in server.log)
    assert not run_beside_each_other(server, "a", "b")
    load(server, "large")
    assert run_beside_each_other(server, "a", "b")


def test_resources_that_are_given_explicitly_are_all_there_is(repository, start_server):
    for name in ("a", "b"):
        add(repository, name)
    add(repository, "large", count=3)
    server = start_server(repository.path, LIMITED, "--rate-limit-resource=R:2", "--model-control-mode=explicit",
                          "--load-model=a", "--load-model=b")
    assert run_beside_each_other(server, "a", "b")
    refused = server.post("/v2/repository/models/large/load")
    assert refused.status_code == 400
    assert ('Resource count for "R" is limited to 2 which will prevent scheduling of one or more model instances, the '
            'minimum required count is 3') in refused.json()["error"]


@pytest.mark.parametrize("resources, limited_to", [(["S:9"], 0), (["R:9:1"], 0), (["R:9", "R:1"], 1), (["R:1:0"], 1)])
def test_a_server_does_not_start_without_enough_resources(repository, start_server, resources, limited_to):
    add(repository, "a", count=2)
    server = start_server(repository.path, LIMITED, *(f"--rate-limit-resource={text}" for text in resources), ready=False)
    assert server.wait() == 1
    assert f'Resource count for "R" is limited to {limited_to} which will prevent scheduling' in server.log
    server.process = None


def test_a_resource_is_global_or_of_a_device(repository, start_server):
    add(repository, "a")
    add(repository, "b", is_global=True)
    server = start_server(repository.path, LIMITED, "--model-control-mode=explicit", "--load-model=a")
    refused = server.post("/v2/repository/models/b/load")
    assert refused.status_code == 400
    assert ('Resource "R" is present as both global and device-specific resource in the model configuration.'
            in refused.json()["error"])
    unload(server, "a")
    wait_until(lambda: "successfully unloaded 'a'" in server.log)
    load(server, "b")
    assert values(ask(server, "b")) == [1.0]
