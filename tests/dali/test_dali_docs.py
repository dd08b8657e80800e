"""What the page of the backend shows works as shown."""
import pathlib
import re

import numpy as np
from support.dali_models import as_input, photo, pipeline
from support.pages import blocks
from support.repository import parameters

PAGE = pathlib.Path(__file__).parents[2] / "docs/backends/dali.md"


def shown():
    return blocks(PAGE, marker="test:config")[0]


def test_the_configuration_serves_photos(dali, answers):
    dali.load("images", pipeline("classify"), shown())
    np.testing.assert_array_equal(dali.infer("images", ENCODED=as_input(photo("china")))["image"][0], answers["china"])


def test_every_setting_is_taken(dali):
    section = PAGE.read_text().split("### Settings of a model")[1].split("### Settings of the backend")[0]
    keys = re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
    assert sorted(keys) == ["max_image_pixels", "num_threads", "split_along_outer_axis"]
    dali.load("set", pipeline("classify"), shown() + parameters(num_threads=1, max_image_pixels=1000000, split_along_outer_axis=""))
