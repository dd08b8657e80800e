"""Why a request was refused, for clients that ask: beside the protocol's text, and nothing for those who do not ask."""
import json
import subprocess

import pytest


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity", dims=(2,))
    module_repository.add_identity("wide", dims=(3, 300), max_batch_size=0)
    return start_module_server(module_repository.path)


INFER = "/v2/models/identity/infer"
# method, path, body, what the explanation says first.
REFUSED = [
    ("POST", "/v2/models/identiy/infer", {}, "no model 'identiy' is served; did you mean 'identity'?"),
    ("POST", "/v2/models/identity/versions/7/infer", {}, "model 'identity' is served in version 1, not in version 7"),
    ("GET", "/v2/models/nothing", None, "no model 'nothing' is served"),
    ("POST", INFER, {"inputs": [{"name": "INPUT", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]},
     "input 'INPUT': the model has no such input; did you mean 'INPUT0'?"),
    ("POST", INFER, {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]},
     "input 'INPUT0': expected a shape that fits [-1,2], got [1,3]; the first dimension is the batch's"),
    ("POST", INFER, {"inputs": [{"name": "INPUT0", "datatype": "INT8", "shape": [1, 2], "data": [1, 2]}]},
     "input 'INPUT0': expected datatype FP32, got INT8"),
    ("POST", INFER, {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2, 3]}]},
     "input 'INPUT0': shape [1,2] needs 2 values, \"data\" has 3"),
    ("POST", INFER, {"inputs": []}, "input 'INPUT0' is missing"),
    ("POST", INFER, "{\"inputs\": [}", "the JSON is broken in line 1, column 13, after `{\"inputs\": [`: Invalid value."),
    ("POST", "/v2/models/identity/generate", {"INPUT": 1}, "input 'INPUT0' is missing"),
    ("GET", INFER, None, "this path takes POST, got GET"),
    ("POST", "/v2/model/identity/infer", {}, "no endpoint has the path '/v2/model/identity/infer'; did you mean "
                                             "'/v2/models/identity/infer'?"),
    ("POST", "/v2/repository/models/identity/load", None, "models are loaded and unloaded on request in explicit mode only"),
]


def send(server, method, path, body, **headers):
    if method == "GET":
        return server.get(path, headers=headers)
    return server.post(path, body if isinstance(body, str) or body is None else json.dumps(body), headers=headers)


@pytest.mark.parametrize("method, path, body, problem", REFUSED, ids=lambda value: str(value)[:40])
def test_a_refusal_is_explained_to_those_who_ask(server, method, path, body, problem):
    plain = send(server, method, path, body)
    assert plain.status_code >= 400 and list(plain.json()) == ["error"]
    for asked in (send(server, method, path + "?explain=1", body), send(server, method, path, body, **{"Neso-Explain": "1"})):
        assert asked.status_code == plain.status_code
        answer = asked.json()
        assert list(answer) == ["error", "explain"] and answer["error"] == plain.json()["error"]
        assert answer["explain"]["problems"][0].startswith(problem)
        assert answer["explain"]["see"] == f"{server.url}/docs"


def test_the_choices_are_told(server):
    explain = server.post(INFER + "?explain=1", "{}").json()["explain"]
    assert explain["model"] == "identity"
    assert explain["inputs"] == [{"name": "INPUT0", "datatype": "FP32", "shape": [-1, 2]}]
    assert explain["outputs"] == [{"name": "OUTPUT0", "datatype": "FP32", "shape": [-1, 2]}]
    assert server.get("/v2/models/x?explain=1").json()["explain"]["models"] == ["identity", "wide"]


@pytest.mark.parametrize("path", [INFER, "/v2/models/identity/generate", "/v2/models/wide/infer"])
def test_the_request_to_copy_works_in_a_shell(server, path):
    request = server.post(path + "?explain=1", "{}").json()["explain"]["request"]
    answer = json.loads(subprocess.run(["sh", "-c", request + " -sS"], capture_output=True, text=True, timeout=60).stdout)
    assert answer["model_name"] == path.split("/")[3]


@pytest.mark.parametrize("path", [INFER + "?explain=0", INFER + "?other=explain", INFER + "?explained"])
def test_who_does_not_ask_gets_none(server, path):
    assert list(server.post(path, "{}").json()) == ["error"]


def test_what_succeeds_is_as_it_is(server):
    assert server.get("/v2/health/live?explain=1").json() == {"live": True}


def test_what_is_restricted_is_not_told(module_repository, start_server):
    server = start_server(module_repository.path, "--http-restricted-api=metadata,model-repository:key=secret")
    hidden = server.post("/v2/models/identiy/infer?explain=1", "{}").json()["explain"]
    assert hidden == {"problems": ["no model 'identiy' is served"], "see": f"{server.url}/docs"}
    shown = server.post("/v2/models/identiy/infer?explain=1", "{}", headers={"key": "secret"}).json()["explain"]
    assert shown["models"] == ["identity"]


def test_names_are_for_those_who_may_see_the_index(module_repository, start_server):
    server = start_server(module_repository.path, "--http-restricted-api=model-repository:key=secret")
    unknown = server.post("/v2/models/identiy/infer?explain=1", "{}").json()["explain"]
    assert unknown == {"problems": ["no model 'identiy' is served"], "see": f"{server.url}/docs"}
    known = server.post("/v2/models/identity/infer?explain=1", "{}").json()["explain"]
    assert known["model"] == "identity"


@pytest.mark.parametrize("name", ["\u6a21" * 30, "x" + "\u6a21" * 30, "\xe4" * 70])
def test_what_is_cut_in_a_character_is_still_json(server, name):
    body = json.dumps({"inputs": [{"name": name, "datatype": "FP32", "shape": [1], "data": [1]}]}, ensure_ascii=False)
    answer = server.post(INFER + "?explain=1", body.encode())
    assert json.loads(answer.content.decode("utf-8", errors="strict"))["explain"]["problems"]
