"""What the outputs of a tree model hold, and what its parameters say of them."""
import json

import numpy as np
import pytest
from support.inference import statistics
from support.tree_models import FILES, config

CLASSIFIER = {"is_classifier": "true", "threshold": "0.5"}


def test_a_binary_classifier_gives_the_class_of_each_row(fil, models):
    model = models("xgb_cancer")
    fil.load("binary", model.file, model.config(1, **CLASSIFIER), model.usual_file)
    said = fil.infer("binary", input__0=model.rows)["output__0"]
    assert said.shape == (len(model.rows),) and said.dtype == np.float32
    np.testing.assert_array_equal(said, model.scores[:, 0] > 0.5)
    assert 0 < said.sum() < len(said)


@pytest.mark.parametrize("threshold", ["0.9", "0.1", None])
def test_the_threshold_decides_or_one_half(fil, models, threshold):
    model, name = models("lgb_cancer"), f"threshold_{threshold}"
    fil.load(name, model.file, model.config(1, is_classifier="true", threshold=threshold), model.usual_file)
    said = fil.infer(name, input__0=model.rows)["output__0"]
    np.testing.assert_array_equal(said, model.scores[:, 0] > float(threshold or 0.5))


def test_probabilities_of_a_binary_classifier_are_one_or_two(fil, models):
    model = models("xgb_cancer")
    fil.load("one", model.file, model.config(1, **CLASSIFIER, predict_proba="true"), model.usual_file)
    fil.load("two", model.file, model.config(2, **CLASSIFIER, predict_proba="true"), model.usual_file)
    one, two = (fil.infer(name, input__0=model.rows)["output__0"] for name in ("one", "two"))
    assert one.shape == (200,) and two.shape == (200, 2)
    np.testing.assert_allclose(one, model.scores[:, 0], atol=1e-6)
    np.testing.assert_array_equal(two, np.stack([1 - one, one], axis=1))


@pytest.mark.parametrize("name", ["xgb_digits", "old_digits", "lgb_digits", "skl_digits_forest", "skl_digits_boosting"])
def test_a_classifier_of_many_gives_the_likeliest_class_or_all_probabilities(fil, models, name):
    model = models(name)
    fil.load(f"{name}_class", model.file, model.config(1, **CLASSIFIER), model.usual_file)
    fil.load(f"{name}_proba", model.file, model.config(10, **CLASSIFIER, predict_proba="true"), model.usual_file)
    np.testing.assert_array_equal(fil.infer(f"{name}_class", input__0=model.rows)["output__0"], model.scores.argmax(axis=1))
    probabilities = fil.infer(f"{name}_proba", input__0=model.rows)["output__0"]
    np.testing.assert_allclose(probabilities, model.scores, atol=1e-6)


def test_the_old_name_of_is_classifier_wins_and_is_warned_of(start_fil, models):
    fil, model = start_fil(), models("xgb_cancer")
    removed = {"output_class": "true", "algo": "ALGO_AUTO", "threads_per_tree": "2", "storage_type": "AUTO", "blocks_per_sm": "1"}
    fil.load("old_names", model.file, model.config(1, is_classifier="false", **removed), model.usual_file)
    assert set(fil.infer("old_names", input__0=model.rows)["output__0"]) == {0, 1}
    gone = "parameter has been removed in 25.09 release."
    for name, instead in [("output_class", "is_classifier"), ("algo", "layout"), ("threads_per_tree", "chunk_size")]:
        assert f"The `{name}` {gone} Use `{instead}` instead." in fil.server.log
    for name in ("storage_type", "blocks_per_sm"):
        assert f"The `{name}` {gone}" in fil.server.log


def test_shapley_values_are_made_for_who_asks(fil, models):
    model = models("xgb_cancer")
    fil.load("asked", model.file, model.config(1, shap=31, **CLASSIFIER), model.usual_file)
    assert set(fil.infer("asked", outputs=["output__0"], input__0=model.rows)) == {"output__0"}
    only = fil.infer("asked", outputs=["treeshap_output"], input__0=model.rows)
    np.testing.assert_allclose(only["treeshap_output"], model.shap[:, 0], rtol=1e-4, atol=1e-4)


