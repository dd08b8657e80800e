"""On a machine with an NVIDIA GPU: the real driver, CUDA shared memory of the stock client, ONNX Runtime with CUDA, NVML."""
import os
import pathlib
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support import onnx_models
from support.control import load, unload
from support.python_models import PythonModels, python_on_path
from support.server import TREE

pytestmark = pytest.mark.skipif(not pathlib.Path("/dev/nvidiactl").exists(), reason="this machine has no NVIDIA GPU")

needs_cuda_runtime = pytest.mark.skipif(
    not (TREE / "backends/onnxruntime/libonnxruntime_providers_cuda.so").exists(),
    reason="the ONNX Runtime that is installed is that for the CPU: make setup BACKENDS=onnxruntime-gpu")

EXACT = """
    optimization { execution_accelerators { gpu_execution_accelerator { name: "cuda"
        parameters { key: "use_tf32" value: "0" } } } }
    """


TORCH = """
def initialize(self, args):
    self.gpu = torch.device("cuda", int(args["model_instance_device_id"]))
    self.told = args["model_instance_kind"]

def execute(self, requests):
    responses = []
    for request in requests:
        x = torch.from_dlpack(pb_utils.get_input_tensor_by_name(request, "IN")).to(self.gpu)
        made = pb_utils.Tensor.from_dlpack("OUT", torch.softmax(x @ x.T, 1))
        assert self.told == "GPU" and not made.is_cpu() and made.__dlpack_device__()[0] == 2
        assert torch.from_dlpack(made).is_cuda
        responses.append(pb_utils.InferenceResponse([made]))
    return responses
"""


def smi(field):
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.fixture(scope="module")
def conv():
    """Images [-1, 3, 32, 32] to ten scores: convolution, pooling, a matrix product."""
    random = np.random.default_rng(3)
    weights = {"k": random.standard_normal((16, 3, 3, 3), dtype=np.float32) * 0.2,
               "w": random.standard_normal((16 * 16 * 16, 10), dtype=np.float32) * 0.02}
    return onnx_models.model(
        [onnx_models.node("Conv", "x k", "c", pads=[1, 1, 1, 1]), onnx_models.node("Relu", "c", "r"),
         onnx_models.node("MaxPool", "r", "p", kernel_shape=[2, 2], strides=[2, 2]), onnx_models.node("Flatten", "p", "f"),
         onnx_models.node("MatMul", "f w", "y")],
        {"x": ("FLOAT", [None, 3, 32, 32])}, {"y": ("FLOAT", [None, 10])}, weights)


@pytest.fixture(scope="module")
def server(module_repository, start_module_server, conv):
    repository = module_repository
    repository.add_identity("identity")
    if (TREE / "backends/onnxruntime/libonnxruntime_providers_cuda.so").exists():
        repository.add("conv", f'platform: "onnxruntime_onnx" max_batch_size: 32 dynamic_batching {{}} {EXACT}',
                       files={"model.onnx": conv})
        repository.add("gathering", f'''platform: "onnxruntime_onnx" max_batch_size: 32 {EXACT}
                       dynamic_batching {{ preferred_batch_size: 16 max_queue_delay_microseconds: 5000000 }}''',
                       files={"model.onnx": conv})
        repository.add("mlp", f'platform: "onnxruntime_onnx" max_batch_size: 32 {EXACT}',
                       files={"model.onnx": onnx_models.mlp()})
        repository.add("cpu", 'platform: "onnxruntime_onnx" max_batch_size: 32 instance_group { kind: KIND_CPU }',
                       files={"model.onnx": onnx_models.mlp()})
        repository.add_ensemble("twice", [("identity", {"INPUT0": "IN"}, {"OUTPUT0": "between"}),
                                          ("mlp", {"x": "between"}, {"y": "OUT"})], max_batch_size=8)
    return start_module_server(repository.path, "--allow-client-shm=true", "--metrics-interval-ms=0",
                               "--model-control-mode=explicit", "--load-model=*")


def client_url(server, module):
    return server.http if module is httpclient else server.grpc


