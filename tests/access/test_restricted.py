"""API categories that only clients with a secret may use, over both protocols and with the stock clients."""
import grpc
import numpy as np
import pytest
import requests
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.server import PATIENCE, free_port, run_neso
from support.vertex import ROUTES, Vertex
from support.wait import wait_until
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

SECRET = "s3cret=with,all:sorts of"
HTTP_HEADER = {"Admin-Key": SECRET}
GRPC_HEADER = {"triton-grpc-protocol-admin-key": SECRET}
HTTP_TEXT = "This API is restricted, expecting header 'Admin-Key'"
GRPC_TEXT = "This protocol is restricted, expecting header 'triton-grpc-protocol-Admin-Key'"
# Each category's endpoints, as method and path.
HTTP = {
    "health": ["GET /v2/health/live", "GET /v2/health/ready", "GET /v2/models/m/ready", "GET /v2/models/m/versions/1/ready"],
    "metadata": ["GET /v2", "GET /v2/models/m", "GET /v2/models/m/versions/1"],
    "inference": ["POST /v2/models/m/infer", "POST /v2/models/m/versions/1/infer", "POST /v2/models/m/generate",
                  "POST /v2/models/m/generate_stream"],
    "shared-memory": [f"{method} /v2/{kind}sharedmemory{path}" for kind in ("system", "cuda") for method, path in [
        ("GET", "/status"), ("GET", "/region/r/status"), ("POST", "/region/r/register"), ("POST", "/unregister"),
        ("POST", "/region/r/unregister")]],
    "model-config": ["GET /v2/models/m/config", "GET /v2/models/m/versions/1/config"],
    "model-repository": ["POST /v2/repository/index", "POST /v2/repository/models/m/load",
                         "POST /v2/repository/models/m/unload", "POST /v2/repository/r/models/m/load"],
    "statistics": ["GET /v2/models/stats", "GET /v2/models/m/stats", "GET /v2/models/m/versions/1/stats"],
    "trace": ["GET /v2/trace/setting", "POST /v2/trace/setting", "GET /v2/models/m/trace/setting"],
    "logging": ["GET /v2/logging", "POST /v2/logging"],
}
# And its RPCs.
GRPC = {
    "health": ["ServerLive", "ServerReady", "ModelReady"],
    "metadata": ["ServerMetadata", "ModelMetadata"],
    "inference": ["ModelInfer"],
    "shared-memory": [f"{kind}SharedMemory{what}" for kind in ("System", "Cuda") for what in
                      ("Status", "Register", "Unregister")],
    "model-config": ["ModelConfig"],
    "model-repository": ["RepositoryIndex", "RepositoryModelLoad", "RepositoryModelUnload"],
    "statistics": ["ModelStatistics"],
    "trace": ["TraceSetting"],
    "logging": ["LogSettings"],
}
CATEGORIES = list(HTTP)


@pytest.fixture(scope="module")
def servers(module_repository, start_module_server):
    """Every category restricted on its own, the other ones free: by category, started when first asked for."""
    module_repository.add_identity("m")
    started = {}

    def server(category):
        if category not in started:
            started[category] = start_module_server(
                module_repository.path, "--model-control-mode=explicit", "--load-model=m",
                f"--http-restricted-api={category}:Admin-Key={SECRET}",
                f"--grpc-restricted-protocol={category}:Admin-Key={SECRET}", ready=category != "health")
            wait_until(lambda: "Started HTTPService" in started[category].log)
            wait_until(lambda: is_up(started[category]))
        return started[category]

    return server


def is_up(server):
    try:
        return server.get("/v2/health/ready", headers=HTTP_HEADER).status_code == 200
    except requests.ConnectionError:
        return False


def ask(server, endpoint, **kwargs):
    method, path = endpoint.split()
    return requests.request(method, server.url + path, timeout=30 * PATIENCE, **kwargs)


def is_refused(response):
    if response.status_code != 403:
        return False
    assert response.json() == {"error": HTTP_TEXT}
    assert response.headers["Content-Type"] == "text/plain"
    return True


@pytest.mark.parametrize("category", CATEGORIES)
def test_http_refuses_what_lacks_the_header_and_nothing_else(servers, category):
    server = servers(category)
    for other, endpoints in HTTP.items():
        for endpoint in endpoints:
            if endpoint.endswith("load"):
                continue  # it would change what the others meet
            assert is_refused(ask(server, endpoint)) == (other == category), endpoint


