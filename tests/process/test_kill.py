"""kill -9 at any moment leaves nothing that the next start stumbles over, and nothing that stays for ever: no worker, no
socket that cannot be taken again, no folder of temporary files, no shared memory.

NESO_TEST_KILLS=100 kills more often than the suite has time for; NESO_TEST_SEED runs one seed again.
"""
import contextlib
import os
import random
import subprocess
import threading
import time

import numpy as np
import psutil
import pytest
import requests
import tritonclient.grpc as grpcclient
from support.control import load, unload
from support.inference import ask, values
from support.python_models import IDENTITY, PythonModels, make_environment, python_on_path
from support.server import PATIENCE, Server
from support.shared_memory import Api, SharedObject
from support.wait import wait_until

KILLS = int(os.environ.get("NESO_TEST_KILLS", "4"))
SEED = int(os.environ.get("NESO_TEST_SEED", random.randrange(1 << 32)))
CONFIG = {"backend": "identity", "max_batch_size": 8,
          "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
          "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]}


class Victim:
    """A server with everything that could be left behind, started again and again with the same ports and paths."""

    def __init__(self, repository, folder, chance):
        self.chance = chance
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.socket = folder / "grpc"
        models = PythonModels(repository)
        repository.add_identity("m", extra="dynamic_batching {}")
        repository.add_identity("slow", parameters={"creation_delay_sec": 1})
        models.add("worker", IDENTITY)
        subprocess.run(["tar", "-czf", folder / "env.tar.gz", "-C", make_environment(folder / "env"), "."], check=True)
        models.add("packed", IDENTITY, extra='parameters { key: "EXECUTION_ENV_PATH" value { string_value: "%s" } }'
                   % (folder / "env.tar.gz"))
        self.server = Server(
            repository.path, "--model-control-mode=explicit", "--load-model=m", "--load-model=worker", "--load-model=packed",
            f"--grpc-address=unix:{self.socket}", "--allow-client-shm=true", "--strict-readiness=false",
            env={**python_on_path(), "TMPDIR": str(self.temporary)})

    def kill(self):
        self.server.process.kill()
        self.server.process.wait()
        self.server.process = None
        _, alive = psutil.wait_procs(self.processes(), timeout=10 * PATIENCE)
        assert alive == [], "a worker outlived its server"

    def processes(self):
        """The server's and its workers', whoever their parent is by now."""
        def is_ours(process):
            with contextlib.suppress(psutil.Error):
                return process.environ().get("TMPDIR") == str(self.temporary)
        return [process for process in psutil.process_iter() if is_ours(process)]

    def use(self, memory):
        """All that may leave traces: uploaded files, shared memory, both addresses, workers."""
        assert load(self.server, "uploaded", config=CONFIG, files={"1/model": b"x"}).status_code == 200
        api = Api("http", self.server)
        api.register_system_shared_memory("region", memory.key, 64)
        memory.put(np.float32([3]))
        assert api.infer("m", [api.input("INPUT0", [1, 1], "FP32", "region", 4)]).as_numpy("OUTPUT0").tolist() == [[3]]
        for model in ("m", "uploaded"):
            assert values(ask(self.server, model, [1.0])) == [1]
        for model in ("worker", "packed"):
            answer = self.server.infer(model, {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [5]}]})
            assert values(answer) == [5]
        tensor = grpcclient.InferInput("INPUT0", [1, 1], "FP32")
        tensor.set_data_from_numpy(np.float32([[7]]))
        with grpcclient.InferenceServerClient(f"unix:{self.socket}") as client:
            assert client.infer("m", [tensor]).as_numpy("OUTPUT0").tolist() == [[7]]

    # --- where to be killed ---------------------------------------------------------------------------------------------
    def starting(self):
        time.sleep(self.chance.uniform(0, 1) * min(PATIENCE, 3))

    def idle(self):
        pass

    def serving(self):
        time.sleep(self.chance.uniform(0, 0.3))

    def loading(self):
        self.aside(lambda: load(self.server, "slow"))
        self.aside(lambda: load(self.server, "uploaded", config=CONFIG, files={"1/model": b"y" * (1 << 20)}))
        time.sleep(self.chance.uniform(0, 0.3))

    def unloading(self):
        for model in ("worker", "uploaded", "m", "packed"):
            self.aside(lambda model=model: unload(self.server, model))
        time.sleep(self.chance.uniform(0, 0.3))

    def stopping(self):
        self.server.process.terminate()
        time.sleep(self.chance.uniform(0, 0.1))

    @staticmethod
    def aside(action):
        def run():
            with contextlib.suppress(requests.RequestException):
                action()
        threading.Thread(target=run).start()

    @contextlib.contextmanager
    def load(self):
        """Clients that ask as long as they are answered."""
        def run(model):
            with contextlib.suppress(requests.RequestException):
                while True:
                    ask(self.server, model)
        threads = [threading.Thread(target=run, args=(model,)) for model in ("m", "worker", "uploaded")]
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.join()


@pytest.fixture
def victim(repository, tmp_path):
    print(f"NESO_TEST_SEED={SEED}")
    victim = Victim(repository, tmp_path, random.Random(SEED))
    yield victim
    if victim.server.process is not None:
        victim.server.process.kill()


@pytest.mark.timeout(max(120, 10 * KILLS) * max(1, PATIENCE))
def test_nothing_is_left_that_the_next_start_stumbles_over(victim):
    moments = [victim.starting, victim.idle, victim.serving, victim.loading, victim.unloading, victim.stopping]
    before = set(os.listdir("/dev/shm"))
    with SharedObject(64) as memory:
        for _ in range(KILLS):
            moment = victim.chance.choice(moments)
            if moment == victim.starting:
                victim.server.wait_for_ready = False
                victim.server.start()
                moment()
                victim.kill()
                continue
            victim.server.wait_for_ready = True
            victim.server.start()
            victim.use(memory)
            with victim.load():
                moment()
                victim.kill()
        victim.server.wait_for_ready = True
        victim.server.start()
        victim.use(memory)
        # One of each is in use; what the dead have left is removed beside the loads.
        wait_until(lambda: sorted(path.name.rpartition("-")[0] for path in victim.temporary.iterdir())
                   == ["neso-model", "neso-python-env"])
        victim.server.stop()
    assert list(victim.temporary.iterdir()) == []
    assert not victim.socket.exists()
    assert set(os.listdir("/dev/shm")) <= before
    assert victim.processes() == []