@pytest.fixture(params=["http", "grpc"])
def api(request, server):
    """The module of the stock client, and a client."""
    module = {"http": httpclient, "grpc": grpcclient}[request.param]
    with module.InferenceServerClient(client_url(server, module)) as client:
        yield module, client
        client.unregister_cuda_shared_memory()


@pytest.fixture
def regions(api):
    """regions(name, bytes): a region of CUDA shared memory by the stock client's own module, registered."""
    pytest.importorskip("cuda.bindings", reason="the client's CUDA shared memory needs cuda-python")
    import tritonclient.utils.cuda_shared_memory as cudashm
    made = []

    def make(name, byte_size):
        made.append(cudashm.create_shared_memory_region(name, byte_size, 0))
        api[1].register_cuda_shared_memory(name, cudashm.get_raw_handle(made[-1]), 0, byte_size)
        return made[-1]
    make.put = lambda region, array: cudashm.set_shared_memory_region(region, [array])
    make.get = lambda region, shape: cudashm.get_contents_as_numpy(region, np.float32, shape)
    yield make
    api[1].unregister_cuda_shared_memory()
    for region in made:
        cudashm.destroy_shared_memory_region(region)


def ask(api, model, x, **outputs):
    module, client = api
    name, output = ("INPUT0", "OUTPUT0") if model == "identity" else ("IN", "OUT") if model == "twice" else ("x", "y")
    tensor = module.InferInput(name, list(x.shape), "FP32").set_data_from_numpy(x)
    return client.infer(model, [tensor], **outputs).as_numpy(output)


def expected(model, x):
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def test_the_gpus_are_those_that_nvidia_smi_shows(server):
    for i, name in enumerate(smi("name")):
        assert f"GPU {i}: {name}, " in server.log
    config = server.get("/v2/models/identity/config").json()
    assert config["instance_group"][0]["kind"] == "KIND_GPU"
    assert config["instance_group"][0]["gpus"] == list(range(len(smi("name"))))


def test_cuda_shared_memory_of_the_stock_client(api, regions):
    module, client = api
    x = np.random.default_rng(0).standard_normal((4, 1000), dtype=np.float32)
    inputs, outputs = regions("inputs", x.nbytes), regions("outputs", x.nbytes)
    for round_ in range(3):
        regions.put(inputs, x + round_)
        tensor = module.InferInput("INPUT0", list(x.shape), "FP32")
        tensor.set_shared_memory("inputs", x.nbytes)
        wanted = module.InferRequestedOutput("OUTPUT0")
        wanted.set_shared_memory("outputs", x.nbytes)
        client.infer("identity", [tensor], outputs=[wanted])
        assert np.array_equal(regions.get(outputs, x.shape), x + round_)


@needs_cuda_runtime
@pytest.mark.parametrize("rows", [1, 32])
def test_onnx_models_agree_with_the_cpu(api, conv, rows):
    random = np.random.default_rng(rows)
    images = random.standard_normal((rows, 3, 32, 32), dtype=np.float32)
    assert np.allclose(ask(api, "conv", images), expected(conv, images), rtol=1e-3, atol=1e-3)
    vectors = random.standard_normal((rows, 16), dtype=np.float32)
    assert np.allclose(ask(api, "mlp", vectors), expected(onnx_models.mlp(), vectors), rtol=1e-3, atol=1e-3)
    assert np.allclose(ask(api, "cpu", vectors), expected(onnx_models.mlp(), vectors), rtol=1e-4, atol=1e-4)


@needs_cuda_runtime
def test_an_ensemble_on_the_gpu(api):
    x = np.random.default_rng(5).standard_normal((4, 16), dtype=np.float32)
    assert np.allclose(ask(api, "twice", x), expected(onnx_models.mlp(), x), rtol=1e-3, atol=1e-3)


