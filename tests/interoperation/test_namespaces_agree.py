"""Neso and the real Triton with --model-namespacing, asked the same."""
import pytest
from support.inference import body
from support.repository import ModelRepository
from support.server import Server
from support.triton import Triton, needs_triton

pytestmark = needs_triton

REQUESTS = [
    ("get", "/v2/models/both", None),
    ("get", "/v2/models/both/config", None),
    ("post", "/v2/models/both/infer", body([1.0])),
    ("post", "/v2/models/only/infer", body([1.0])),
    ("post", "/v2/models/only/versions/7/infer", body([1.0])),
    ("post", "/v2/models/missing/infer", body([1.0])),
    ("post", "/v2/models/chain/infer", body([1.0], inputs=["IN"])),
    ("post", "/v2/repository/models/missing/load", None),
    ("post", "/v2/repository/models/missing/unload", None),
    ("post", "/v2/repository/index", None),
    ("post", "/v2/repository/models/broken/load", None),
]
AFTER_UNLOAD = [("post", "/v2/models/only/infer", body([1.0])), ("get", "/v2/models/only", None)]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    first, second = (ModelRepository(tmp_path_factory.mktemp("repository") / name) for name in ("first", "second"))
    for repository in (first, second):
        repository.add_identity("both")
    second.add_identity("only")
    first.add_chain("chain", ["both"])
    running = [kind([first.path, second.path], "--model-namespacing=true", "--model-control-mode=explicit",
                    "--load-model=*").start() for kind in (Server, Triton)]
    # Only when asked for.
    second.add("broken", 'backend: "none" input { name: "I" data_type: TYPE_FP32 dims: 1 } '
                         'output { name: "O" data_type: TYPE_FP32 dims: 1 }')
    yield running
    for server in running:
        server.stop()


def answers(server, requests):
    got = []
    for verb, path, content in requests:
        reply = server.get(path) if verb == "get" else server.post(path, content)
        content = reply.json() if reply.content else None
        if isinstance(content, dict):
            content.pop("parameters", None)  # 2.51 adds some to what ensembles answer
        got.append((path, reply.status_code, content))
    return got


def test_they_agree(servers):
    here, there = (answers(server, REQUESTS) for server in servers)
    assert here == there
    here, there = (server.get("/v2/models/chain/config").json()["ensemble_scheduling"]["step"] for server in servers)
    assert here == there
    for server in servers:
        assert server.post("/v2/repository/models/only/unload").status_code == 200
    here, there = (answers(server, AFTER_UNLOAD) for server in servers)
    assert here == there
