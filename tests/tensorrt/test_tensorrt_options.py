"""Optimization profiles, shape tensors, states, and the settings of model and backend."""
import re

import numpy as np
import pytest
from support.repository import parameters
from support.shared_memory import Api
from support.trt_engines import DOUBLE, LIBRARY, engine

PROFILES = engine("input x FP32 -1,3", "output y FP32 -1,3 add x x", "profile 0 x 1,3 2,3 4,3", "profile 1 x 4,3 8,3 16,3")


def rows(count):
    return np.arange(3 * count, dtype=np.float32).reshape(count, 3)


def doubled(served, name, count):
    np.testing.assert_array_equal(served.infer(name, x=rows(count))["y"], 2 * rows(count))
    return served.log()


def test_the_nearest_profile_runs(serve):
    served = serve()
    config = served.load("m", PROFILES, 'instance_group { kind: KIND_GPU profile: ["0", "1"] }')
    assert config["max_batch_size"] == 16
    assert served.log()[-5:] == ["engine", "context", "profile 0", "context", "profile 1"]
    assert [doubled(served, "m", count) for count in (1, 4, 5, 16)] == [["run in profile 0"]] * 2 + [["run in profile 1"]] * 2


def test_one_profile_of_several(serve):
    served = serve()
    assert served.load("m", PROFILES, 'instance_group { kind: KIND_GPU profile: "1" }')["max_batch_size"] == 16
    served.log()
    assert doubled(served, "m", 5) == ["run in profile 1"]


def test_a_shape_that_no_profile_takes(serve):
    served = serve()
    served.load("m", PROFILES, 'max_batch_size: 16 instance_group { kind: KIND_GPU profile: "1" }')
    answer = served.server.infer("m", {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]})
    assert answer.status_code == 400 and "the engine does not take shape [1,3]" in answer.text
    assert doubled(served, "m", 4)[-1] == "run in profile 1"


def test_a_profile_that_the_engine_does_not_have(serve):
    served = serve()
    error = served.load_error("m", PROFILES, 'instance_group { kind: KIND_GPU profile: "2" }')
    assert "Can not set the specified optimization profile 2[2]" in error
    assert "Expected optimization profile index range 0-1" in error


def test_contexts_that_share_their_memory_are_asked_for(serve):
    served = serve()
    served.load("m", DOUBLE, parameters(execution_context_allocation_strategy="ON_PROFILE_CHANGE"))
    assert "context on profile change" in served.log()
    error = served.load_error("wrong", DOUBLE, parameters(execution_context_allocation_strategy="NEVER"))
    assert "Supported values are 'STATIC' and 'ON_PROFILE_CHANGE'." in error


SHAPES = engine("input x FP32 -1,3", "input s INT32 3 shape", "output y FP32 -1,-1,-1 fill s 7", "output t INT64 3 shape values s",
                "profile 0 x 1,3 4,3 8,3", "values 0 s 1,1,1 4,2,2 8,9,9")


def test_shape_tensors(serve):
    """Requests give the values without the batch's, which comes before them."""
    served = serve()
    config = served.load("m", SHAPES)
    assert [(one["name"], one["dims"], one.get("is_shape_tensor", False)) for one in config["input"] + config["output"]] == [
        ("x", [3], False), ("s", [2], True), ("y", [-1, -1], False), ("t", [2], True)]
    answer = served.infer("m", x=rows(2), s=np.int32([4, 5]))
    np.testing.assert_array_equal(answer["y"], np.full((2, 4, 5), 7, np.float32))
    assert answer["t"].tolist() == [4, 5]


def test_shape_tensors_have_no_batch_dimension_whichever_input_comes_first(serve):
    served = serve()
    served.load("m", SHAPES)
    x, s = rows(1), np.int32([4, 5])
    for inputs in ({"x": x, "s": s}, {"s": s, "x": x}):
        np.testing.assert_array_equal(served.infer("m", **inputs)["y"], np.full((1, 4, 5), 7, np.float32))


