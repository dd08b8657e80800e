"""What docs/ensembles.md shows is so."""
import json
import re
import shlex

import pytest
from support.server import ROOT

GUIDE = (ROOT / "docs" / "ensembles.md").read_text()
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", GUIDE, re.S))


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("clean")
    module_repository.add_identity("score")
    module_repository.add_identity("generator", parameters={"repeat": 2},
                                   extra="model_transaction_policy { decoupled: true }")
    for path, text in FILES.items():
        model, file = path.split("/")
        assert file == "config.pbtxt"
        module_repository.add(model, text)
    return start_module_server(module_repository.path)


def shown(server, name):
    """What the command of the guide gives, and what the guide says that it gives."""
    command, expected = re.search(rf"<!-- test: {name} -->\n```sh\n(.*?)```\n```\w*\n(.*?)```", GUIDE, re.S).groups()
    words = shlex.split(command)
    body = words[words.index("-d") + 1]
    url = next(word for word in words if word.startswith("localhost:8000"))
    return server.post(url.removeprefix("localhost:8000"), body).text, expected


def test_the_pipeline(server):
    assert set(FILES) == {"pipeline/config.pbtxt", "stream/config.pbtxt"}
    answer, expected = shown(server, "pipeline")
    assert json.loads(answer) == json.loads(expected)


def test_the_stream(server):
    answer, expected = shown(server, "stream")
    events = [[json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]
              for text in (answer, expected)]
    assert events[0] == events[1]
