"""Every public method of every stock client, once as it should be and once as it should not."""
import base64
import json
import queue
import socket
import ssl

import gevent.ssl
import numpy as np
import pytest
import tritonclient.utils.shared_memory as shm
from tritonclient._plugin import InferenceServerClientPlugin
from tritonclient.utils import InferenceServerException

from support.certificates import Authority, tls_flags
from support.drivers import MODULES, Driver, public_methods
from support.server import free_port
from support.wait import wait_until

SHM = "--allow-client-shm=true"
SECRET = {"access": "open sesame"}


@pytest.fixture(scope="module", params=["plain", "mutual TLS"])
def server(request, module_repository, start_module_server, tmp_path_factory):
    if not (module_repository.path / "identity").exists():
        module_repository.add_identity("identity")
        module_repository.add_identity("spare")
        module_repository.add_identity("repeat", extra="model_transaction_policy { decoupled: true }",
                                       parameters={"repeat": "3"})
    folder = tmp_path_factory.mktemp("server")
    tls, flags, options = None, [], {kind: {} for kind in MODULES}
    if request.param == "mutual TLS":
        authority = Authority(folder, "ours")
        pair, client = authority.issue("server"), authority.issue("client")
        tls = {"verify": authority.certificate, "cert": client}
        flags = [flag for service in ("http", "grpc") for flag in tls_flags(service, pair, authority.certificate)]
        options = client_options(authority.certificate, client)
    server = start_module_server(
        module_repository.path, SHM, "--model-control-mode=explicit", "--load-model=identity", "--load-model=repeat",
        "--http-restricted-api=logging:access=open sesame", "--grpc-restricted-protocol=logging:access=open sesame",
        f"--trace-config=triton,file={folder / 'trace.json'}", "--trace-config=level=TIMESTAMPS",
        "--trace-config=rate=1000000", *flags, tls=tls)
    server.client_options = options
    return server


def client_options(roots, pair):
    """What each stock client wants to be told about certificates."""
    def context(module):
        made = module.create_default_context(cafile=str(roots))
        made.load_cert_chain(*map(str, pair))
        return made

    over_grpc = {"ssl": True, "root_certificates": str(roots), "private_key": str(pair.key),
                 "certificate_chain": str(pair.certificate)}
    return {"http": {"ssl": True, "ssl_context_factory": lambda: context(gevent.ssl)},
            "http.aio": {"ssl": True, "ssl_context": context(ssl)}, "grpc": over_grpc, "grpc.aio": over_grpc}


def connect(kind, server):
    return Driver(kind, server.grpc if kind.startswith("grpc") else server.http, **server.client_options[kind])


@pytest.fixture(params=list(MODULES))
def driver(request, server):
    driver = connect(request.param, server)
    yield driver
    driver.done()


@pytest.fixture(params=list(MODULES))
def nobody(request):
    """A client of a server that is not there."""
    driver = Driver(request.param, f"127.0.0.1:{free_port()}")
    yield driver
    driver.done()


def secret(driver):
    prefix = "triton-grpc-protocol-" if driver.is_grpc else ""
    return {prefix + name: value for name, value in SECRET.items()}


def refused(call, *args, **kwargs):
    with pytest.raises(InferenceServerException) as error:
        call(*args, **kwargs)
    return error.value.message()


# What each test below covers: it takes part in the proof that no method was forgotten.
COVERED = set()


def covers(*methods):
    COVERED.update(methods)
    return lambda test: test


@covers("is_server_live", "is_server_ready", "is_model_ready")
def test_health(driver):
    assert driver.is_server_live() and driver.is_server_ready()
    assert driver.is_model_ready("identity") and driver.is_model_ready("identity", "1")
    assert not driver.is_model_ready("nobody")


def test_health_of_a_server_that_is_not_there(nobody):
    for call in (nobody.is_server_live, nobody.is_server_ready, lambda: nobody.is_model_ready("identity")):
        with pytest.raises((InferenceServerException, OSError)):
            call()


