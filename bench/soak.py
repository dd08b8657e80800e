#!/usr/bin/env python3
"""Everything that schedules, at once and for long: dynamic batching, sequences by both strategies, ensembles, decoupled and
Python models, and loads and unloads beside them. Every answer is checked, and memory has to stay flat.

    bench/soak.py                                             ten minutes
    bench/soak.py --minutes 2
    NESO_TREE=build/tsan/tree NESO_BUILD=build/tsan NESO_TEST_PATIENCE=10 bench/soak.py

Fails when an answer is wrong, when the server does not end cleanly (a sanitizer's report is no clean end), or when its
resident memory at the end is more than a tenth and 8 MiB above what it was after a fifth of the time. Under a sanitizer
memory is printed and not judged: what is freed is kept from use for a while.
"""
import argparse
import collections
import os
import pathlib
import random
import struct
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

import grpc  # noqa: E402
import requests  # noqa: E402
from support import sequences  # noqa: E402
from support.inference import body  # noqa: E402
from support.python_models import python_on_path  # noqa: E402
from support.repository import ModelRepository  # noqa: E402
from support.server import PATIENCE, TEST_BACKENDS, TREE, Server  # noqa: E402
from tritonclient.grpc import service_pb2 as pb  # noqa: E402
from tritonclient.grpc import service_pb2_grpc  # noqa: E402

REPEAT = 5  # responses of the decoupled model to a request
TIMEOUT = 60 * PATIENCE

ADD_ONE = """
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor(
            "OUTPUT0", pb_utils.get_input_tensor_by_name(request, "INPUT0").as_numpy() + 1)]) for request in requests]
"""


def make_repository(folder):
    models = ModelRepository(folder)
    models.add_identity("batched", max_batch_size=16, extra="dynamic_batching { max_queue_delay_microseconds: 200 }\n"
                        "instance_group { kind: KIND_CPU count: 2 }")
    models.add_identity("ordered", max_batch_size=16, extra="dynamic_batching { preserve_ordering: true }")
    models.add_identity("decoupled", parameters={"repeat": REPEAT}, extra="model_transaction_policy { decoupled: true }")
    models.add_identity("comes_and_goes", extra="dynamic_batching { }")
    models.add("add_one", """
        backend: "python"
        max_batch_size: 8
        input { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1 ] }
        instance_group { kind: KIND_CPU count: 2 }
        dynamic_batching { }
        """, files={"model.py": ADD_ONE})
    models.add_chain("chain", ["batched", "add_one", "ordered"])
    sequences.add_accumulator(models, "direct", "direct { }", instances=2)
    sequences.add_accumulator(models, "oldest", "oldest { max_candidate_sequences: 16 }", by="id", instances=2)
    return models


class Soak:
    """The loads, each on a thread of its own, until the time is over or one of them has failed."""

    def __init__(self, server, seed):
        self.server = server
        self.seed = seed
        self.answers = collections.Counter()
        self.failures = []
        self.over = threading.Event()

    def run(self, loads, seconds):
        threads = [threading.Thread(target=self._keep, args=(load, number)) for number, load in enumerate(loads)]
        for thread in threads:
            thread.start()
        began, settled = time.monotonic(), None
        while not self.over.wait(1) and (elapsed := time.monotonic() - began) < seconds:
            if settled is None and elapsed > seconds / 5:
                settled = self.memory()
        self.over.set()
        for thread in threads:
            thread.join()
        return settled

    def memory(self):
        """MiB, the least of some seconds: what is under way comes and goes."""
        return min((time.sleep(0.2), self.server.rss_kib())[1] for _ in range(20)) / 1024

    def _keep(self, load, number):
        dice = random.Random(self.seed * 1000 + number)
        try:
            with requests.Session() as session, grpc.insecure_channel(self.server.grpc) as channel:
                stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
                while not self.over.is_set():
                    self.answers[load.__name__] += load(self, dice, session, stub)
        except Exception:  # whatever it is, it is what the soak looks for
            self.failures.append(f"{load.__name__}:\n{traceback.format_exc()}")
            self.over.set()

    def post(self, session, model, request):
        return session.post(f"{self.server.url}/v2/models/{model}/infer", json=request, timeout=TIMEOUT)


def expect(answer, values):
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"][0]["data"] == values, (answer.text, values)


def rows_of(dice):
    width = dice.randint(1, 4)
    return [[float(dice.randint(-1000, 1000)) for _ in range(width)] for _ in range(dice.randint(1, 3))]


