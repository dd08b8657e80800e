"""The queue of the dynamic batcher: its size, timeouts, priorities and order."""
import time

import numpy as np
import pytest
import tritonclient.http as httpclient
from support.control import load
from support.inference import Crowd, ask, body, delay_ms, pending, statistics, until_executing, values
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

DELAY = delay_ms(300)  # what an execution takes
SHORT_US = 1000 * delay_ms(50)
LONG_US = 60_000_000 * 10

# One request per execution, so that their order can be seen.
POLICIES = {
    "bounded": "default_queue_policy { max_queue_size: 1 }",
    "rejecting": f"default_queue_policy {{ default_timeout_microseconds: {SHORT_US} }}",
    "delaying": f"default_queue_policy {{ timeout_action: DELAY default_timeout_microseconds: {LONG_US} "
                "allow_timeout_override: true }",
    "overridable": f"default_queue_policy {{ default_timeout_microseconds: {LONG_US} allow_timeout_override: true }}",
    "fixed": f"default_queue_policy {{ default_timeout_microseconds: {LONG_US} }}",
    "no_default": "default_queue_policy { allow_timeout_override: true }",
    "overridable_short": f"default_queue_policy {{ default_timeout_microseconds: {SHORT_US} allow_timeout_override: true }}",
    "endless": "default_queue_policy { default_timeout_microseconds: 9223372036854775 allow_timeout_override: true }",
    "delaying_by_default": f"default_queue_policy {{ timeout_action: DELAY default_timeout_microseconds: {SHORT_US} "
                           "max_queue_size: 3 }",
    "levels": "priority_levels: 3 default_priority_level: 3 "
              f"priority_queue_policy {{ key: 1 value {{ default_timeout_microseconds: {SHORT_US} }} }} "
              f"priority_queue_policy {{ key: 2 value {{ timeout_action: DELAY default_timeout_microseconds: {LONG_US} "
              "allow_timeout_override: true } } "
              f"default_queue_policy {{ default_timeout_microseconds: {LONG_US} }}",
    "priorities": "priority_levels: 3 default_priority_level: 2",
    "bounded_low": "priority_levels: 2 default_priority_level: 1 "
                   "priority_queue_policy { key: 2 value { max_queue_size: 1 } }",
}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for name, policy in POLICIES.items():
        module_repository.add_identity(name, max_batch_size=1, extra=f"dynamic_batching {{ {policy} }}",
                                       parameters={"execute_delay_ms": DELAY})
    return start_module_server(module_repository.path)


class Line:
    """Requests to one model that stand in line behind one that executes."""

    def __init__(self, crowd, server, model):
        self.crowd, self.server, self.model = crowd, server, model
        self.done = []
        self.join("first")
        until_executing()

    def join(self, name, headers=None, **parameters):
        def run():
            reply = self.server.infer(self.model, body([1.0], id=name, **parameters), headers=headers)
            self.done.append(name)
            return reply
        waiting = pending(self.server, self.model)
        reply = self.crowd.pool.submit(run)
        if name != "first":
            wait_until(lambda: reply.done() or pending(self.server, self.model) > waiting)
        return reply


@pytest.fixture
def crowd():
    with Crowd() as crowd:
        yield crowd


def failures(server, model, reason="REJECTED"):
    return server.metric("nv_inference_request_failure", model=model, reason=reason)


def refused(reply, text):
    assert reply.status_code == 503, reply.text
    assert text in reply.json()["error"]
    return True


def test_a_full_queue_refuses(server, crowd):
    line = Line(crowd, server, "bounded")
    waiting = line.join("waiting")
    assert ask(server, "bounded", id="third").json() == {"error": "[request id: third] Exceeds maximum queue size"}
    assert ask(server, "bounded").json() == {"error": "[request id: <id_unknown>] Exceeds maximum queue size"}
    with httpclient.InferenceServerClient(server.http) as client:
        tensor = httpclient.InferInput("INPUT0", [1, 1], "FP32")
        tensor.set_data_from_numpy(np.ones((1, 1), np.float32))
        with pytest.raises(InferenceServerException, match="Exceeds maximum queue size") as caught:
            client.infer("bounded", [tensor])
        assert caught.value.status() == "503"
    assert values(waiting.result()) == [1]
    assert values(ask(server, "bounded")) == [1], "there is room again"
    assert failures(server, "bounded") == 3


def test_a_request_is_refused_when_its_time_is_over_not_later(server, crowd):
    line = Line(crowd, server, "rejecting")
    began = time.monotonic()
    reply = line.join("late").result()
    assert refused(reply, "Request timeout expired")
    assert SHORT_US / 1e6 <= time.monotonic() - began
    assert line.done == ["late"], "the one before it is still executed"
    wait_until(lambda: line.done == ["late", "first"])
    assert values(ask(server, "rejecting")) == [1]
    stats = statistics(server, "rejecting")
    assert (stats["inference_stats"]["fail"]["count"], stats["execution_count"]) == (1, 2)
    assert failures(server, "rejecting") == 1


def test_a_request_may_shorten_its_timeout(server, crowd):
    line = Line(crowd, server, "overridable")
    assert refused(line.join("hasty", timeout=SHORT_US).result(), "Request timeout expired")
    assert line.done == ["hasty"]
    assert values(line.join("calm").result()) == [1]


@pytest.mark.parametrize("model", ["fixed", "no_default"])
def test_a_timeout_counts_only_where_the_model_allows_it(server, crowd, model):
    line = Line(crowd, server, model)
    assert values(line.join("hasty", timeout=1).result()) == [1]


