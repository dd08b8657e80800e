"""ONNX models on a GPU that is none: the runtime is the one of the CPU, which takes a GPU's memory for the host's
(fake_onnxruntime_gpu.cc). What it shows is where tensors lie, and how often they are copied."""
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support import gpu, onnx_models
from support.server import BUILD, TREE
from support.shared_memory import PAGE, Api, SharedObject

BACKENDS = TREE / "backends"
RUNTIME = BUILD / "fake_onnxruntime_gpu" / "libonnxruntime.so.1"

pytestmark = [gpu.needs_stand_in,
              pytest.mark.skipif(not RUNTIME.exists(), reason="the stand-in for the runtime is not built")]

X = np.array([[1, 2, 3], [4, 5, 6]], np.float32)


@pytest.fixture(scope="module")
def backends(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backends")
    plugin = folder / "onnxruntime"
    plugin.mkdir()
    shutil.copy(BACKENDS / "onnxruntime" / "libtriton_onnxruntime.so", plugin)
    shutil.copy(RUNTIME, plugin / "libonnxruntime.so.1")
    os.symlink((BACKENDS / "onnxruntime" / "libonnxruntime.so.1").resolve(), plugin / "libonnxruntime_cpu.so")
    return folder


class Served:
    def __init__(self, server, folder, memory):
        self.server, self.options, self._copies, self.memory = server, folder / "options", folder / "copies", memory
        self.api = Api("grpc", server)
        self.api.register_cuda_shared_memory("gpu", gpu.handle(memory), 0, PAGE)

    def copies(self):
        """Of the driver, since it was last asked."""
        text = self._copies.read_text() if self._copies.exists() else ""
        self._copies.unlink(missing_ok=True)
        return text.splitlines()

    def there(self, shape, offset=0):
        return self.api.input("x", shape, "FP32", "gpu", 4 * int(np.prod(shape)), offset)


@pytest.fixture
def serve(repository, start_server, backends, tmp_path):
    with SharedObject(PAGE) as memory:
        def start(config="", model=None):
            repository.add("m", f'platform: "onnxruntime_onnx" max_batch_size: 8 {config}',
                           files={"model.onnx": model or onnx_models.double()})
            env = gpu.environment(NESO_FAKE_CUDA="", NESO_FAKE_CUDA_LOG=str(tmp_path / "copies"),
                                  NESO_FAKE_ORT_LOG=str(tmp_path / "options"))
            server = start_server(repository.path, f"--backend-directory={backends}", "--allow-client-shm=true", env=env)
            return Served(server, tmp_path, memory)
        yield start


def test_a_model_runs_on_every_gpu_if_it_does_not_say(serve):
    served = serve()
    config = served.server.get("/v2/models/m/config").json()
    assert [(g["kind"], g["count"], g["gpus"]) for g in config["instance_group"]] == [("KIND_GPU", 1, [0])]
    assert served.api.infer("m", [served.api.inline("x", X, "FP32")]).as_numpy("y").tolist() == (2 * X).tolist()
    assert served.copies() == [], "the runtime copies what is the host's by itself"
    assert "device_id=0" in served.options.read_text().splitlines()


def test_an_input_on_the_gpu_is_not_copied(serve):
    served = serve()
    served.memory.put(X)
    assert served.api.infer("m", [served.there([2, 3])]).as_numpy("y").tolist() == (2 * X).tolist()
    assert served.copies() == []


def test_an_output_stays_on_the_gpu_for_a_client_who_wants_it_there(serve):
    served = serve()
    served.memory.put(X)
    served.api.infer("m", [served.there([2, 3])], outputs=[served.api.output("y", "gpu", 24, 64)])
    assert served.memory.get(np.float32, 6, 64).tolist() == (2 * X).ravel().tolist()
    # From the stand-in runtime's memory, which is the host's, where the real one has its own of the GPU.
    assert served.copies() == ["24 host to gpu"]


def test_a_batch_with_a_part_on_the_gpu_is_gathered_there(serve):
    served = serve("dynamic_batching { preferred_batch_size: 4 max_queue_delay_microseconds: 3000000 }")
    served.memory.put(X)
    with ThreadPoolExecutor(2) as threads:
        there = threads.submit(lambda: served.api.infer("m", [served.there([2, 3])]))
        here = threads.submit(lambda: served.api.infer("m", [served.api.inline("x", -X, "FP32")]))
        assert there.result().as_numpy("y").tolist() == (2 * X).tolist()
        assert here.result().as_numpy("y").tolist() == (-2 * X).tolist()
    assert served.server.metric("nv_inference_exec_count", model="m", gpu_uuid=gpu.UUIDS[0]) == 1
    assert sorted(served.copies()) == ["24 gpu to gpu", "24 host to gpu"]


def test_options_of_the_provider(serve):
    served = serve("""
        optimization { execution_accelerators { gpu_execution_accelerator { name: "cuda"
            parameters { key: "use_ep_level_unified_stream" value: "1" } } } }
        parameters { key: "cudnn_conv_algo_search" value: { string_value: "1" } }
        parameters { key: "gpu_mem_limit" value: { string_value: "1000000" } }
        parameters { key: "arena_extend_strategy" value: { string_value: "1" } }""")
    assert set(served.options.read_text().splitlines()) == {
        "device_id=0", "use_ep_level_unified_stream=1", "cudnn_conv_algo_search=HEURISTIC", "gpu_mem_limit=1000000",
        "arena_extend_strategy=kSameAsRequested"}


GROWING = """
    input { name: "x" data_type: TYPE_FP32 dims: [1] }
    output { name: "y" data_type: TYPE_FP32 dims: [1] }
    sequence_batching { state { input_name: "past" output_name: "now" data_type: TYPE_FP32 dims: [-1]
                                initial_state { name: "begin" data_type: TYPE_FP32 dims: [1] zero_data: true } EXTRA } }
    """


@pytest.mark.parametrize("extra", ["", "use_same_buffer_for_input_output: true",
                                   "use_same_buffer_for_input_output: true use_growable_memory: true"])
def test_the_state_of_a_sequence_stays_on_the_gpu(serve, extra):
    served = serve(GROWING.replace("EXTRA", extra), onnx_models.growing())
    answers = [served.api.infer("m", [served.api.inline("x", np.float32([[i]]), "FP32")], sequence_id=7,
                                sequence_start=i == 1, sequence_end=i == 5).as_numpy("y")[0, 0] for i in range(1, 6)]
    assert answers == [1, 3, 6, 10, 15]
    copies = served.copies()
    # From the stand-in runtime's memory, which is the host's; never back.
    assert [copy for copy in copies if copy.endswith("host to gpu")][-1] == "24 host to gpu"
    assert not [copy for copy in copies if copy.endswith("gpu to host")]


def test_strings(serve):
    served = serve(model=onnx_models.identity("BYTES"))
    words = np.array([[b"a", b"", b"bc"]], object)
    assert served.api.infer("m", [served.api.inline("x", words, "BYTES")]).as_numpy("y").tolist() == words.tolist()


@pytest.mark.skipif((BACKENDS / "onnxruntime/libonnxruntime_providers_cuda.so").exists(),
                    reason="the ONNX Runtime that is installed is that for GPUs")
def test_a_runtime_of_the_cpu_runs_on_the_cpu_where_there_is_a_gpu(repository, start_server):
    repository.add("m", 'platform: "onnxruntime_onnx" instance_group { count: 3 }', files={"model.onnx": onnx_models.double()})
    repository.add("plain", 'platform: "onnxruntime_onnx"', files={"model.onnx": onnx_models.double()})
    repository.add("gpu", 'platform: "onnxruntime_onnx" instance_group { kind: KIND_GPU }', files={"model.onnx": onnx_models.double()})
    server = start_server(repository.path, "--exit-on-error=false", "--strict-readiness=false", env=gpu.environment())
    groups = [server.get(f"/v2/models/{model}/config").json()["instance_group"][0] for model in ("m", "plain")]
    assert [(group["kind"], group["count"]) for group in groups] == [("KIND_CPU", 3), ("KIND_CPU", 2)]
    assert "a KIND_GPU instance needs CUDAExecutionProvider, which this ONNX Runtime library does not have" in server.log
    assert "make build BACKENDS=onnxruntime-gpu" in server.log
