"""The models of docs/python-models.md are served as they stand there; the type stubs name what there is."""
import re

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.clients import arrays_of, inputs_of
from support.server import ROOT, TREE

GUIDE = (ROOT / "docs" / "python-models.md").read_text()
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", GUIDE, re.S))


@pytest.fixture(scope="module")
def server(models, module_repository, serve):
    for path, text in FILES.items():
        file = module_repository.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    folder = module_repository.add("twice", """
        backend: "python"
        input  [ { name: "IN"  data_type: TYPE_FP32 dims: [ -1, -1 ] } ]
        output [ { name: "OUT" data_type: TYPE_FP32 dims: [ -1, -1 ] } ]
        """)
    assert (folder / "1" / "model.py").exists()
    models.add("names", """
        def execute(self, requests):
            names = [name for name in dir(pb_utils) if not name.startswith("_")]
            classes = [f"{name}.{member}" for name in names for member in dir(getattr(pb_utils, name))
                       if isinstance(getattr(pb_utils, name), type) and not member.startswith("_")]
            return [answer(OUT=np.array(names + classes, dtype=object))]
        """, outputs={"OUT": "TYPE_STRING"})
    return serve()


def test_the_guide_has_what_is_tested():
    assert {path.split("/")[0] for path in FILES} == {"doubler", "greeter", "completed", "counter", "twice"}


def test_doubler(client):
    got = arrays_of(client.infer("doubler", inputs_of({"IN": np.float32([[1, 2]])})))["OUT"]
    assert got.tolist() == [[2, 4]]


def test_greeter(client):
    names = np.array([[b"you"], [b"Ann"]], dtype=object)
    got = arrays_of(client.infer("greeter", inputs_of({"NAME": names})))
    assert got["GREETING"].tolist() == [[b"hello you"], [b"hello Ann"]] and got["LENGTH"].tolist() == [[9], [9]]


def test_completed(client, server):
    assert server.get("/v2/models/completed/config").json()["max_batch_size"] == 8
    got = arrays_of(client.infer("completed", inputs_of({"IN": np.float32([[1, 2]])})))["OUT"]
    assert got.tolist() == [[1, 2]]


def test_twice(client):
    got = arrays_of(client.infer("twice", inputs_of({"IN": np.float32([[1, 2]])})))["OUT"]
    assert got.tolist() == [[4, 8]]


def test_counter(server):
    got = []
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: got.append(error or float(result.as_numpy("OUT")[0])))
        tensor = grpcclient.InferInput("IN", [1], "FP32")
        tensor.set_data_from_numpy(np.float32([5]))
        client.async_stream_infer("counter", [tensor])
        client.stop_stream()
    assert got == [0, 1, 2, 3, 4]


def test_the_type_stubs_name_what_there_is(client):
    found = {name.decode() for name in arrays_of(client.infer("names", inputs_of({"IN": np.float32([1])})))["OUT"]}
    stub = (TREE / "backends" / "python" / "triton_python_backend_utils.pyi").read_text()
    for name in re.findall(r"^(?:class|def) (\w+)|^([A-Z]\w+):", stub, re.M):
        name = name[0] or name[1]
        assert name in found or name in ("Parameters", "LogLevel"), name
    for kind, body in re.findall(r"^class (\w+).*:\n((?:    .*\n)+)", stub, re.M):
        for member in re.findall(r"^    (?:async )?def ([a-zA-Z]\w*)", body, re.M):
            assert f"{kind}.{member}" in found, f"{kind}.{member}"
    public = {name for name in found if "." not in name}
    assert {name for name in public if not re.search(rf"\b{name}\b", stub)} == set()
