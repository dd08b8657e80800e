"""Engines that are text, for a library that stands in for TensorRT's (fake_nvinfer.cc) on GPUs that are none.

    served = serve()
    served.load("m", engine("input x FP32 -1,3", "output y FP32 -1,3 copy x", "profile 0 x 1,3 4,3 8,3"))
    served.infer("m", x=X)["y"]
    served.log(), served.copies()            # what the stand-ins were asked for since the last time
"""
import pathlib

import pytest
from support import gpu
from support.model_server import ModelServer
from support.optional_backends import skip_unless_built
from support.trt_engines import LIBRARY

HERE = pathlib.Path(__file__).parent
_no_stand_in = pytest.mark.skipif(not LIBRARY.exists(), reason="the stand-in for TensorRT is not built")


def pytest_collection_modifyitems(items):
    skip_unless_built(items, HERE, "tensorrt")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(_no_stand_in)
            item.add_marker(gpu.needs_stand_in)


class Served(ModelServer):
    def __init__(self, repository, start, folder, *args):
        super().__init__("model.plan", repository, start, *args)
        self._logs = folder

    def _read(self, name):
        path = self._logs / name
        text = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return text.splitlines()

    def log(self):
        return self._read("tensorrt")

    def copies(self):
        return self._read("cuda")


@pytest.fixture
def serve(repository, start_server, tmp_path):
    """Starts a server. `settings`: of the backend; `modes`: of the driver's stand-in; `trt`: of TensorRT's."""
    servers = []

    def start(*args, library=LIBRARY, settings=(), modes=(), trt=""):
        env = gpu.environment(*modes, NESO_FAKE_CUDA_LOG=str(tmp_path / "cuda"), NESO_FAKE_TRT_LOG=str(tmp_path / "tensorrt"),
                              NESO_FAKE_TRT=trt)
        options = [f"--backend-config=tensorrt,{setting}" for setting in (f"library={library}", *settings) if setting]
        servers.append(Served(repository, lambda *all_args: start_server(*all_args, env=env), tmp_path, *options, *args))
        return servers[-1]
    yield start
    for server in servers:
        server.client.close()
