"""The script that SageMaker starts: which options it makes of the variables; then the real thing."""
import os
import subprocess

import pytest
import requests
from support.inference import body
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, TREE, free_port
from support.wait import wait_until

SCRIPT = ROOT / "deploy" / "sagemaker" / "serve"
ALWAYS = ["--allow-sagemaker=true", "--allow-http=false", "--model-control-mode=explicit"]
# Prints what it was started with.
PRINTER = """#!/bin/sh
printf '%s\\n' "$@"
echo "ping=$SAGEMAKER_TRITON_PING_MODE model=$SAGEMAKER_TRITON_DEFAULT_MODEL_NAME"
"""


@pytest.fixture
def folder(tmp_path):
    """A place to run the script in: its models and the program that it starts."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "serve").symlink_to(tmp_path / "bin" / "serve.sh")
    (tmp_path / "bin" / "serve.sh").write_bytes(SCRIPT.read_bytes())
    (tmp_path / "bin" / "tritonserver").write_text(PRINTER)
    for program in ("serve.sh", "tritonserver"):
        (tmp_path / "bin" / program).chmod(0o755)
    (tmp_path / "model").mkdir()
    return tmp_path


def run(folder, **variables):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SAGEMAKER")}
    return subprocess.run([folder / "bin" / "serve"], capture_output=True, text=True, timeout=20 * PATIENCE,
                          env={**clean, "NESO_SAGEMAKER_ROOT": str(folder), "TMPDIR": str(folder), **variables})


def options(folder, **variables):
    """The arguments of the server, and its environment's line."""
    result = run(folder, **variables)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    return lines[:-1], lines[-1]


def test_the_only_model_is_loaded(folder):
    (folder / "model" / "digits").mkdir()
    arguments, environment = options(folder)
    assert set(ALWAYS) <= set(arguments)
    assert f"--model-repository={folder}/model/" in arguments
    assert arguments[-1] == "--load-model=digits"
    assert environment == "ping=ready model=digits"
    assert "WARNING: SAGEMAKER_TRITON_DEFAULT_MODEL_NAME is not set" in run(folder).stderr


def test_defaults(folder):
    (folder / "model" / "digits").mkdir()
    arguments, _ = options(folder)
    assert set(arguments) - set(ALWAYS) == {
        f"--model-repository={folder}/model/", "--model-namespacing=true", "--allow-grpc=false", "--allow-metrics=false",
        "--log-verbose=true", "--backend-config=python,shm-default-byte-size=16777216",
        "--backend-config=python,shm-growth-byte-size=1048576", "--load-model=digits"}


def test_the_default_model_is_chosen_by_name(folder):
    (folder / "model" / "one").mkdir()
    (folder / "model" / "two").mkdir()
    arguments, environment = options(folder, SAGEMAKER_TRITON_DEFAULT_MODEL_NAME="two")
    assert arguments[-1] == "--load-model=two"
    assert environment == "ping=ready model=two"


def test_multi_model_mode_starts_empty_and_live(folder):
    arguments, environment = options(folder, SAGEMAKER_MULTI_MODEL="true")
    assert f"--model-repository={folder}/sagemaker" in arguments
    assert (folder / "sagemaker").is_dir()
    assert not any(argument.startswith("--load-model") for argument in arguments)
    assert environment == "ping=live model="


@pytest.mark.parametrize("mode, models", [("ready", "true"), ("live", "false")])
def test_the_ping_mode_can_be_told(folder, mode, models):
    (folder / "model" / "digits").mkdir()
    _, environment = options(folder, SAGEMAKER_TRITON_OVERRIDE_PING_MODE=mode, SAGEMAKER_MULTI_MODEL=models)
    assert environment.startswith(f"ping={mode} ")


