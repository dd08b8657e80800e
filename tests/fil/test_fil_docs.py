"""What the page of the backend shows works as shown."""
import pathlib
import re

import numpy as np
from support.pages import blocks
from support.repository import parameters

PAGE = pathlib.Path(__file__).parents[2] / "docs/backends/fil.md"


def shown():
    return blocks(PAGE, marker="test:config")[0]


def test_the_configuration_serves_the_model(fil, models):
    model = models("xgb_cancer")
    fil.load("cancer", model.file, shown(), "xgboost.json")
    np.testing.assert_array_equal(fil.infer("cancer", input__0=model.rows)["output__0"], model.scores[:, 0] > 0.5)


def test_every_setting_is_taken(fil, models):
    section = PAGE.read_text().split("### Settings of a model")[1].split("## Numbers")[0]
    keys = [key for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)]
    assert len(set(keys)) == 10
    values = {"model_type": "xgboost_json", "layout": "layered", "threshold": "0.5", "predict_proba": "true", "is_classifier": "true",
              "xgboost_allow_unknown_field": "true", "use_experimental_optimizations": "true"}
    set_ = parameters(**{key: values.get(key, "2") for key in keys})
    fil.load("set", models("xgb_cancer").file, re.sub(r"^parameters .*\n", "", shown(), flags=re.MULTILINE) + set_, "xgboost.json")