@needs_cuda_runtime
def test_onnx_tensors_in_cuda_shared_memory(api, regions, conv):
    module, client = api
    x = np.random.default_rng(1).standard_normal((8, 3, 32, 32), dtype=np.float32)
    inputs, outputs = regions("images", x.nbytes), regions("scores", 8 * 10 * 4)
    regions.put(inputs, x)
    tensor = module.InferInput("x", list(x.shape), "FP32")
    tensor.set_shared_memory("images", x.nbytes)
    wanted = module.InferRequestedOutput("y")
    wanted.set_shared_memory("scores", 8 * 10 * 4)
    client.infer("conv", [tensor], outputs=[wanted])
    assert np.allclose(regions.get(outputs, (8, 10)), expected(conv, x), rtol=1e-3, atol=1e-3)
    assert np.allclose(client.infer("conv", [tensor]).as_numpy("y"), expected(conv, x), rtol=1e-3, atol=1e-3)


@needs_cuda_runtime
def test_a_batch_of_tensors_in_cuda_shared_memory_is_gathered_there(server, api, regions, conv):
    module, client = api
    x = np.random.default_rng(4).standard_normal((16, 3, 32, 32), dtype=np.float32)
    half = x.nbytes // 2
    regions.put(regions("pair", x.nbytes), x)
    before = server.metric("nv_inference_exec_count", model="gathering", gpu_uuid=smi("uuid")[0])

    def ask_half(offset):
        with module.InferenceServerClient(client_url(server, module)) as own:
            tensor = module.InferInput("x", [8, 3, 32, 32], "FP32")
            tensor.set_shared_memory("pair", half, offset)
            return own.infer("gathering", [tensor]).as_numpy("y")
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(ask_half, [0, half]))
    assert np.allclose(np.concatenate(answers), expected(conv, x), rtol=1e-3, atol=1e-3)
    assert server.metric("nv_inference_exec_count", model="gathering", gpu_uuid=smi("uuid")[0]) == before + 1


@needs_cuda_runtime
def test_requests_at_once_are_batched(server, conv):
    x = np.random.default_rng(2).standard_normal((64, 1, 3, 32, 32), dtype=np.float32)
    wanted = [expected(conv, image) for image in x]
    before = server.metric("nv_inference_count", model="conv", gpu_uuid=smi("uuid")[0])
    with grpcclient.InferenceServerClient(server.grpc) as client:
        def start(image):
            tensor = grpcclient.InferInput("x", list(image.shape), "FP32").set_data_from_numpy(image)
            answers.append(None)
            place = len(answers) - 1

            def done(result, error):
                answers[place] = error or result.as_numpy("y")
            client.async_infer("conv", [tensor], done)
        answers = []
        for image in x:
            start(image)
        deadline = time.monotonic() + 30
        while any(answer is None for answer in answers) and time.monotonic() < deadline:
            time.sleep(0.01)
    for answer, want in zip(answers, wanted):
        assert np.allclose(answer, want, rtol=1e-3, atol=1e-3)
    assert server.metric("nv_inference_count", model="conv", gpu_uuid=smi("uuid")[0]) == before + 64


def test_metrics_are_those_of_the_gpu(server):
    for uuid, total in zip(smi("uuid"), smi("memory.total")):
        assert abs(server.metric("nv_gpu_memory_total_bytes", gpu_uuid=uuid) - int(total) * 2**20) < 2**30
        assert 0 <= server.metric("nv_gpu_utilization", gpu_uuid=uuid) <= 1
        assert server.metric("nv_gpu_memory_used_bytes", gpu_uuid=uuid) > 0
        assert 0 < server.metric("nv_gpu_power_usage", gpu_uuid=uuid) <= 1.5 * server.metric("nv_gpu_power_limit", gpu_uuid=uuid)
        first = server.metric("nv_energy_consumption", gpu_uuid=uuid)
        deadline = time.monotonic() + 5
        while server.metric("nv_energy_consumption", gpu_uuid=uuid) <= first and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.metric("nv_energy_consumption", gpu_uuid=uuid) > first


