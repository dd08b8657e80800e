"""What docs/caching.md shows is so."""
import json
import re
import shlex
import shutil
import subprocess

import pytest
from support.caching import ENABLED, counts
from support.inference import ask, values
from support.server import ROOT, TREE

GUIDE = (ROOT / "docs" / "caching.md").read_text()


def files(kind):
    return dict(re.findall(rf"<!-- {kind}: (\S+) -->\n```\w*\n(.*?)```", GUIDE, re.S))


@pytest.fixture
def server(repository, start_server):
    for path, text in files("file").items():
        model, file = path.split("/")
        assert file == "config.pbtxt"
        repository.add(model, text)
    command = shlex.split(re.search(r"<!-- test: start -->\n```sh\n(.*?)```", GUIDE, re.S).group(1))
    assert command[:2] == ["neso", "--model-repository=models"]
    return start_server(repository.path, *command[2:])


def test_twice(server):
    commands, shown = re.search(r"<!-- test: twice -->\n```sh\n(.*?)```\n```json\n(.*?)```", GUIDE, re.S).groups()
    output = subprocess.run(["bash", "-ec", commands.replace("localhost:8000", server.http)], capture_output=True,
                            text=True, check=True).stdout
    decoder, position, documents = json.JSONDecoder(), 0, []
    while position < len(output.rstrip()):
        document, position = decoder.raw_decode(output, position)
        documents.append(document)
    first, second, stats = documents
    assert first == second
    stats = stats["model_stats"][0]
    told = {name: stats["inference_stats"][name]["count"] for name in ("cache_hit", "cache_miss")}
    assert told | {"execution_count": stats["execution_count"]} == json.loads(shown)


def test_single_flight_s_model_loads(server):
    for _ in range(2):
        assert ask(server, "once").status_code == 200
    assert counts(server, "once")[:2] == (1, 1)


def test_the_metrics_have_the_names_of_the_table(server):
    ask(server, "cached")
    text = server.metrics()
    for name in set(re.findall(r"`(nv_cache\w+)`", GUIDE)):
        assert f"# TYPE {name} " in text, name


@pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")
def test_the_cache_of_one_s_own(repository, start_server, tmp_path):
    for name, text in files("cache").items():
        (tmp_path / name).write_text(text)
    for command in (["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={TREE}"],
                    ["cmake", "--build", tmp_path / "build"]):
        built = subprocess.run(command, capture_output=True, text=True)
        assert built.returncode == 0, built.stdout + built.stderr
    repository.add_identity("m", extra=ENABLED)
    server = start_server(repository.path, f"--cache-directory={tmp_path / 'build' / 'caches'}",
                          "--cache-config=shelf,height=3")
    assert [values(ask(server, "m", [5.0])) for _ in range(3)] == [[5.0]] * 3
    assert counts(server, "m")[:2] == (2, 1)
