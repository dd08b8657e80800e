"""What a SavedModel and a GraphDef are served as: values, datatypes, strings, batches, signatures."""
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.inference import statistics
from support.repository import parameters
from support.tf_models import config

IMAGE = {"image": ("TYPE_FP32", [8, 8, 1])}
SCORES = {"scores": ("TYPE_FP32", [10])}
DATATYPES = {"bool": np.bool_, "uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64, "int8": np.int8,
             "int16": np.int16, "int32": np.int32, "int64": np.int64, "float16": np.float16, "float32": np.float32,
             "float64": np.float64}
NAMES = "zero one two three four five six seven eight nine".split()
DELAY = "dynamic_batching { max_queue_delay_microseconds: 50000 }"


def texts(values):
    return np.vectorize(lambda text: text.encode(), otypes=[np.object_])(np.array(values))


def of(signature, **more):
    return parameters(TF_SIGNATURE_DEF=signature, **more)


def test_a_trained_network_says_what_it_says_in_the_framework(tf, models, digits):
    tf.load("digits", models("digits"), config(IMAGE, SCORES, 512))
    scores = tf.infer("digits", image=digits["images"])["scores"]
    np.testing.assert_allclose(scores, digits["scores"], atol=1e-4)
    assert (scores.argmax(axis=1) == digits["labels"]).mean() > 0.85


def test_the_same_over_grpc(tf, models, digits):
    tf.load("grpc", models("digits"), config(IMAGE, SCORES))
    with grpcclient.InferenceServerClient(tf.server.grpc) as client:
        tensor = grpcclient.InferInput("image", [2, 8, 8, 1], "FP32")
        tensor.set_data_from_numpy(digits["images"][:2])
        answer = client.infer("grpc", [tensor])
    np.testing.assert_allclose(answer.as_numpy("scores"), digits["scores"][:2], atol=1e-4)


def test_a_frozen_graph_says_the_same(tf, graphs, digits):
    output = str(digits["output"])
    tf.load("frozen", graphs("digits"), config(IMAGE, {output: ("TYPE_FP32", [10])}, platform="tensorflow_graphdef"))
    np.testing.assert_allclose(tf.infer("frozen", image=digits["images"][:8])[output], digits["scores"][:8], atol=1e-4)
    with grpcclient.InferenceServerClient(tf.server.grpc) as client:
        tensor = grpcclient.InferInput("image", [1, 8, 8, 1], "FP32")
        tensor.set_data_from_numpy(digits["images"][:1])
        answer = client.infer("frozen", [tensor])
    np.testing.assert_allclose(answer.as_numpy(output), digits["scores"][:1], atol=1e-4)


def test_requests_are_batched_and_each_gets_its_rows(tf, models, digits):
    tf.load("batched", models("digits"), config(IMAGE, SCORES, 64, DELAY))
    slices = [slice(i * 3, i * 3 + 1 + i % 3) for i in range(48)]
    answers = tf.infer_many("batched", [{"image": digits["images"][rows]} for rows in slices])
    for rows, answer in zip(slices, answers):
        np.testing.assert_allclose(answer["scores"], digits["scores"][rows], atol=1e-4)
    assert statistics(tf.server, "batched")["execution_count"] < 48


@pytest.mark.parametrize("dtype", DATATYPES)
def test_datatypes(tf, models, dtype):
    loaded = tf.load(f"copy_{dtype}", models(f"copy_{dtype}"))
    assert loaded["input"][0]["dims"] == ["-1"] or loaded["input"][0]["dims"] == [-1]
    values = np.random.default_rng(3).integers(0, 100, (2, 5)).astype(DATATYPES[dtype])
    answer = tf.infer(f"copy_{dtype}", x=values)["y"]
    assert answer.dtype == values.dtype
    np.testing.assert_array_equal(answer, values)


