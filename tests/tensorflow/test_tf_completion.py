"""What a SavedModel's signature completes of a configuration, and where it cannot."""
import numpy as np
import pytest
from support.repository import parameters

PLATFORM = 'platform: "tensorflow_savedmodel"\n'


def test_all_of_it(tf, models):
    loaded = tf.load("all", models("digits"))
    assert loaded["max_batch_size"] == 4 and "dynamic_batching" in loaded
    (image,), (scores,) = loaded["input"], loaded["output"]
    assert (image["name"], image["data_type"], image["dims"]) == ("image", "TYPE_FP32", [8, 8, 1])
    assert (scores["name"], scores["data_type"], scores["dims"]) == ("scores", "TYPE_FP32", [10])
    assert ("autofilled max_batch_size to 4 for model 'all' since batching is supporrted but no max_batch_size is specified in "
            "model configuration.") in tf.server.log
    assert tf.infer("all", image=np.zeros((4, 8, 8, 1), np.float32))["scores"].shape == (4, 10)


def test_the_default_batch_size_is_the_command_lines(start_tf, models):
    tf = start_tf("--backend-config=tensorflow,default-max-batch-size=32")
    assert tf.load("all", models("digits"))["max_batch_size"] == 32


def test_without_a_default_it_does_not_batch(start_tf, models):
    tf = start_tf("--backend-config=tensorflow,default-max-batch-size=0")
    loaded = tf.load("all", models("digits"))
    assert loaded["max_batch_size"] == 0 and loaded["input"][0]["dims"] == [-1, 8, 8, 1]


def test_what_is_given_stays(tf, models):
    loaded = tf.load("given", models("digits"), PLATFORM + "max_batch_size: 1")
    assert loaded["max_batch_size"] == 1 and "dynamic_batching" not in loaded
    loaded = tf.load("sequences", models("digits"), PLATFORM + "max_batch_size: 8 sequence_batching { }")
    assert "dynamic_batching" not in loaded


def test_a_signature_that_does_not_batch(tf, models):
    loaded = tf.load("fixed", models("functions"), PLATFORM + parameters(TF_SIGNATURE_DEF="fixed"))
    assert loaded["max_batch_size"] == 0 and loaded["input"][0]["dims"] == [4]


def test_dims_that_fill_the_models_shape_say_that_it_does_not_batch(tf, models):
    loaded = tf.load("full", models("digits"), PLATFORM + 'input { name: "image" data_type: TYPE_FP32 dims: [ -1, 8, 8, 1 ] }')
    assert loaded["max_batch_size"] == 0 and loaded["output"][0]["dims"] == [-1, 10]


def test_only_listed_outputs_are_completed(tf, models):
    loaded = tf.load("listed", models("functions"), PLATFORM + 'output { name: "sum" }' + parameters(TF_SIGNATURE_DEF="add_sub"))
    assert [(output["name"], output["data_type"], output["dims"]) for output in loaded["output"]] == [("sum", "TYPE_FP32", [3])]
    assert {tensor["name"] for tensor in loaded["input"]} == {"left", "right"}


def test_one_value_for_each_item_of_the_batch(tf, models, digits):
    loaded = tf.load("name", models("digits"), PLATFORM + parameters(TF_SIGNATURE_DEF="name"))
    assert loaded["output"][0]["dims"] == [1]
    assert tf.infer("name", image=digits["images"][:3])["name"].shape == (3, 1)


@pytest.mark.parametrize("case, text, signature, error", [
    ("batch", "max_batch_size: 7", "fixed",
     "unable to autofill for 'batch', configuration specified max-batch 7 but model signature does not support batching"),
    ("contradiction", 'input { name: "left" dims: [ 3 ] } output { name: "sum" dims: [ -1, 3 ] }', "add_sub",
     "unable to autofill for 'contradiction', model tensor configurations are contradicting each other in terms of whether "
     "batching is supported"),
    ("rank", "", "any_rank", "Unable to autofill for 'rank': the rank of model tensor 'x' is 0 and dimensions are not defined"),
    ("type", "", "of_complex", "unsupported datatype 'DT_COMPLEX64' for tensor 'x' for model 'type'"),
    ("signature", "", "nobody", "unable to auto-complete model configuration for 'signature', failed to load model: expected "
     "'nobody' signature"),
])
def test_what_cannot_be_completed(tf, models, case, text, signature, error):
    assert error in tf.load_error(case, models("functions"), f"{PLATFORM}{text}\n" + parameters(TF_SIGNATURE_DEF=signature))


def test_a_graphdef_is_not_completed(tf, graphs):
    error = tf.load_error("graph", graphs("scale"), 'platform: "tensorflow_graphdef"')
    assert "unable to load model 'graph', model configuration must contain at least one output, none were specified." in error
