"""What the page of the backend shows works as shown."""
import re

import pytest
from support.openvino_models import TOLERANCE, check_scores, ir
from support.pages import blocks
from support.repository import parameters
from support.server import IS_SANITIZED, ROOT, TREE

PAGE = ROOT / "docs/backends/openvino.md"
CONFIG = blocks(PAGE, marker="test:config")[0]


def test_the_configuration_serves_the_network(openvino, digits):
    openvino.load("digits", ir("digits"), CONFIG)
    check_scores(openvino.infer("digits", pixels=digits["pixels"][:9])["scores"], digits["scores"][:9], TOLERANCE)


def test_every_setting_is_taken(openvino, digits):
    section = PAGE.read_text().split("### Settings of a model")[1].split("## Instances")[0]
    keys = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert len(set(keys)) == 11
    values = {key: "YES" for key in keys} | {
        "TARGET_DEVICE": "CPU", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": "1",
        "COMPILATION_NUM_THREADS": "1", "HINT_BF16": "no"}
    del values["ENABLE_OPEN_BATCH"], values["CPU_EXTENSION_PATH"]  # the first stands there already
    openvino.load("set", ir("digits"), CONFIG + parameters(**values))
    check_scores(openvino.infer("set", pixels=digits["pixels"][:2])["scores"], digits["scores"][:2])


@pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer makes the plug-in larger")
def test_its_size_on_disk_is_as_told():
    told = int(re.search(r"That folder, (\d+) MB", PAGE.read_text())[1])
    files = (TREE / "backends/openvino").iterdir()
    assert abs(sum(file.stat().st_size for file in files) / 2**20 - told) < 5
