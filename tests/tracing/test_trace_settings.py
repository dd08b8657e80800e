"""Trace settings: stock clients, every text of both protocols, models of their own, and the command line."""
import asyncio
import json

import grpc
import pytest
import requests
import tritonclient.grpc as grpcclient
import tritonclient.grpc.aio as grpcaio
import tritonclient.http as httpclient
import tritonclient.http.aio as httpaio
from support.control import unload
from support.inference import ask
from support.server import run_neso
from support.traces import numbered, read_traces
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc
from tritonclient.utils import InferenceServerException

NUMBERS = {"trace_rate": "1000", "trace_count": "-1", "log_frequency": "0"}


@pytest.fixture(scope="module")
def defaults(tmp_path_factory):
    return {"trace_level": ["OFF"], **NUMBERS, "trace_file": str(tmp_path_factory.mktemp("traces") / "t.json"),
            "trace_mode": "triton"}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server, defaults):
    for name in ["one", "two", "gone"]:
        module_repository.add_identity(name)
    server = start_module_server(module_repository.path, f"--trace-config=triton,file={defaults['trace_file']}",
                                 "--model-control-mode=explicit", "--load-model=one", "--load-model=two",
                                 "--load-model=gone")
    unload(server, "gone")
    wait_until(lambda: server.get("/v2/models/gone/ready").status_code != 200)
    return server


@pytest.fixture(autouse=True)
def as_before(request):
    yield
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        clear = {"trace_level": None, "trace_rate": None, "trace_count": None, "log_frequency": None}
        for path in ["/v2/trace/setting", "/v2/models/one/trace/setting"]:
            assert server.post(path, clear).json() == request.getfixturevalue("defaults")


