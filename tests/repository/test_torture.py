"""Everything that an operator does to models, at random, under constant load over both protocols.

A server in explicit mode and one in poll mode are asked without a pause while models are loaded, unloaded, changed, broken,
mended and removed, Python workers are killed and clients cut their connections. No answer may be wrong and none may be
missing; a request that meets a model which is not there gets the documented error and nothing else.

NESO_TEST_TORTURE=1000 does more than the suite has time for; NESO_TEST_SEED runs one seed again.
"""
import collections
import contextlib
import json
import os
import random
import shutil
import socket
import struct
import threading
import time
import traceback

import psutil
import pytest
import tritonclient.grpc as grpcclient
from support.control import index, load, unload
from support.http2 import Http2Connection, message
from support.inference import body
from support.python_models import PythonModels, python_on_path
from support.repository import ModelRepository
from support.server import PATIENCE, Server
from support.steady_load import SteadyLoad, add_echo
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb
from tritonclient.utils import InferenceServerException

ACTIONS = int(os.environ.get("NESO_TEST_TORTURE", "40"))
SEED = int(os.environ.get("NESO_TEST_SEED", random.randrange(1 << 32)))

# docs/http.md, the lookup errors, and what a worker's death does to the requests that it had.
NOT_THERE = ("Request for unknown model: ",)
WORKER_DIED = ("is not healthy.",)
ALLOWED = {
    "steady": (),
    "a": NOT_THERE,
    "b": NOT_THERE,
    "chain": NOT_THERE,
    "worker": NOT_THERE + WORKER_DIED,
}


class Place:
    """A server with its repository, and what can be done to both. One at a time for each model."""

    def __init__(self, folder, seed, *args):
        self.chance = random.Random(seed)
        self.repository = ModelRepository(folder / "models")
        self.elsewhere = ModelRepository(folder / "elsewhere")
        self.revision = 0
        self.done = collections.Counter()
        for name in ("steady", "a", "b"):
            self.write(name)
        self.repository.add_ensemble("chain", [("a", {"INPUT0": "INPUT0"}, {"OUTPUT0": "between"}),
                                               ("b", {"INPUT0": "between"}, {"OUTPUT0": "OUTPUT0"})], ["INPUT0"], ["OUTPUT0"])
        self.write("worker")
        self.server = Server(self.repository.path, "--strict-readiness=false", *args, env=python_on_path()).start()

    def write(self, name, repository=None, broken=False):
        """The model, changed in a way that makes it another one."""
        self.revision += 1
        repository = repository or self.repository
        if name == "worker":
            add_echo(PythonModels(repository), name, before=f"# {self.revision}\n" + ("raise ValueError('broken')\n" if broken else ""))
            return
        parameters = {"revision": self.revision, "execute_delay_ms": self.chance.choice([0, 0, 1])}
        if broken:
            parameters["initialize_error"] = "broken"
        repository.add_identity(name, parameters=parameters,
                                extra=self.chance.choice(["", "dynamic_batching {}", "instance_group { kind: KIND_CPU count: 2 }"]))

    def act(self):
        action = self.chance.choice(self.actions())
        action()
        self.done[action.__name__] += 1

    def kill_a_worker(self):
        workers = [process for process in psutil.Process(self.server.pid).children(recursive=True)]
        if workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.chance.choice(workers).kill()

    def cut_connections(self):
        """In the middle of a request, or while it is executed; with a reset, or without."""
        request = json.dumps(body([1.0])).encode()
        head = b"POST /v2/models/steady/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(request)
        whole = head + request
        with socket.create_connection(("127.0.0.1", self.server.http_port)) as client:
            client.sendall(whole[:self.chance.randrange(1, len(whole) + 1)])
            reset_if(self.chance.random() < 0.5, client)
        with Http2Connection(self.server.grpc_port) as client:
            call = pb.ModelInferRequest(model_name="steady", raw_input_contents=[struct.pack("<f", 1)])
            call.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 1])
            content = message(call.SerializeToString())
            client.call("/inference.GRPCInferenceService/ModelInfer", end=False)
            client.send_bytes(b"\0\0" + bytes([len(content)]) + b"\0\0\0\0\0\x01" + content[:self.chance.randrange(len(content))])

    def look(self):
        states = {state.split(":")[0] for state in index(self.server).values()}
        assert states <= {"", "READY", "LOADING", "UNLOADING", "UNAVAILABLE"}, states
        assert self.server.get("/v2/models/stats").status_code == 200
        assert "nv_inference_count" in self.server.metrics()


