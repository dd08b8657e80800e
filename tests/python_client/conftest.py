"""The client of clients/python beside a real server, over both protocols."""
import os
import sys

import pytest
from support.certificates import Authority, tls_flags
from support.python_models import PythonModels, python_on_path
from support.repository import ModelRepository
from support.server import ROOT, Server

sys.path.insert(0, str(ROOT / "clients" / "python"))

from neso_client import Client  # noqa: E402

DATATYPES = ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "BF16", "FP32", "FP64", "STRING"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    repository = ModelRepository(tmp_path_factory.mktemp("client") / "models")
    repository.add_identity("identity")
    repository.add_identity("pair", tensors=2, dims=(3,), versions=(1, 4), extra="version_policy { all {} }")
    for datatype in DATATYPES:
        repository.add_identity(f"copy_{datatype.lower()}", f"TYPE_{datatype}", max_batch_size=0, dims=(-1, -1))
    models = PythonModels(repository)
    models.add("slow", """
        def execute(self, requests):
            time.sleep(1.5)
            return [answer(OUT=values(request)) for request in requests]
    """)
    models.add("parameters", """
        def execute(self, requests):
            return [pb_utils.InferenceResponse([], parameters=json.loads(request.parameters())) for request in requests]
    """, outputs={})
    models.add("optional", """
        def execute(self, requests):
            return [answer(OUT=np.float32([7])) for request in requests]
    """, inputs={"IN": ("TYPE_FP32", (-1,), "optional: true")})
    models.add("count", """
        def execute(self, requests):
            for request in requests:
                sender, count = request.get_response_sender(), int(values(request)[0])
                if count < 0:
                    sender.send(error("cannot count to that"), flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
                    continue
                for i in range(count):
                    sender.send(answer(OUT=np.array([i], np.float32)))
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
    """, extra="model_transaction_policy { decoupled: true }")
    running = Server(repository.path, "--model-control-mode=explicit", "--load-model=*", env=python_on_path()).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secured")
    authority = Authority(folder, "ours")
    certificate = authority.issue("server")
    repository = ModelRepository(folder / "models")
    repository.add_identity("identity")
    server = Server(repository.path, *tls_flags("grpc", certificate), *tls_flags("http", certificate),
                    tls={"verify": str(authority.certificate)}).start()
    yield server, authority
    server.stop()


@pytest.fixture(params=["http", "grpc"])
def url(request, server):
    return f"{request.param}://{getattr(server, request.param)}"


@pytest.fixture
def client(url):
    with Client(url, timeout=30) as made:
        yield made


@pytest.fixture
def sockets():
    """How many this process has open, as a function."""
    def count():
        return sum(os.readlink(f"/proc/self/fd/{name}").startswith("socket:[") for name in os.listdir("/proc/self/fd")
                   if os.path.lexists(f"/proc/self/fd/{name}"))
    return count