def test_requests_are_batched_and_each_gets_its_rows(fil, models):
    model = models("xgb_digits")
    fil.load("batched", model.file, model.config(extra="dynamic_batching { max_queue_delay_microseconds: 50000 }"), model.usual_file)
    slices = [slice(i * 3, i * 3 + 1 + i % 3) for i in range(48)]
    answers = fil.infer_many("batched", [{"input__0": model.rows[rows]} for rows in slices])
    for rows, answer in zip(slices, answers):
        np.testing.assert_allclose(answer["output__0"], model.scores[rows], atol=1e-6)
    assert statistics(fil.server, "batched")["execution_count"] < 48


def test_a_model_that_does_not_batch_takes_rows_as_its_first_dimension(fil, models):
    model = models("xgb_digits")
    shown = config(model.format, 64, 10, max_batch_size=0).replace("dims: [64]", "dims: [-1, 64]").replace("dims: [10]", "dims: [-1, 10]")
    fil.load("unbatched", model.file, shown, model.usual_file)
    np.testing.assert_allclose(fil.infer("unbatched", input__0=model.rows)["output__0"], model.scores, atol=1e-6)


@pytest.mark.parametrize("format, name", [("xgboost", "old_cancer"), ("xgboost_json", "xgb_cancer"), ("xgboost_ubj", "xgb_cancer_ubj"),
                                          ("lightgbm", "lgb_cancer"), ("treelite_checkpoint", "skl_cancer_boosting")])
def test_each_format_has_its_file_and_any_other_may_be_named(fil, models, format, name):
    model = models(name)
    fil.load(f"{format}_usual", model.file, model.config(), FILES[format])
    fil.load(f"{format}_other", model.file, model.config(extra='default_model_filename: "my.bin"'), "my.bin")
    fil.repository.add(f"{format}_none", model.config())
    path = fil.repository.path / f"{format}_none/1/{FILES[format]}"
    assert f'Could not open model file "{path}"' in fil.load_error(f"{format}_none")


def test_a_type_of_model_is_xgboost_unless_it_is_said(fil, models):
    model = models("old_cancer")
    fil.load("unsaid", model.file, model.config(model_type=None), "xgboost.model")
    np.testing.assert_allclose(fil.infer("unsaid", input__0=model.rows)["output__0"], model.scores[:, 0], atol=1e-6)


def test_fields_that_are_not_known_are_refused_unless_allowed(fil, models):
    model = models("xgb_cancer")
    changed = json.loads(model.file)
    changed["learner"]["news"] = {"of": ["tomorrow"]}
    file = json.dumps(changed).encode()
    assert "failed to load model 'unknown': " in fil.load_error("unknown", file, model.config(), model.usual_file)
    fil.load("allowed", file, model.config(xgboost_allow_unknown_field="true"), model.usual_file)
    np.testing.assert_allclose(fil.infer("allowed", input__0=model.rows)["output__0"], model.scores[:, 0], atol=1e-6)


def test_threads_and_settings_of_gpus_are_taken(fil, models):
    model = models("xgb_large")
    more = {"cpu_nthread": "1", "layout": "layered", "chunk_size": "4", "transfer_threshold": "10", "use_experimental_optimizations": "true"}
    fil.load("settings", model.file, model.config(**more), model.usual_file)
    np.testing.assert_allclose(fil.infer("settings", input__0=model.rows)["output__0"], model.scores, atol=1e-6)


@pytest.mark.parametrize("name, more, text", [
    ("format", {"model_type": "pickle"}, "pickle not recognized as a valid serialization format."),
    ("required", {"is_classifier": None}, "Required parameter is_classifier not found in config"),
    ("boolean", {"is_classifier": "perhaps"}, "Bad input for parameter is_classifier"),
    ("number", {"threshold": "half", "is_classifier": "true"}, "failed to convert 'half' to number"),
    ("layout", {"layout": "flat"}, "Unknown nvForest layout name: flat"),
    ("width", {"width": 3}, "tensor 'output__0': the model gives 1 values a row with is_classifier false and predict_proba false, "
                            "the model configuration specifies [3]"),
    ("shap", {"shap": 30}, "tensor 'treeshap_output': the model gives 31 values a row"),
])
def test_configurations_that_are_refused(fil, models, name, more, text):
    model = models("xgb_cancer")
    assert text in fil.load_error(f"refused_{name}", model.file, model.config(**more), model.usual_file)


