"""Workers that die, hang or write what makes no sense: their requests fail, others go on, and nothing is left behind."""
import os
import pathlib
import signal
import threading
import time

import numpy as np
import psutil
import pytest
import tritonclient.http as httpclient
from support.clients import arrays_of, inputs_of
from support.processes import children, is_over
from support.python_models import IDENTITY, python_on_path
from support.server import IS_SANITIZED, PATIENCE
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

TELLS_ITS_PROCESS = """
def execute(self, requests):
    kind = int(values(requests[0])[0])
    if kind == 1: os._exit(3)
    if kind == 2: os.kill(os.getpid(), signal.SIGKILL)
    if kind == 3: time.sleep(300)
    if kind == 4: raise ValueError("x" * 100_000)
    return [answer(OUT=np.array([os.getpid()], dtype=np.int32)) for _ in requests]
"""

# Writes to its end of the ring what no worker would.
GARBAGE = """
def execute(self, requests):
    from neso_python_worker import bls, wire
    channel = bls.caller().channel
    random = np.random.default_rng(int(values(requests[0])[0]))
    for _ in range(int(random.integers(1, 4))):
        kind = int(random.choice([0, 5, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 77]))
        body = random.bytes(int(random.integers(0, 200)))
        choice = int(random.integers(0, 4))
        if choice == 0:
            channel.send(kind, int(random.integers(0, 12)), int(random.integers(0, 5)), body)
        elif choice == 1:
            channel._push(kind, int(random.integers(0, 1 << 32)), 1, int(random.integers(0, 1 << 62)),
                          int(random.integers(0, 1 << 62)))
        elif choice == 2:
            count = int(random.integers(0, 3))
            channel.send(21, 0, 0, wire.U32.pack(count) + wire.RESPONSE_HEAD.pack(0, 0, 1, 0, 0) + body)
        else:
            wire.U32.pack_into(channel.memory, wire.ANSWERS, int(random.integers(0, 1 << 32)))
    return [answer(OUT=np.array([os.getpid()], dtype=np.int32)) for _ in requests]
"""


@pytest.fixture(scope="module")
def server(models, serve):
    for name in ("dies", "dies_often", "hangs", "raises", "beside", "restarts_a", "restarts_b", "restarts_c"):
        models.add(name, TELLS_ITS_PROCESS, outputs={"OUT": "TYPE_INT32"})
    models.add("garbage", GARBAGE, outputs={"OUT": "TYPE_INT32"})
    models.add("forgets", """
        def execute(self, requests):
            if int(values(requests[0])[0]) == 1: os._exit(1)
            for request in requests:
                sender = request.get_response_sender()
                sender.send(answer(OUT=np.array([os.getpid()], dtype=np.int32)))
                threading.Timer(60, sender.send, [None, 1]).start()
        """, outputs={"OUT": "TYPE_INT32"}, extra="model_transaction_policy { decoupled: true }")
    models.add("tells_much", """
        def execute(self, requests):
            if length := int(values(requests[0])[0]):
                threading.Timer(0.2, lambda: pb_utils.Logger.log_info("x" * length)).start()
            return [answer(OUT=np.array([os.getpid()], dtype=np.int32)) for _ in requests]
        """, outputs={"OUT": "TYPE_INT32"})
    # Only the first of its processes gets through its initialize.
    models.add("starts_once", TELLS_ITS_PROCESS + """
def initialize(self, args):
    if os.path.exists(begun := os.path.join(args["model_repository"], "begun")): time.sleep(300)
    open(begun, "w").close()
""", outputs={"OUT": "TYPE_INT32"})
    # Its second output has the name of the first, which has its memory by then.
    models.add("twice_named", """
        def execute(self, requests):
            large = np.zeros(1 << 20, dtype=np.float32)
            return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", large), pb_utils.Tensor("OUT", large)])
                    for request in requests]
        """)
    models.add("calls_what_fails", """
        def execute(self, requests):
            responses = []
            for request in requests:
                called = pb_utils.InferenceRequest(model_name="twice_named", requested_output_names=["OUT"],
                                                   inputs=[pb_utils.Tensor("IN", np.float32([0]))]).exec()
                assert called.has_error() and "already exists" in called.error().message(), called
                responses.append(answer(OUT=np.array([os.getpid()], dtype=np.int32)))
            return responses
        """, outputs={"OUT": "TYPE_INT32"})
    return serve("--model-control-mode=explicit", "--load-model=*")


