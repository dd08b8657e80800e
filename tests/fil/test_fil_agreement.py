"""Tree models say here what they say in their own libraries."""
import numpy as np
import pytest
import tritonclient.grpc as grpcclient

EXACT = ["xgb_cancer", "xgb_cancer_ubj", "xgb_diabetes", "xgb_poisson", "xgb_dart", "xgb_forest", "xgb_digits", "xgb_categories",
         "xgb_holes", "old_cancer", "old_diabetes", "old_digits", "skl_cancer_forest", "skl_cancer_boosting",
         "skl_cancer_histogram", "skl_holes", "skl_diabetes_forest", "skl_diabetes_extra", "skl_diabetes_boosting",
         "skl_digits_forest", "skl_digits_boosting", "skl_categories", "lgb_cancer", "lgb_diabetes", "lgb_poisson", "lgb_digits",
         "lgb_one_against_all", "lgb_categories", "lgb_holes", "lgb_forest"]
EXPLAINED = [name for name in EXACT if name[:3] in ("xgb", "lgb", "old") and name not in ("xgb_dart", "lgb_forest")]


def wide(array, columns):
    """Outputs of one value a row have no dimension for it."""
    return array.reshape(-1, columns)


@pytest.mark.parametrize("name", EXACT)
def test_predictions(fil, models, name):
    model = models(name)
    fil.load(name, model.file, model.config(), model.usual_file)
    said = wide(fil.infer(name, input__0=model.rows)["output__0"], model.classes)
    np.testing.assert_allclose(said, model.scores, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", EXPLAINED)
def test_shapley_values(fil, models, name):
    model = models(name)
    shap = model.shap.shape[1] * model.shap.shape[2]
    fil.load(f"{name}_shap", model.file, model.config(shap=shap), model.usual_file)
    answer = fil.infer(f"{name}_shap", input__0=model.rows[:50])
    np.testing.assert_allclose(answer["treeshap_output"].reshape(50, *model.shap.shape[1:]), model.shap[:50], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(wide(answer["output__0"], model.classes), model.scores[:50], rtol=1e-6, atol=1e-6)


def test_the_same_over_grpc(fil, models):
    model = models("xgb_digits")
    fil.load("grpc", model.file, model.config(), model.usual_file)
    with grpcclient.InferenceServerClient(fil.server.grpc) as client:
        tensor = grpcclient.InferInput("input__0", list(model.rows.shape), "FP32")
        tensor.set_data_from_numpy(model.rows)
        answer = client.infer("grpc", [tensor]).as_numpy("output__0")
    np.testing.assert_allclose(answer, model.scores, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["xgb_large", "lgb_digits", "skl_digits_forest"])
def test_any_number_of_rows(fil, models, name):
    """One thread or several, and walks side by side of rows or of trees."""
    model = models(name)
    fil.load(f"{name}_rows", model.file, model.config(max_batch_size=20000), model.usual_file)
    for count in (1, 2, 7, 8, 9, 63, 64, 65, 200, 20000):
        rows = np.resize(model.rows, (count, model.features))
        said = fil.infer(f"{name}_rows", input__0=rows)["output__0"]
        np.testing.assert_allclose(said, np.resize(model.scores, said.shape), rtol=1e-6, atol=1e-6)