@pytest.mark.parametrize("asked", [0, 2**63 - 1, 2**64 - 1])
def test_a_timeout_longer_than_can_be_counted_never_comes(server, crowd, asked):
    line = Line(crowd, server, "endless")
    assert values(line.join("patient", timeout=asked).result()) == [1]


def test_a_request_cannot_lengthen_its_timeout(server, crowd):
    line = Line(crowd, server, "overridable_short")
    assert refused(line.join("bold", timeout=LONG_US).result(), "Request timeout expired")
    assert line.done == ["bold"]


def test_a_delayed_request_comes_after_all_others(server, crowd):
    line = Line(crowd, server, "delaying")
    late = line.join("late", timeout=SHORT_US)
    time.sleep(1.2 * SHORT_US / 1e6)
    others = [line.join(name) for name in ("second", "third")]
    assert values(late.result()) == [1]
    assert all(values(reply.result()) == [1] for reply in others)
    assert line.done == ["first", "second", "third", "late"]
    assert failures(server, "delaying") == 0


def test_requests_are_delayed_when_the_default_timeout_is_over_and_count_in_the_queue_all_the_same(server, crowd):
    line = Line(crowd, server, "delaying_by_default")
    late = line.join("late")
    time.sleep(1.2 * SHORT_US / 1e6)
    others = [line.join(name) for name in ("second", "third")]
    assert refused(line.join("too many").result(), "Exceeds maximum queue size")
    assert all(values(reply.result()) == [1] for reply in (late, *others))
    # Those that came later wait for the first as long, and are late in their turn.
    assert [name for name in line.done if name != "too many"] == ["first", "late", "second", "third"]


def test_each_level_has_its_own_timeouts(server, crowd):
    line = Line(crowd, server, "levels")
    refused_soon = line.join("high", priority=1)
    low = line.join("low", priority=3, timeout=1)  # no override there
    late = line.join("late", priority=2, timeout=SHORT_US)
    assert refused(refused_soon.result(), "Request timeout expired")
    time.sleep(0.2 * SHORT_US / 1e6)
    middle = line.join("middle", priority=2)
    assert all(values(reply.result()) == [1] for reply in (low, late, middle))
    assert line.done == ["high", "first", "middle", "late", "low"], "delayed within its level, before the lower one"


def test_higher_priorities_go_first(server, crowd):
    line = Line(crowd, server, "priorities")
    replies = [line.join("low", priority=3), line.join("unknown", priority=9), line.join("default"),
               line.join("high", priority=1)]
    for reply in replies:
        assert reply.result().status_code == 200
    assert line.done == ["first", "high", "unknown", "default", "low"]


def test_each_level_has_its_own_policy(server, crowd):
    line = Line(crowd, server, "bounded_low")
    replies = [line.join("low", priority=2), line.join("high"), line.join("high too")]
    assert refused(line.join("low too", priority=2).result(), "Exceeds maximum queue size")
    assert all(reply.result().status_code == 200 for reply in replies)


def test_what_waits_is_counted_and_what_has_ended_is_not(server, crowd):
    line = Line(crowd, server, "fixed")
    line.join("a")
    line.join("b")
    assert pending(server, "fixed") == 2
    wait_until(lambda: len(line.done) == 3)
    assert pending(server, "fixed") == 0


# --- clients that share ----------------------------------------------------------------------------------------------

def add_shared(repository, by="tenant", policy=""):
    repository.add_identity("shared", max_batch_size=1, extra=f"dynamic_batching {{ {policy} }}",
                            parameters={"execute_delay_ms": DELAY, "FAIR_SHARE_PARAMETER": by})


def test_clients_are_served_in_turn_however_much_each_sends(repository, start_server, crowd):
    add_shared(repository)
    line = Line(crowd, start_server(repository.path), "shared")
    replies = [line.join(name, tenant=name[0]) for name in ("a1", "a2", "a3", "b1", "b2")]
    assert all(reply.result().status_code == 200 for reply in replies)
    assert line.done == ["first", "a1", "b1", "a2", "b2", "a3"]


def test_a_header_tells_clients_apart(repository, start_server, crowd):
    add_shared(repository, by="x-tenant")
    line = Line(crowd, start_server(repository.path, "--http-header-forward-pattern=^x-tenant$"), "shared")
    replies = [line.join(name, headers={"X-Tenant": name[0]}, **{"x-tenant": name}) for name in ("a1", "a2", "b1")]
    assert all(reply.result().status_code == 200 for reply in replies)
    assert line.done == ["first", "a1", "b1", "a2"]


def test_a_full_queue_makes_room_for_who_has_less_in_it(repository, start_server, crowd):
    add_shared(repository, policy="default_queue_policy { max_queue_size: 3 }")
    server = start_server(repository.path)
    line = Line(crowd, server, "shared")
    first, second, third = (line.join(name, tenant="a") for name in ("a1", "a2", "a3"))
    other = crowd.pool.submit(ask, server, "shared", id="b1", tenant="b")
    assert third.result().json() == {"error": "[request id: a3] Exceeds maximum queue size"}
    assert third.result().status_code == 503
    assert ask(server, "shared", id="a4", tenant="a").json() == {"error": "[request id: a4] Exceeds maximum queue size"}
    assert [reply.result().status_code for reply in (first, second, other)] == [200, 200, 200]
    assert failures(server, "shared") == 2


def test_a_client_without_a_name_is_refused_at_load(repository, start_server):
    add_shared(repository, by="")
    server = start_server(repository.path, "--model-control-mode=explicit")
    assert load(server, "shared").status_code == 500
    assert "expected parameter 'FAIR_SHARE_PARAMETER' to name a parameter of requests, got '' for shared" in server.log
