"""What the page of the backend shows works as shown."""
import pathlib
import re

import numpy as np
from support.pages import blocks
from support.repository import parameters

PAGE = pathlib.Path(__file__).parents[2] / "docs/backends/tensorflow.md"
SHOWN = blocks(PAGE, marker="test:config")[0]


def test_the_configuration_serves_the_network(tf, models, digits):
    tf.load("digits", models("digits"), SHOWN)
    np.testing.assert_allclose(tf.infer("digits", image=digits["images"][:9])["scores"], digits["scores"][:9], atol=1e-4)


def test_every_setting_is_taken(tf, models):
    section = PAGE.read_text().split("### Settings of a model")[1].split("## Several")[0]
    keys = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert len(set(keys)) == 7
    values = {key: "1" for key in keys} | {"TF_GRAPH_TAG": "serve", "TF_SIGNATURE_DEF": "serving_default",
                                           "TF_INIT_OPS_FILE": "init.json", "TF_USE_PER_SESSION_THREADS": "true"}
    tf.load("set", models("digits") | {"init.json": b'{"init_ops": []}'}, SHOWN + parameters(**values))
