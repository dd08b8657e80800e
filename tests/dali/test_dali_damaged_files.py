"""Pipelines and photos that are not as they were written: an error, or an answer; and the server goes on."""
import json
import random

import numpy as np
import pytest
from support.control import load
from support.dali_models import as_input, config, photo, pipeline
from support.repository import parameters
from tritonclient.utils import InferenceServerException

FILES = 500
PHOTOS = 300


def changed(whole, choose):
    """Some bytes changed, left out or put in, or a part of the file only."""
    content = bytearray(whole)
    for _ in range(choose.choice([1, 1, 2, 4, 16])):
        at, what = choose.randrange(len(content)), choose.random()
        if what < 0.7:
            content[at] ^= choose.randrange(1, 256)
        elif what < 0.85:
            del content[at:at + choose.randrange(1, 8)]
        else:
            content[at:at] = bytes(choose.randrange(256) for _ in range(choose.randrange(1, 8)))
    return bytes(content[:choose.randrange(len(content))] if choose.random() < 0.1 else content)


@pytest.mark.timeout(600)
def test_the_server_survives_damaged_pipelines(start_dali):
    one = start_dali()
    one.load("good", pipeline("classify"), config())
    wholes = [pipeline(name) for name in ("classify", "add_sub", "video")]
    body = json.dumps({"inputs": [{"name": "ENCODED", "datatype": "UINT8", "shape": [1, 4], "data": [255, 216, 255, 217]}]})
    refused = 0
    for seed in range(FILES):
        one.add("changed", changed(wholes[seed % 3], random.Random(seed)), config())
        answer = load(one.server, "changed")
        assert answer.status_code in (200, 400), (seed, answer.text)
        if answer.status_code == 400:
            refused += 1
            assert json.loads(answer.text)["error"], seed
        elif seed % 3 == 0:
            one.server.post("/v2/models/changed/infer", body)  # an answer or an error, whatever it says
    assert refused > FILES / 3
    assert one.infer("good", ENCODED=as_input(photo("china"))).popitem()[1].shape == (1, 3, 32, 32)


@pytest.mark.timeout(300)
def test_the_server_survives_damaged_photos(dali, answers):
    dali.load("classify", pipeline("classify"), config())
    whole = photo("flower")
    answered = 0
    for seed in range(PHOTOS):
        content = bytearray(changed(whole, random.Random(seed)))
        if seed % 2 == 0:  # the head says how large it is, and how it is to be read
            content[random.Random(seed).randrange(600)] ^= 255
        try:
            assert dali.infer("classify", ENCODED=as_input(bytes(content))).popitem()[1].shape == (1, 3, 32, 32)
            answered += 1
        except InferenceServerException as error:
            assert "DALI error: " in str(error) or "expected images of at most" in str(error), seed
    assert 0 < answered < PHOTOS
    np.testing.assert_array_equal(dali.infer("classify", ENCODED=as_input(whole)).popitem()[1][0], answers["flower"])


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"no photo", photo("china")[:2], photo("china")[:1000]],
                         ids=["empty", "zeros", "text", "begun", "head only"])
def test_what_is_no_photo(dali, content):
    dali.load("classify", pipeline("classify"), config())
    with pytest.raises(InferenceServerException, match="DALI error: Error in CPU operator `nvidia.dali.fn.decoders.image`"):
        dali.infer("classify", ENCODED=as_input(content))


def of_size(whole, width, height):
    """The photo with another size in its frame header."""
    content, at = bytearray(whole), 2
    while content[at + 1] != 0xC0:
        at += 2 + int.from_bytes(content[at + 2:at + 4], "big")
    content[at + 5:at + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(content)


def test_a_file_that_would_become_gigabytes(dali):
    dali.load("classify", pipeline("classify"), config())
    before = dali.server.rss_kib()
    with pytest.raises(InferenceServerException, match="expected images of at most 134217728 pixels, got one that says it has "
                                                       "4290250000; the model's parameter 'max_image_pixels' sets the limit"):
        dali.infer("classify", ENCODED=as_input(of_size(photo("china"), 65500, 65500)))
    assert dali.server.rss_kib() - before < 100 << 10


def test_the_limit_is_the_models_choice(dali):
    dali.load("small", pipeline("classify"), config(extra=parameters(max_image_pixels=640 * 427 - 1)))
    with pytest.raises(InferenceServerException, match="got one that says it has 273280"):
        dali.infer("small", ENCODED=as_input(photo("china")))
    dali.load("enough", pipeline("classify"), config(extra=parameters(max_image_pixels=640 * 427)))
    dali.infer("enough", ENCODED=as_input(photo("china")))


def test_a_photo_as_another_type(dali):
    dali.load("classify", pipeline("classify"), config())
    with pytest.raises(InferenceServerException, match="data-type is 'INT8', but model 'classify' expects 'UINT8'"):
        dali.infer("classify", ENCODED=as_input(photo("china")).view(np.int8))


@pytest.mark.parametrize("name, content, text", [
    ("nothing", b"", "expected a serialized pipeline of DALI, got one without operators, or something else"),
    ("archive", b"PK\3\4" + b"model.pt" * 100, "it is damaged, or not a pipeline that DALI has serialized"),
    ("onnx", b"\x08\x07\x12\x04test", "it is damaged, or not a pipeline that DALI has serialized"),
    ("text", b"import nvidia.dali\n" * 100, "it is damaged, or not a pipeline that DALI has serialized"),
])
def test_what_is_no_pipeline_is_named(dali, name, content, text):
    error = dali.load_error(name, content, config())
    assert "Failed to load model file." in error and text in error


@pytest.mark.parametrize("name, old, new, text", [
    ("operator", b"\x06Resize", b"\x06Resixe", "Resixe"),
    ("threads", b"\x08\x02\x10\x08", b"\x08\xff\xff\x03\x10\x08", "expected num_threads of 1 to 1024 in the pipeline"),
    ("batch", b"\x08\x02\x10\x08", b"\x08\x02\x10\xff\xff\xff\xff\x07", "expected a batch_size of 1 to 1048576"),
])
def test_what_cannot_be_is_named(dali, name, old, new, text):
    whole = pipeline("classify")
    assert old in whole
    assert text in dali.load_error(name, whole.replace(old, new, 1), config())


def test_a_pipeline_made_for_a_gpu_runs_on_the_cpu(dali, answers):
    """Where it was made, the pipeline had device_id=0; all of its operators are for the CPU."""
    dali.load("from_gpu", for_gpu(pipeline("classify")), config(extra="instance_group { kind: KIND_CPU }"))
    np.testing.assert_array_equal(dali.infer("from_gpu", ENCODED=as_input(photo("china"))).popitem()[1][0], answers["china"])


def for_gpu(whole):
    """The field `device_id` of the serialized pipeline: 0 instead of -99999, "none"."""
    none = b"\x40\xe1\xf2\xf9\xff\xff\xff\xff\xff\xff\x01"
    assert none in whole
    return whole.replace(none, b"\x40\0", 1)
