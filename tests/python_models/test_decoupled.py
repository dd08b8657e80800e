"""Models that answer a request any number of times, through response senders; asynchronous models; cancelled requests."""
import queue
import time

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.clients import arrays_of, inputs_of, stream_answers
from support.server import PATIENCE
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

DECOUPLED = "model_transaction_policy { decoupled: true }"

REPEAT = """
def execute(self, requests):
    for request in requests:
        sender = request.get_response_sender()
        count = int(values(request)[0])
        for i in range(count):
            sender.send(answer(OUT=np.float32([i])))
        sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""

THREADS = """
def execute(self, requests):
    for request in requests:
        threading.Thread(target=self.respond, args=[request.get_response_sender(), values(request)]).start()

def respond(self, sender, array):
    time.sleep(0.05)
    for i in range(int(array[0])):
        sender.send(answer(OUT=np.float32([i])))
    sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""

ODD = """
def execute(self, requests):
    FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
    for request in requests:
        sender = request.get_response_sender()
        kind = int(values(request)[0])
        if kind == 0: raise ValueError("broken before an answer")
        if kind == 1: sender.send(answer(OUT=values(request))); raise ValueError("broken after an answer")
        if kind == 2: return [answer(OUT=values(request))]
        if kind == 3: sender.send(error("an error of its own", pb_utils.TritonError.UNAVAILABLE), FINAL)
        if kind == 4: pass  # forgotten
        if kind == 5:
            told = []
            for arguments in [(None, 0), (None, 2), (answer(OUT=values(request)), 7)]:
                try: sender.send(*arguments)
                except pb_utils.TritonModelException as e: told.append(str(e))
            sender.send(flags=FINAL)
            try: sender.send(answer(OUT=values(request)))
            except pb_utils.TritonModelException as e: told.append(str(e))
            pb_utils.Logger.log_info("told: " + " | ".join(told))
        if kind == 6: sender.send(answer(OUT=values(request)), FINAL)
"""

LATER = """
def execute(self, requests):
    FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
    for request in requests:
        sender = request.get_response_sender()
        kind = int(values(request)[0])
        if kind == 0: sender.send(answer(OUT=values(request)), FINAL)
        if kind == 1: sender.send(answer(OUT=values(request))); sender.send(flags=FINAL)
        if kind == 2: threading.Timer(0.1, sender.send, [answer(OUT=values(request)), FINAL]).start()
        if kind == 3:
            told = []
            try: sender.send(flags=FINAL)
            except pb_utils.TritonModelException as e: told.append(str(e))
            sender.send(answer(OUT=values(request)))
            try: sender.send(answer(OUT=values(request)))
            except pb_utils.TritonModelException as e: told.append(str(e))
            sender.send(flags=FINAL)
            pb_utils.Logger.log_info("told: " + " | ".join(told))
        if kind == 4: sender.send(error("later error"), FINAL)
        if kind == 5: raise ValueError("broken later")
        if kind == 6: pass  # forgotten
        if kind == 7: return None  # likewise
    return [None for _ in requests]
"""

ASYNC = """
async def execute(self, requests):
    async def one(request):
        await asyncio.sleep(0.01)
        return answer(OUT=values(request) + 1)
    return list(await asyncio.gather(*map(one, requests)))
"""

ASYNC_DECOUPLED = """
async def execute(self, requests):
    for request in requests:
        sender = request.get_response_sender()
        delay = float(values(request)[0])
        if delay < 0:
            raise ValueError("broken while waiting")
        await asyncio.sleep(delay)
        sender.send(answer(OUT=np.float32([delay])), pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""

CHANGES = """
def execute(self, requests):
    for request in requests:
        sender = request.get_response_sender()
        array = values(request)
        for _ in range(50):
            sender.send(answer(OUT=array))
            array += 1
        sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""

CANCELLED = """
def execute(self, requests):
    for request in requests:
        sender = request.get_response_sender()
        while not (request.is_cancelled() and sender.is_cancelled()):
            time.sleep(0.01)
        sender.send(error("cancelled", pb_utils.TritonError.CANCELLED), pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        pb_utils.Logger.log_info("saw the cancellation")
"""


@pytest.fixture(scope="module")
def server(models, serve):
    for name, methods in {"repeat": REPEAT, "threads": THREADS, "odd": ODD, "async_decoupled": ASYNC_DECOUPLED,
                          "cancelled": CANCELLED, "changes": CHANGES}.items():
        models.add(name, methods, extra=DECOUPLED)
    models.add("later", LATER)
    models.add("async", ASYNC, max_batch_size=8, extra="dynamic_batching {}")
    return serve()


