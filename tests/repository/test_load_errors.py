"""Models that cannot be loaded: what the caller, the index and the log say, and what it means for the server."""
import pytest
import requests
from support.control import index, load
from support.inference import ask, values
from support.server import Server
from support.wait import wait_until

IO = """
    input { name: "INPUT0" data_type: TYPE_FP32 dims: [1] }
    output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [1] }
    """


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    add = module_repository.add
    add("syntax", 'backend: "identity" max_batch_size: { {', (1,))
    add("unknown_field", f'backend: "identity" surprise: 1 {IO}')
    add("two_schedulers", f'backend: "identity" dynamic_batching {{}} sequence_batching {{}} {IO}')
    add("negative_batch", f'backend: "identity" max_batch_size: -2 {IO}')
    add("misnamed", f'name: "other" backend: "identity" {IO}')
    add("no_backend", f"max_batch_size: 1 {IO}")
    add("no_platform", f'platform: "no_such" {IO}')
    add("no_config", None)

    add("unknown_backend", f'backend: "no_such_backend" {IO}')
    add("fails", f'backend: "identity" {IO} parameters {{ key: "initialize_error" value: {{ string_value: "no luck" }} }}')
    add("no_file", 'backend: "onnxruntime"')
    add("corrupt", 'backend: "onnxruntime"', files={"model.onnx": b"\x08\x07garbage, not a model"})
    add("empty_file", 'backend: "onnxruntime"', files={"model.onnx": b""})
    add("no_dims", 'backend: "identity" input { name: "INPUT0" data_type: TYPE_FP32 }')
    add("no_gpu", f'backend: "identity" instance_group {{ kind: KIND_CPU gpus: [0] }} {IO}')
    add("no_labels", 'backend: "identity" input { name: "I" data_type: TYPE_FP32 dims: [1] } '
        'output { name: "O" data_type: TYPE_FP32 dims: [1] label_filename: "labels.txt" }')
    add("far_labels", 'backend: "identity" input { name: "I" data_type: TYPE_FP32 dims: [1] } '
        'output { name: "O" data_type: TYPE_FP32 dims: [1] label_filename: "../labels.txt" }')
    add("runtime_escapes", f'backend: "identity" runtime: "../../libtriton_identity.so" {IO}')
    add("some_fail", 'backend: "onnxruntime" version_policy { all {} }', (1, 2), files={"model.onnx": b"x"})
    module_repository.add_identity("good")
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=good")


@pytest.mark.parametrize("model, reason", [
    ("syntax", "failed to read text proto from "),
    ("unknown_field", "failed to read text proto from "),
    ("two_schedulers", "failed to read text proto from "),
    ("negative_batch", "'max_batch_size' must be non-negative value"),
    ("misnamed", "unexpected directory name 'misnamed' for model 'other', directory name must equal model name"),
    ("no_backend", "Could not determine backend for model 'no_backend' with no backend in model configuration. "
                   "Expected model name of the form 'model.<backend_name>'."),
    ("no_platform", "unexpected platform type 'no_such' for no_platform"),
    ("no_config", "'no_config'"),
])
def test_a_folder_that_cannot_be_read_is_a_poll_error(server, model, reason):
    response = load(server, model)
    assert response.status_code == 500
    assert response.json() == {"error": f"failed to load '{model}', failed to poll from model repository"}
    line = server.log[server.log.rindex(f"Poll failed for model directory '{model}': "):]
    assert reason in line
    entry = index(server)[model]
    assert entry.startswith("UNAVAILABLE: ") and reason in entry
    assert values(ask(server, "good")) == [1]