@pytest.mark.parametrize("variable, value, option", [
    ("SAGEMAKER_BIND_TO_PORT", "8888", "--sagemaker-port=8888"),
    ("SAGEMAKER_SAFE_PORT_RANGE", "9000-9010", "--sagemaker-safe-port-range=9000-9010"),
    ("SAGEMAKER_TRITON_DISABLE_MODEL_NAMESPACING", "false", "--model-namespacing=false"),
    ("SAGEMAKER_TRITON_ALLOW_GRPC", "true", "--allow-grpc=true"),
    ("SAGEMAKER_TRITON_ALLOW_METRICS", "true", "--allow-metrics=true"),
    ("SAGEMAKER_TRITON_GRPC_PORT", "9001", "--grpc-port=9001"),
    ("SAGEMAKER_TRITON_METRICS_PORT", "9002", "--metrics-port=9002"),
    ("SAGEMAKER_TRITON_BUFFER_MANAGER_THREAD_COUNT", "2", "--buffer-manager-thread-count=2"),
    ("SAGEMAKER_TRITON_THREAD_COUNT", "4", "--sagemaker-thread-count=4"),
    ("SAGEMAKER_TRITON_LOG_VERBOSE", "false", "--log-verbose=false"),
    ("SAGEMAKER_TRITON_LOG_INFO", "false", "--log-info=false"),
    ("SAGEMAKER_TRITON_LOG_WARNING", "false", "--log-warning=false"),
    ("SAGEMAKER_TRITON_LOG_ERROR", "false", "--log-error=false"),
    ("SAGEMAKER_TRITON_SHM_DEFAULT_BYTE_SIZE", "1024", "--backend-config=python,shm-default-byte-size=1024"),
    ("SAGEMAKER_TRITON_SHM_GROWTH_BYTE_SIZE", "512", "--backend-config=python,shm-growth-byte-size=512"),
    ("SAGEMAKER_TRITON_TENSORFLOW_VERSION", "2", "--backend-config=tensorflow,version=2"),
])
def test_a_variable_becomes_an_option(folder, variable, value, option):
    arguments, _ = options(folder, SAGEMAKER_MULTI_MODEL="true", **{variable: value})
    name = option.rsplit("=", 1)[0] + "="
    assert [argument for argument in arguments if argument.startswith(name)] == [option]


def test_additional_arguments_are_several(folder):
    arguments, _ = options(folder, SAGEMAKER_MULTI_MODEL="true",
                           SAGEMAKER_TRITON_ADDITIONAL_ARGS="--exit-timeout-secs=5  --id=x")
    assert arguments[-2:] == ["--exit-timeout-secs=5", "--id=x"]


def test_the_gpu_limit_holds_for_every_gpu(folder):
    (folder / "bin" / "nvidia-smi").write_text("#!/bin/sh\necho 'GPU 0: A (UUID: x)'\necho 'GPU 1: A (UUID: y)'\n")
    (folder / "bin" / "nvidia-smi").chmod(0o755)
    arguments, _ = options(folder, SAGEMAKER_MULTI_MODEL="true", SAGEMAKER_TRITON_MODEL_LOAD_GPU_LIMIT="0.8",
                           PATH=f"{folder / 'bin'}:{os.environ['PATH']}")
    assert [argument for argument in arguments if "gpu-limit" in argument] == [
        "--model-load-gpu-limit=0:0.8", "--model-load-gpu-limit=1:0.8"]


@pytest.mark.parametrize("models, variables, error", [
    ([], {}, "has 0 models"),
    (["one", "two"], {}, "has 2 models"),
    (["one"], {"SAGEMAKER_TRITON_DEFAULT_MODEL_NAME": "two"}, "there is no folder"),
    (["one"], {"SAGEMAKER_TRITON_INFERENCE_TYPE": "train"}, "must be infer, generate or generate_stream, got: train"),
])
def test_what_cannot_be_served_is_an_error(folder, models, variables, error):
    for model in models:
        (folder / "model" / model).mkdir()
    result = run(folder, **variables)
    assert result.returncode == 1
    assert result.stderr.startswith("ERROR: ") and error in result.stderr
    assert not result.stdout


def test_a_model_in_place_of_a_repository_is_an_error(folder):
    (folder / "model" / "config.pbtxt").write_text("")
    result = run(folder)
    assert result.returncode == 1
    assert result.stderr.startswith("ERROR: Incorrect directory structure.")


def test_the_real_server(tmp_path):
    ModelRepository(tmp_path / "model").add_identity()
    port = free_port()
    variables = {"NESO_SAGEMAKER_ROOT": str(tmp_path), "SAGEMAKER_BIND_TO_PORT": str(port),
                 "SAGEMAKER_TRITON_LOG_VERBOSE": "false"}
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen([TREE / "bin" / "serve"], stdout=output, stderr=subprocess.STDOUT,
                                   env={**os.environ, **variables})
    try:
        def answers():
            assert process.poll() is None, log.read_text()
            try:
                return requests.get(f"http://127.0.0.1:{port}/ping", timeout=5).status_code == 200
            except requests.ConnectionError:
                return False
        wait_until(answers, timeout=20)
        answer = requests.post(f"http://127.0.0.1:{port}/invocations", json=body([1.0, 2.0]), timeout=20)
        assert answer.json()["outputs"][0]["data"] == [1.0, 2.0]
    finally:
        process.terminate()
        status = process.wait(20 * PATIENCE)
    assert status == 0, log.read_text()
