"""Layouts that cannot be served: what is found and what was expected stands in the log and in the state's reason, beside the
texts that clients know."""
import shutil

import pytest
import requests
from support.control import index, load, unload
from support.onnx_models import double
from support.server import TREE, Server, run_neso
from support.wait import wait_until

NO_VERSION = "at least one version must be available under the version policy of model '{}'"


@pytest.fixture
def explicit_server(repository, start_server):
    repository.add_identity("good")
    return start_server(repository.path, "--model-control-mode=explicit", "--load-model=good")


def failed_start(repository, *args):
    """The lines of a start that must fail."""
    server = Server(repository.path, *args, ready=False).start()
    assert server.wait() == 1
    return server.log.rstrip("\n").split("\n")


def test_a_model_straight_in_the_repository(repository, start_server):
    repository.add_identity("good")
    (repository.path / "digits.onnx").write_bytes(double((None, 2)))
    server = start_server(repository.path)
    assert (f"'digits.onnx' lies straight in the repository '{repository.path}', where it is not served; expected "
            f"{repository.path}/digits/1/model.onnx") in server.log


def test_nothing_to_serve(repository, start_server):
    server = start_server(repository.path)
    assert f"repository '{repository.path}' has no models: found nothing, expected folders as in " in server.log
    assert "there is nothing to serve" in server.log


def test_a_model_s_folder_is_no_repository(repository):
    folder = repository.add("m", 'backend: "onnxruntime"', files={"model.onnx": double((None, 2))})
    server = Server(folder, ready=False).start()
    assert server.wait() == 1
    assert f"'{folder}' looks like the folder of one model (it holds config.pbtxt); a repository is the folder above it" \
        in server.log


def test_no_version_folder(explicit_server, repository):
    folder = repository.add("flat", 'backend: "onnxruntime"', versions=())
    (folder / "model.onnx").write_bytes(double((None, 2)))
    response = load(explicit_server, "flat")
    assert response.status_code == 400
    assert response.json()["error"] == f"load failed for model 'flat': {NO_VERSION.format('flat')}\n"
    assert (f"failed to load model 'flat': {NO_VERSION.format('flat')} (found config.pbtxt, model.onnx in '{folder}', "
            f"expected a folder for each version, as in {folder}/1/model.onnx)") in explicit_server.log


def test_a_model_file_of_another_name(explicit_server, repository):
    folder = repository.add("named", None, files={"mymodel.onnx": double((None, 2))})
    assert load(explicit_server, "named").status_code == 500
    line = explicit_server.log[explicit_server.log.index("Poll failed for model directory 'named': Invalid model name:"):]
    assert "Expected model name of the form 'model.<backend_name>'. found 1/mymodel.onnx in " in line
    assert f"expected 1/model.onnx (or backend and default_model_filename: 'mymodel.onnx' in {folder}/config.pbtxt)" in line

    repository.add("named_too", 'backend: "onnxruntime"', files={"mymodel.onnx": double((None, 2))})
    answer = load(explicit_server, "named_too").json()["error"]
    hint = " (found mymodel.onnx in the folder of version 1, expected model.onnx (or default_model_filename: 'mymodel.onnx'"
    assert hint not in answer
    assert hint in index(explicit_server)["named_too:1"]
    assert hint in explicit_server.log


def test_a_backend_that_is_not_installed(explicit_server, repository):
    repository.add("m", 'backend: "onnx"', files={"model.onnx": double((None, 2))})
    text = ("Invalid argument: unable to find backend library for backend 'onnx', try specifying runtime on the model "
            "configuration.")
    assert load(explicit_server, "m").json()["error"] == (
        f"load failed for model 'm': version 1 is at UNAVAILABLE state: {text};\n")
    reason = index(explicit_server)["m:1"]
    assert reason.startswith(f"UNAVAILABLE: {text} (found backends ")
    assert "identity, onnxruntime, " in reason and reason.endswith("; did you mean backend: 'onnxruntime'?)")
    assert reason.removeprefix("UNAVAILABLE: ") in explicit_server.log


