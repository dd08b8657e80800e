"""Models that fork, as multiprocessing does: what the copies of the worker do reaches nobody's answers."""
import os
import signal

import numpy as np
import psutil
import pytest
from support.clients import arrays_of, inputs_of, stream_answers
from support.control import load, unload
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

FORKS = """
def execute(self, requests):
    for request in requests:
        sender = request.get_response_sender()
        child = multiprocessing.get_context("fork").Process(target=self.child, args=[sender, int(values(request)[0])])
        child.start()
        child.join()
        for i in range(100):
            sender.send(answer(OUT=np.full(1500 + i, i, np.float32)))
        sender.send(answer(OUT=np.float32([child.exitcode])), pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)

def child(self, sender, lines):
    for i in range(lines):
        print("printed by the child", i)
        logging.warning("logged by the child")
        warnings.warn(f"warned by the child {i}")
        pb_utils.Logger.log_info("told by the child")
    call = pb_utils.InferenceRequest(model_name="forks", inputs=[], requested_output_names=["OUT"])
    gauge = lambda: pb_utils.MetricFamily(name="forked", description="f", kind=pb_utils.MetricFamily.GAUGE)
    for forbidden in (lambda: sender.send(answer(OUT=np.zeros(2000, np.float32))), call.exec, gauge):
        try: forbidden()
        except pb_utils.TritonModelException as e: print("refused:", e)
        else: sys.exit("nothing was refused")
"""


# Two that have nothing to end them: one of the model's group, one that has left it.
LEAVES = """
def execute(self, requests):
    if int(values(requests[0])[0]): os.kill(os.getpid(), signal.SIGKILL)
    children = []
    for own_session in (False, True):
        child = os.fork()
        if child == 0:
            if own_session: os.setsid()
            time.sleep(600)
        children.append(child)
    return [answer(OUT=np.array(children, dtype=np.int32)) for _ in requests]
"""


@pytest.fixture(scope="module")
def server(models, serve):
    models.add("leaves", LEAVES, outputs={"OUT": "TYPE_INT32"})
    models.add("forks", FORKS, before="import logging, multiprocessing, warnings\n",
               extra="model_transaction_policy { decoupled: true }")
    return serve("--model-control-mode=explicit", "--load-model=*")


def test_what_a_forked_process_writes_spoils_no_answer(server):
    for lines in (0, 5, 0, 50, 0):
        assert stream_answers(server, "forks", np.float32([lines])) == ([*range(100), 0], None)


def test_a_forked_process_is_heard_and_refused(server):
    stream_answers(server, "forks", np.float32([1]))
    for text in ("model.py:", ": printed by the child 0\n", ": root: logged by the child\n", ": UserWarning: warned by the child 0\n",
                 ": told by the child\n", "refused: process ", "only the process that the server started asks and answers it\n",
                 "refused: the server can only be asked from a model that it runs\n"):
        wait_until(lambda text=text: text in server.log)


def is_there(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("end", ["unload", "crash"])
def test_what_was_forked_ends_with_the_model_s_process_unless_it_has_a_session_of_its_own(server, client, end):
    assert load(server, "leaves").status_code == 200
    wait_until(lambda: client.is_model_ready("leaves"))
    grouped, apart = map(int, arrays_of(client.infer("leaves", inputs_of({"IN": np.float32([0])})))["OUT"])
    assert is_there(grouped) and is_there(apart)
    if end == "unload":
        assert unload(server, "leaves").status_code == 200
    else:
        with pytest.raises(InferenceServerException, match="is not healthy"):
            client.infer("leaves", inputs_of({"IN": np.float32([1])}))
    wait_until(lambda: not is_there(grouped))
    assert is_there(apart)
    os.kill(apart, signal.SIGKILL)
