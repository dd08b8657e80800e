"""What a model of TorchScript is served as: values, datatypes, strings, batches."""
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.inference import statistics
from support.torch_models import config

IMAGE = {"image": ("TYPE_FP32", [1, 8, 8])}
SCORES = {"scores": ("TYPE_FP32", [10])}
DATATYPES = {"BOOL": np.bool_, "UINT8": np.uint8, "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
             "FP16": np.float16, "FP32": np.float32, "FP64": np.float64}


def texts(*values):
    return np.array([value.encode() for value in values], dtype=np.object_)


@pytest.mark.parametrize("name", ["digits", "digits_traced"])
def test_a_trained_network_says_what_it_says_in_the_framework(torch, models, digits, name):
    torch.load(name, models(name), config(IMAGE, SCORES, 512))
    scores = torch.infer(name, image=digits["images"])["scores"]
    np.testing.assert_allclose(scores, digits["scores"], atol=1e-4)
    assert (scores.argmax(axis=1) == digits["labels"]).mean() > 0.85


def test_the_same_over_grpc(torch, models, digits):
    torch.load("grpc", models("digits"), config(IMAGE, SCORES))
    with grpcclient.InferenceServerClient(torch.server.grpc) as client:
        tensor = grpcclient.InferInput("image", [2, 1, 8, 8], "FP32")
        tensor.set_data_from_numpy(digits["images"][:2])
        answer = client.infer("grpc", [tensor])
    np.testing.assert_allclose(answer.as_numpy("scores"), digits["scores"][:2], atol=1e-4)


def test_requests_are_batched_and_each_gets_its_rows(torch, models, digits):
    torch.load("batched", models("digits"), config(IMAGE, SCORES, 64, "dynamic_batching { max_queue_delay_microseconds: 50000 }"))
    slices = [slice(i * 3, i * 3 + 1 + i % 3) for i in range(48)]
    answers = torch.infer_many("batched", [{"image": digits["images"][rows]} for rows in slices])
    for rows, answer in zip(slices, answers):
        np.testing.assert_allclose(answer["scores"], digits["scores"][rows], atol=1e-4)
    assert statistics(torch.server, "batched")["execution_count"] < 48


@pytest.mark.parametrize("datatype", DATATYPES)
def test_datatypes(torch, models, datatype):
    tensors = (f"TYPE_{datatype}", [-1])
    torch.load(f"copy_{datatype}", models("copy"), config({"x": tensors}, {"y": tensors}))
    values = np.random.default_rng(3).integers(0, 100, (2, 5)).astype(DATATYPES[datatype])
    answer = torch.infer(f"copy_{datatype}", x=values)["y"]
    assert answer.dtype == values.dtype
    np.testing.assert_array_equal(answer, values)


@pytest.mark.parametrize("datatype", ["UINT16", "UINT32", "UINT64", "BF16"])
def test_datatypes_that_are_refused(torch, models, datatype):
    tensors, name = (f"TYPE_{datatype}", [-1]), f"refused_{datatype}"
    error = f"unsupported datatype TYPE_{datatype} for"
    assert f"{error} input 'x' for model '{name}'" in torch.load_error(
        name, models("copy"), config({"x": tensors}, {"y": ("TYPE_FP32", [-1])}))
    assert f"{error} output 'y' for model '{name}'" in torch.load_error(
        name, models("copy"), config({"x": ("TYPE_FP32", [-1])}, {"y": tensors}))


def test_an_output_of_another_datatype_than_configured(torch, models):
    torch.load("other_type", models("copy"), config({"x": ("TYPE_FP32", [-1])}, {"y": ("TYPE_INT32", [-1])}))
    with pytest.raises(Exception, match="configuration expects datatype TYPE_INT32 for output 'y', model provides TYPE_FP32"):
        torch.infer("other_type", x=np.float32([[1]]))


def test_an_output_that_is_not_laid_out_in_rows(torch, models):
    torch.load("transposed", models("transposed"), config({"x": ("TYPE_FP32", [2, 3])}, {"y": ("TYPE_FP32", [3, 2])}))
    values = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    np.testing.assert_array_equal(torch.infer("transposed", x=values)["y"], values.transpose(0, 2, 1))


def test_empty_tensors(torch, models):
    torch.load("empty", models("copy"), config({"x": ("TYPE_FP32", [-1])}, {"y": ("TYPE_FP32", [-1])}))
    assert torch.infer("empty", x=np.zeros((2, 0), np.float32))["y"].shape == (2, 0)


def test_a_model_without_batches(torch, models):
    torch.load("unbatched", models("transposed"), config({"x": ("TYPE_INT64", [-1, -1])}, {"y": ("TYPE_INT64", [-1, -1])}, 0))
    values = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(torch.infer("unbatched", x=values)["y"], values.T)


STRINGS = ("TYPE_STRING", [1], "reshape { shape: [] }")


def test_strings(torch, models):
    torch.load("upper", models("upper"), config({"x": ("TYPE_STRING", [-1])}, {"y": ("TYPE_STRING", [-1])}, 0))
    np.testing.assert_array_equal(torch.infer("upper", x=texts("a", "", "grün", "B"))["y"], texts("A", "", "GRüN", "B"))