def test_the_values_of_a_shape_tensor_are_checked(serve):
    served = serve()
    served.load("m", SHAPES)
    answer = served.server.infer("m", {"inputs": [
        {"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]},
        {"name": "s", "datatype": "INT32", "shape": [2], "data": [1000000, 1000000]}]})
    assert answer.status_code == 500
    assert "failed to specify the dimensions of all input tensors or values of all input shape tensors" in answer.text
    np.testing.assert_array_equal(served.infer("m", x=rows(1), s=np.int32([1, 1]))["y"], [[[7]]])


SUM = engine("input x FP32 -1,3", "input past FP32 -1,3", "output y FP32 -1,3 add x past", "output now FP32 -1,3 add x past",
             "profile 0 x 1,3 4,3 8,3", "profile 0 past 1,3 4,3 8,3")


def test_the_state_of_a_sequence_stays_on_the_gpu(serve):
    served = serve()
    served.load("m", SUM, """
        max_batch_size: 8 instance_group { kind: KIND_GPU }
        sequence_batching { state { input_name: "past" output_name: "now" data_type: TYPE_FP32 dims: [3]
                                    initial_state { name: "zero" data_type: TYPE_FP32 dims: [3] zero_data: true } } }""")
    api = Api("grpc", served.server)
    served.copies()
    answers = [api.infer("m", [api.inline("x", np.float32([[i, i, i]]), "FP32")], sequence_id=7, sequence_start=i == 1,
                         sequence_end=i == 4).as_numpy("y")[0, 0] for i in range(1, 5)]
    assert answers == [1, 3, 6, 10]
    # Of each run, only what the client gave and gets crosses over, and the state at the beginning.
    copies = served.copies()
    assert copies.count("12 gpu to host") == 4
    assert copies.count("12 gpu to gpu") >= 4
    assert copies.count("12 host to gpu") <= 5


def test_a_vectorized_format(serve):
    served = serve()
    config = served.load("m", engine("input x INT8 -1,4,2,2 vector:1:4", "output y INT8 -1,4,2,2 copy x",
                                      "profile 0 x 1,4,2,2 1,4,2,2 8,4,2,2"))
    assert config["input"][0]["is_non_linear_format_io"] is True
    array = np.arange(16, dtype=np.int8).reshape(1, 4, 2, 2)
    np.testing.assert_array_equal(served.infer("m", x=array)["y"], array)


@pytest.mark.parametrize("setting, works", [("", False), ("version-compatible=false", False), ("version-compatible=true", True)])
def test_version_compatible_engines(serve, setting, works):
    served = serve(settings=[setting])
    model = engine("input x FP32 -1,3", "output y FP32 -1,3 add x x", "profile 0 x 1,3 4,3 8,3", "version-compatible")
    if works:
        served.load("m", model)
        doubled(served, "m", 2)
    else:
        assert "a version compatible engine, and host code is not allowed" in served.load_error("m", model)


def test_plugins_are_opened_and_those_that_are_not_there_are_told(serve):
    mine = LIBRARY.with_name("libnvinfer_plugin.so.11")
    served = serve(settings=[f"plugins=/nowhere/libmine.so;{mine};/nowhere/libother.so"])
    served.load("m", DOUBLE)
    assert served.log()[0] == "TensorRT's plug-ins"
    doubled(served, "m", 1)
    told = re.findall(r"unable to load the plug-ins of TensorRT '(.*?)'", served.server.log)
    assert told == ["/nowhere/libmine.so", "/nowhere/libother.so"]


@pytest.mark.parametrize("setting", ["execution-policy=NEVER", "version-compatible=maybe"])
def test_settings_that_are_none(serve, setting):
    served = serve(settings=[setting])
    name, value = setting.split("=")
    response = served.add("m", DOUBLE) and served.server.post("/v2/repository/models/m/load", {})
    assert response.status_code >= 400 and value in response.text


@pytest.mark.parametrize("priority, line", [("PRIORITY_MAX", ["stream of priority -5"]), ("PRIORITY_DEFAULT", [])])
def test_the_priority_of_a_model_is_that_of_its_stream(serve, priority, line):
    served = serve()
    served.load("m", DOUBLE, f"optimization {{ priority: {priority} }}")
    assert served.copies() == line


def test_the_file_for_the_gpu_at_hand(serve):
    served = serve()
    served.load("m", {"nine.plan": DOUBLE, "model.plan": b"not this one"},
                'platform: "tensorrt_plan" cc_model_filenames [ { key: "9.0" value: "nine.plan" }, { key: "8.0" value: "none.plan" } ]')
    doubled(served, "m", 1)


def test_a_dla_core(serve):
    served = serve()
    served.load("m", DOUBLE, "instance_group { kind: KIND_GPU secondary_devices { kind: KIND_NVDLA device_id: 1 } }")
    assert "DLA core 1" in served.log()
    error = served.load_error("wrong", DOUBLE, "instance_group { kind: KIND_GPU secondary_devices { kind: KIND_NVDLA device_id: 2 } }")
    assert "unable to create TensorRT runtime with DLA Core ID: 2, available number of DLA cores: 2" in error