@pytest.mark.parametrize("category", CATEGORIES)
def test_http_lets_in_what_has_the_header(servers, category):
    server = servers(category)
    for endpoint in HTTP[category]:
        if endpoint.endswith("unload"):
            assert is_refused(ask(server, endpoint))
        else:
            assert not is_refused(ask(server, endpoint, headers=HTTP_HEADER)), endpoint
        assert not is_refused(ask(server, endpoint.replace("/m/", "/x/"), headers={"aDMIN-kEY": SECRET}))


@pytest.mark.parametrize("wrong", ["", "s", SECRET.upper(), SECRET + "x", SECRET[:-1], "x" * 5000])
def test_http_wants_exactly_the_value(servers, wrong):
    server = servers("metadata")
    assert is_refused(server.get("/v2", headers={"Admin-Key": wrong}))
    assert server.get("/v2", headers=HTTP_HEADER).status_code == 200


def test_restriction_comes_before_the_method_and_the_lookup_but_after_the_path(servers):
    server = servers("model-config")
    assert is_refused(server.post("/v2/models/m/config"))
    assert is_refused(server.get("/v2/models/nobody/config"))
    assert server.post("/v2/models/m/config", headers=HTTP_HEADER).status_code == 405
    assert server.get("/v2/models/m/config/none").status_code == 404


def error_of(call):
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value.code(), raised.value.details()


def rpc(stub, name):
    return getattr(stub, name), getattr(service_pb2, name + "Request")()


def is_grpc_refused(stub, name, metadata=None):
    call, request = rpc(stub, name)
    try:
        call(request, metadata=metadata, timeout=30 * PATIENCE)
    except grpc.RpcError as error:
        if error.details() != GRPC_TEXT:
            return False
        assert error.code() == grpc.StatusCode.UNAVAILABLE
        return True
    return False


@pytest.fixture(scope="module")
def stubs(servers):
    def stub(category):
        return service_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(servers(category).grpc))
    return stub


@pytest.mark.parametrize("category", CATEGORIES)
def test_grpc_refuses_what_lacks_the_metadata_and_nothing_else(stubs, category):
    stub = stubs(category)
    for other, names in GRPC.items():
        for name in names:
            assert is_grpc_refused(stub, name) == (other == category), name
            assert not is_grpc_refused(stub, name, list(GRPC_HEADER.items())), name
    for wrong in ("", "s", SECRET.upper(), SECRET + "x"):
        assert is_grpc_refused(stub, GRPC[category][0], [("triton-grpc-protocol-admin-key", wrong)])
    assert is_grpc_refused(stub, GRPC[category][0], [("admin-key", SECRET)])


def test_the_health_service_belongs_to_health(servers):
    def check(server, metadata=None):
        with grpc.insecure_channel(server.grpc) as channel:
            return channel.unary_unary("/grpc.health.v1.Health/Check")(b"", metadata=metadata, timeout=30 * PATIENCE)

    assert error_of(lambda: check(servers("health"))) == (grpc.StatusCode.UNAVAILABLE, GRPC_TEXT)
    assert check(servers("health"), list(GRPC_HEADER.items())) == b"\x08\x01"
    assert check(servers("metadata")) == b"\x08\x01"


def test_a_stream_ends_at_once_although_its_client_waits(stubs):
    def requests_that_never_end():
        yield service_pb2.ModelInferRequest(model_name="m")
        never.result(timeout=60 * PATIENCE)

    from concurrent.futures import Future
    never = Future()
    stub = stubs("inference")
    assert error_of(lambda: list(stub.ModelStreamInfer(requests_that_never_end()))) == (
        grpc.StatusCode.UNAVAILABLE, GRPC_TEXT)
    never.set_result(None)
    answers = list(stub.ModelStreamInfer(iter([service_pb2.ModelInferRequest(model_name="nobody")]),
                                         metadata=list(GRPC_HEADER.items())))
    assert [answer.error_message for answer in answers] == ["Request for unknown model: 'nobody' is not found"]


def test_a_large_request_is_refused_as_a_small_one_is(servers, stubs):
    request = service_pb2.ModelInferRequest(model_name="m", raw_input_contents=[b"x" * (16 << 20)])
    for _ in range(3):
        assert error_of(lambda: stubs("inference").ModelInfer(request)) == (grpc.StatusCode.UNAVAILABLE, GRPC_TEXT)
    assert is_refused(servers("inference").infer("m", b"x" * (16 << 20)))


