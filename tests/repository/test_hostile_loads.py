"""Loads that ask for what no machine has, or that would never end: each is refused with a reason, and the server serves on."""
import os
import threading
import time

import pytest
from support.control import index, load
from support.inference import ask, values
from support.onnx_models import double
from support.server import PATIENCE, run_neso
from support.wait import wait_until

IDENTITY = {
    "backend": "identity", "max_batch_size": 64,
    "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
    "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
}
FIXED = IDENTITY | {"input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [2]}],
                    "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [2]}]}
IO = """
    input { name: "INPUT0" data_type: TYPE_FP32 dims: [1] }
    """
# Long for a load that is refused, short for one that hangs.
SOON = 5


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("good")
    module_repository.add("m", None)
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=good")


def refused(server, model, config=None):
    """The error of a load that must fail soon, with the log lines that it left."""
    before = len(server.log)
    begin = time.monotonic()
    response = load(server, model, config)
    took = time.monotonic() - begin
    assert response.status_code in (400, 500), response.text
    assert took < SOON * PATIENCE, f"it took {took:.1f} s"
    assert values(ask(server, "good")) == [1]
    return response.json()["error"] + server.log[before:]


def instances(**group):
    return {"instance_group": [{"kind": "KIND_CPU", **group}]}


def warm_up(batch_size=1, count=1, dims=(2,), **data):
    tensor = {"data_type": "TYPE_FP32", "dims": list(dims), **(data or {"zero_data": True})}
    return {"model_warmup": [{"name": "w", "batch_size": batch_size, "count": count, "inputs": {"INPUT0": tensor}}]}


@pytest.mark.parametrize("change, reason", [
    ({"dynamic_batching": {"priority_levels": "18446744073709551615", "default_priority_level": "1"}},
     "expected at most 10000 'priority_levels', got 18446744073709551615"),
    (instances(count=2147483647), "expected at most 4096 instances of a model, got 2147483647"),
    (instances(count=30000), "expected at most 4096 instances of a model, got 30000"),
    (warm_up(dims=[1 << 40]), "expected at most 1073741824 bytes of inputs together"),
    (warm_up(dims=[1 << 62, 1 << 62]), "expected at most 1073741824 bytes of inputs together"),
    (warm_up(dims=[1 << 20], batch_size=100_000), "expected at most 1073741824 bytes of inputs together"),
    (warm_up(count=4_000_000_000), "expected at most 1000000 requests"),
    (warm_up(batch_size=4_000_000_000), "expected at most 1"),
    (warm_up(count=100_000) | instances(count=11), "expected at most 1000000 requests (batch_size times count, of all "
                                                   "samples, on 11 instances), got 1100000"),
    ({"input": [{"name": f"i{n}", "data_type": "TYPE_FP32", "dims": [1]} for n in range(10_001)]},
     "expected at most 10000 inputs, got 10001"),
    ({"parameters": {"creation_delay_sec": {"string_value": "9223372036854775807"}}},
     "parameter 'creation_delay_sec': expected 0 to 86400, got 9223372036854775807"),
    ({"parameters": {"execute_delay_ms": {"string_value": "-1"}}}, "parameter 'execute_delay_ms': expected 0 to "),
])
def test_numbers_have_bounds(server, change, reason):
    assert reason in refused(server, "m", FIXED | change)


@pytest.mark.parametrize("option", ["http-thread-count", "model-load-thread-count", "sagemaker-thread-count",
                                    "vertex-ai-thread-count", "buffer-manager-thread-count"])
def test_options_do_not_start_threads_without_end(option, tmp_path):
    failed = run_neso(f"--model-repository={tmp_path}", f"--{option}=20000")
    assert failed.returncode == 1
    assert "expected at most 1024 threads. Got 20000" in failed.stderr


def test_as_many_instances_as_are_allowed_do_not_block_the_model(server):
    config = IDENTITY | instances(count=1)
    assert load(server, "m", config).status_code == 200
    worst = 0
    done = threading.Event()
    loader = threading.Thread(target=lambda: (load(server, "m", config | instances(count=4096)), done.set()))
    loader.start()
    while not done.is_set():
        begin = time.monotonic()
        assert values(ask(server, "m")) == [1]
        worst = max(worst, time.monotonic() - begin)
    loader.join()
    assert server.get("/v2/models/m/config").json()["instance_group"][0]["count"] == 4096
    assert worst < 1 * PATIENCE
    assert load(server, "m", config).status_code == 200


# --- files -------------------------------------------------------------------------------------------------------------


def labelled(repository, name):
    return repository.add(name, 'backend: "identity" input { name: "I" data_type: TYPE_FP32 dims: [1] } '
                                'output { name: "O" data_type: TYPE_FP32 dims: [1] label_filename: "labels.txt" }')


def test_a_file_that_is_none_is_not_read(server, module_repository):
    folder = labelled(module_repository, "zero_labels")
    (folder / "labels.txt").symlink_to("/dev/zero")
    assert "labels.txt: expected a regular file, got a device" in refused(server, "zero_labels")

    folder = labelled(module_repository, "fifo_labels")
    os.mkfifo(folder / "labels.txt")
    assert "labels.txt: expected a regular file, got a FIFO" in refused(server, "fifo_labels")

    folder = labelled(module_repository, "huge_labels")
    with open(folder / "labels.txt", "wb") as file:
        file.truncate(1 << 40)
    assert "labels.txt: expected at most 16777216 bytes, got 1099511627776" in refused(server, "huge_labels")

    folder = module_repository.add("fifo_config", None)
    os.mkfifo(folder / "config.pbtxt")
    assert "config.pbtxt: expected a regular file, got a FIFO" in refused(server, "fifo_config")

    folder = module_repository.add("fifo_model", 'backend: "onnxruntime"')
    os.mkfifo(folder / "1" / "model.onnx")
    assert "'1/model.onnx' is a FIFO of model 'fifo_model'; expected regular files and folders only" in refused(
        server, "fifo_model")

    folder = module_repository.add("fifo_library", f'backend: "surprise" {IO}')
    os.mkfifo(folder / "libtriton_surprise.so")
    assert "unable to find backend library for backend 'surprise'" in refused(server, "fifo_library")

    folder = module_repository.add_identity("zero_warmup", dims=(2,), extra="""
        model_warmup { name: "w" batch_size: 1
          inputs { key: "INPUT0" value { data_type: TYPE_FP32 dims: [2] input_data_file: "data" } } }""")
    (folder / "warmup").mkdir()
    (folder / "warmup" / "data").symlink_to("/dev/zero")
    assert "warmup/data: expected a regular file, got a device" in refused(server, "zero_warmup")


def test_links_in_circles_are_followed_once(server, module_repository):
    folder = module_repository.add_identity("circles")
    for link in "abcdefgh":  # 8^32 ways, were each taken
        (folder / "1" / link).symlink_to(".")
        (folder / link).symlink_to(".")
    begin = time.monotonic()
    assert load(server, "circles").status_code == 200
    assert time.monotonic() - begin < SOON * PATIENCE
    assert values(ask(server, "circles")) == [1]


@pytest.mark.parametrize("member, change", [
    ("default_model_filename", {"default_model_filename": "../../good/1/x"}),
    ("default_model_filename", {"default_model_filename": "/etc/passwd"}),
    ("cc_model_filenames", {"cc_model_filenames": {"8.0": "../../x"}}),
    ("label_filename", {"output": [FIXED["output"][0] | {"label_filename": "../good/config.pbtxt"}]}),
    ("input_data_file", warm_up(input_data_file="../../good/config.pbtxt")),
])
def test_named_files_stay_inside_the_model_s_folder(server, member, change):
    error = refused(server, "m", FIXED | change)
    assert f"version 1 is at UNAVAILABLE state: Unsupported: {member} '" in error
    assert "' must stay inside the directory of model 'm'" in error


def test_a_model_file_may_lie_beside_the_versions(server, module_repository):
    folder = module_repository.add("shared_file", 'backend: "onnxruntime" default_model_filename: "../shared.onnx"')
    (folder / "shared.onnx").write_bytes(double((None, 2)))
    assert load(server, "shared_file").status_code == 200


# --- the stop ----------------------------------------------------------------------------------------------------------


def test_a_load_does_not_hold_the_stop(repository, start_server):
    repository.add_identity("good")
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=good")
    config = FIXED | warm_up(count=900_000) | {"parameters": {"execute_delay_ms": {"string_value": "10"}}}
    answers = []
    loader = threading.Thread(target=lambda: answers.append(load(server, "good", config)), daemon=True)
    loader.start()
    wait_until(lambda: "loading: good:1" in server.log[server.log.index("Started HTTPService"):])
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < SOON * PATIENCE


def test_odd_folders_do_not_hold_the_stop(repository, start_server):
    folder = repository.add_identity("circles")
    for link in "abcdefgh":
        (folder / "1" / link).symlink_to("..")
    os.mkfifo(folder / "1" / "pipe")
    os.mkfifo(labelled(repository, "labels") / "labels.txt")
    os.mkfifo(repository.add("config", None) / "config.pbtxt")
    repository.add_identity("good")
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=good")
    for model in ("circles", "labels", "config"):
        assert load(server, model).status_code in (400, 500)
    assert index(server)["good:1"] == "READY"
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < SOON * PATIENCE