def ask(server, model, kind=0):
    with httpclient.InferenceServerClient(server.http, network_timeout=60) as client:
        return int(arrays_of(client.infer(model, inputs_of({"IN": np.float32([kind])})))["OUT"][0])


@pytest.mark.parametrize("kind", [1, 2])
def test_a_dead_worker_fails_its_request_and_comes_back(server, client, kind):
    first = ask(server, "dies")
    with pytest.raises(InferenceServerException, match="Stub process 'dies_0' is not healthy."):
        ask(server, "dies", kind)
    ask(server, "beside")
    wait_until(lambda: client.is_model_ready("dies"))
    assert ask(server, "dies") not in (0, first)


def test_a_dead_worker_is_back_within_two_seconds(server, client):
    def restart(model):
        ask(server, model)
        with pytest.raises(InferenceServerException):
            ask(server, model, 2)
        start = time.monotonic()
        wait_until(lambda: client.is_model_ready(model))
        return time.monotonic() - start

    # 0.2 s of processor time, which others may want, too: one of three is enough. A second death would wait.
    assert any(restart(model) < 2 * PATIENCE for model in ("restarts_a", "restarts_b", "restarts_c"))


def test_readiness_tells_of_a_dead_worker(server, client):
    pid = ask(server, "dies_often")
    os.kill(pid, signal.SIGSTOP)  # restarting takes until it is seen to be dead
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not client.is_model_ready("dies_often") or "process of 'dies_often_0' has died" in server.log,
               timeout=1)
    wait_until(lambda: client.is_model_ready("dies_often"))
    assert ask(server, "dies_often") != pid


def test_a_worker_that_keeps_dying_is_started_later_and_later(server, client):
    start = time.monotonic()
    for _ in range(3):
        wait_until(lambda: client.is_model_ready("dies_often"))
        with pytest.raises(InferenceServerException, match="is not healthy"):
            ask(server, "dies_often", 2)
    wait_until(lambda: client.is_model_ready("dies_often"))
    assert time.monotonic() - start > 1.4  # 0, 0.5 and 1 s, or later ones


def test_a_worker_killed_in_the_middle_of_a_request(server, client):
    pid = ask(server, "hangs")
    failed = []

    def hang():
        try:
            ask(server, "hangs", 3)
        except InferenceServerException as error:
            failed.append(error.message())

    thread = threading.Thread(target=hang)
    thread.start()
    wait_until(lambda: server.metric("nv_inference_pending_request_count", model="hangs") == 0)
    time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    thread.join(5 * PATIENCE)
    assert failed == ["Stub process 'hangs_0' is not healthy."]
    wait_until(lambda: client.is_model_ready("hangs"))


def test_a_model_unloads_while_it_hangs_in_being_started_again(server, client):
    ask(server, "starts_once")
    with pytest.raises(InferenceServerException, match="is not healthy"):
        ask(server, "starts_once", 2)
    wait_until(lambda: "process of 'starts_once_0' has died" in server.log)
    started = []
    wait_until(lambda: started.extend(children(server.pid, "starts_once_0")) or started)
    time.sleep(0.5)  # its initialize has begun by now, or has not: both end
    client.unload_model("starts_once")
    wait_until(lambda: "successfully unloaded 'starts_once' version 1" in server.log)
    assert all(is_over(process) for process in started)


