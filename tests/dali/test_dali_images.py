"""Photos through pipelines, over HTTP and gRPC: the answers are those of DALI's own Python module, bit for bit."""
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support import onnx_models
from support.dali_models import as_input, config, photo, pipeline
from support.repository import tensor

IMAGE = {"image": ("TYPE_FP32", [3, 32, 32])}


@pytest.fixture(scope="module")
def classify(dali):
    dali.load("classify", pipeline("classify"), config())
    return dali


def test_answers_equal_those_of_the_python_module(classify, answers):
    output = classify.config("classify")["output"][0]["name"]
    for name in ("china", "flower"):
        np.testing.assert_array_equal(classify.infer("classify", ENCODED=as_input(photo(name)))[output][0], answers[name])


def test_the_same_over_grpc(classify, answers):
    with grpcclient.InferenceServerClient(classify.server.grpc) as client:
        encoded = as_input(photo("china"))
        given = grpcclient.InferInput("ENCODED", encoded.shape, "UINT8")
        given.set_data_from_numpy(encoded)
        output = classify.config("classify")["output"][0]["name"]
        np.testing.assert_array_equal(client.infer("classify", [given]).as_numpy(output)[0], answers["china"])


def test_whole_photos_are_decoded(dali, answers):
    dali.load("whole", pipeline("whole"), config(outputs={"PIXELS": ("TYPE_UINT8", [-1, -1, 3])}))
    pixels = dali.infer("whole", ENCODED=as_input(photo("china")))["PIXELS"]
    assert pixels.shape == (1, 427, 640, 3)
    np.testing.assert_array_equal(pixels[0], answers["whole_china"])


def test_files_of_different_sizes_are_one_run(start_dali, answers):
    """The batcher waits for eight of them: then they are one run of the pipeline."""
    one = start_dali()
    one.load("classify", pipeline("classify"),
             config(max_batch_size=8, extra="dynamic_batching { preferred_batch_size: [ 8 ] max_queue_delay_microseconds: 20000000 }"))
    output = one.config("classify")["output"][0]["name"]
    names = ["china", "flower"] * 4
    got = one.infer_many("classify", [{"ENCODED": as_input(photo(name))} for name in names])
    for name, answer in zip(names, got, strict=True):
        np.testing.assert_array_equal(answer[output][0], answers[name])
    assert one.stats("classify")["execution_count"] == 1


def test_a_file_that_is_none_fails_alone(start_dali, answers):
    one = start_dali()
    one.load("classify", pipeline("classify"),
             config(max_batch_size=8, extra="dynamic_batching { preferred_batch_size: [ 4 ] max_queue_delay_microseconds: 20000000 }"))
    output = one.config("classify")["output"][0]["name"]
    good = {"ENCODED": as_input(photo("china"))}
    bad = {"ENCODED": as_input(b"no picture at all")}

    def ask(request):
        try:
            return one.infer_many("classify", [request])[0]
        except Exception as error:  # the stock client's
            return error

    import concurrent.futures
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        got = list(pool.map(ask, [good, bad, good, good]))
    assert "DALI error: Error in CPU operator `nvidia.dali.fn.decoders.image`" in str(got[1])
    for answer in (got[0], got[2], got[3]):
        np.testing.assert_array_equal(answer[output][0], answers["china"])


def test_photos_before_a_classifier(dali, answers):
    """An ensemble: DALI decodes, ONNX Runtime says which of the two photos it is."""
    china, flower = (answers[name].ravel() for name in ("china", "flower"))
    weights = {"w": np.stack([china, flower], 1),
               "b": -np.array([china @ china, flower @ flower], np.float32) / 2}
    nearest = onnx_models.model([onnx_models.node("Flatten", "image", "flat"), onnx_models.node("Gemm", "flat w b", "scores")],
                                {"image": ("FLOAT", [None, 3, 32, 32])}, {"scores": ("FLOAT", [None, 2])}, weights)
    dali.load("pixels", pipeline("classify"), config(outputs=IMAGE))
    dali.load("nearest", nearest, 'backend: "onnxruntime" max_batch_size: 8', "model.onnx")
    dali.load("photos", b"", f"""
        platform: "ensemble" max_batch_size: 8
        input {tensor("FILE", "TYPE_UINT8", [-1])} output {tensor("SCORES", "TYPE_FP32", [2])}
        ensemble_scheduling {{
          step {{ model_name: "pixels" model_version: -1 input_map {{ key: "ENCODED" value: "FILE" }}
                 output_map {{ key: "image" value: "pixels" }} }}
          step {{ model_name: "nearest" model_version: -1 input_map {{ key: "image" value: "pixels" }}
                 output_map {{ key: "scores" value: "SCORES" }} }}
        }}""")
    for index, name in enumerate(("china", "flower")):
        scores = dali.infer("photos", FILE=as_input(photo(name)))["SCORES"]
        assert scores.argmax() == index
        np.testing.assert_allclose(scores[0], answers[name].ravel() @ weights["w"] + weights["b"], rtol=1e-4)
