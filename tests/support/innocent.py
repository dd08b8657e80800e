"""A client that minds its own business while a test attacks the server: none of its calls may fail.

    with innocent(server):
        ...
"""
import contextlib
import threading

import numpy as np
import tritonclient.grpc as grpcclient
from support.server import PATIENCE
from support.wait import wait_until


@contextlib.contextmanager
def innocent(server, model="identity"):
    """Calls `model` of ModelRepository.add_identity without a pause; goes on for some calls after the attack."""
    failures, answers = [], [0]
    stop = threading.Event()
    tensor = grpcclient.InferInput("INPUT0", [1, 4], "FP32")
    tensor.set_data_from_numpy(np.ones((1, 4), np.float32))

    def run():
        with grpcclient.InferenceServerClient(server.grpc) as client:
            while not stop.is_set() and not failures:
                try:
                    result = client.infer(model, [tensor], client_timeout=10 * PATIENCE)
                    assert result.as_numpy("OUTPUT0").tolist() == [[1, 1, 1, 1]]
                    answers[0] += 1
                except Exception as error:  # pylint: disable=broad-except
                    failures.append(error)

    def until_more(count):
        wanted = answers[0] + count
        wait_until(lambda: failures or answers[0] >= wanted, timeout=30)
        assert not failures, failures

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until_more(5)
        yield
        until_more(5)
    finally:
        stop.set()
        thread.join()
