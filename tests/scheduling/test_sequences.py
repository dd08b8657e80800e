"""Sequences over HTTP, gRPC and streams: requests with one correlation ID meet one model's memory, in order."""
import grpc
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.control import index, load, unload
from support.inference import Crowd, pending, statistics
from support.raw import RawConnection, request
from support.sequences import (ALONE, END, GOES_ON, START, add, add_accumulator, body, message,
                               needs_accumulator, total, total_of)
from support.server import IS_SANITIZED, TEST_BACKENDS
from support.wait import wait_until
from tritonclient.grpc import service_pb2_grpc

pytestmark = needs_accumulator

STRATEGIES = {"direct": {}, "oldest": {"strategy": "oldest { max_candidate_sequences: 4 }", "by": "id"}}


def argument(path=TEST_BACKENDS):
    return f"--backend-directory={path}"


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for name, strategy in STRATEGIES.items():
        add_accumulator(module_repository, name, instances=2, **strategy)
        add_accumulator(module_repository, f"{name}_text", id_type="TYPE_STRING", **strategy)
    add_accumulator(module_repository, "one", max_batch_size=0, execute_delay_us=20_000)
    add_accumulator(module_repository, "hasty", idle_us=50_000, max_batch_size=1)
    return start_module_server(module_repository.path, argument())