def test_each_request_of_a_batch_gets_its_strings(torch, models):
    torch.load("lengths", models("lengths"), config(
        {"texts": STRINGS, "add": ("TYPE_INT64", [1])}, {"texts__0": STRINGS, "lengths__1": ("TYPE_INT64", [1])}, 8,
        "dynamic_batching { max_queue_delay_microseconds: 50000 }"))
    words = [["a"], ["bcd", "ef"], ["ghij"], ["", "k"]]
    answers = torch.infer_many("lengths", [
        {"texts": texts(*some).reshape(-1, 1), "add": np.full((len(some), 1), 100)} for some in words])
    for some, answer in zip(words, answers):
        np.testing.assert_array_equal(answer["texts__0"].ravel(), texts(*(word + "!" for word in some)))
        np.testing.assert_array_equal(answer["lengths__1"].ravel(), [100 + len(word) for word in some])
    assert statistics(torch.server, "lengths")["execution_count"] < len(words)


@pytest.mark.parametrize("name, dims, max_batch_size", [("strings_2d", [2, 2], 0), ("strings_batched", [1], 8)])
def test_strings_have_one_dimension(torch, models, name, dims, max_batch_size):
    strings = ("TYPE_STRING", dims)
    assert (f"Triton only supports 1 dimensional List of String as input for 'x' for model '{name}'"
            in torch.load_error(name, models("upper"), config({"x": strings}, {"y": strings}, max_batch_size)))


RESULT_TYPE = ("PyTorch execute failure: output must be of type Tensor, List\\[str\\] or Tuple containing one of these two types. "
               "It should not be a List / Dictionary of Tensors or a Scalar")


@pytest.mark.parametrize("model, text", [
    ("list_of_tensors", RESULT_TYPE), ("number", RESULT_TYPE), ("scalar", "output 'y' is a scalar which is not supported.")])
def test_results_that_cannot_be_sent(torch, models, model, text):
    torch.load(model, models(model), config({"x": ("TYPE_FP32", [-1])}, {"y": ("TYPE_FP32", [-1])}))
    with pytest.raises(Exception, match=text):
        torch.infer(model, x=np.float32([[1]]))


def test_what_a_model_raises_is_the_answer_and_it_goes_on(torch, models):
    torch.load("raises", models("raises"), config({"x": ("TYPE_FP32", [-1])}, {"y": ("TYPE_FP32", [-1])}))
    for _ in range(3):
        with pytest.raises(Exception, match="(?s)PyTorch execute failure: .*the sum is negative") as failure:
            torch.infer("raises", x=np.float32([[-1]]))
        assert "Exception raised from" not in str(failure.value)
        assert torch.infer("raises", x=np.float32([[1]]))["y"].item() == 2


def test_a_model_that_writes_to_its_input_writes_to_a_copy(torch, models):
    torch.load("copies", models("same"), config({"x": ("TYPE_FP32", [-1])}, {"same": ("TYPE_FP32", [-1])}))
    torch.load("writes", models("writes_to_input"), config({"x": ("TYPE_FP32", [-1])}, {"more": ("TYPE_FP32", [-1])}))
    torch.repository.add_ensemble("both", [("writes", {"x": "IN"}, {"more": "MORE"}), ("copies", {"x": "IN"}, {"same": "SAME"})],
                                  outputs=("MORE", "SAME"))
    torch.load("both")
    for _ in range(20):
        answer = torch.infer("both", IN=np.float32([[1, 2]]))
        np.testing.assert_array_equal(answer["MORE"], [[2, 3]])
        np.testing.assert_array_equal(answer["SAME"], [[1, 2]])


def test_warm_up_runs_the_model_before_it_is_ready(torch, models):
    torch.load("warm", models("counter"), config({"x": ("TYPE_FP32", [1])}, {"calls": ("TYPE_FP32", [1])}, extra="""
        model_warmup { name: "twice" batch_size: 1 count: 2
                       inputs { key: "x" value { data_type: TYPE_FP32 dims: [1] zero_data: true } } }"""))
    assert torch.infer("warm", x=np.float32([[0]]))["calls"].item() == 3


def test_the_platform_is_known_by_the_file(torch, models):
    text = config({"x": ("TYPE_FP32", [-1])}, {"y": ("TYPE_FP32", [-1])}).replace('platform: "pytorch_libtorch"', "")
    loaded = torch.load("by_file", models("copy"), text)
    assert (loaded["backend"], loaded["platform"], loaded["default_model_filename"]) == ("pytorch", "pytorch_libtorch", "model.pt")


def test_a_file_of_another_name(torch, models):
    torch.load("other_name", models("copy"), config({"x": ("TYPE_FP32", [-1])}, {"y": ("TYPE_FP32", [-1])},
                                                    extra='default_model_filename: "net.pt"'), file="net.pt")
    assert torch.infer("other_name", x=np.float32([[1]]))["y"].item() == 1


def test_completion_is_skipped_with_a_word(torch, models):
    torch.load("complete", models("copy"), config({"x": ("TYPE_FP32", [-1])}, {"y": ("TYPE_FP32", [-1])}))
    assert "skipping model configuration auto-complete for 'complete': not supported for pytorch backend" in torch.server.log
