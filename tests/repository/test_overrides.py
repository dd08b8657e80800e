"""Loading with a configuration or files given in the request."""
import json

import pytest
import tritonclient.http as httpclient
from support.control import index, load, unload
from support.inference import ask, values
from support.onnx_models import double
from tritonclient.utils import InferenceServerException

IDENTITY = {
    "backend": "identity", "max_batch_size": 4,
    "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
    "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
}
POLL_ERROR = "failed to load 'm', failed to poll from model repository"


@pytest.fixture(scope="module")
def explicit_server(module_repository, start_module_server):
    module_repository.add_identity("m", max_batch_size=8, versions=(1, 2))
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=m")


@pytest.fixture
def server(explicit_server):
    """The server with version 2 of "m" loaded as its folder says."""
    as_the_folder_says(explicit_server)
    return explicit_server


def as_the_folder_says(server):
    """An unload ends what an earlier load has brought."""
    assert unload(server, "m").status_code == 200
    assert load(server, "m").status_code == 200


def max_batch_size(server):
    return server.get("/v2/models/m/config").json()["max_batch_size"]


def test_a_configuration_replaces_the_folder_s(server):
    assert load(server, "m", IDENTITY | {"version_policy": {"specific": {"versions": ["1"]}}}).status_code == 200
    assert max_batch_size(server) == 4
    assert server.get("/v2/models/m").json()["versions"] == ["1"]
    assert values(ask(server, "m", [1.0], [2.0])) == [1, 2]
    assert ask(server, "m", *[[1.0]] * 5).status_code == 400
    as_the_folder_says(server)
    assert max_batch_size(server) == 8


def test_a_plain_load_keeps_the_configuration_while_the_folder_stands_still(server, module_repository):
    assert load(server, "m", IDENTITY).status_code == 200
    for _ in range(2):
        assert load(server, "m").status_code == 200
        assert max_batch_size(server) == 4
    (module_repository.path / "m" / "2" / "new").write_bytes(b"x")
    assert load(server, "m").status_code == 200
    assert max_batch_size(server) == 8

    assert load(server, "m", IDENTITY).status_code == 200
    module_repository.add_identity("m", max_batch_size=8, versions=(1, 2))  # the same text, written anew
    assert load(server, "m").status_code == 200
    assert max_batch_size(server) == 8


def test_a_configuration_that_did_not_load_is_not_kept(server):
    assert load(server, "m", IDENTITY | {"instance_group": [{"kind": "KIND_GPU"}]}).status_code == 400
    assert load(server, "m").status_code == 200
    assert max_batch_size(server) == 8


def test_enum_names_have_any_case_and_numbers_may_be_text(server):
    config = json.dumps(IDENTITY).replace("TYPE_FP32", "type_fp32").replace("[-1]", '["-1"]')
    assert load(server, "m", config).status_code == 200
    assert server.get("/v2/models/m").json()["inputs"][0] == {"name": "INPUT0", "datatype": "FP32", "shape": [-1, -1]}


@pytest.mark.parametrize("config", ['{"surprise": 1}', '{"max_batch_size": "many"}', "{", "[]", ""])
def test_a_configuration_that_is_none_is_refused(server, config):
    response = load(server, "m", config)
    assert response.status_code == 400
    assert response.json()["error"].startswith("Invalid config override: ")
    assert max_batch_size(server) == 8


@pytest.mark.parametrize("parameters", [{"config": 5}, {"config": IDENTITY}, {"config": None}, {"file:1/x": 5}])
def test_parameters_are_strings(server, parameters):
    response = server.post("/v2/repository/models/m/load", {"parameters": parameters})
    assert response.status_code == 500
    assert max_batch_size(server) == 8


def test_other_parameters_are_refused(server):
    response = load(server, "m", surprise="x")
    assert response.status_code == 500
    assert response.json()["error"] == "unexpected error on creating Triton parameter"
    assert index(server)["m:2"] == "READY"


@pytest.mark.parametrize("change, reason", [
    ({"max_batch_size": -1}, "'max_batch_size' must be non-negative value"),
    ({"name": "other"}, "model name"),
    ({"platform": "no_such", "backend": ""}, "unexpected platform type"),
    ({"dynamic_batching": {"preferred_batch_size": [9]}}, "dynamic batching preferred size must be <= max batch size"),
])
def test_an_unusable_configuration_is_a_poll_error_told_in_the_log(server, change, reason):
    response = load(server, "m", IDENTITY | change)
    assert response.status_code == 500
    assert response.json()["error"] == POLL_ERROR
    assert reason in server.log[server.log.rindex("Poll failed for model directory"):]
    assert max_batch_size(server) == 8


def test_files_are_the_whole_model(server):
    onnx = {"backend": "onnxruntime", "max_batch_size": 8}
    with httpclient.InferenceServerClient(server.http) as client:
        client.load_model("doubled", config=json.dumps(onnx), files={"file:7/model.onnx": double((None, 2))})
    assert index(server)["doubled:7"] == "READY"
    reply = server.infer("doubled", {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]})
    assert values(reply) == [2, 4]


def test_files_hide_what_is_in_the_folder(server):
    assert load(server, "m", IDENTITY, files={"5/unused": b"x"}).status_code == 200
    assert server.get("/v2/models/m").json()["versions"] == ["5"]
    assert load(server, "m").status_code == 200
    assert server.get("/v2/models/m").json()["versions"] == ["2"]


def test_files_need_a_configuration(server):
    response = load(server, "m", files={"1/model.onnx": b"x"})
    assert response.status_code == 500
    assert response.json()["error"] == POLL_ERROR
    assert "Load parameter 'config' must be specified for model file override" in server.log
    with httpclient.InferenceServerClient(server.http) as client:
        with pytest.raises(InferenceServerException):
            client.load_model("m", files={"file:1/model.onnx": b"x"})


@pytest.mark.parametrize("path", ["../outside", "1/../../outside", "/tmp/neso-outside", "1/../../../tmp/neso-outside", ""])
def test_files_stay_in_their_folder(server, path, tmp_path):
    response = load(server, "m", IDENTITY, files={path: b"x", "1/inside": b"x"})
    assert response.status_code in (400, 500), response.text
    assert server.get("/v2/models/m").json()["versions"] == ["2"]


def test_a_file_that_is_not_base64_is_refused(server):
    response = load(server, "m", IDENTITY, **{"file:1/x": "%%%"})
    assert response.status_code in (400, 500), response.text
    assert max_batch_size(server) == 8


@pytest.mark.parametrize("body", ["{", '{"parameters": 3}'])
def test_bad_bodies_are_refused(server, body):
    response = server.post("/v2/repository/models/m/load", body)
    assert response.status_code == 500
    assert "error" in response.json()