@pytest.mark.parametrize("name, change, text", [
    ("input", ("input__0", "x"), "unexpected inference input 'x', allowed inputs are: input__0"),
    ("output", ("output__0", "y"), "unexpected inference output 'y', allowed outputs are: output__0, treeshap_output"),
    ("datatype", ("TYPE_FP32", "TYPE_FP64"), "unsupported datatype TYPE_FP64 for 'input__0' of model 'tensor_datatype': expected TYPE_FP32"),
    ("features", ("dims: [30]", "dims: [31]"), "tensor 'input__0': the model has 30 features, the model configuration specifies [31]"),
    ("batch", ("max_batch_size: 512", "max_batch_size: 0"), "expected a max_batch_size, or dims of which the first is the number of rows"),
])
def test_tensors_that_are_refused(fil, models, name, change, text):
    model = models("xgb_cancer")
    shown = model.config().replace(*change)
    assert text in fil.load_error(f"tensor_{name}", model.file, shown, model.usual_file)


def test_models_of_several_targets_are_refused(fil, models):
    error = fil.load_error("targets", models("xgb_targets").file, config("xgboost_json", 10, 2), "xgboost.json")
    assert "Multi-target model not supported" in error


@pytest.mark.parametrize("option, text", [
    ("zero_as_missing", "the model takes zeros for missing values (zero_as_missing), which cannot be served"),
    ("linear_tree", "LightGBM models with linear trees (linear_tree=True) are not supported"),
])
def test_models_that_treelite_does_not_read_are_refused(fil, models, option, text):
    model = models(f"lgb_{option}")
    assert text in fil.load_error(option, model.file, model.config(), model.usual_file)


def test_shapley_values_need_shallow_trees(fil, models):
    model = models("skl_diabetes_extra")
    fil.load("shallow", model.file, model.config(shap=11), model.usual_file)
    one = models("skl_cancer_histogram")
    fil.load("counted", one.file, one.config(shap=31), one.usual_file)
    said = fil.infer("counted", input__0=one.rows)
    # They add up to the sum of the trees.
    sums = np.log(one.scores[:, 0] / (1 - one.scores[:, 0]))
    np.testing.assert_allclose(said["treeshap_output"].sum(axis=1), sums, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape, datatype, values, text", [
    ([1, 29], "FP32", 29, "unexpected shape for input 'input__0'"),
    ([1, 30], "INT32", 30, "data-type is 'INT32', but model 'wrong' expects 'FP32'"),
    ([30], "FP32", 30, "unexpected shape for input 'input__0'"),
])
def test_wrong_inputs_get_an_error_and_the_model_goes_on(fil, models, shape, datatype, values, text):
    model = models("xgb_cancer")
    fil.load("wrong", model.file, model.config(), model.usual_file)
    body = {"inputs": [{"name": "input__0", "datatype": datatype, "shape": shape, "data": [0] * values}]}
    answer = fil.server.post("/v2/models/wrong/infer", json.dumps(body))
    assert answer.status_code == 400 and text in answer.text
    assert len(fil.infer("wrong", input__0=model.rows)["output__0"]) == 200


def test_a_width_that_is_open_is_checked_when_rows_come(fil, models):
    model = models("xgb_cancer")
    fil.load("open", model.file, model.config().replace("dims: [30]", "dims: [-1]"), model.usual_file)
    body = {"inputs": [{"name": "input__0", "datatype": "FP32", "shape": [2, 15], "data": [0] * 30}]}
    answer = fil.server.post("/v2/models/open/infer", json.dumps(body))
    assert answer.status_code == 400 and "input 'input__0': expected 30 features a row, got shape [2,15]" in answer.text
    np.testing.assert_allclose(fil.infer("open", input__0=model.rows)["output__0"], model.scores[:, 0], atol=1e-6)
