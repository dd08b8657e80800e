"""Plug-ins that a separate CMake project builds against nothing but an installed server: they load and serve."""
import pathlib
import shutil
import subprocess

import pytest
from support.batching import batches, rows
from support.inference import delay_ms
from support.server import TREE

PROJECT = pathlib.Path(__file__).parent / "project"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The project's build folder. Its copy of the tree's development files stands where no path of a build leads, and
    nothing of the sources is beside it."""
    folder = tmp_path_factory.mktemp("out_of_tree")
    for part in ("include", "lib/cmake", "lib/stubs"):
        shutil.copytree(TREE / part, folder / "opt" / part)
    shutil.copytree(PROJECT, folder / "project")
    for command in (["cmake", "-S", folder / "project", "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={folder / 'opt'}"],
                    ["cmake", "--build", folder / "build"]):
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
    return folder / "build"


HALVE = """
    backend: "halve"
    max_batch_size: 8
    input { name: "IN" data_type: TYPE_INT32 dims: [ 2 ] }
    output { name: "OUT" data_type: TYPE_INT32 dims: [ 2 ] }
    """


def ask(server, *rows, model="halves"):
    return server.infer(model, {"inputs": [{"name": "IN", "datatype": "INT32", "shape": [len(rows), 2],
                                            "data": [number for row in rows for number in row]}]})


def test_a_backend(built, repository, start_server):
    repository.add("halves", HALVE)
    server = start_server(repository.path, f"--backend-directory={built / 'backends'}")
    answer = ask(server, (2, 4), (-6, 8))
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"][0]["data"] == [1, 2, -3, 4]
    refused = ask(server, (2, 5))
    assert (refused.status_code, refused.json()["error"]) == (400, "IN: expected even numbers")


def test_a_batching_library(built, repository, start_server):
    folder = repository.add_identity("paired", extra="dynamic_batching {}", parameters={"execute_delay_ms": delay_ms(300)})
    shutil.copy(built / "batching" / "pairs" / "batchstrategy.so", folder)
    server = start_server(repository.path)
    assert batches(server, "paired", [rows(1)] * 5) == {2: 2, 1: 1}