@needs_cuda_runtime
def test_memory_comes_back_when_a_model_is_unloaded(server, conv):
    x = np.zeros((32, 3, 32, 32), np.float32)
    used = []
    with httpclient.InferenceServerClient(server.http) as client:
        for _ in range(20):
            assert load(server, "conv").status_code == 200
            ask((httpclient, client), "conv", x)
            assert unload(server, "conv").status_code == 200
            deadline = time.monotonic() + 10
            while server.get("/v2/models/conv/ready").status_code == 200 and time.monotonic() < deadline:
                time.sleep(0.02)
            used.append(server.metric("nv_gpu_memory_used_bytes", gpu_uuid=smi("uuid")[0]))
    assert load(server, "conv").status_code == 200
    print("GPU memory in use after each unload, MiB:", [int(bytes_) >> 20 for bytes_ in used])
    assert used[-1] <= used[1] + 8 * 2**20


@needs_cuda_runtime
@pytest.mark.parametrize("extra", ["", "use_same_buffer_for_input_output: true use_growable_memory: true"])
def test_the_state_of_a_sequence_stays_on_the_gpu(repository, start_server, extra):
    repository.add("growing", f'''platform: "onnxruntime_onnx" max_batch_size: 8 {EXACT}
        input {{ name: "x" data_type: TYPE_FP32 dims: [1] }} output {{ name: "y" data_type: TYPE_FP32 dims: [1] }}
        sequence_batching {{ state {{ input_name: "past" output_name: "now" data_type: TYPE_FP32 dims: [-1]
            initial_state {{ name: "begin" data_type: TYPE_FP32 dims: [1] zero_data: true }} {extra} }} }}''',
                   files={"model.onnx": onnx_models.growing()})
    server = start_server(repository.path, "--cuda-virtual-address-size=0:268435456")
    with grpcclient.InferenceServerClient(server.grpc) as client:
        for sequence in (1, 2):
            answers = []
            for i in range(1, 101):
                tensor = grpcclient.InferInput("x", [1, 1], "FP32").set_data_from_numpy(np.float32([[i]]))
                answers.append(client.infer("growing", [tensor], sequence_id=sequence, sequence_start=i == 1,
                                            sequence_end=i == 100).as_numpy("y")[0, 0])
            assert answers == [i * (i + 1) // 2 for i in range(1, 101)]


@pytest.mark.parametrize("rows", [3, 500])
def test_a_python_model_that_computes_with_torch(repository, start_server, rows):
    torch = pytest.importorskip("torch", reason="the tests' interpreter has no PyTorch")
    if not torch.cuda.is_available():
        pytest.skip("the tests' PyTorch has no CUDA")
    PythonModels(repository).add("softmax", TORCH, {"IN": ("TYPE_FP32", (-1, -1))}, {"OUT": ("TYPE_FP32", (-1, -1))},
                                 before="import torch\n")
    server = start_server(repository.path, env=python_on_path())
    x = np.random.default_rng(6).standard_normal((rows, 64), dtype=np.float32)
    with grpcclient.InferenceServerClient(server.grpc) as client:
        tensor = grpcclient.InferInput("IN", list(x.shape), "FP32").set_data_from_numpy(x)
        answer = client.infer("softmax", [tensor]).as_numpy("OUT")
    products = x @ x.T
    wanted = np.exp(products - products.max(1, keepdims=True))
    assert np.allclose(answer, wanted / wanted.sum(1, keepdims=True), rtol=1e-3, atol=1e-3)


def test_a_limit_refuses_models_while_memory_is_in_use(repository, start_server):
    repository.add_identity("identity")
    server = start_server(repository.path, "--model-control-mode=explicit", "--model-load-gpu-limit=0:0.00001")
    answer = load(server, "identity")
    assert answer.status_code == 400
    assert "memory limit set for GPU 0 has exceeded, model loading is rejected" in answer.json()["error"]


def test_without_a_visible_gpu_models_run_on_the_cpu(repository, start_server):
    repository.add_identity("identity")
    server = start_server(repository.path, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
    assert server.get("/v2/models/identity/config").json()["instance_group"][0]["kind"] == "KIND_CPU"
    assert "nv_gpu_" not in server.metrics()
