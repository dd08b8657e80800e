"""Settings of a model: each is taken, and a wrong one is named."""
import pytest
from support.openvino_models import TOLERANCE, check_scores, config, ir
from support.repository import parameters

PIXELS = {"pixels": ("TYPE_FP32", [64])}
SCORES = {"scores": ("TYPE_FP32", [10])}


def configured(**values):
    return config(PIXELS, SCORES, 100, parameters(**{"ENABLE_OPEN_BATCH": "YES", **values}))


@pytest.mark.parametrize("settings", [
    {"TARGET_DEVICE": "cpu"}, {"TARGET_DEVICE": "AUTO"}, {"TARGET_DEVICE": "MULTI:CPU"}, {"TARGET_DEVICE": "HETERO:CPU"},
    {"PERFORMANCE_HINT": "latency"}, {"PERFORMANCE_HINT": "THROUGHPUT"}, {"PERFORMANCE_HINT": "Cumulative_Throughput"},
    {"INFERENCE_NUM_THREADS": "1"}, {"COMPILATION_NUM_THREADS": "1"}, {"NUM_STREAMS": "AUTO"}, {"NUM_STREAMS": "numa"},
    {"NUM_STREAMS": "2"}, {"NUM_STREAMS": "2", "INFERENCE_NUM_THREADS": "2"}, {"HINT_BF16": "no"},
    {"SKIP_OV_DYNAMIC_BATCHSIZE": "YES"}, {"ENABLE_BATCH_PADDING": "maybe"}, {"UNKNOWN": "anything"}])
def test_settings_are_taken(openvino, digits, settings):
    openvino.load("set", ir("digits"), configured(**settings))
    for i in range(3):
        check_scores(openvino.infer("set", pixels=digits["pixels"][i:i + 1])["scores"], digits["scores"][i:i + 1])


@pytest.mark.parametrize("hint", ["YES", "yes", "maybe"])
def test_fewer_digits_for_speed(openvino, digits, hint):
    """Where the processor has no BF16, OpenVINO goes on with FP32. What is neither yes nor no leaves it to OpenVINO."""
    openvino.load("bf16", ir("digits"), configured(HINT_BF16=hint))
    check_scores(openvino.infer("bf16", pixels=digits["pixels"][:100])["scores"], digits["scores"][:100], TOLERANCE)


@pytest.mark.parametrize("hint", ["NO", "no"])
def test_all_digits_on_every_processor(openvino, digits, hint):
    openvino.load("fp32", ir("digits"), configured(HINT_BF16=hint))
    check_scores(openvino.infer("fp32", pixels=digits["pixels"][:100])["scores"], digits["scores"][:100])


@pytest.mark.parametrize("settings, error", [
    ({"PERFORMANCE_HINT": "fast"},
     "expected the parameter 'PERFORMANCE_HINT' to be LATENCY/THROUGHPUT/CUMULATIVE_THROUGHPUT, got fast"),
    ({"INFERENCE_NUM_THREADS": "-1"}, "expected the parameter 'INFERENCE_NUM_THREADS' to be a non-negative number"),
    ({"COMPILATION_NUM_THREADS": "two"}, "expected the parameter 'COMPILATION_NUM_THREADS' to be a non-negative number"),
    ({"NUM_STREAMS": "many"}, "expected the parameter 'NUM_STREAMS' to be AUTO/NUMA/<number>"),
    ({"TARGET_DEVICE": "GPU"}, "unable to compile model 'wrong' for device 'GPU': "),
    ({"TARGET_DEVICE": "toaster"}, "unable to compile model 'wrong' for device 'TOASTER': "),
    ({"CPU_EXTENSION_PATH": "/nowhere/libextension.so"}, "unable to load the extension '/nowhere/libextension.so': "),
])
def test_wrong_settings_are_named(openvino, settings, error):
    assert error in openvino.load_error("wrong", ir("digits"), configured(**settings))


def test_instances_are_the_cpus(openvino):
    error = openvino.load_error("kind", ir("digits"), config(PIXELS, SCORES, 1, "instance_group { kind: KIND_MODEL }"))
    assert "unable to load model 'kind', Triton OpenVINO backend supports only Kind CPU and AUTO" in error
    loaded = openvino.load("kind", ir("digits"), config(PIXELS, SCORES, 1, "instance_group { count: 2 }"))
    assert [(group["kind"], group["count"]) for group in loaded["instance_group"]] == [("KIND_CPU", 2)]