@pytest.mark.parametrize("model, code, reason", [
    ("unknown_backend", "Invalid argument", "unable to find backend library for backend 'no_such_backend', try specifying "
                                            "runtime on the model configuration."),
    ("fails", "Internal", "no luck"),
    ("no_file", None, ""),
    ("corrupt", None, ""),
    ("empty_file", None, ""),
    ("no_dims", "Invalid argument", "model input 'INPUT0' must specify 'dims'"),
    ("no_gpu", "Invalid argument", "instance group no_gpu_0 of model no_gpu"),
    ("no_labels", "Internal", "failed to open text file for read "),
    ("far_labels", "Unsupported", ""),
    ("runtime_escapes", "Invalid argument", "escapes"),
])
def test_a_version_that_fails_to_load_tells_why(server, model, code, reason):
    response = load(server, model)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error.startswith(f"load failed for model '{model}': version 1 is at UNAVAILABLE state: {code or ''}")
    assert reason in error
    assert error.endswith(";\n") and error.count("\n") == 1
    entry = index(server)[f"{model}:1"]
    assert entry.startswith(f"UNAVAILABLE: {code or ''}") and reason in entry
    assert f"failed to load '{model}' version 1: {code or ''}" in server.log
    response = ask(server, model)
    assert response.status_code == 404
    assert response.json()["error"] == f"Request for unknown model: '{model}' has no available versions"


def test_each_failed_version_has_its_line(server):
    error = load(server, "some_fail").json()["error"]
    for version in (1, 2):
        assert f"version {version} is at UNAVAILABLE state: " in error


@pytest.mark.parametrize("name", ["no_file", "corrupt", "empty_file"])
def test_onnx_errors_name_the_model_or_its_file(server, name):
    assert name in load(server, name).json()["error"].split("UNAVAILABLE state: ")[1]


def test_auto_complete_can_be_off(repository, start_server):
    repository.add("no_config", None)
    repository.add("no_dims", 'backend: "identity" input { name: "INPUT0" data_type: TYPE_FP32 }')
    for option in ("--disable-auto-complete-config", "--strict-model-config=true"):
        server = start_server(repository.path, "--model-control-mode=explicit", option)
        for model in ("no_config", "no_dims"):  # now the tensors are checked when the folder is read
            response = load(server, model)
            assert response.status_code == 500
            assert f"Poll failed for model directory '{model}': " in server.log


# --- What a failure means for the server ----------------------------------------------------------------------------


@pytest.mark.parametrize("config, lines", [
    (f'backend: "no_such_backend" {IO}', ["failed to load 'bad' version 1: Invalid argument: unable to find backend library"]),
    ("{", ["Poll failed for model directory 'bad': failed to read text proto from "]),
])
def test_a_bad_model_ends_the_start(repository, config, lines):
    repository.add("bad", config)
    repository.add_identity("good")
    server = Server(repository.path, ready=False).start()
    assert server.wait() == 1
    assert "error: creating server: Internal - failed to load all models\n" in server.log
    for line in lines:
        assert line in server.log


def test_exit_on_error_false_serves_the_good_ones_and_is_not_ready(repository):
    repository.add("bad", f'backend: "no_such_backend" {IO}')
    repository.add("unreadable", "{")
    repository.add_identity("good")
    server = Server(repository.path, "--exit-on-error=false", ready=False).start()
    try:
        wait_until(lambda: is_live(server))
        assert server.get("/v2/health/ready").status_code == 400
        assert values(ask(server, "good")) == [1]
        entries = index(server)
        assert entries["good:1"] == "READY" and entries["unreadable"].startswith("UNAVAILABLE: ")
        assert entries["bad:1"].startswith("UNAVAILABLE: Invalid argument: unable to find backend library")
    finally:
        server.stop()


def is_live(server):
    try:
        return server.get("/v2/health/live").status_code == 200
    except requests.ConnectionError:
        return False


def test_without_strict_readiness_a_bad_model_does_not_count(repository, start_server):
    repository.add("bad", f'backend: "no_such_backend" {IO}')
    server = start_server(repository.path, "--exit-on-error=false", "--strict-readiness=false")
    assert index(server)["bad:1"].startswith("UNAVAILABLE: ")
    assert server.get("/v2/health/ready").status_code == 200


def test_readiness_follows_loads(repository, start_server):
    repository.add("bad", f'backend: "no_such_backend" {IO}')
    repository.add_identity("good")
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=good")
    load(server, "bad")
    assert server.get("/v2/health/ready").status_code == 400
    repository.add_identity("bad")
    assert load(server, "bad").status_code == 200
    assert server.get("/v2/health/ready").status_code == 200
