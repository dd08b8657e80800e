"""What is missing or wrong is named, when a model is loaded or runs."""
import random

import numpy as np
import pytest
from support.trt_engines import DOUBLE, engine

X = np.float32([[1, 2, 3]])


def load(served, name, config=None, model=DOUBLE):
    served.add(name, model, config)
    response = served.server.post(f"/v2/repository/models/{name}/load", {})
    assert response.status_code >= 400
    return response.json()["error"]


def test_without_the_library(serve):
    served = serve(library="/nowhere/libnvinfer.so.11")
    error = load(served, "m")
    assert "expected the library of TensorRT 11, got: /nowhere/libnvinfer.so.11" in error
    assert "--backend-config=tensorrt,library=<path of libnvinfer.so.11>" in error


@pytest.mark.parametrize("trt, error", [("old", "of version 10.3.0"),
                                        ("broken", "unable to create TensorRT runtime: the stand-in is broken")])
def test_with_a_library_that_is_none(serve, trt, error):
    assert error in load(serve(trt=trt), "m")


def test_without_a_gpu(serve):
    error = load(serve(modes=("none",)), "m", 'platform: "tensorrt_plan"')
    assert "unable to load model 'm', TensorRT backend supports only GPU device" in error
    assert "no CUDA-capable device is detected" in error


def test_on_the_cpu(serve):
    error = load(serve(), "m", 'platform: "tensorrt_plan" instance_group { kind: KIND_CPU }')
    assert error.strip("; \n").endswith("unable to load model 'm', TensorRT backend supports only GPU device")


def test_without_the_file(serve):
    served = serve()
    assert "unable to load plan file to auto complete config: " in load(served, "m", 'platform: "tensorrt_plan"', {"other": b""})


def test_several_gpus_for_one_engine(serve):
    error = load(serve(), "m", 'parameters { key: "enable_multi_device" value: { string_value: "true" } }')
    assert "enable_multi_device" in error


@pytest.mark.parametrize("config, error", [
    ('max_batch_size: 9', "configuration specified max-batch 9 but TensorRT engine only supports max-batch 8"),
    ('input { name: "z" data_type: TYPE_FP32 dims: [3] }', "unexpected inference input 'z', allowed inputs are: x"),
    ('input { name: "x" data_type: TYPE_FP16 dims: [3] }',
     "unexpected datatype TYPE_FP32 for inference input 'x', expecting TYPE_FP16 for m_0"),
    ('input { name: "x" data_type: TYPE_FP64 dims: [3] }', "unsupported datatype TYPE_FP64 for input 'x' for model 'm'"),
    ('input { name: "x" data_type: TYPE_FP32 dims: [4] }', "the model expects 2 dimensions (shape [-1,3])"),
])
def test_a_configuration_that_does_not_fit(serve, config, error):
    assert error in load(serve(), "m", config)


def test_what_fails_while_it_runs(serve):
    served = serve()
    served.load("m", engine("input x FP32 -1,3", "output y FP32 -1,3 fail x", "profile 0 x 1,3 4,3 8,3"))
    answer = served.server.infer("m", {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]})
    assert (answer.status_code, "this engine always fails" in answer.text) == (500, True)


def test_a_gpu_without_room(serve):
    served = serve()
    served.load("m", engine("input x FP32 -1,1", "output y FP32 -1,-1,-1 fill s 7", "input s INT32 3 shape",
                            "profile 0 x 1,1 1,1 8,1", "values 0 s 1,1,1 1,1,1 8,100000,100000"))
    answer = served.server.infer("m", {"inputs": [
        {"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [1]},
        {"name": "s", "datatype": "INT32", "shape": [2], "data": [100000, 100000]}]})
    assert (answer.status_code, "out of memory" in answer.text) == (500, True)
    assert served.infer("m", x=np.float32([[1]]), s=np.int32([1, 1]))["y"].tolist() == [[[7]]]


def test_files_of_another_kind(serve):
    served = serve()
    for i, model in enumerate([b"", b"\0" * 64, DOUBLE[1:]]):
        assert "unable to create TensorRT engine" in load(served, f"m{i}", model=model)


def test_500_damaged_files(serve):
    """What is damaged is the library's to refuse. What it takes is looked at: names, types, shapes and profiles may be any."""
    served = serve()
    dice = random.Random(1)
    refused = 0
    for i in range(500):
        served.add(f"m{i}", damaged(DOUBLE, dice), None)
        loaded = served.server.post(f"/v2/repository/models/m{i}/load", {})
        refused += loaded.status_code >= 400
        if loaded.status_code >= 400:
            assert loaded.json()["error"].startswith("load failed for model"), loaded.text
            continue
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]}
        assert served.server.infer(f"m{i}", body).status_code in (200, 400, 500)
        served.server.post(f"/v2/repository/models/m{i}/unload", {})
    assert 100 < refused < 500
    served.load("m", DOUBLE)
    np.testing.assert_array_equal(served.infer("m", x=X)["y"], 2 * X)


def damaged(model, dice):
    made = bytearray(model)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(made))
        match dice.randrange(4):
            case 0: made[at] ^= 1 << dice.randrange(8)
            case 1: made[at:] = b""
            case 2: made[at:at] = made[at:at + dice.randrange(1, 40)]
            case _: made[at:at + 1] = dice.choice([b"-1", b"99999999999", b" ", b"\n", b"0"])
        made = made or bytearray(b"x")
    return bytes(made)
