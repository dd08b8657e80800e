"""What the page of the backend shows works as shown."""
import pathlib
import re

import numpy as np
from support.pages import blocks
from support.repository import parameters

PAGE = pathlib.Path(__file__).parents[2] / "docs/backends/pytorch.md"


def test_the_configuration_serves_the_network(torch, models, digits):
    shown = blocks(PAGE, marker="test:config")[0]
    torch.load("digits", models("digits"), shown)
    np.testing.assert_allclose(torch.infer("digits", image=digits["images"][:9])["scores"], digits["scores"][:9], atol=1e-4)


def test_every_setting_is_taken(torch, models):
    section = PAGE.read_text().split("### Settings of a model")[1].split("## Packages")[0]
    keys = [key for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)]
    assert len(set(keys)) == 10
    values = {key: "1" if key.endswith("COUNT") else "true" for key in keys}
    shown = blocks(PAGE, marker="test:config")[0]
    torch.load("set", models("digits"), shown + parameters(**values))