@pytest.fixture(scope="module")
def stub(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def values(response):
    """A gRPC answer in the form of the HTTP one."""
    settings = {name: list(setting.value) for name, setting in response.settings.items()}
    return {name: value if name == "trace_level" else value[0] for name, value in settings.items()}


def test_stock_clients_read_and_change(server, defaults):
    with httpclient.InferenceServerClient(server.http) as http, grpcclient.InferenceServerClient(server.grpc) as grpc_:
        assert http.get_trace_settings() == values(grpc_.get_trace_settings()) == defaults
        changed = {"trace_level": ["TIMESTAMPS", "TENSORS"], "trace_rate": "7", "trace_count": "5", "log_frequency": "2"}
        assert http.update_trace_settings(settings=changed) == defaults | changed
        assert values(grpc_.get_trace_settings("one")) == defaults | changed
        changed |= {"trace_level": ["OFF"], "trace_rate": "1"}
        assert values(grpc_.update_trace_settings(settings={"trace_level": ["OFF"], "trace_rate": "1"})) == (
            defaults | changed)
        assert http.get_trace_settings("two") == defaults | changed
        for client in [http, grpc_]:
            with pytest.raises(InferenceServerException, match="trace file location can not be updated"):
                client.update_trace_settings(settings={"trace_file": "/tmp/x"})


def test_asyncio_clients_read_and_change(server, defaults):
    async def run():
        async with httpaio.InferenceServerClient(server.http) as http, \
                grpcaio.InferenceServerClient(server.grpc) as grpc_:
            assert await http.update_trace_settings("one", {"trace_rate": "3"}) == defaults | {"trace_rate": "3"}
            assert values(await grpc_.get_trace_settings("one"))["trace_rate"] == "3"
            assert values(await grpc_.update_trace_settings("one", {"trace_rate": None})) == defaults
            assert await http.get_trace_settings() == defaults
            for client in [http, grpc_]:
                with pytest.raises(InferenceServerException, match="Unable to parse 'trace_count', got: x"):
                    await client.update_trace_settings(settings={"trace_count": "x"})
    asyncio.run(run())


def test_a_model_falls_back_on_the_global_settings(server, defaults):
    def setting(model=None, body=None):
        path = f"/v2/models/{model}/trace/setting" if model else "/v2/trace/setting"
        return (server.get(path) if body is None else server.post(path, body)).json()
    assert setting("one", {"trace_rate": "3", "trace_count": "8"}) == defaults | {"trace_rate": "3", "trace_count": "8"}
    assert setting() == setting("two") == defaults
    assert setting(None, {"trace_rate": "5", "log_frequency": "4"})["trace_rate"] == "5"
    assert setting("one") == defaults | {"trace_rate": "3", "trace_count": "8", "log_frequency": "4"}
    assert setting("two") == defaults | {"trace_rate": "5", "log_frequency": "4"}
    assert setting("one", {"trace_rate": None, "trace_count": None}) == setting()
    assert setting(None, {"trace_rate": None, "log_frequency": None}) == setting("one") == defaults


@pytest.mark.parametrize("body, changes", [
    ({}, {}),
    ([], {}),
    ({"unknown": 1, "trace_mode": "opentelemetry"}, {}),
    ({"trace_level": []}, {}),
    ({"trace_level": ["timestamps", "MIN", "OTHER"]}, {}),
    ({"trace_level": ["OTHER", "TENSORS"]}, {"trace_level": ["TENSORS"]}),
    ({"trace_level": ["TENSORS", "TIMESTAMPS"]}, {"trace_level": ["TIMESTAMPS", "TENSORS"]}),
    ({"trace_rate": "-1", "log_frequency": "-2"}, {"trace_rate": "4294967295", "log_frequency": "4294967294"}),
    ({"trace_rate": " 12abc", "trace_count": "5z"}, {"trace_rate": "12", "trace_count": "5"}),
    ({"trace_rate": "0"}, {"trace_rate": "0"}),  # what is off is never wrong
    ({"trace_level": None, "trace_rate": None, "trace_count": None, "log_frequency": None}, {}),
])
def test_http_bodies(server, defaults, body, changes):
    answer = server.post("/v2/trace/setting", json.dumps(body))
    assert (answer.status_code, answer.json()) == (200, defaults | changes)
    assert answer.headers["content-type"] == "application/json"


def test_the_order_of_members(server, defaults):
    assert server.get("/v2/trace/setting").text == json.dumps(defaults, separators=(",", ":"))


NO_FILE = "trace file location can not be updated through network protocol"
TYPES = "attempt to access JSON non-string as string"


@pytest.mark.parametrize("body, status, error", [
    ('{"trace_file":"x"}', 501, NO_FILE),
    ('{"trace_file":null,"trace_rate":"x"}', 501, NO_FILE),
    ('{"trace_level":["OFF","TENSORS"]}', 400, "Expect only one trace level 'OFF' is specified"),
    ('{"trace_level":["OTHER","OFF"]}', 400, "Expect only one trace level 'OFF' is specified"),
    ('{"trace_level":"OFF"}', 500, "attempt to access JSON non-array as array"),
    ('{"trace_level":[1]}', 500, TYPES),
    ('{"trace_rate":5}', 500, TYPES),
    ('{"trace_rate":"x"}', 400, "Unable to parse 'trace_rate', got: x"),
    ('{"trace_rate":""}', 400, "Unable to parse 'trace_rate', got: "),
    ('{"trace_rate":"4294967296"}', 400,
     "Unable to parse 'trace_rate', value is out of range [ 0, 4294967295 ], got: 4294967296"),
    ('{"trace_rate":"0","trace_level":["TIMESTAMPS"]}', 400,
     "Attempting to set invalid trace setting :sample rate must be non-zero"),
    ('{"trace_count":7}', 500, TYPES),
    ('{"trace_count":"-2"}', 400, "Unable to parse 'trace_count'. Expecting value >= -1, got:-2"),
    ('{"trace_count":"2147483648"}', 400,
     "Unable to parse 'trace_count', value is out of range [ -1, 2147483647 ], got: 2147483648"),
    ('{"log_frequency":"x"}', 400, "Unable to parse 'log_frequency', got: x"),
    ('{"log_frequency":5}', 500, TYPES),
    ('', 500, "failed to parse the request JSON buffer: The document is empty. at 0"),
    ('{', 500, "failed to parse the request JSON buffer: Missing a name for object member. at 1"),
])
def test_http_errors_change_nothing(server, defaults, body, status, error):
    for path in ["/v2/trace/setting", "/v2/models/one/trace/setting"]:
        answer = server.post(path, body)
        assert (answer.status_code, answer.json()) == (status, {"error": error})
        assert answer.headers["content-type"] == "application/json"
        assert server.get(path).json() == defaults


@pytest.mark.parametrize("model, error", [
    ("nobody", "Request for unknown model: 'nobody' is not found"),
    ("gone", "Request for unknown model: 'gone' has no available versions"),
])
def test_http_for_models_that_are_not_there(server, model, error):
    path = f"/v2/models/{model}/trace/setting"
    for answer in [server.get(path), server.post(path, "{}"), server.post(path, "no JSON")]:
        assert (answer.status_code, answer.json()) == (404, {"error": error})


def test_http_methods_and_paths(server):
    assert requests.put(f"{server.url}/v2/trace/setting", data="{}").status_code == 405
    assert server.get("/v2/models/one/versions/1/trace/setting").status_code == 404


def update(stub, model="", **settings):
    message = pb.TraceSettingRequest(model_name=model)
    for name, value in settings.items():
        message.settings[name].value.extend(value)
    return stub.TraceSetting(message)


@pytest.mark.parametrize("settings, changes", [
    ({}, {}),
    ({"unknown": ["x"], "trace_mode": ["x"]}, {}),
    ({"trace_level": ["min"]}, {}),
    ({"trace_level": ["OTHER", "TENSORS"]}, {"trace_level": ["TENSORS"]}),
    ({"trace_rate": ["12abc"], "trace_count": ["5"]}, {"trace_rate": "12", "trace_count": "5"}),
    ({"trace_rate": [], "trace_count": [], "trace_level": [], "log_frequency": []}, {}),
])
def test_grpc_settings(stub, defaults, settings, changes):
    assert values(update(stub, **settings)) == defaults | changes


@pytest.mark.parametrize("settings, code, error", [
    ({"trace_file": ["x"]}, grpc.StatusCode.UNIMPLEMENTED, NO_FILE),
    ({"trace_file": []}, grpc.StatusCode.UNIMPLEMENTED, NO_FILE),
    ({"trace_level": ["TENSORS", "OFF"]}, grpc.StatusCode.INVALID_ARGUMENT,
     "Expect only one trace level 'OFF' is specified"),
    ({"trace_rate": ["1", "2"]}, grpc.StatusCode.INVALID_ARGUMENT, "expect only 1 value for 'trace_rate'"),
    ({"trace_count": ["1", "2"]}, grpc.StatusCode.INVALID_ARGUMENT, "expect only 1 value for 'trace_count'"),
    ({"log_frequency": ["1", "2"]}, grpc.StatusCode.INVALID_ARGUMENT, "expect only 1 value for 'log_frequency'"),
    ({"trace_rate": ["x"]}, grpc.StatusCode.INVALID_ARGUMENT, "Unable to parse 'trace_rate', got: x"),
    ({"trace_count": ["-2"]}, grpc.StatusCode.INVALID_ARGUMENT,
     "Unable to parse 'trace_count'. Expecting value >= -1, got: -2"),
    ({"log_frequency": ["4294967296"]}, grpc.StatusCode.INVALID_ARGUMENT,
     "Unable to parse 'log_frequency', value is out of range [ 0, 4294967295 ], got: 4294967296"),
    ({"trace_rate": ["0"], "trace_level": ["TENSORS"]}, grpc.StatusCode.INVALID_ARGUMENT,
     "Attempting to set invalid trace setting :sample rate must be non-zero"),
])
def test_grpc_errors_change_nothing(server, stub, defaults, settings, code, error):
    for model in ["", "one"]:
        with pytest.raises(grpc.RpcError) as refusal:
            update(stub, model, **settings)
        assert (refusal.value.code(), refusal.value.details()) == (code, error)
        assert values(stub.TraceSetting(pb.TraceSettingRequest(model_name=model))) == defaults


@pytest.mark.parametrize("model", ["nobody", "gone"])
def test_grpc_for_models_that_are_not_there(stub, model):
    for settings in ({}, {"trace_rate": ["x"]}):
        with pytest.raises(grpc.RpcError) as refusal:
            update(stub, model, **settings)
        assert (refusal.value.code(), refusal.value.details()) == (
            grpc.StatusCode.INVALID_ARGUMENT, f"Request for unknown model : {model}")


def test_settings_that_cannot_be_start_the_server_and_are_put_right_later(repository, start_tracing):
    repository.add_identity()
    server = start_tracing(repository, rate=0)
    assert "nothing is traced: Attempting to set invalid trace setting :sample rate must be non-zero" in server.log
    assert server.get("/v2/trace/setting").json()["trace_level"] == ["TIMESTAMPS"]
    ask(server, "identity")
    assert server.post("/v2/trace/setting", {"trace_count": "1"}).status_code == 400
    assert server.post("/v2/trace/setting", {"trace_count": "1", "trace_rate": "1"}).status_code == 200
    ask(server, "identity")
    wait_until(server.trace_file.exists)
    assert len(read_traces(server.trace_file)) == 1


def test_without_a_file_nothing_can_be_switched_on(repository, start_server):
    repository.add_identity()
    server = start_server(repository.path, "--trace-config=level=TIMESTAMPS", "--trace-config=rate=1")
    error = "Attempting to set invalid trace setting :trace file name is not given"
    assert f"nothing is traced: {error}" in server.log
    assert ask(server, "identity").status_code == 200
    assert server.post("/v2/trace/setting", {"trace_rate": "2"}).json() == {"error": error}
    assert server.get("/v2/trace/setting").json()["trace_file"] == ""


def test_the_older_options(repository, start_server, tmp_path):
    repository.add_identity()
    file = tmp_path / "t.json"
    server = start_server(repository.path, f"--trace-file={file}", "--trace-level=MIN", "--trace-rate=1",
                          "--trace-count=4", "--trace-log-frequency=3", "--trace-config=count=2")
    assert server.get("/v2/trace/setting").json() == {
        "trace_level": ["TIMESTAMPS"], "trace_rate": "1", "trace_count": "2", "log_frequency": "3",
        "trace_file": str(file), "trace_mode": "triton"}
    for old in ["file", "level", "rate", "count", "log-frequency"]:
        assert f"Warning: '--trace-{old}' has been deprecated" in server.log
    assert "Warning: '--trace-count' is overridden" in server.log
    for _ in range(3):
        ask(server, "identity")
    wait_until(lambda: numbered(file))
    assert len(read_traces(*numbered(file))) == 2


@pytest.mark.parametrize("arguments, reason", [
    (["--trace-config=level=high"], "invalid value for trace level option: high"),
    (["--trace-config=rate=x"], "Invalid option value. Got x"),
    (["--trace-config=mode=other"], "invalid value for trace mode option: other"),
])
def test_refused_at_the_start(repository, arguments, reason):
    ended = run_neso(f"--model-repository={repository.path}", *arguments)
    assert ended.returncode == 1
    assert reason in ended.stderr
