"""GET /openapi.json."""
import json

from support.inference import ask
from support.server import ROOT
from support.wait import wait_until

SOURCE = ROOT / "src" / "frontend" / "http" / "openapi.json"


def test_the_document_is_served_with_the_server_s_version(repository, start_server):
    server = start_server(repository.path)
    answer = server.get("/openapi.json?x=1")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    expected = json.loads(SOURCE.read_text())
    expected["info"]["version"] = server.get("/v2").json()["version"]
    assert answer.json() == expected


def test_it_is_there_under_this_path_and_method_alone(repository, start_server):
    server = start_server(repository.path)
    wrong = server.post("/openapi.json", "{}")
    assert (wrong.status_code, wrong.json()) == (405, {"error": "Method Not Allowed"})
    for path in ("/openapi.json/", "/openapi", "/v2/openapi.json", "/openapi.yaml"):
        assert server.get(path).status_code == 404


def test_it_is_restricted_with_metadata_and_nothing_else(repository, start_server):
    repository.add_identity()
    server = start_server(repository.path, "--http-restricted-api=metadata:key=secret")
    refused = server.get("/openapi.json")
    assert (refused.status_code, refused.json()) == (
        403, {"error": "This API is restricted, expecting header 'key'"})
    assert server.get("/openapi.json", headers={"key": "secret"}).status_code == 200
    assert ask(server, "identity").status_code == 200


def test_it_is_open_when_everything_else_is_restricted(repository, start_server):
    others = "health,inference,shared-memory,model-config,model-repository,statistics,trace,logging"
    server = start_server(repository.path, f"--http-restricted-api={others}:key=secret", ready=False)
    wait_until(lambda: "Started Metrics Service" in server.log)
    assert server.get("/openapi.json").status_code == 200
    assert server.get("/v2/health/ready").status_code == 403
