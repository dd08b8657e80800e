"""Parameters of PyTorch models, instances, threads."""
import pathlib
import re

import numpy as np
import pytest
from support.repository import parameters
from support.torch_models import config

X = {"x": ("TYPE_FP32", [1])}
Y = {"y": ("TYPE_FP32", [1])}
ONE = np.float32([[1]])


@pytest.mark.parametrize("key", ["DISABLE_OPTIMIZED_EXECUTION", "INFERENCE_MODE", "DISABLE_CUDNN", "ENABLE_WEIGHT_SHARING",
                                 "ENABLE_CACHE_CLEANING", "ENABLE_JIT_PROFILING", "ENABLE_JIT_EXECUTOR", "ENABLE_TENSOR_FUSER"])
@pytest.mark.parametrize("value", ["true", "off"])
def test_a_switch(torch, models, key, value):
    name = f"{key}_{value}"
    torch.load(name, models("copy"), config(X, Y, extra=parameters(**{key: value})))
    for _ in range(3):  # specialised after the second
        assert torch.infer(name, x=ONE)["y"].item() == 1


@pytest.mark.parametrize("key, value, text", [
    ("INFERENCE_MODE", "yes", "failed to convert 'yes' to boolean"),
    ("ENABLE_JIT_PROFILING", "", "failed to convert '' to boolean"),
    ("INTRA_OP_THREAD_COUNT", "many", "failed to convert 'many' to integer"),
    ("INTER_OP_THREAD_COUNT", "-1", "expected 0 or more, at most 1024, got -1"),
    ("INTRA_OP_THREAD_COUNT", "99999", "expected 0 or more, at most 1024, got 99999"),
])
def test_a_value_that_is_none(torch, models, key, value, text):
    name = f"{key}_wrong_{len(value)}"
    error = torch.load_error(name, models("copy"), config(X, Y, extra=parameters(**{key: value})))
    assert f"parameter '{key}': {text}" in error


@pytest.mark.parametrize("key", ["NUM_THREADS", "ENABLE_NVFUSER"])
def test_what_is_not_read(torch, models, key):
    torch.load(key, models("copy"), config(X, Y, extra=parameters(**{key: "whatever"})))


def calls(torch, name, count):
    """What the counters of a model's instances say, one call each way in turns."""
    return sorted(torch.infer(name, x=ONE)["y"].item() for _ in range(count))


def test_instances_have_modules_of_their_own(torch, models):
    torch.load("own", models("counter"), config(X, Y, extra="instance_group { count: 2 kind: KIND_CPU }"))
    assert calls(torch, "own", 40)[-1] < 40


def test_weights_are_shared_on_request(torch, models):
    torch.load("shared", models("counter"), config(
        X, Y, extra="instance_group { count: 2 kind: KIND_CPU }" + parameters(ENABLE_WEIGHT_SHARING="true")))
    assert calls(torch, "shared", 40) == list(range(1, 41))
    # The instances start together: either may be the one that loads.
    assert re.search("Reusing TorchScript model for instance 'shared_0_[01]'", torch.server.log)


def test_the_kind_of_a_model_that_places_itself(torch, models):
    torch.load("itself", models("copy"), config(X, Y, extra="instance_group { kind: KIND_MODEL }"))
    assert torch.infer("itself", x=ONE)["y"].item() == 1


def threads_of(server, instance):
    """That of the instance, and those that PyTorch has started in it: they have its name."""
    tasks = pathlib.Path(f"/proc/{server.pid}/task").iterdir()
    return sum((task / "comm").read_text().strip() == instance for task in tasks)


def test_threads_are_set_once_for_the_process(start_torch, models):
    torch = start_torch()
    torch.load("three", models("convolutions"), config({"x": ("TYPE_FP32", [3, 64, 64])}, {"y": ("TYPE_FP32", [32])},
                                                       extra=parameters(INTRA_OP_THREAD_COUNT=3)))
    torch.infer("three", x=np.zeros((1, 3, 64, 64), np.float32))
    assert threads_of(torch.server, "three_0") == 3
    torch.load("seven", models("convolutions"), config({"x": ("TYPE_FP32", [3, 64, 64])}, {"y": ("TYPE_FP32", [32])},
                                                       extra=parameters(INTRA_OP_THREAD_COUNT=7)))
    torch.infer("seven", x=np.zeros((1, 3, 64, 64), np.float32))
    assert threads_of(torch.server, "seven_0") == 3
