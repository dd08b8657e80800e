"""/models: multi-model endpoints."""
import concurrent.futures
import json
import struct

import pytest
from support.control import index
from support.inference import body, delay_ms, pending, until_executing
from support.repository import ModelRepository
from support.sagemaker import BINARY
from support.wait import wait_until

def test_a_model_from_load_to_unload(multi_model):
    multi_model.disk("ab12").add_identity("resnet")
    assert multi_model.get("/models").json() == {"models": []}

    loaded = multi_model.load("ab12", target="resnet.tar.gz")
    assert (loaded.status_code, loaded.content) == (200, b"")
    entry = {"modelName": "ab12", "modelUrl": multi_model.url("ab12")}
    assert multi_model.get("/models").json() == {"models": [entry]}
    assert multi_model.get("/models/ab12").json() == entry
    answer = multi_model.invoke("ab12", body([1.0, 2.0]), headers={"X-Amzn-SageMaker-Target-Model": "resnet.tar.gz"})
    assert answer.json() == {"model_name": "resnet.tar.gz", "model_version": "1",
                             "outputs": [{"name": "OUTPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1.0, 2.0]}]}

    unloaded = multi_model.unload("ab12")
    assert (unloaded.status_code, unloaded.content) == (200, b"")
    assert multi_model.get("/models").json() == {"models": []}
    assert multi_model.get("/models/ab12").status_code == 404
    assert multi_model.invoke("ab12", body([1.0])).status_code == 404
    assert multi_model.unload("ab12").status_code == 404


def test_it_may_be_loaded_again(multi_model):
    multi_model.disk("a").add_identity()
    for _ in range(3):
        assert multi_model.load("a").status_code == 200
        assert multi_model.invoke("a", body([1.0])).status_code == 200
        assert multi_model.unload("a").status_code == 200


def test_an_ensemble_and_its_models(multi_model):
    disk = multi_model.disk("ab12")
    disk.add_identity("first")
    disk.add_identity("second")
    disk.add_chain("pipeline", ["first", "second"])
    assert multi_model.load("ab12").status_code == 200
    request = {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1, 2], "data": [1.0, 2.0]}]}
    answer = multi_model.invoke("ab12", request).json()
    assert (answer["model_name"], answer["outputs"][0]["data"]) == ("ab12", [1.0, 2.0])
    assert multi_model.unload("ab12").status_code == 200
    assert multi_model.invoke("ab12", request).status_code == 404


def test_many_models_by_name(multi_model):
    for hash in ("b", "a", "c"):
        multi_model.disk(hash).add_identity()
        assert multi_model.load(hash, target=f"target-{hash}").status_code == 200
    assert [entry["modelName"] for entry in multi_model.get("/models").json()["models"]] == ["a", "b", "c"]
    assert multi_model.invoke("c", body([1.0])).json()["model_name"] == "target-c"


def test_a_target_that_is_a_path_serves_under_the_hash(multi_model):
    multi_model.disk("a").add_identity()
    assert multi_model.load("a", target="team/resnet.tar.gz").status_code == 200
    assert multi_model.invoke("a", body([1.0])).json()["model_name"] == "a"


def test_binary_tensors(multi_model):
    multi_model.disk("a").add_identity(dims=[2])
    multi_model.load("a")
    answer = multi_model.invoke("a", struct.pack("<2f", 1, 2), headers={"Content-Type": f"{BINARY}0"})
    json_end = int(answer.headers["Content-Type"].removeprefix(BINARY))
    assert json.loads(answer.content[:json_end])["outputs"][0]["parameters"] == {"binary_data_size": 8}
    assert struct.unpack("<2f", answer.content[json_end:]) == (1, 2)


# --- what the url names -----------------------------------------------------------------------------------------------
def test_a_configuration_at_the_url(multi_model):
    multi_model.disk("a").add_identity(".")
    assert multi_model.load("a").status_code == 200
    assert multi_model.invoke("a", body([1.0])).json()["model_name"] == "a"


@pytest.mark.parametrize("url", ["/proc/self/cwd", "/dev/shm/model", "/sys/x"])
def test_folders_of_the_system_are_refused(multi_model, url):
    answer = multi_model.load("a", url)
    assert (answer.status_code, answer.json()) == (400, {"error": f"url '{url}' leads to a folder of the system"})


@pytest.mark.parametrize("path", ["", "/models", "/models/a", "/models/a/other", "/models/../models/model",
                                  "/models/a/model/..", "/elsewhere/a/model", "/models/a/model/b/c"])
def test_a_url_of_another_form_is_refused(multi_model, path):
    multi_model.disk("a").add_identity()
    url = f"{multi_model.root}{path}"
    answer = multi_model.load("a", url)
    assert answer.status_code == 400
    assert answer.json()["error"] == (
        f"url '{url}' is not of the form {multi_model.root}/models/<name>/model[/<folder>]")


def test_a_folder_that_is_not_there(multi_model):
    answer = multi_model.load("a")
    assert answer.status_code == 400
    assert answer.json()["error"] == f"failed to register '{multi_model.url('a')}', repository not found"


