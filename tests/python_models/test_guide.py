"""The models of docs/python-models.md are served as they stand there; the type stubs name what there is."""
import re
import subprocess

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.clients import arrays_of, inputs_of
from support.python_models import make_environment
from support.server import PATIENCE, ROOT, TREE
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

GUIDE = (ROOT / "docs" / "python-models.md").read_text()
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", GUIDE, re.S))


@pytest.fixture(scope="module")
def server(models, module_repository, serve):
    for path, text in FILES.items():
        file = module_repository.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    make_environment(module_repository.path / "abroad" / "env")
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
    return serve("--log-verbose=1")


def test_every_model_of_the_guide_has_a_test():
    tests = {name.removeprefix("test_") for name in globals()}
    assert {path.split("/")[0] for path in FILES} <= tests
    assert len({path.split("/")[0] for path in FILES}) >= 10


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


def test_birthdays(client, server):
    def ask(name):
        return arrays_of(client.infer("birthdays", inputs_of({"NAME": np.array([name], dtype=object)})))["BIRTHDAY"].tolist()

    assert ask(b"ada") == [1210]
    with pytest.raises(InferenceServerException, match="^\\[404\\] expected one of 2 names, got 'nobody'$"):
        ask(b"nobody")


def test_scaler(client, server):
    command, shown = re.search(r"<!-- test: scaler -->\n```sh\n(.*?)```\n```json\n(.*?)```", GUIDE, re.S).groups()
    result = subprocess.run(["bash", "-ec", command.replace("localhost:8000", server.http)], capture_output=True, text=True,
                            timeout=20 * PATIENCE)
    assert result.stdout.strip() == shown.strip()
    assert arrays_of(client.infer("scaler", inputs_of({"IN": np.float32([1, 2])})))["OUT"].tolist() == [0.5, 1]


def test_spread(client):
    assert arrays_of(client.infer("spread", inputs_of({"IN": np.float32([1, 2])})))["SUM"].tolist() == [6, 12]


def test_talker(client, server):
    client.infer("talker", inputs_of({"IN": np.float32([1, np.nan, 3])}))
    for line in ('I.*"a batch of 1"', 'W.*"UserWarning: not every number is one"', 'I.*"1.model: 3 numbers"',
                 'I.*"the largest is nan"'):
        wait_until(lambda line=line: re.search(f"^{line}$", server.log, re.M))


def test_counted(client, server):
    for size in (3, 4):
        client.infer("counted", inputs_of({"IN": np.zeros(size, np.float32)}))
    assert server.metric("elements_total", model="counted") == 7


def test_abroad(client, module_repository):
    assert arrays_of(client.infer("abroad", []))["PYTHON"].tolist() == [str(module_repository.path / "abroad" / "env").encode()]


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