@covers("get_server_metadata", "get_model_metadata", "get_model_config")
def test_metadata(driver):
    assert driver.get_server_metadata()["name"] == "triton"
    metadata = driver.get_model_metadata("identity", "1")
    assert metadata["inputs"][0]["name"] == "INPUT0" and metadata["versions"] == ["1"]
    config = driver.get_model_config("identity")
    assert config.get("config", config)["name"] == "identity"
    for call in (driver.get_model_metadata, driver.get_model_config):
        assert "Request for unknown model: 'nobody' is not found" in refused(call, "nobody")
        assert "'identity' version 7 is not found" in refused(call, "identity", "7")


@covers("get_inference_statistics")
def test_statistics(driver):
    driver.infer("identity", [driver.input(np.ones((1, 4), np.float32))])
    (statistics,) = driver.get_inference_statistics("identity", "1")["model_stats"]
    assert int(wait_until(lambda: driver.get_inference_statistics("identity")["model_stats"][0]["inference_count"])) >= 1
    assert statistics["name"] == "identity"
    names = {entry["name"] for entry in driver.get_inference_statistics()["model_stats"]}
    assert {"identity", "repeat"} <= names
    assert "requested model 'nobody' is not available" in refused(driver.get_inference_statistics, "nobody")


@covers("get_model_repository_index", "load_model", "unload_model")
def test_repository(driver):
    def state(name):
        index = driver.get_model_repository_index()
        return {entry["name"]: entry.get("state") for entry in (index.get("models", []) if driver.is_grpc else index)}[name]

    driver.load_model("spare")
    assert state("spare") == "READY"
    config = {"backend": "identity", "max_batch_size": 3,
              "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
              "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]}
    driver.load_model("spare", config=json.dumps(config), files={"file:1/notes": b"kept with the model"})
    got = driver.get_model_config("spare")
    assert got.get("config", got)["max_batch_size"] == 3
    driver.unload_model("spare", unload_dependents=True)
    wait_until(lambda: state("spare") == "UNAVAILABLE")
    assert "failed to load 'nobody'" in refused(driver.load_model, "nobody")
    assert "Invalid config override" in refused(driver.load_model, "spare", config='{"no_such_field": 1}')
    driver.unload_model("nobody")  # what is not there needs no unloading


@covers("get_trace_settings", "update_trace_settings")
def test_trace_settings(driver):
    def values(answer):
        return {key: entry["value"] for key, entry in answer["settings"].items()} if driver.is_grpc else answer

    def text(value):
        return [value] if driver.is_grpc else value

    before = values(driver.get_trace_settings())
    try:
        assert values(driver.update_trace_settings(settings={"trace_rate": "77"}))["trace_rate"] == text("77")
        mine = values(driver.update_trace_settings("identity", settings={"trace_rate": "78", "trace_level": ["OFF"]}))
        assert mine["trace_rate"] == text("78") and mine["trace_level"] == ["OFF"]
        assert values(driver.get_trace_settings("identity"))["trace_rate"] == text("78")
        assert values(driver.get_trace_settings())["trace_rate"] == text("77")
    finally:
        driver.update_trace_settings("identity", settings={"trace_rate": None, "trace_level": None})
        assert values(driver.update_trace_settings(settings={"trace_rate": None})) == before
    assert "Unable to parse 'trace_rate', got: often" in refused(driver.update_trace_settings,
                                                                settings={"trace_rate": "often"})


@covers("get_log_settings", "update_log_settings", "register_plugin", "unregister_plugin", "plugin")
def test_log_settings_are_for_those_who_know_the_word(driver):
    assert "is restricted, expecting header" in refused(driver.get_log_settings)

    class Knows(InferenceServerClientPlugin):
        def __call__(self, request):
            request.headers.update(secret(driver))

    def values(answer):
        if not driver.is_grpc:
            return answer
        return {key: next(iter(entry.values())) for key, entry in answer["settings"].items() if entry}

    plugin = Knows()
    driver.client.register_plugin(plugin)
    assert driver.client.plugin() is plugin
    assert int(values(driver.update_log_settings({"log_verbose_level": 1}))["log_verbose_level"]) == 1
    assert int(values(driver.get_log_settings())["log_verbose_level"]) == 1
    driver.update_log_settings({"log_verbose_level": 0})
    assert "log file location can not be updated" in refused(driver.update_log_settings, {"log_file": "elsewhere"})
    driver.client.unregister_plugin()
    assert "is restricted" in refused(driver.update_log_settings, {"log_verbose_level": 1}, headers={"access": "no"})
    assert values(driver.get_log_settings(headers=secret(driver)))


@pytest.fixture
def region():
    handle = shm.create_shared_memory_region("neso_clients", f"/neso_clients_{free_port()}", 4096)
    yield handle
    shm.destroy_shared_memory_region(handle)


@covers("register_system_shared_memory", "unregister_system_shared_memory", "get_system_shared_memory_status")
def test_system_shared_memory(driver, region):
    def names():
        status = driver.get_system_shared_memory_status()
        return set(status.get("regions", {})) if driver.is_grpc else {entry["name"] for entry in status}

    tensor = np.arange(16, dtype=np.float32).reshape(1, 16)
    shm.set_shared_memory_region(region, [tensor])
    driver.register_system_shared_memory("mine", region._shm_key, 4096)
    try:
        assert "mine" in names()
        inputs = [driver.shared_input("mine", [1, 16], 64)]
        result = driver.infer("identity", inputs, outputs=[driver.shared_output("mine", 64, 1024)])
        assert result.get_output("OUTPUT0") is not None
        assert np.array_equal(shm.get_contents_as_numpy(region, np.float32, [1, 16], offset=1024), tensor)
        assert "already in manager" in refused(driver.register_system_shared_memory, "mine", region._shm_key, 4096)
        past_the_end = [driver.shared_input("mine", [1, 16], 64, 4090)]
        assert "Invalid offset + byte size" in refused(driver.infer, "identity", past_the_end)
    finally:
        driver.unregister_system_shared_memory("mine")
    assert "mine" not in names()
    assert "Unable to find shared memory region: 'mine'" in refused(driver.infer, "identity", inputs)
    assert "Unable to find system shared memory region" in refused(driver.get_system_shared_memory_status, "mine")
    assert "Unable to open shared memory region" in refused(driver.register_system_shared_memory, "x", "/not there", 64)
    driver.unregister_system_shared_memory()  # all of them, of which there are none


@covers("register_cuda_shared_memory", "unregister_cuda_shared_memory", "get_cuda_shared_memory_status")
def test_cuda_shared_memory_without_a_gpu(driver):
    assert not driver.get_cuda_shared_memory_status().get("regions") if driver.is_grpc else (
        driver.get_cuda_shared_memory_status() == [])
    assert "Unable to find cuda shared memory region" in refused(driver.get_cuda_shared_memory_status, "mine")
    handle = base64.b64encode(bytes(64))
    assert "GPUs not supported" in refused(driver.register_cuda_shared_memory, "mine", handle, 0, 64)
    driver.unregister_cuda_shared_memory("mine")


@covers("infer", "close")
@pytest.mark.parametrize("algorithm", [None, "gzip", "deflate"])
def test_infer(driver, algorithm):
    tensor = np.linspace(0, 1, 10_000, dtype=np.float32).reshape(2, 5000)
    options = driver.compression(algorithm) if algorithm else {}
    result = driver.infer("identity", [driver.input(tensor)], model_version="1", request_id="seven", priority=0,
                          timeout=1_000_000, parameters={"mine": 1}, **options)
    assert np.array_equal(result.as_numpy("OUTPUT0"), tensor)
    answer = result.get_response(as_json=True) if driver.is_grpc else result.get_response()
    assert answer["id"] == "seven"
    assert "unexpected inference input 'OTHER'" in refused(driver.infer, "identity", [driver.input(tensor, "OTHER")],
                                                           **options)
    assert "decoupled" in refused(driver.infer, "repeat", [driver.input(tensor)], **options)


@covers("async_infer")
@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_async_infer(server, kind):
    driver = connect(kind, server)
    tensor = np.ones((1, 8), np.float32)

    def infer(model):
        if kind == "http":
            return driver.client.async_infer(model, [driver.input(tensor)]).get_result()
        answers = queue.Queue()
        driver.client.async_infer(model, [driver.input(tensor)], lambda result, error: answers.put(error or result))
        answer = answers.get(timeout=30)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert np.array_equal(infer("identity").as_numpy("OUTPUT0"), tensor)
    assert "Request for unknown model" in refused(infer, "nobody")
    driver.done()


@covers("start_stream", "async_stream_infer", "stop_stream")
def test_streams(server):
    driver = connect("grpc", server)
    answers = queue.Queue()
    driver.client.start_stream(lambda result, error: answers.put((result, error)))
    tensor = np.ones((1, 8), np.float32)
    driver.client.async_stream_infer("repeat", [driver.input(tensor)], request_id="r", enable_empty_final_response=True)
    results = [answers.get(timeout=30) for _ in range(4)]
    assert all(error is None for _, error in results)
    assert [np.array_equal(result.as_numpy("OUTPUT0"), tensor) for result, _ in results[:3]] == [True] * 3
    assert results[3][0].get_response().parameters["triton_final_response"].bool_param
    driver.client.async_stream_infer("nobody", [driver.input(tensor)])
    assert "Request for unknown model" in answers.get(timeout=30)[1].message()
    driver.client.stop_stream()
    assert answers.empty()
    driver.done()


@covers("stream_infer")
def test_asynchronous_streams(server):
    driver = connect("grpc.aio", server)
    tensor = np.ones((1, 8), np.float32)

    async def run():
        async def requests():
            for model in ("repeat", "nobody"):
                yield {"model_name": model, "inputs": [driver.input(tensor)]}

        return [answer async for answer in driver.client.stream_infer(requests())]

    answers = driver.loop.run_until_complete(run())
    assert sum(error is None for _, error in answers) == 3
    assert ["Request for unknown model" in error.message() for _, error in answers if error] == [True]
    driver.done()


@covers("generate_request_body", "parse_response_body")
@pytest.mark.parametrize("kind", ["http", "http.aio"])
def test_bodies_made_and_read_without_a_connection(server, kind):
    client = MODULES[kind].InferenceServerClient
    driver = connect(kind, server)
    tensor = np.arange(6, dtype=np.float32).reshape(1, 6)
    body, head_length = client.generate_request_body([driver.input(tensor)])
    answer = server.post("/v2/models/identity/infer", body, headers={"Inference-Header-Content-Length": str(head_length)})
    length = int(answer.headers["Inference-Header-Content-Length"])
    result = client.parse_response_body(answer.content, header_length=length)
    assert np.array_equal(result.as_numpy("OUTPUT0"), tensor)
    answer = server.post("/v2/models/identity/infer", body[:-1],
                         headers={"Inference-Header-Content-Length": str(head_length)})
    assert answer.status_code == 400 and "unexpected size for input 'INPUT0'" in answer.json()["error"]
    driver.done()


@pytest.mark.parametrize("kind", list(MODULES))
def test_no_method_is_forgotten(kind):
    assert public_methods(kind) <= COVERED


def test_a_client_that_is_closed_leaves_nothing_behind(server):
    for kind in MODULES:
        driver = connect(kind, server)
        assert driver.is_server_live()
        driver.done()
    with socket.create_connection(("127.0.0.1", server.http_port)):
        pass
    assert server.get("/v2/health/live").status_code == 200