@pytest.fixture
def stub(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


@pytest.mark.parametrize("model", STRATEGIES)
def test_sequences_over_http_keep_their_own_sums(server, model):
    for sequence in (1, 2, 3):
        assert total(add(server, sequence, sequence, START, model)) == sequence
    for sequence in (3, 1, 2):
        assert total(add(server, 10, sequence, GOES_ON, model)) == 10 + sequence
    for sequence in (2, 3, 1):
        assert total(add(server, 100, sequence, END, model)) == 110 + sequence
    assert total(add(server, 5, 1, START, model)) == 5, "a new one with an old ID"
    assert total(add(server, 6, 1, END, model)) == 11


@pytest.mark.parametrize("model", STRATEGIES)
def test_an_id_may_be_a_text(server, model):
    model += "_text"
    for sequence in ("one", "two", "x" * 128):
        assert total(add(server, 1, sequence, START, model)) == 1
    for sequence in ("one", "two", "x" * 128):
        assert total(add(server, 2, sequence, END, model)) == 3


@pytest.mark.parametrize("model, sequence", [("direct", 7), ("oldest", 2**63 + 1), ("direct_text", "seven")])
def test_the_stock_clients_speak_of_sequences(server, model, sequence):
    for library, address in ((httpclient, server.http), (grpcclient, server.grpc)):
        if library is grpcclient and sequence == 2**63 + 1:
            continue  # does not fit the protocol's int64
        with library.InferenceServerClient(address) as client:
            sums = []
            for value, start, end in ((1, True, False), (2, False, False), (3, False, True)):
                tensor = library.InferInput("INPUT", [1, 1], "INT64")
                tensor.set_data_from_numpy(np.array([[value]]))
                answer = client.infer(model, [tensor], sequence_id=sequence, sequence_start=start, sequence_end=end)
                sums.append(int(answer.as_numpy("OUTPUT")[0, 0]))
            assert sums == [1, 3, 6]


@pytest.mark.parametrize("model", STRATEGIES)
def test_a_stream_carries_many_sequences_at_once(stub, model):
    requests = [message(value, sequence, (value == 1, value == 5), model, f"{sequence}/{value}")
                for value in range(1, 6) for sequence in range(1, 21)]
    answers = {a.infer_response.id: a for a in stub.ModelStreamInfer(iter(requests))}
    assert not [a.error_message for a in answers.values() if a.error_message]
    for sequence in range(1, 21):
        sums = [total_of(answers[f"{sequence}/{value}"].infer_response) for value in range(1, 6)]
        assert sums == [1, 3, 6, 10, 15]


def test_what_belongs_to_no_sequence_is_refused(server, stub):
    assert add(server, 1, 99, GOES_ON, "direct").json() == {
        "error": "inference request for sequence 99 to model 'direct' must specify the START flag on the first request of "
                 "the sequence"}
    response = add(server, 1, "name", GOES_ON, "direct_text")
    assert response.status_code == 400
    assert "inference request for sequence name to model 'direct_text' must specify the START" in response.json()["error"]
    for none in (0, ""):
        assert add(server, 1, none, START, "direct").json() == {
            "error": "inference request to model 'direct' must specify a non-zero or non-empty correlation ID"}
    two = body(1, 5, START)
    two["inputs"][0].update(shape=[2, 1], data=[1, 2])
    assert server.infer("direct", two).json() == {
        "error": "inference request to model 'direct' must specify batch-size 1 due to requirements of sequence batcher"}
    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(message(1, 99, GOES_ON, "direct"))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_an_id_of_the_wrong_kind_is_refused(server):
    assert add(server, 1, "text", START, "direct").json() == {
        "error": "[request id: <id_unknown>] sequence batching control 'CORRID' data-type is 'BYTES', but model 'direct' "
                 "expects 'UINT64'"}
    assert add(server, 1, 3, START, "direct_text").json() == {
        "error": "[request id: <id_unknown>] sequence batching control 'CORRID' data-type is 'UINT64', but model "
                 "'direct_text' expects 'BYTES'"}


def test_a_start_in_the_middle_begins_anew_and_is_logged(server):
    assert total(add(server, 1, 8, START, "direct")) == 1
    assert total(add(server, 2, 8, START, "direct")) == 2
    assert total(add(server, 3, 8, END, "direct")) == 5
    assert ("sequence 8 for model 'direct' has a conflict. The previous sequence did not end before this sequence start. "
            "Previous sequence will be terminated early.") in server.log


def test_an_idle_sequence_loses_its_slot(server):
    assert total(add(server, 1, 1, START, "hasty")) == 1
    assert total(add(server, 1, 2, ALONE, "hasty")) == 1, "it had to wait for the only slot"
    assert "must specify the START flag" in add(server, 1, 1, END, "hasty").json()["error"]


def test_a_request_waits_for_a_slot_no_longer_than_its_timeout(server):
    assert total(add(server, 1, 1, START, "one", batched=False)) == 1
    response = add(server, 1, 2, START, "one", batched=False, timeout=30_000)
    assert (response.status_code, response.json()) == (
        503, {"error": "timeout of the corresponding sequence has been expired"})
    with Crowd() as crowd:
        waiting = crowd.pool.submit(add, server, 7, 3, ALONE, "one", batched=False)
        wait_until(lambda: pending(server, "one") == 1)
        assert not waiting.done()
        assert total(add(server, 1, 1, END, "one", batched=False)) == 2
        assert total(waiting.result(20)) == 7


def test_a_client_that_leaves_takes_its_sequence_along(server):
    """Its requests wait behind another sequence; when it has left, the slot is free for others."""
    assert total(add(server, 1, 1, START, "one", batched=False)) == 1
    leaving = RawConnection(server).send(request("one", body(1, 2, START, batched=False)))
    wait_until(lambda: pending(server, "one") == 1)
    leaving.close()
    wait_until(lambda: pending(server, "one") == 0)
    response = add(server, 1, 2, END, "one", batched=False)
    assert "must specify the START flag" in response.json()["error"]
    assert total(add(server, 1, 1, END, "one", batched=False)) == 2
    wait_until(lambda: statistics(server, "one")["inference_stats"]["fail"]["count"] > 0)


def test_a_cancelled_stream_takes_its_sequences_along(server, stub):
    assert total(add(server, 1, 1, START, "one", batched=False)) == 1
    requests = [message(1, sequence, flags, "one", batched=False) for sequence in (2, 3) for flags in (START, GOES_ON, END)]
    call = stub.ModelStreamInfer(iter(requests))
    wait_until(lambda: pending(server, "one") == len(requests))
    call.cancel()
    wait_until(lambda: pending(server, "one") == 0)
    for sequence in (2, 3):
        assert "must specify the START flag" in add(server, 1, sequence, END, "one", batched=False).json()["error"]
    assert total(add(server, 1, 1, END, "one", batched=False)) == 2


@pytest.mark.skipif(IS_SANITIZED, reason="sanitizers keep what is freed")
def test_rows_of_nobody_do_not_keep_the_memory_of_a_large_request(repository, start_server):
    repository.add_identity("m", "TYPE_UINT8", max_batch_size=2,
                            extra="sequence_batching { direct { } max_sequence_idle_microseconds: 600000000 }")
    server = start_server(repository.path)

    def send(client, sequence, size):
        tensor = httpclient.InferInput("INPUT0", [1, size], "UINT8")
        tensor.set_data_from_numpy(np.zeros((1, size), np.uint8))
        client.infer("m", [tensor], sequence_id=sequence, sequence_start=True,
                     outputs=[httpclient.InferRequestedOutput("OUTPUT0")])

    with httpclient.InferenceServerClient(server.http, network_timeout=60) as client:
        send(client, 1, 1)
        send(client, 2, 1)
        before = server.rss_kib()
        send(client, 2, 64 << 20)  # the row before it is nobody's, and as large
        wait_until(lambda: server.rss_kib() < before + (32 << 10))


def test_rows_of_nobody_are_not_counted(server):
    before = statistics(server, "direct_text")
    assert total(add(server, 1, "a", START, "direct_text")) == 1
    assert total(add(server, 1, "b", START, "direct_text")) == 1
    assert total(add(server, 1, "b", END, "direct_text")) == 2, "in the second row of a batch of two"
    assert total(add(server, 1, "a", END, "direct_text")) == 2
    wait_until(lambda: statistics(server, "direct_text")["inference_stats"]["success"]["count"]
          == before["inference_stats"]["success"]["count"] + 4)
    after = statistics(server, "direct_text")
    assert after["execution_count"] - before["execution_count"] == 4
    assert after["inference_count"] - before["inference_count"] == 4
    sizes = {entry["batch_size"] for entry in after["batch_stats"]}
    assert sizes >= {1, 2}


BAD = {
    'control_input { name: "A" control { kind: CONTROL_SEQUENCE_START int32_false_true: [1] } }':
        "sequence batching control 'int32_false_true' must have exactly 2 entries for CONTROL_SEQUENCE_START for m",
    'control_input { name: "A" control { kind: CONTROL_SEQUENCE_START } }':
        "sequence batching must specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true' for "
        "CONTROL_SEQUENCE_START for m",
    'control_input { name: "A" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_FP32 } }':
        "unexpected data type for control CONTROL_SEQUENCE_CORRID for m. Allowed data types are TYPE_UINT64, TYPE_INT64, "
        "TYPE_UINT32, TYPE_INT32 and TYPE_STRING",
    'oldest { preferred_batch_size: [9] }': "sequence batching preferred batch size must be <= max batch size for m",
    'direct { minimum_slot_utilization: 2 }':
        "sequence batching minimum slot utilization must be in range (0.0, 1.0] for m",
}


@pytest.mark.parametrize("batching, text", BAD.items(), ids=range(len(BAD)))
def test_a_wrong_configuration_is_told_by_its_message(repository, start_server, batching, text):
    repository.add_identity("m", extra=f"sequence_batching {{ {batching} }}")
    server = start_server(repository.path, "--model-control-mode=explicit")
    assert load(server, "m").status_code == 500
    assert text in server.log


def test_the_hooks_that_fill_slots_and_backlog(repository, start_server):
    """Users' tests fill a sequence batcher before it begins."""
    add_accumulator(repository, max_batch_size=2)
    server = start_server(repository.path, argument(), "--log-verbose=1",
                          env={"TRITONSERVER_DELAY_SCHEDULER": "3", "TRITONSERVER_BACKLOG_DELAY_SCHEDULER": "1"})
    assert "Delaying scheduler thread sum_0_0 until 3 queued requests..." in server.log
    assert "Delaying scheduler until 1 backlog queued requests..." in server.log
    with Crowd() as crowd:
        replies = []
        for value, sequence, flags in ((1, 1, START), (10, 2, START), (2, 1, END), (100, 3, ALONE)):
            assert not any(reply.done() for reply in replies)
            replies.append(crowd.pool.submit(add, server, value, sequence, flags))
            if len(replies) < 4:
                wait_until(lambda: pending(server, "sum") == len(replies))
        assert [total(reply.result(20)) for reply in replies] == [1, 10, 3, 100]
    assert statistics(server, "sum")["execution_count"] == 3


def test_instances_come_and_go_under_sequences(repository, start_server):
    """One that leaves is waited for until its sequences have ended; nobody loses one."""
    def count(instances):
        add_accumulator(repository, instances=instances, max_batch_size=2)
        return load(server, "sum")

    add_accumulator(repository, instances=1, max_batch_size=2)
    server = start_server(repository.path, argument(), "--model-control-mode=explicit", "--load-model=sum")
    for sequence in (1, 2):
        assert total(add(server, sequence, sequence, START)) == sequence
    assert count(2).status_code == 200
    for sequence in (3, 4):
        assert total(add(server, sequence, sequence, START)) == sequence, "no slot was left on the first instance"
    with Crowd() as crowd:
        update = crowd.pool.submit(count, 1)
        for sequence in (4, 3, 2, 1):
            assert total(add(server, 10, sequence)) == 10 + sequence
        assert not update.done()
        for sequence in (1, 2, 3, 4):
            assert total(add(server, 100, sequence, END)) == 110 + sequence
        assert update.result(20).status_code == 200
    assert total(add(server, 1, 5, ALONE)) == 1


def test_a_model_with_idle_sequences_is_unloaded_at_once(repository, start_server):
    add_accumulator(repository, idle_us=600_000_000)
    server = start_server(repository.path, argument(), "--model-control-mode=explicit", "--load-model=sum")
    assert total(add(server, 1, 1, START)) == 1
    assert unload(server, "sum").status_code == 200
    wait_until(lambda: index(server) == {"sum:1": "UNAVAILABLE: unloaded"})
    assert load(server, "sum").status_code == 200
    assert "must specify the START flag" in add(server, 1, 1).json()["error"]
