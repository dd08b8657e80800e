"""A thousand sequences of random lengths over several instances, by every protocol at once, among clients that die and
sequences that give up: whoever goes on gets the right sums, and in the end nothing is left over."""
import concurrent.futures
import random

import grpc
import pytest
from support.inference import pending, statistics
from support.raw import RawConnection, request
from support.sequences import ALONE, add, add_accumulator, body, message, needs_accumulator, total, total_of
from support.server import PATIENCE, TEST_BACKENDS
from support.wait import wait_until
from tritonclient.grpc import service_pb2_grpc

pytestmark = needs_accumulator

SEQUENCES = 1000  # a model
EXPIRED = {"error": "timeout of the corresponding sequence has been expired"}


class Plan:
    """What a client sends, and what becomes of it."""

    def __init__(self, sequence, chance):
        self.sequence = sequence
        self.values = [chance.randrange(-1000, 1000) for _ in range(chance.randint(1, 8))]
        self.sums = [sum(self.values[:i + 1]) for i in range(len(self.values))]
        # After so many requests its client is not heard of any more, or goes away with the next one under way.
        fate = chance.random()
        self.ends_after = chance.randrange(len(self.values)) if fate < 0.06 else len(self.values)
        self.dies_asking = fate < 0.03
        self.timeout_us = chance.choice([1, 2000]) if fate > 0.95 else 0

    def flags(self, i):
        return i == 0, i == len(self.values) - 1


def over_http(server, model, plan):
    with RawConnection(server) as client:
        for i, (value, expected) in enumerate(zip(plan.values, plan.sums, strict=True)):
            extra = {"timeout": plan.timeout_us} if plan.timeout_us else {}
            asking = request(model, body(value, plan.sequence, plan.flags(i), **extra))
            if i == plan.ends_after:
                if plan.dies_asking:
                    client.send(asking)
                return "left"
            status, answer = client.send(asking).answer()
            if plan.timeout_us and i == 0 and (status, answer) == (503, EXPIRED):
                return "expired"
            assert status == 200, answer
            assert answer["outputs"][0]["data"] == [expected]
    return "done"


def over_grpc(stub, model, plan):
    for i, (value, expected) in enumerate(zip(plan.values, plan.sums, strict=True)):
        if i == plan.ends_after:
            call = stub.ModelInfer.future(message(value, plan.sequence, plan.flags(i), model))
            call.cancel()
            return "left"
        assert total_of(stub.ModelInfer(message(value, plan.sequence, plan.flags(i), model))) == expected
    return "done"


def over_a_stream(stub, model, plans, chance):
    """All of them at once, their requests mixed as chance will."""
    turns = [plan for plan in plans for _ in plan.values]
    chance.shuffle(turns)
    sent = {plan.sequence: 0 for plan in plans}
    requests = []
    for plan in turns:
        i = sent[plan.sequence]
        sent[plan.sequence] += 1
        requests.append(message(plan.values[i], plan.sequence, plan.flags(i), model, f"{plan.sequence}/{i}"))
    answers = {}
    for answer in stub.ModelStreamInfer(iter(requests)):
        assert not answer.error_message, answer.error_message
        answers[answer.infer_response.id] = total_of(answer.infer_response)
    for plan in plans:
        assert [answers[f"{plan.sequence}/{i}"] for i in range(len(plan.values))] == plan.sums
    return "done"


def a_stream_that_breaks(stub, model, sequences):
    call = stub.ModelStreamInfer(message(1, sequence, (True, False), model) for sequence in sequences)
    next(call)
    call.cancel()
    return "left"


@pytest.mark.parametrize("name, strategy", [
    ("direct", {"max_batch_size": 16}),
    ("oldest", {"max_batch_size": 8, "by": "id",
                "strategy": "oldest { max_candidate_sequences: 16 max_queue_delay_microseconds: 100 }"}),
])
def test_every_sequence_is_summed_up_right(repository, start_server, name, strategy):
    add_accumulator(repository, name, instances=4, idle_us=int(1_500_000 * PATIENCE), execute_delay_us=100, **strategy)
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}")
    chance = random.Random(name)
    plans = [Plan(sequence, chance) for sequence in range(1, SEQUENCES + 1)]
    singles, streamed = plans[:SEQUENCES // 2], plans[SEQUENCES // 2:]
    breaking = range(SEQUENCES + 1, SEQUENCES + 31)
    with grpc.insecure_channel(server.grpc) as channel, concurrent.futures.ThreadPoolExecutor(24) as pool:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        ends = [pool.submit(over_a_stream, stub, name, streamed[i::4], random.Random(i)) for i in range(4)]
        ends += [pool.submit(a_stream_that_breaks, stub, name, breaking[i::3]) for i in range(3)]
        for i, plan in enumerate(singles):
            ends.append(pool.submit(over_http, server, name, plan) if i % 2 else pool.submit(over_grpc, stub, name, plan))
        outcomes = [end.result(60 * PATIENCE) for end in ends]
    assert outcomes.count("done") > 0.8 * len(singles)
    assert outcomes.count("left") >= 10
    wait_until(lambda: pending(server, name) == 0)
    assert total(add(server, 5, 1, ALONE, name)) == 5
    stats = statistics(server, name)
    assert stats["inference_stats"]["success"]["count"] >= sum(len(plan.values) for plan in streamed)
    assert stats["execution_count"] <= stats["inference_count"]
