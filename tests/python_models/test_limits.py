"""Limits of what a Python model may take: time of its requests, memory of its process."""
import pathlib
import queue
import re
import threading

import numpy as np
import psutil
import pytest
import tritonclient.http as httpclient
from support.clients import arrays_of, inputs_of, stream_answers
from support.python_models import python_on_path
from support.server import PATIENCE, Server
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

PID = {"OUT": "TYPE_INT32"}
DECOUPLED = "model_transaction_policy { decoupled: true }"
LIMIT = 0.5 * PATIENCE

# What does not come back, by the way it does not.
ENDLESS = {
    "in_python": """
        def execute(self, requests):
            while int(values(requests[0])[0]): pass
            return [answer(OUT=np.int32([os.getpid()])) for _ in requests]
        """,
    "in_c": """
        def execute(self, requests):
            import ctypes
            ctypes.PyDLL(None).sleep(int(values(requests[0])[0]))  # keeps the interpreter's lock
            return [answer(OUT=np.int32([os.getpid()])) for _ in requests]
        """,
    "in_coroutine": """
        async def execute(self, requests):
            await asyncio.sleep(float(values(requests[0])[0]))
            return [answer(OUT=np.int32([os.getpid()])) for _ in requests]
        """,
}

# Sends its process, and then, by the number that comes in: 0 the end, 1 nothing, 2 answers in pauses.
STREAMS = """
    def send(self, sender, kind):
        for _ in range(6 if kind == 2 else 1):
            sender.send(answer(OUT=np.int32([os.getpid()])))
            if kind == 2: time.sleep({pause})
        if kind == 1: time.sleep(300)
        sender.send(flags=1)
"""
IN_EXECUTE = STREAMS + """
    def execute(self, requests):
        for request in requests:
            self.send(request.get_response_sender(), int(values(request)[0]))
"""
IN_THREAD = STREAMS + """
    def execute(self, requests):
        for request in requests:
            args = request.get_response_sender(), int(values(request)[0])
            threading.Thread(target=self.send, args=args, daemon=True).start()
"""
# A loop that never lets the others in: what runs beside it on the event loop ends, too.
IN_EVENT_LOOP = """
    async def execute(self, requests):
        sender = requests[0].get_response_sender()
        sender.send(answer(OUT=np.int32([os.getpid()])))
        while int(values(requests[0])[0]) == 1: pass
        sender.send(flags=1)
"""


def parameters(**values):
    return "\n".join(f'parameters {{ key: "{name}" value {{ string_value: "{value}" }} }}' for name, value in values.items())


@pytest.fixture(scope="module")
def server(models, serve):
    limited = parameters(EXECUTE_TIMEOUT_SECONDS=LIMIT)
    for name, source in ENDLESS.items():
        models.add(name, source, outputs=PID, extra=limited)
    models.add("unlimited", ENDLESS["in_coroutine"], outputs=PID, extra=parameters(EXECUTE_TIMEOUT_SECONDS=0))
    for name, source in (("in_execute", IN_EXECUTE), ("in_thread", IN_THREAD), ("in_event_loop", IN_EVENT_LOOP)):
        models.add(name, source.replace("{pause}", str(LIMIT / 3)), outputs=PID, extra=DECOUPLED + limited)
    models.add("allocates", """
        def execute(self, requests):
            kind = int(values(requests[0])[0])
            if kind == 1: np.ones(1 << 30, dtype=np.uint8)
            if kind == 2: hog = [bytes(1 << 20) for _ in range(1 << 10)]
            if kind == 3:  # as a library does that does not look at what malloc gives it
                import ctypes
                malloc = ctypes.CDLL(None).malloc
                malloc.restype = ctypes.c_void_p
                ctypes.memset(malloc(ctypes.c_size_t(1 << 30)), 1, 1 << 30)
            if kind == 4: return [answer(OUT=np.zeros(150 << 18, dtype=np.int32))]
            return [answer(OUT=np.int32([os.getpid()])) for _ in requests]
        """, outputs=PID, extra=parameters(MEMORY_LIMIT_BYTE_SIZE=256 << 20))
    for name, own in (("ends_late", parameters(FINALIZE_TIMEOUT_SECONDS=LIMIT)), ("ends_late_too", "")):
        models.add(name, """
            def execute(self, requests):
                return [answer(OUT=np.int32([os.getpid()])) for _ in requests]

            def finalize(self):
                while True: print("not yet")  # what it says does not make its time longer
            """, outputs=PID, extra=own)
    # NumPy alone takes more the more processors there are: for the stacks of its threads.
    return serve("--model-control-mode=explicit", "--load-model=*",
                 f"--backend-config=python,execute-timeout-seconds={100 * LIMIT}",
                 f"--backend-config=python,finalize-timeout-seconds={LIMIT}", env={"OPENBLAS_NUM_THREADS": "1"})


def ask(server, model, number=0):
    with httpclient.InferenceServerClient(server.http, network_timeout=60 * PATIENCE) as client:
        return int(arrays_of(client.infer(model, inputs_of({"IN": np.float32([number])})))["OUT"][0])


def overdue(model):
    return (f"model '{model}' version 1: 'execute' took longer than {1000 * LIMIT:.0f} ms, which is its limit "
            f"(EXECUTE_TIMEOUT_SECONDS); the process of '{model}_0' was ended")