def test_the_stock_clients_send_their_headers(servers):
    server = servers("inference")

    def tensor(module):
        made = module.InferInput("INPUT0", [1, 2], "FP32")
        made.set_data_from_numpy(np.array([[1, 2]], np.float32))
        return [made]

    # The HTTP client adds its own headers to what it is given.
    with httpclient.InferenceServerClient(server.http) as client:
        assert client.is_server_ready()
        with pytest.raises(InferenceServerException, match="This API is restricted"):
            client.infer("m", tensor(httpclient))
        assert client.infer("m", tensor(httpclient), headers=dict(HTTP_HEADER)).as_numpy("OUTPUT0").tolist() == [[1, 2]]
    with grpcclient.InferenceServerClient(server.grpc) as client:
        assert client.is_server_ready()
        with pytest.raises(InferenceServerException, match="This protocol is restricted"):
            client.infer("m", tensor(grpcclient))
        assert client.infer("m", tensor(grpcclient), headers=dict(GRPC_HEADER)).as_numpy("OUTPUT0").tolist() == [[1, 2]]


def test_categories_may_share_a_rule_and_have_different_ones(repository, start_server):
    repository.add_identity("m")
    server = start_server(repository.path, "--http-restricted-api=model-config,statistics:a=1",
                          "--http-restricted-api=metadata:b=2")
    for path, header in [("/v2/models/m/config", {"a": "1"}), ("/v2/models/m/stats", {"A": "1"}), ("/v2", {"b": "2"})]:
        assert server.get(path).status_code == 403
        assert server.get(path, headers=header).status_code == 200
    assert server.get("/v2", headers={"a": "1"}).json() == {"error": "This API is restricted, expecting header 'b'"}
    # What is said of HTTP does not count for gRPC.
    with grpcclient.InferenceServerClient(server.grpc) as client:
        assert client.get_server_metadata().name == "triton"


def test_the_list_holds_for_sagemaker_too(repository, start_server):
    repository.add_identity("m")
    port = free_port()
    server = start_server(repository.path, "--allow-sagemaker=true", f"--sagemaker-port={port}",
                          "--http-restricted-api=inference,model-repository:Admin-Key=" + SECRET,
                          env={"SAGEMAKER_TRITON_DEFAULT_MODEL_NAME": "m"})

    def sagemaker(endpoint, **headers):
        method, path = endpoint.split()
        return requests.request(method, f"http://127.0.0.1:{port}{path}", headers=headers, timeout=30 * PATIENCE)

    assert sagemaker("GET /ping").status_code == 200
    for endpoint in ("POST /invocations", "GET /models", "POST /models", "GET /models/h", "DELETE /models/h",
                     "POST /models/h/invoke"):
        assert is_refused(sagemaker(endpoint)), endpoint
        assert not is_refused(sagemaker(endpoint, **HTTP_HEADER)), endpoint
    assert server.get("/v2").status_code == 200


def test_the_list_holds_for_vertex_ai_too(repository, start_server):
    repository.add_identity("m")
    port = free_port()
    server = start_server(repository.path, "--allow-vertex-ai=true", f"--vertex-ai-port={port}",
                          "--http-restricted-api=inference,statistics:Admin-Key=" + SECRET, env=ROUTES)
    vertex = Vertex(server, port)
    assert vertex.health().status_code == 200
    for redirect in (None, "v2/models/m/infer", "v2/models/stats"):
        assert is_refused(vertex.predict("{}", redirect)), redirect
        assert not is_refused(vertex.predict("{}", redirect, headers=HTTP_HEADER)), redirect
    assert vertex.predict(redirect="v2").status_code == 200


@pytest.mark.parametrize("option,argument,text", [
    ("http-restricted-api", "nope:k=v", "unknown restricted api 'nope'"),
    ("grpc-restricted-protocol", "nope:k=v", "unknown restricted protocol 'nope'"),
    ("http-restricted-api", "trace,trace:k=v", "restricted api 'trace' can not be specified in multiple config groups"),
])
def test_a_wrong_rule_is_told_at_start(option, argument, text):
    result = run_neso(f"--{option}={argument}")
    assert result.returncode == 1
    assert result.stderr.rstrip().endswith(f"error: --{option}: {text}")