# --- refusals ---------------------------------------------------------------------------------------------------------
def test_the_same_hash_target_or_folder_twice_is_a_conflict(multi_model):
    multi_model.disk("a").add_identity()
    multi_model.disk("b").add_identity()
    assert multi_model.load("a", target="t").status_code == 200
    assert multi_model.load("a", target="t").status_code == 409
    assert multi_model.load("b", target="t").status_code == 409
    assert multi_model.load("c", url=multi_model.url("a"), target="u").status_code == 409
    assert multi_model.load("b", target="u").status_code == 200


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"model_name":"a"}', '{"url":"/x"}',
                                     '{"model_name":1,"url":"/x"}', '{"model_name":"a","url":["/x"]}',
                                     '{"model_name":"","url":"/x"}'])
def test_a_load_needs_name_and_url(multi_model, content):
    answer = multi_model.post("/models", content)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert multi_model.get("/models").json() == {"models": []}


def test_a_model_that_does_not_load_leaves_nothing(multi_model):
    disk = multi_model.disk("a")
    disk.add("m", 'backend: "nobody"')
    answer = multi_model.load("a")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("load failed for model 'a': version 1 is at UNAVAILABLE state: ")
    assert multi_model.get("/models").json() == {"models": []}
    disk.add_identity("m")
    assert multi_model.load("a").status_code == 200


def test_a_load_without_room_answers_507(multi_model):
    multi_model.disk("a").add("m", 'backend: "OOM"')  # the error names the backend
    assert multi_model.load("a").status_code == 507


def test_an_inference_without_room_answers_507(multi_model):
    multi_model.disk("a").add_identity(parameters={"execute_error": "CUDA out of memory"})
    multi_model.load("a")
    answer = multi_model.invoke("a", body([1.0]))
    assert (answer.status_code, answer.json()) == (507, {"error": "CUDA out of memory"})


def test_every_other_failed_inference_answers_400(multi_model):
    multi_model.disk("a").add_identity()
    multi_model.load("a")
    for content in ("{", "{}", '{"inputs":1}', json.dumps(body([1.0])).replace("INPUT0", "x")):
        answer = multi_model.invoke("a", content)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]


def test_an_unknown_encoding_answers_415(multi_model):
    multi_model.disk("a").add_identity()
    multi_model.load("a")
    answer = multi_model.invoke("a", "x", headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.json()) == (415, {"error": "Unsupported compression type"})
    assert answer.headers["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize("method, path", [("PUT", "/models"), ("DELETE", "/models"), ("POST", "/models/a"),
                                          ("GET", "/models/a/invoke"), ("POST", "/models/a/b")])
def test_there_is_nothing_else(multi_model, method, path):
    answer = multi_model.request(method, path)
    assert (answer.status_code, answer.content) == (400, b"")


def test_models_are_not_loaded_in_another_control_mode(repository, start_sagemaker):
    sagemaker = start_sagemaker(repository)
    sagemaker.disk("a").add_identity()
    answer = sagemaker.load("a")
    assert answer.status_code == 400
    assert answer.json()["error"] == "repository registration is not allowed if model control mode is not EXPLICIT"


# --- requests in flight -----------------------------------------------------------------------------------------------
def test_a_model_that_was_unloaded_otherwise_is_listed_as_nothing(multi_model):
    multi_model.disk("a").add_identity()
    multi_model.load("a", target="t")
    multi_model.server.post("/v2/repository/models/t/unload")
    wait_until(lambda: multi_model.get("/models").json() == {"models": [{}]})
    assert multi_model.get("/models/a").json()["modelName"] == "a"
    assert multi_model.invoke("a", body([1.0])).status_code == 400
    assert multi_model.unload("a").status_code == 200


def test_an_unload_waits_for_requests_in_flight(multi_model):
    multi_model.disk("a").add_identity(parameters={"execute_delay_ms": str(delay_ms(500))})
    multi_model.load("a", target="t")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        requests = [pool.submit(multi_model.invoke, "a", body([1.0])) for _ in range(2)]
        wait_until(lambda: pending(multi_model.server, "t") == 1)  # the other one executes
        assert multi_model.unload("a").status_code == 200
        assert index(multi_model.server)["t:1"] == "UNAVAILABLE: unloaded"
        assert [request.result().status_code for request in requests] == [200, 200]


def test_only_one_caller_unloads(multi_model):
    multi_model.disk("a").add_identity(parameters={"execute_delay_ms": str(delay_ms(500))})
    multi_model.load("a", target="t")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        request = pool.submit(multi_model.invoke, "a", body([1.0]))
        until_executing()
        unload = pool.submit(multi_model.unload, "a")
        wait_until(lambda: index(multi_model.server)["t:1"] != "READY")
        second = multi_model.unload("a")
        assert (second.status_code, second.json()) == (400, {"error": "model 'a' is being unloaded"})
        assert unload.result().status_code == 200
        assert request.result().status_code == 200


def test_the_url_that_is_shown_is_the_repository_that_was_registered(multi_model):
    """With the configuration at the root of the url, the folder above it is the repository."""
    models = multi_model.root / "models" / "flat"
    ModelRepository(models).add_identity("model")
    assert multi_model.load("flat").status_code == 200
    entry = {"modelName": "flat", "modelUrl": str(models)}
    assert multi_model.get("/models/flat").json() == entry
    assert multi_model.get("/models").json() == {"models": [entry]}
    nested = multi_model.disk("nested").add_identity("m")
    assert multi_model.load("nested", url=multi_model.url("nested") + "/").status_code == 200
    assert multi_model.get("/models/nested").json() == {"modelName": "nested", "modelUrl": str(nested.parent)}