def test_where_the_batch_size_comes_from(explicit_server, repository):
    repository.add("m", None, files={"model.onnx": double((None, 2))})
    assert load(explicit_server, "m").status_code == 200
    assert explicit_server.get("/v2/models/m/config").json()["max_batch_size"] == 4
    line = "model 'm': its backend completed max_batch_size to 4, since the configuration has none"
    assert explicit_server.log.count(line) == 1
    assert "--backend-config=default-max-batch-size=N" in explicit_server.log


def test_model_control_in_the_default_mode_tells_the_flag_once(repository, start_server):
    repository.add_identity("good")
    server = start_server(repository.path)
    for response in (load(server, "good"), unload(server, "good")):
        assert response.status_code == 503
        assert response.json()["error"] == "explicit model load / unload is not allowed if polling is enabled"
    assert server.log.count("the server takes them with --model-control-mode=explicit only") == 1


def test_a_failed_start_ends_with_models_and_reasons(repository):
    repository.add("bad", 'backend: "onnx" input { name: "I" data_type: TYPE_FP32 dims: [1] }')
    repository.add("flat", 'backend: "identity"', versions=())
    repository.add("unreadable", "{")
    repository.add_identity("good")
    *_, before_last, last = failed_start(repository)
    assert before_last == "error: creating server: Internal - failed to load all models"
    assert last.startswith("error: 3 models could not be loaded: 'bad' (version 1: Invalid argument: unable to find backend "
                           "library for backend 'onnx'")
    assert "did you mean backend: 'onnxruntime'?" in last
    assert f"'flat' ({NO_VERSION.format('flat')} (found config.pbtxt in " in last
    assert last.endswith(f"'unreadable' (failed to read text proto from {repository.path}/unreadable/config.pbtxt)")


# --- what the server was not asked for ----------------------------------------------------------------------------------


@pytest.mark.parametrize("extra, told", [
    ("response_cache { enable: true }", "enables the response cache, and the server has none (--cache-config)"),
    ('instance_group { kind: KIND_CPU rate_limiter { resources { name: "r" count: 1 } } }',
     "has a rate_limiter, which takes effect with --rate-limit=execution_count"),
])
def test_what_the_server_was_not_asked_for_is_told(repository, start_server, extra, told):
    repository.add_identity("m", extra=extra)
    server = start_server(repository.path)
    assert f"model 'm' {told}" in server.log


# --- repositories and backends that are not there ----------------------------------------------------------------------


def is_live(server):
    try:
        return server.get("/v2/health/live").status_code == 200
    except requests.ConnectionError:
        return False


def test_a_repository_that_is_not_there(tmp_path):
    missing = tmp_path / "missing"
    server = Server(missing, ready=False).start()
    assert server.wait() == 1
    assert f"error: creating server: Internal - failed to stat file {missing}" in server.log

    server = Server(missing, "--exit-on-error=false", ready=False).start()
    try:
        wait_until(lambda: is_live(server))
        assert server.get("/v2/health/ready").status_code == 400
        for answer in (server.post("/v2/repository/index"), server.get("/v2/models/m"),
                       server.infer("m", {"inputs": []}), load(server, "m"), server.get("/v2/models/stats")):
            assert (answer.status_code, answer.json()["error"]) == (503, "Server not ready")
        assert f"failed to stat file {missing}" in server.log
    finally:
        server.stop()


def test_backend_directory_is_used_as_given_also_when_it_is_the_default(repository, tmp_path):
    """The tree of the program has backends; an explicit folder without them wins."""
    repository.add_identity("m")
    default = "/opt/tritonserver/backends"
    if (TREE / "backends" / "identity").exists() and shutil.os.path.exists(default + "/identity"):
        pytest.skip(f"{default} has backends on this machine")
    failed = run_neso(f"--model-repository={repository.path}", f"--backend-directory={default}", "--http-port=0",
                      "--grpc-port=0", "--metrics-port=0")
    assert failed.returncode == 1
    assert "unable to find backend library for backend 'identity'" in failed.stderr
