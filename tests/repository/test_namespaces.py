"""--model-namespacing: models of one name in several repositories."""
import grpc
import pytest
from support.caching import ENABLED
from support.control import index, load, unload
from support.inference import ask, statistics, values
from support.repository import ModelRepository
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

AMBIGUOUS = ("There are 2 identifiers of model 'both' in global map, model namespace must be provided to resolve "
             "ambiguity.")
SECOND = {"execute_error": "this is the second one"}


@pytest.fixture
def repositories(tmp_path):
    """`both` answers in the first repository, and fails in the second."""
    first, second = (ModelRepository(tmp_path / name) for name in ("first", "second"))
    first.add_identity("both")
    second.add_identity("both", parameters=SECOND)
    for name, repository in (("first", first), ("second", second)):
        repository.add_identity(f"only_{name}")
        repository.add_chain(f"chain_{name}", ["both"])
    first.add_chain("chain_elsewhere", ["only_second"])
    return first, second


@pytest.fixture
def server(repositories, start_server):
    return start_server([repository.path for repository in repositories], "--model-namespacing=true",
                        "--model-control-mode=explicit", "--load-model=*")


def http_id(repository, model):
    """As one segment of a path."""
    return f"{repository.path}::{model}".replace("/", "%2F")


def infer_grpc(server, model):
    request = pb.ModelInferRequest(model_name=model)
    request.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 1]).contents.fp32_contents.append(3)
    with grpc.insecure_channel(server.grpc) as channel:
        return service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request)


def test_a_name_that_one_repository_has_is_enough(server):
    for model in ("only_first", "only_second"):
        assert values(ask(server, model)) == [1.0]
        assert server.get(f"/v2/models/{model}").json()["name"] == model
        assert statistics(server, model)["inference_count"] == 1


def test_a_name_that_two_have_is_ambiguous(server):
    for reply in (ask(server, "both"), server.get("/v2/models/both"), server.get("/v2/models/both/config")):
        assert (reply.status_code, reply.json()) == (400, {"error": AMBIGUOUS})
    with pytest.raises(grpc.RpcError) as refused:
        infer_grpc(server, "both")
    assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.INVALID_ARGUMENT, AMBIGUOUS)


def test_the_namespace_may_be_said(server, repositories):
    first, second = (f"{repository.path}::both" for repository in repositories)
    assert infer_grpc(server, first).model_name == "both"
    with pytest.raises(grpc.RpcError) as failed:
        infer_grpc(server, second)
    assert failed.value.details() == SECOND["execute_error"]
    assert values(ask(server, http_id(repositories[0], "both"))) == [1.0]
    assert ask(server, http_id(repositories[1], "both")).json()["error"] == SECOND["execute_error"]


def test_what_is_not_there(server, repositories):
    missing = ask(server, "missing")
    assert (missing.status_code, missing.json()["error"]) == (400, "Request for unknown model: 'missing' is not found")
    version = server.post("/v2/models/only_first/versions/7/infer", {"inputs": []})
    assert (version.status_code, version.json()["error"]) == (
        404, f"Request for unknown model: '{repositories[0].path}::only_first' version 7 is not found")


def test_an_ensemble_calls_the_models_of_its_own_repository(server):
    assert values(ask(server, "chain_first", inputs=["IN"])) == [1.0]
    assert ask(server, "chain_second", inputs=["IN"]).json()["error"] == (
        f"in ensemble 'chain_second', {SECOND['execute_error']}")
    assert values(ask(server, "chain_elsewhere", inputs=["IN"])) == [1.0]


def test_an_ensemble_without_a_model_of_its_own_needs_one_that_is_the_only_one(repositories, tmp_path, start_server):
    third = ModelRepository(tmp_path / "third")
    third.add_chain("chain_third", ["both"])
    server = start_server([*(repository.path for repository in repositories), third.path], "--model-namespacing=true",
                          "--model-control-mode=explicit")
    refused = load(server, "chain_third")
    assert refused.status_code == 400
    assert "ensemble chain_third contains models that are not available or ambiguous: both" in refused.json()["error"]


def test_a_name_is_loaded_and_unloaded_in_all_repositories(server):
    entries = [entry["name"] for entry in server.post("/v2/repository/index").json()]
    assert entries == ["both", "chain_elsewhere", "chain_first", "only_first", "both", "chain_second", "only_second"]
    assert unload(server, "both").status_code == 200
    wait_until(lambda: index(server)["chain_second:1"] == "UNAVAILABLE: unloaded")
    def states():
        return {entry["state"] for entry in server.post("/v2/repository/index").json() if entry["name"] == "both"}
    wait_until(lambda: states() == {"UNAVAILABLE"})
    gone = ask(server, "both")
    assert (gone.status_code, gone.json()["error"]) == (404, "Identifier of model 'both' is not found in global map")
    assert load(server, "both").status_code == 200
    assert ask(server, "both").json()["error"] == AMBIGUOUS
    assert values(ask(server, "chain_first", inputs=["IN"])) == [1.0], "it comes back with its model"


def test_one_of_them_may_be_unloaded(server, repositories):
    assert unload(server, http_id(repositories[1], "both")).status_code == 200
    wait_until(lambda: index(server)["chain_second:1"] == "UNAVAILABLE: unloaded")
    assert values(ask(server, "both")) == [1.0]


def test_a_configuration_is_kept_for_the_model_that_it_was_given_to(server, repositories):
    first, second = (http_id(repository, "both") for repository in repositories)
    config = server.get(f"/v2/models/{first}/config").json() | {"max_batch_size": 3}
    assert load(server, first, config).status_code == 200
    assert load(server, "both").status_code == 200
    assert [server.get(f"/v2/models/{model}/config").json()["max_batch_size"] for model in (first, second)] == [3, 8]


def test_a_cached_answer_is_that_of_the_model_asked(tmp_path, start_server):
    first, second = repositories = [ModelRepository(tmp_path / name) for name in ("first", "second")]
    first.add_identity("both", extra=ENABLED)
    second.add_identity("both", extra=ENABLED, parameters=SECOND)
    server = start_server([repository.path for repository in repositories], "--model-namespacing=true",
                          "--cache-config=local,size=1048576")
    for _ in range(2):
        assert values(ask(server, http_id(first, "both"))) == [1.0]
        assert ask(server, http_id(second, "both")).json()["error"] == SECOND["execute_error"]


def test_metrics_and_the_log_tell_them_apart(server, repositories):
    for repository in repositories:
        assert server.metric("nv_inference_request_success", model="both", namespace=str(repository.path)) == 0
        assert f"successfully loaded '{repository.path}::both'" in server.log


def test_without_namespaces_a_name_is_unique(repositories, start_server):
    server = start_server([repository.path for repository in repositories], "--model-control-mode=explicit",
                          "--load-model=only_first")
    assert load(server, "both").status_code == 500
    assert "failed to poll model 'both': not unique across all model repositories" in server.log
    assert server.metric("nv_inference_request_success", model="only_first", version="1") == 0
    assert "namespace=" not in server.metrics()
