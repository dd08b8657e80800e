"""Models that ask for their requests again: iterative sequences, with answers in the end or all along."""
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.clients import infer_at_once, inputs_of
from support.inference import statistics
from support.python_models import python_on_path
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

ITERATIVE = "sequence_batching { iterative_sequence: true %s }"
OLDEST = "oldest { max_candidate_sequences: 8 max_queue_delay_microseconds: 1000 }"

COUNTING = """
    def initialize(self, args):
        self.rounds, self.batches = {}, []

    def execute(self, requests):
        self.batches.append(len(requests))
        answers = []
        for request in requests:
            id = request.correlation_id()
            if request.flags() == pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START:
                self.rounds[id] = 0
            if id not in self.rounds:  # a slot whose sequence has nothing to do, or has ended
                answers.append(answer(OUT=np.array([[0]], np.int32), LARGEST=np.array([[0]], np.int32)))
                continue
            self.rounds[id] += 1
            if self.rounds[id] < values(request).item():
                request.set_release_flags(pb_utils.TRITONSERVER_REQUEST_RELEASE_RESCHEDULE)
                answers.append(None)
            else:
                answers.append(answer(OUT=np.array([[self.rounds.pop(id)]], np.int32),
                                      LARGEST=np.array([[max(self.batches)]], np.int32)))
        return answers
    """

SPEAKING = """
    def initialize(self, args):
        self.said = {}

    def execute(self, requests):
        for request in requests:
            id = request.correlation_id()
            said = self.said.setdefault(id, 0)
            sender = request.get_response_sender()
            if said < values(request).item():
                sender.send(answer(OUT=np.array([[said]], np.int32)))
                self.said[id] = said + 1
                request.set_release_flags(pb_utils.TRITONSERVER_REQUEST_RELEASE_RESCHEDULE)
            else:
                del self.said[id]
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
    """

BOTH = """
    def execute(self, requests):
        requests[0].set_release_flags(pb_utils.TRITONSERVER_REQUEST_RELEASE_RESCHEDULE)
        return [answer(OUT=np.array([[1]], np.int32))]
    """


@pytest.fixture(scope="module")
def server(models, serve):
    tensors = {"inputs": {"IN": ("TYPE_INT32", [1])}, "max_batch_size": 8}
    out = {"OUT": ("TYPE_INT32", [1])}
    models.add("counting", COUNTING, outputs={**out, "LARGEST": ("TYPE_INT32", [1])}, extra=ITERATIVE % OLDEST, **tensors)
    models.add("direct", COUNTING, outputs={**out, "LARGEST": ("TYPE_INT32", [1])}, extra=ITERATIVE % "", **tensors)
    models.add("speaking", SPEAKING, outputs=out, **tensors,
               extra=ITERATIVE % OLDEST + "model_transaction_policy { decoupled: true }")
    models.add("both", BOTH, outputs=out, extra=ITERATIVE % "", **tensors)
    models.add("never", BOTH.replace("[answer(OUT=np.array([[1]], np.int32))]", "[None]"), outputs=out, **tensors)
    return serve()


def number(value):
    return inputs_of({"IN": np.array([[value]], np.int32)})


@pytest.mark.parametrize("model", ["counting", "direct"])
def test_a_request_comes_as_often_as_the_model_wants(server, client, model):
    answers = [client.infer(model, number(rounds)).as_numpy("OUT").item() for rounds in (1, 5, 50)]
    assert answers == [1, 5, 50]
    assert client.infer(model, number(3), sequence_id=9, sequence_start=True).as_numpy("OUT").item() == 3
    wait_until(lambda: statistics(server, model)["execution_count"] == 1 + 5 + 50 + 3)
    wait_until(lambda: is_refused(client, model))


def is_refused(client, model):
    """The sequence lives a moment longer than its answer needs to come here; what comes meanwhile belongs to it."""
    try:
        assert client.infer(model, number(3), sequence_id=9).as_numpy("OUT").item() == 0
    except InferenceServerException as e:
        assert "must specify the START flag" in e.message()
        return True
    return False


def test_rounds_of_several_requests_share_batches(server):
    requests = [{"IN": np.array([[20 + i]], np.int32)} for i in range(8)]
    answers = infer_at_once(server.http, "counting", requests, threads=8)
    assert [answer["OUT"].item() for answer in answers] == [20 + i for i in range(8)]
    assert max(answer["LARGEST"].item() for answer in answers) > 1


def test_a_decoupled_model_answers_in_every_round(server):
    answers = []
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.append((result, error)))
        for words in (3, 0, 5):
            tensor = grpcclient.InferInput("IN", [1, 1], "INT32")
            tensor.set_data_from_numpy(np.array([[words]], np.int32))
            client.async_stream_infer("speaking", [tensor], request_id=str(words))
        client.stop_stream()
    assert [error for _, error in answers if error] == []
    said = {}
    for result, _ in answers:
        said.setdefault(result.get_response().id, []).append(result.as_numpy("OUT").item())
    assert said == {"3": [0, 1, 2], "5": [0, 1, 2, 3, 4]}


def test_an_answer_beside_a_rescheduled_request_is_the_model_s_error(client):
    with pytest.raises(InferenceServerException) as caught:
        client.infer("both", number(1))
    assert "Expected a None object in the execute function return list for reschduled request, found type '" in str(
        caught.value)


def test_a_model_without_iterative_sequences_cannot_reschedule(client):
    with pytest.raises(InferenceServerException, match="gave the request back without an answer"):
        client.infer("never", number(1))