def test_strings(tf, models):
    tf.load("copy_string", models("copy_string"))
    values = texts([["a", "", "grün"], ["B" * 1000, "c\0d", "e"]])
    np.testing.assert_array_equal(tf.infer("copy_string", x=values)["y"], values)


def test_strings_of_three_dimensions(tf, models):
    tf.load("upper", models("functions"), config({"x": ("TYPE_STRING", [-1, -1])}, {
        "upper": ("TYPE_STRING", [-1, -1]), "length": ("TYPE_INT32", [-1, -1])}, 4, of("upper")))
    answer = tf.infer("upper", x=texts([[["a", "bcd"]], [["ef", ""]]]))
    np.testing.assert_array_equal(answer["upper"], texts([[["A", "BCD"]], [["EF", ""]]]))
    np.testing.assert_array_equal(answer["length"], [[[1, 3]], [[2, 0]]])


def test_each_request_of_a_batch_gets_its_strings(tf, models):
    tf.load("strings", models("copy_string"), config({"x": ("TYPE_STRING", [2])}, {"y": ("TYPE_STRING", [-1])}, 16, DELAY))
    words = [texts([[f"{i}:{k}" * i, "x" * i] for k in range(1 + i % 3)]) for i in range(16)]
    answers = tf.infer_many("strings", [{"x": some} for some in words])
    for some, answer in zip(words, answers):
        np.testing.assert_array_equal(answer["y"], some)
    assert statistics(tf.server, "strings")["execution_count"] < 16


def test_a_table_is_filled_when_the_model_is_loaded(tf, models, digits):
    tf.load("name", models("digits"), config(IMAGE, {"name": ("TYPE_STRING", [1], "reshape { shape: [] }")}, 64, of("name")))
    names = tf.infer("name", image=digits["images"][:32])["name"]
    np.testing.assert_array_equal(names.ravel(), texts([NAMES[digit] for digit in digits["scores"][:32].argmax(axis=1)]))


def test_several_inputs_and_outputs(tf, models):
    tensor = ("TYPE_FP32", [3])
    tf.load("add_sub", models("functions"), config({"left": tensor, "right": tensor}, {"sum": tensor, "difference": tensor}, 8,
                                                   of("add_sub")))
    left, right = np.float32([[1, 2, 3]]), np.float32([[4, 5, 6]])
    answer = tf.infer("add_sub", left=left, right=right)
    np.testing.assert_array_equal(answer["sum"], left + right)
    np.testing.assert_array_equal(answer["difference"], left - right)
    for output in ("sum", "difference"):
        assert list(tf.infer("add_sub", outputs=[output], left=left, right=right)) == [output]


def test_a_scalar_is_one_element_of_the_configuration(tf, models):
    tf.load("scalar", models("functions"), config({"x": ("TYPE_INT64", [1])}, {"double": ("TYPE_INT64", [1])}, 0, of("scalar")))
    np.testing.assert_array_equal(tf.infer("scalar", x=np.array([21]))["double"], [42])


def test_a_tensor_without_a_rank_has_the_configurations(tf, models):
    tf.load("any_rank", models("functions"), config({"x": ("TYPE_FP32", [2, -1])}, {"y": ("TYPE_FP32", [2, -1])}, 4, of("any_rank")))
    assert tf.infer("any_rank", x=np.zeros((3, 2, 5), np.float32))["y"].shape == (3, 2, 5)


def test_a_model_without_batches(tf, models):
    tf.load("fixed", models("functions"), config({"x": ("TYPE_FP32", [4])}, {"y": ("TYPE_FP32", [4])}, 0, of("fixed")))
    np.testing.assert_array_equal(tf.infer("fixed", x=np.float32([1, 2, 3, 4]))["y"], [2, 4, 6, 8])


def test_empty_tensors(tf, models):
    tf.load("empty", models("copy_float32"))
    assert tf.infer("empty", x=np.zeros((2, 0), np.float32))["y"].shape == (2, 0)