class Explicit(Place):
    def __init__(self, folder, seed):
        super().__init__(folder, seed, "--model-control-mode=explicit", "--load-model=*")
        self.grpc = grpcclient.InferenceServerClient(self.server.grpc)

    def actions(self):
        return [self.load, self.unload, self.unload_with_dependents, self.change, self.load_what_is_broken, self.load_a_configuration,
                self.kill_a_worker, self.cut_connections, self.look]

    def pick(self):
        return self.chance.choice(["a", "b", "chain", "worker"])

    def control(self, action, name):
        """Over either protocol; nothing but success is expected."""
        if self.chance.random() < 0.5:
            {"load": self.grpc.load_model, "unload": self.grpc.unload_model}[action](name)
        else:
            response = {"load": load, "unload": unload}[action](self.server, name)
            assert response.status_code == 200, f"{action} {name}: {response.text}"

    def load(self):
        self.control("load", self.pick())

    def unload(self):
        self.control("unload", self.pick())

    def unload_with_dependents(self):
        assert unload(self.server, "chain", {"parameters": {"unload_dependents": True}}).status_code == 200

    def change(self):
        name = self.chance.choice(["steady", "a", "b", "worker"])
        self.write(name)
        self.control("load", name)

    def load_what_is_broken(self):
        """What serves goes on serving."""
        name = self.chance.choice(["steady", "a", "worker"])
        self.write(name, broken=True)
        response = load(self.server, name)
        assert response.status_code == 400, f"{name}: {response.text}"
        with pytest.raises(InferenceServerException, match="broken"):
            self.grpc.load_model(name)
        self.write(name)

    def load_a_configuration(self):
        config = self.server.get("/v2/models/steady/config").json()
        config.pop("dynamic_batching", None)  # names a batch size that may be too large now
        config["max_batch_size"] = self.chance.randrange(2, 9)
        response = load(self.server, "steady", config=config)
        assert response.status_code == 200, response.text

    def settle(self):
        for name in ("steady", "a", "b", "chain", "worker"):
            self.control("load", name)

    def close(self):
        self.grpc.close()
        self.server.stop()


class Polled(Place):
    def __init__(self, folder, seed):
        super().__init__(folder, seed, "--model-control-mode=poll", "--repository-poll-secs=1")

    def actions(self):
        return [self.change, self.exchange, self.remove, self.bring_back, self.write_half, self.mend, self.refuse_loads,
                self.kill_a_worker, self.cut_connections, self.look]

    def act(self):
        super().act()
        time.sleep(0.1)  # ten changes between two looks

    def change(self):
        self.write(self.chance.choice(["steady", "a", "b", "worker"]))

    def exchange(self):
        """A complete copy takes the place of the old one."""
        name = self.chance.choice(["steady", "a", "b"])
        self.write(name, self.elsewhere)
        old = self.elsewhere.path / "old"
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.repository.path / name, old)
        os.rename(self.elsewhere.path / name, self.repository.path / name)
        shutil.rmtree(old, ignore_errors=True)

    def remove(self):
        shutil.rmtree(self.repository.path / self.chance.choice(["a", "b", "worker"]), ignore_errors=True)

    def bring_back(self):
        for name in ("a", "b", "worker"):
            if not (self.repository.path / name).exists():
                self.write(name)

    def write_half(self):
        self.write(self.chance.choice(["steady", "a", "b", "worker"]), broken=True)

    def mend(self):
        for name in ("steady", "a", "b", "worker"):
            self.write(name)

    def refuse_loads(self):
        assert load(self.server, "a").status_code == unload(self.server, "a").status_code == 503

    def settle(self):
        self.mend()
        names = ("steady:1", "a:1", "b:1", "chain:1", "worker:1")
        wait_until(lambda: all(index(self.server).get(name) == "READY" for name in names))
        # What was written last is what serves.
        wait_until(lambda: self.server.get("/v2/models/steady/config").json()["parameters"]["revision"]["string_value"]
                   == str(self.revision_of("steady")))

    def revision_of(self, name):
        return (self.repository.path / name / "config.pbtxt").read_text().split('"revision" value: { string_value: "')[1].split('"')[0]

    def close(self):
        self.server.stop()


def reset_if(condition, client):
    if condition:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def places(tmp_path):
    print(f"NESO_TEST_SEED={SEED}")
    opened = []
    for kind in (Explicit, Polled):
        opened.append(kind(tmp_path / kind.__name__, SEED + len(opened)))
    yield opened
    for place in opened:
        place.close()


@pytest.mark.timeout(max(120, ACTIONS) * max(1, PATIENCE))
def test_nothing_is_wrong_or_lost_whatever_is_done_to_models(places):
    failures = []

    def torture(place):
        try:
            for _ in range(ACTIONS // len(places)):
                place.act()
            place.settle()
        except Exception:
            failures.append(f"{type(place).__name__}: {traceback.format_exc()}")

    with contextlib.ExitStack() as stack:
        loads = [stack.enter_context(SteadyLoad(place.server, list(ALLOWED), ALLOWED)) for place in places]
        threads = [threading.Thread(target=torture, args=(place,)) for place in places]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for clients in loads:
            clients.until_more()
    for place, clients in zip(places, loads):
        print(f"{type(place).__name__}: {dict(place.done)}; {clients.total} answers, of them {sum(clients.refused.values())} "
              f"documented refusals, {len(clients.problems)} problems")
    assert not failures, "\n".join(failures)
    for clients in loads:
        clients.expect_nothing_lost()
    for place in places:
        workers = psutil.Process(place.server.pid).children(recursive=True)
        place.server.stop()
        assert psutil.wait_procs(workers, timeout=5 * PATIENCE)[1] == []