def test_decoupled_answers_end_with_their_worker(server):
    import queue

    import tritonclient.grpc as grpcclient
    answers = queue.Queue()
    tensor = grpcclient.InferInput("IN", [1], "FP32")
    tensor.set_data_from_numpy(np.float32([0]))
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        client.async_stream_infer("forgets", [tensor])
        result, error = answers.get(timeout=20)
        os.kill(int(result.as_numpy("OUT")[0]), signal.SIGKILL)
        result, error = answers.get(timeout=20)
        assert error.message() == "Stub process 'forgets_0' is not healthy."


def shared_kib(pid):
    maps = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(maps.split("Pss_Shmem:")[1].split()[0])


def test_calls_that_fail_after_their_outputs_were_placed_cost_no_memory(server):
    for _ in range(3):
        ask(server, "calls_what_fails")
    before = shared_kib(server.pid)
    for _ in range(40):  # of 4 MiB each
        ask(server, "calls_what_fails")
    assert shared_kib(server.pid) <= before + 8192


def test_exceptions_cost_no_memory(server):
    pid = ask(server, "raises")

    def fail(times):
        for _ in range(times):
            with pytest.raises(InferenceServerException, match="ValueError"):
                ask(server, "raises", 4)

    fail(20)
    before = shared_kib(pid)
    fail(200)
    assert shared_kib(pid) <= before + 256


def test_garbage_from_a_worker_hurts_only_its_own_requests(server, client):
    ended = 0
    for seed in range(12):
        try:
            ask(server, "garbage", seed)
        except InferenceServerException:
            ended += 1
        client.unload_model("garbage")
        client.load_model("garbage")  # whether its worker has died or not
        assert ask(server, "beside") > 0
    assert ended > 0
    assert "Python worker 'garbage_0' is ended: a message is not one" in server.log


@pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer needs address space for itself")
def test_a_message_for_which_there_is_no_memory_ends_its_worker_alone(server, client):
    pid = ask(server, "tells_much")
    process = psutil.Process(server.pid)
    before = process.rlimit(psutil.RLIMIT_AS)
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms + (100 << 20), before[1]))
    try:
        ask(server, "tells_much", 150 << 20)
        wait_until(lambda: "no memory for a message of 1572864" in server.log)
    finally:
        process.rlimit(psutil.RLIMIT_AS, before)
    wait_until(lambda: "process of 'tells_much_0' has died" in server.log)
    wait_until(lambda: client.is_model_ready("tells_much"))
    assert ask(server, "tells_much") != pid
    assert ask(server, "beside") > 0


def test_a_model_unloads_after_exceptions(server, client):
    with pytest.raises(InferenceServerException, match="ValueError"):
        ask(server, "raises", 4)
    process = psutil.Process(ask(server, "raises"))
    client.unload_model("raises")
    wait_until(lambda: "successfully unloaded 'raises'" in server.log)
    assert is_over(process)


def test_nothing_is_left_when_the_server_is_killed(module_repository, models, start_server):
    models.add("killed", IDENTITY)
    models.add("busy", """
        def execute(self, requests):
            while True: pass
        """)
    server = start_server(module_repository.path, "--model-control-mode=explicit", "--load-model=killed",
                          "--load-model=busy", env=python_on_path())
    threading.Thread(target=lambda: pytest.raises(Exception, ask, server, "busy"), daemon=True).start()
    wait_until(lambda: server.metric("nv_inference_pending_request_count", model="busy") == 0)
    workers = children(server.pid)
    assert len(workers) == 2
    for worker in workers:  # what they share with the server has no name that could be left behind
        assert not [path for path in map(lambda entry: entry.path, worker.memory_maps()) if path.startswith("/dev/shm")]
    server.process.kill()
    server.process.wait()
    server.process = None
    gone, alive = psutil.wait_procs(workers, timeout=5 * PATIENCE)
    assert not alive