def stream(server, model, array, **kwargs):
    """All answers to one request, errors as texts."""
    numbers, error = stream_answers(server, model, array, **kwargs)
    return numbers + ([error] if error is not None else [])


@pytest.mark.parametrize("elements", [10, 2000, 20_000])
def test_an_array_may_be_changed_once_it_was_sent(server, elements):
    assert stream(server, "changes", np.zeros(elements, np.float32)) == list(range(50))


@pytest.mark.parametrize("model", ["repeat", "threads"])
def test_a_request_is_answered_many_times(server, model):
    for count in (0, 1, 3, 2000):
        assert stream(server, model, np.float32([count])) == list(range(count))


@pytest.mark.parametrize("kind, expected", [
    (3, ["an error of its own"]), (4, []), (5, []), (6, [6.0]),
])
def test_odd_answers(server, kind, expected):
    assert stream(server, "odd", np.float32([kind])) == expected


def test_exceptions_end_the_answers(server):
    text, = stream(server, "odd", np.float32([0]))
    assert text.startswith("Failed to process the request(s) for model 'odd_0', message: ValueError: broken before")
    first, text = stream(server, "odd", np.float32([1]))
    assert first == 1 and "ValueError: broken after an answer" in text
    *_, text = stream(server, "odd", np.float32([2]))
    assert text == ("Failed to process the request(s) for model 'odd_0', message: Python model 'odd_0' is using the "
                    "decoupled mode and the execute function must return None.")


def test_what_a_sender_refuses(server):
    stream(server, "odd", np.float32([5]))
    told = ("told: Inference Response object must be provided when the response flags is set to zero. | Unable to send "
            "response. Unsupported flag provided. | Unable to send response. Unsupported flag provided. | Unable to send "
            "response. Response sender has been closed.")
    wait_until(lambda: told in server.log)


@pytest.mark.parametrize("kind", [0, 1, 2, 3])
def test_a_sender_answers_once_where_one_answer_is_due(client, server, kind):
    assert arrays_of(client.infer("later", inputs_of({"IN": np.float32([kind])})))["OUT"] == [kind]
    if kind == 3:
        told = ("told: Unable to send response. Non-decoupled model cannot send complete final before sending a response. "
                "| Unable to send response. Non-decoupled model cannot send more than one response.")
        wait_until(lambda: told in server.log)


def test_errors_of_senders_where_one_answer_is_due(client):
    with pytest.raises(InferenceServerException, match="later error$"):
        client.infer("later", inputs_of({"IN": np.float32([4])}))
    with pytest.raises(InferenceServerException, match="ValueError: broken later"):
        client.infer("later", inputs_of({"IN": np.float32([5])}))


@pytest.mark.parametrize("kind", [6, 7])
def test_a_sender_that_is_forgotten_ends_the_answer(client, kind):
    with pytest.raises(InferenceServerException, match="gave the request back without an answer"):
        client.infer("later", inputs_of({"IN": np.float32([kind])}))


def test_an_asynchronous_execute_is_run_to_its_end(client):
    for _ in range(3):
        assert arrays_of(client.infer("async", inputs_of({"IN": np.float32([[1]])})))["OUT"] == [[2]]


def test_asynchronous_decoupled_requests_overlap(server):
    answers = queue.Queue()
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        start = time.monotonic()
        delays = [np.float32(delay * PATIENCE) for delay in (1.0, 0.5, 0.1)]
        for delay in delays:
            tensor = grpcclient.InferInput("IN", [1], "FP32")
            tensor.set_data_from_numpy(np.array([delay]))
            client.async_stream_infer("async_decoupled", [tensor])
        got = [answers.get(timeout=20 * PATIENCE)[0].as_numpy("OUT")[0] for _ in range(3)]
        assert time.monotonic() - start < sum(delays)
    assert got == delays[::-1]


def test_an_exception_in_a_coroutine_ends_its_answers(server):
    text, = stream(server, "async_decoupled", np.float32([-1]))
    assert "ValueError: broken while waiting" in text


def test_a_model_sees_that_its_request_was_cancelled(server):
    tensor = grpcclient.InferInput("IN", [1], "FP32")
    tensor.set_data_from_numpy(np.float32([1]))
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: None)
        client.async_stream_infer("cancelled", [tensor])
        wait_until(lambda: server.metric("nv_inference_pending_request_count", model="cancelled") == 0)
        client.stop_stream(cancel_requests=True)
    wait_until(lambda: "saw the cancellation" in server.log)
