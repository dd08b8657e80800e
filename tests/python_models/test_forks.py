"""Models that fork, as multiprocessing does: what the copies of the worker do reaches nobody's answers."""
import numpy as np
import pytest
from support.clients import stream_answers
from support.wait import wait_until

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


@pytest.fixture(scope="module")
def server(models, serve):
    models.add("forks", FORKS, before="import logging, multiprocessing, warnings\n",
               extra="model_transaction_policy { decoupled: true }")
    return serve()


def test_what_a_forked_process_writes_spoils_no_answer(server):
    for lines in (0, 5, 0, 50, 0):
        assert stream_answers(server, "forks", np.float32([lines])) == ([*range(100), 0], None)


def test_a_forked_process_is_heard_and_refused(server):
    stream_answers(server, "forks", np.float32([1]))
    for text in ("model.py:", ": printed by the child 0\n", ": root: logged by the child\n", ": UserWarning: warned by the child 0\n",
                 ": told by the child\n", "refused: process ", "only the process that the server started asks and answers it\n",
                 "refused: the server can only be asked from a model that it runs\n"):
        wait_until(lambda text=text: text in server.log)