def batched(soak, dice, session, stub):
    rows = rows_of(dice)
    expect(soak.post(session, "batched", body(*rows)), sum(rows, []))
    return 1


def ordered(soak, dice, session, stub):
    rows = rows_of(dice)
    expect(soak.post(session, "ordered", body(*rows)), sum(rows, []))
    return 1


def python(soak, dice, session, stub):
    rows = rows_of(dice)
    expect(soak.post(session, "add_one", body(*rows)), [value + 1 for value in sum(rows, [])])
    return 1


def ensemble(soak, dice, session, stub):
    request = body([float(dice.randint(0, 100))] * 3)
    request["inputs"][0]["name"] = "IN"
    expect(soak.post(session, "chain", request), [value + 1 for value in request["inputs"][0]["data"]])
    return 1


def decoupled(soak, dice, session, stub):
    value = float(dice.randint(0, 1000))
    message = pb.ModelInferRequest(model_name="decoupled")
    tensor = message.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 1])
    tensor.contents.fp32_contents.append(value)
    got = list(stub.ModelStreamInfer(iter([message]), timeout=TIMEOUT))
    assert not any(answer.error_message for answer in got), got
    values = [struct.unpack("<f", answer.infer_response.raw_output_contents[0])[0] for answer in got]
    assert values == [value] * REPEAT, values
    return REPEAT


def sequence(soak, dice, session, stub, model):
    """One sequence, whose sums are those of its own numbers; now and then its client dies before it ends."""
    identity, so_far, length = dice.randrange(1, 2**60), 0, dice.randint(1, 6)
    for i in range(length):
        if i > 0 and dice.random() < 0.05:
            return i
        value = dice.randint(0, 1000)
        so_far += value
        answer = soak.post(session, model, sequences.body(value, identity, (i == 0, i + 1 == length)))
        assert sequences.total(answer) == so_far, (answer.text, so_far)
    return length


def direct(soak, dice, session, stub):
    return sequence(soak, dice, session, stub, "direct")


def oldest(soak, dice, session, stub):
    return sequence(soak, dice, session, stub, "oldest")


def loads_and_unloads(soak, dice, session, stub):
    """The model is asked while it comes and goes: it answers right, or is not there."""
    for action in ("unload", "load"):
        control = session.post(f"{soak.server.url}/v2/repository/models/comes_and_goes/{action}", timeout=TIMEOUT)
        assert control.status_code == 200, control.text
    expect(soak.post(session, "comes_and_goes", body([1.0, 2.0])), [1.0, 2.0])
    return 1


def asks_what_comes_and_goes(soak, dice, session, stub):
    answer = soak.post(session, "comes_and_goes", body([3.0]))
    if answer.status_code == 200:
        expect(answer, [3.0])
    else:
        assert answer.status_code in (400, 404, 503) and "comes_and_goes" in answer.json()["error"], answer.text
    return 1


LOADS = [batched, batched, ordered, ordered, python, python, ensemble, ensemble, decoupled, direct, direct, direct, oldest,
         oldest, oldest, loads_and_unloads, asks_what_comes_and_goes]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3)))
    options = parser.parse_args()
    if not (TEST_BACKENDS / "accumulator").is_dir():
        raise SystemExit(f"soak: {TEST_BACKENDS} has no plug-in 'accumulator': build the target neso_test_backends")
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        make_repository(pathlib.Path(folder, "models"))
        for backend in (TREE / "backends").iterdir():
            pathlib.Path(folder, "backends").mkdir(exist_ok=True)
            pathlib.Path(folder, "backends", backend.name).symlink_to(backend.resolve())
        pathlib.Path(folder, "backends", "accumulator").symlink_to((TEST_BACKENDS / "accumulator").resolve())
        server = Server(pathlib.Path(folder, "models"), f"--backend-directory={folder}/backends",
                        "--model-control-mode=explicit", "--load-model=*", env=python_on_path()).start()
        soak = Soak(server, options.seed)
        try:
            settled = soak.run(LOADS, 60 * options.minutes)
            end = soak.memory()
        finally:
            server.stop()
    for load, count in sorted(soak.answers.items()):
        print(f"{load:26} {count:9,} answers")
    if soak.failures:
        raise SystemExit("\n".join(soak.failures))
    print(f"resident: {settled:.1f} MiB after a fifth of the time, {end:.1f} MiB at the end")
    if PATIENCE <= 1 and end > 1.1 * settled + 8:
        raise SystemExit("soak: memory has grown")


if __name__ == "__main__":
    main()