def test_loops_and_conditions_run(tf, models):
    tf.load("count_down", models("functions"), config({"x": ("TYPE_INT32", [1])}, {"total": ("TYPE_INT32", [1])}, 8, of("count_down")))
    np.testing.assert_array_equal(tf.infer("count_down", x=np.int32([[4], [0], [2]]))["total"], [[10], [0], [3]])


def test_what_a_model_raises_is_the_answer_and_it_goes_on(tf, models):
    tf.load("root", models("functions"), config({"x": ("TYPE_FP32", [1])}, {"root": ("TYPE_FP32", [1])}, 8, of("refuse_negative")))
    for _ in range(3):
        with pytest.raises(Exception, match="it is negative"):
            tf.infer("root", x=np.float32([[-1]]))
        assert tf.infer("root", x=np.float32([[9]]))["root"].item() == 3


def test_ragged_inputs_and_batch_inputs(tf, models):
    tf.load("ragged", models("functions"), config(
        {"x": ("TYPE_FP32", [-1], "allow_ragged_batch: true")}, {"sums": ("TYPE_FP32", [1])}, 16, of("ragged") + DELAY + """
        batch_input { kind: BATCH_ACCUMULATED_ELEMENT_COUNT target_name: "ends" data_type: TYPE_INT32 source_input: "x" }"""))
    parts = [np.arange(1, 2 + i, dtype=np.float32).reshape(1, -1) for i in range(16)]
    for part, answer in zip(parts, tf.infer_many("ragged", [{"x": part} for part in parts])):
        np.testing.assert_allclose(answer["sums"], [[part.sum()]])
    assert statistics(tf.server, "ragged")["execution_count"] < 16


def test_the_platform_is_known_by_the_file(tf, models, graphs):
    loaded = tf.load("by_folder", models("digits"))
    assert (loaded["backend"], loaded["platform"]) == ("tensorflow", "tensorflow_savedmodel")
    assert loaded["default_model_filename"] == "model.savedmodel"
    text = config({"x": ("TYPE_FP32", [2])}, {"y": ("TYPE_FP32", [2])}, platform="").replace('platform: ""', "")
    loaded = tf.load("by_file", graphs("scale"), text)
    assert (loaded["backend"], loaded["platform"]) == ("tensorflow", "tensorflow_graphdef")
    assert loaded["default_model_filename"] == "model.graphdef"


def test_an_input_with_a_default_may_be_left_out(tf, graphs):
    tf.load("scale", graphs("scale"), config(
        {"x": ("TYPE_FP32", [2]), "scale": ("TYPE_FP32", [1], "optional: true")},
        {"y": ("TYPE_FP32", [2]), "text": ("TYPE_STRING", [2])}, platform="tensorflow_graphdef"))
    x = np.float32([[1, 2]])
    np.testing.assert_array_equal(tf.infer("scale", x=x)["y"], [[2, 4]])
    answer = tf.infer("scale", x=x, scale=np.float32([[3]]))
    np.testing.assert_array_equal(answer["y"], [[3, 6]])
    assert answer["text"][0, 1].startswith(b"2.0")


def test_what_a_model_keeps_is_its_own(tf, models):
    """The input of one request is what the next one gets: it must not have gone with the request."""
    tf.load("last", models("last"), config({"x": ("TYPE_FP32", [1, 4])}, {"before": ("TYPE_FP32", [1, 4])}, 0))
    before = np.zeros((1, 4), np.float32)
    for i in range(50):
        now = np.full((1, 4), i + 1, np.float32)
        np.testing.assert_array_equal(tf.infer("last", x=now)["before"], before)
        before = now


def test_warm_up_runs_the_model_before_it_is_ready(tf, models):
    tf.load("warm", models("last"), config({"x": ("TYPE_FP32", [1, 4])}, {"before": ("TYPE_FP32", [1, 4])}, 0, extra="""
        model_warmup { name: "once" batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: [1, 4] random_data: true } } }"""))
    assert tf.infer("warm", x=np.zeros((1, 4), np.float32))["before"].any()