@pytest.mark.parametrize("model", ENDLESS)
def test_what_takes_too_long_fails_and_its_process_is_replaced(server, client, model):
    first = ask(server, model)
    failed = queue.Queue()

    def hang():
        try:
            failed.put(ask(server, model, 300))
        except InferenceServerException as error:
            failed.put(error.message())

    thread = threading.Thread(target=hang)
    thread.start()
    assert ask(server, "unlimited") > 0  # others go on
    thread.join()
    assert failed.get() == overdue(model)
    wait_until(lambda: client.is_model_ready(model))
    assert ask(server, model) != first


def test_the_log_tells_where_it_was(server):
    with pytest.raises(InferenceServerException):
        ask(server, "in_python", 1)
    wait_until(lambda: re.search(r'in_python/1/model.py", line \d+ in execute', server.log))


def test_a_model_may_have_no_limit(server):
    assert ask(server, "unlimited", 3 * LIMIT) > 0


def stream(server, model, kind):
    """The processes that answered a request one after the other, and the error that ended it."""
    return stream_answers(server, model, np.float32([kind]), timeout=60 * PATIENCE)


@pytest.mark.parametrize("model", ["in_execute", "in_thread", "in_event_loop"])
def test_an_answer_that_goes_silent_ends_with_its_process(server, client, model):
    (first, *more), error = stream(server, model, 1)
    assert not more and error == overdue(model)
    wait_until(lambda: client.is_model_ready(model))
    (second,), error = stream(server, model, 0)
    assert error is None and second != first


@pytest.mark.parametrize("model", ["in_execute", "in_thread"])
def test_an_answer_in_many_pieces_may_take_longer(server, model):
    pids, error = stream(server, model, 2)
    assert error is None and len(pids) == 6 and len(set(pids)) == 1


@pytest.mark.parametrize("model", ["ends_late", "ends_late_too"])
def test_a_finalize_that_takes_too_long_is_ended(server, client, model):
    pid = ask(server, model)
    client.unload_model(model)
    wait_until(lambda: f"successfully unloaded '{model}'" in server.log)
    assert (f"model '{model}' version 1: 'finalize' took longer than {1000 * LIMIT:.0f} ms, which is its limit "
            f"(FINALIZE_TIMEOUT_SECONDS); the process of '{model}_0' is ended") in server.log
    assert re.search(rf'{model}/1/model.py", line \d+ in finalize', server.log)
    wait_until(lambda: not psutil.pid_exists(pid))


def test_an_allocation_beyond_the_limit_is_the_error_of_its_request(server):
    first = ask(server, "allocates")
    with pytest.raises(InferenceServerException, match=r"MemoryError: Unable to allocate 1.00 GiB"):
        ask(server, "allocates", 1)
    with pytest.raises(InferenceServerException, match="message: MemoryError: "):
        ask(server, "allocates", 2)
    assert ask(server, "allocates") == first


def test_code_that_does_not_bear_the_limit_ends_its_process_only(server, client):
    first = ask(server, "allocates")
    with pytest.raises(InferenceServerException, match="Stub process 'allocates_0' is not healthy."):
        ask(server, "allocates", 3)
    assert "Segmentation fault" in server.log  # with where it was
    wait_until(lambda: client.is_model_ready("allocates"))
    assert ask(server, "allocates") != first


def test_what_is_shared_with_the_server_is_limited_too(server):
    first = ask(server, "allocates")
    with httpclient.InferenceServerClient(server.http, network_timeout=60 * PATIENCE) as client:
        with pytest.raises(InferenceServerException, match=re.escape(
                "Failed to process the request(s) for model instance 'allocates_0', message: ")):
            client.infer("allocates", inputs_of({"IN": np.zeros(70 << 20, dtype=np.float32)}))
    assert ask(server, "allocates") == first


def test_the_system_ends_a_worker_before_the_server(server):
    def score(pid):
        return int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text())

    assert score(ask(server, "allocates")) >= min(score(server.pid) + 300, 1000)


@pytest.mark.parametrize("setting, text", [
    ("execute-timeout-seconds=-1", "parameter 'execute-timeout-seconds': expected a number of seconds, 0 for no limit, "
                                   "got '-1'"),
    ("finalize-timeout-seconds=-1", "parameter 'finalize-timeout-seconds': expected a number of seconds"),
    ("execute-timeout-seconds=soon", "failed to convert 'soon' to number"),
    ("memory-limit-byte-size=-1", "parameter 'memory-limit-byte-size': expected a number of bytes, 0 for no limit, got "
                                  "'-1'"),
    ("memory-limit-byte-size=1000000", "MemoryError: Python and NumPy alone take"),
    ("memory-limit-byte-size=1GB", "failed to convert '1GB' to integer"),
])
def test_limits_are_checked(tmp_path, setting, text):
    from support.python_models import IDENTITY, PythonModels
    from support.repository import ModelRepository
    repository = ModelRepository(tmp_path / "models")
    PythonModels(repository).add("settings", IDENTITY)
    server = Server(repository.path, f"--backend-config=python,{setting}", ready=False, env=python_on_path()).start()
    assert server.wait() == 1
    assert text in server.log
