"""Files that are not as they were written: an error at load or an answer, and the server goes on."""
import json
import random

import numpy as np
import pytest
from support.control import load
from support.damage import with_other_bytes
from support.protobuf_mutator import mutated
from support.tf_models import config

IMAGE = {"image": ("TYPE_FP32", [8, 8, 1])}
SCORES = {"scores": ("TYPE_FP32", [10])}
PB = "model.savedmodel/saved_model.pb"


def ask(server, model):
    body = {"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 8, 8, 1], "data": [0.0] * 64}]}
    return server.post(f"/v2/models/{model}/infer", json.dumps(body))


def try_files(tf, make, text, count):
    """`make`: from a random choice to a model. How many were refused."""
    refused = 0
    for seed in range(count):
        tf.add("changed", make(random.Random(seed)), text)
        answer = load(tf.server, "changed")
        assert answer.status_code in (200, 400), (seed, answer.text)
        if answer.status_code == 400:
            refused += 1
        else:
            ask(tf.server, "changed")  # an answer or an error, whatever it says
    return refused


def still_answers(tf, models, digits):
    tf.load("good", models("digits"), config(IMAGE, SCORES))
    np.testing.assert_allclose(tf.infer("good", image=digits["images"][:1])["scores"], digits["scores"][:1], atol=1e-4)


@pytest.mark.timeout(600)
def test_the_server_survives_damaged_savedmodels(start_tf, models, digits):
    """Every second one is changed by its structure: then TensorFlow reads it."""
    tf, whole = start_tf(), models("digits")

    def make(choose):
        change = mutated if choose.random() < 0.5 else with_other_bytes
        part = choose.choice([PB, PB, PB, *whole])
        content = whole[part] or b"\0"
        return whole | {part: change(content, choose) if part == PB else with_other_bytes(content, choose)}

    assert try_files(tf, make, config(IMAGE, SCORES), 250) > 50
    still_answers(tf, models, digits)


@pytest.mark.timeout(300)
def test_the_server_survives_damaged_graphs(start_tf, graphs, models, digits):
    tf, whole = start_tf(), graphs("digits")
    text = config(IMAGE, {str(digits["output"]): ("TYPE_FP32", [10])}, platform="tensorflow_graphdef")
    assert try_files(tf, lambda choose: (mutated if choose.random() < 0.7 else with_other_bytes)(whole, choose), text, 300) > 50
    still_answers(tf, models, digits)
