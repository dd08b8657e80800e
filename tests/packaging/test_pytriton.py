"""The program as PyTriton starts it: a copy of its tree, options as words of their own, restricted endpoints, and a model whose
configuration and files come with the request that loads it. tests/interoperation runs PyTriton itself."""
import base64
import json
import shutil
import signal
import subprocess

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.python_models import python_on_path
from support.server import PATIENCE, TREE, Server
from support.wait import wait_until

TOKEN = "8f1c"
RESTRICTED = f"shared-memory,model-repository,statistics,trace,logging:triton-access-token={TOKEN}"
HTTP_TOKEN, GRPC_TOKEN = {"triton-access-token": TOKEN}, {"triton-grpc-protocol-triton-access-token": TOKEN}
# Its spellings: snake case outside, camel case inside dynamic_batching, 64-bit numbers as texts.
CONFIG = {
    "name": "scale", "backend": "python", "max_batch_size": 4,
    "dynamic_batching": {"maxQueueDelayMicroseconds": "100", "preferredBatchSize": [2], "defaultQueuePolicy": {}},
    "instance_group": [{"kind": "KIND_CPU", "count": 2}],
    "model_transaction_policy": {"decoupled": False},
    "parameters": {"workspace-path": {"string_value": "/nowhere"}},
    "input": [{"name": "INPUT_1", "data_type": "TYPE_FP32", "dims": ["-1"]}],
    "output": [{"name": "OUTPUT_1", "data_type": "TYPE_FP32", "dims": ["-1"]},
               {"name": "OUTPUT_2", "data_type": "TYPE_STRING", "dims": ["1"]}]}
FILES = {"data.py": "FACTOR = 3\n", "model.py": """
import numpy
import triton_python_backend_utils as pb_utils
from .data import FACTOR

class TritonPythonModel:
    def initialize(self, args):
        self.instance = args["model_instance_name"]

    def execute(self, requests):
        def answer(request):
            x = pb_utils.get_input_tensor_by_name(request, "INPUT_1").as_numpy()
            names = numpy.full((len(x), 1), self.instance.encode(), dtype=object)
            return pb_utils.InferenceResponse([pb_utils.Tensor("OUTPUT_1", FACTOR * x), pb_utils.Tensor("OUTPUT_2", names)])
        return [answer(request) for request in requests]
"""}


def words(**options):
    return [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    workspace = tmp_path_factory.mktemp("workspace")
    tree, store = workspace / "tritonserver", workspace / "model-store"
    store.mkdir()
    for part in ("bin", "lib", "caches", "backends/python"):
        shutil.copytree(TREE / part, tree / part)
    server = Server(None, env=python_on_path())
    ports = words(http_port=server.http_port, grpc_port=server.grpc_port, metrics_port=server.metrics_port)
    server.command = [
        str(tree / "bin/tritonserver"), *ports,
        *words(model_control_mode="explicit", load_model="*", model_repository=store, backend_directory=tree / "backends",
               cache_directory=tree / "caches", allow_metrics=True, allow_gpu_metrics=False, log_verbose=0,
               http_restricted_api=RESTRICTED, grpc_restricted_protocol=RESTRICTED),
        *words(backend_config="python,shm-region-prefix-name=pytrtion1-ab"),
        *words(backend_config="python,shm-default-byte-size=4194304"),
        *words(backend_config="python,shm-growth-byte-size=1048576")]
    server.start()
    yield server
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(30 * PATIENCE) == 0, server.log


def load(server, **kwargs):
    files = {f"file:1/{name}": base64.b64encode(text.encode()).decode() for name, text in FILES.items()}
    return server.post("/v2/repository/models/scale/load", {"parameters": {"config": json.dumps(CONFIG), **files}}, **kwargs)


def test_it_starts_without_models_and_shows_where_logs_go_to_who_has_the_token(server):
    assert server.get("/v2/health/ready").status_code == 200
    assert "log_verbose_level" in server.get("/v2/logging", headers=HTTP_TOKEN).json()
    assert server.get("/v2/logging").status_code == 403
    assert load(server).status_code == 403


def test_a_model_is_loaded_from_the_request_asked_and_unloaded(server):
    answer = load(server, headers=HTTP_TOKEN)
    assert answer.status_code == 200, answer.text
    assert server.get("/v2/models/scale/config").json()["dynamic_batching"]["max_queue_delay_microseconds"] == 100
    x = np.float32([[1, 2, 3]])
    tensor = grpcclient.InferInput("INPUT_1", x.shape, "FP32").set_data_from_numpy(x)
    with grpcclient.InferenceServerClient(server.grpc) as client:
        result = client.infer("scale", [tensor])
        assert result.as_numpy("OUTPUT_1").tolist() == [[3, 6, 9]]
        assert result.as_numpy("OUTPUT_2")[0, 0] in (b"scale_0_0", b"scale_0_1")
        assert any(model.name == "scale" for model in client.get_model_repository_index(headers=GRPC_TOKEN).models)
        client.unload_model("scale", headers=GRPC_TOKEN)
    wait_until(lambda: server.get("/v2/health/ready").status_code == 200)  # it waits for that, too


def test_it_uses_no_other_library_than_those_of_the_copy(server):
    maps = open(f"/proc/{server.pid}/maps").read()
    assert str(TREE) not in maps.replace(server.command[0].rsplit("/bin/", 1)[0], "")
    asked = subprocess.run(["ldd", server.command[0]], capture_output=True, text=True, check=True).stdout
    assert "not found" not in asked
