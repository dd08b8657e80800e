"""The heap after models have come and gone many times, to the byte: the plug-in `heap_meter` tells what malloc has given out. Resident
memory (test_memory.py) moves by pages and by what the allocator keeps, and hides what leaks in small blocks.

What threads keep for their next requests is on the heap, too. It comes together in the first cycles, goes when a thread has nothing to
do, and moves by tens of kilobytes where other programs are at work. While a thread still kept the blocks of others, the second part
added 420 KB (identity) and 290 KB (onnx); now it adds some tens, and in the end nothing."""
import contextlib
import pathlib

import pytest
import requests
from support.onnx_models import mlp
from support.plugins import needs_plugins, plugin
from support.python_models import IDENTITY, PythonModels, python_on_path
from support.server import IS_SANITIZED, PATIENCE, TREE
from support.wait import wait_until

pytestmark = [needs_plugins("heap_meter"),
              pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer's memory is not the server's")]


def backends_with_meter(folder):
    """The server's own, and the meter."""
    folder.mkdir()
    for backend in (TREE / "backends").iterdir():
        (folder / backend.name).symlink_to(backend)
    (folder / "heap_meter").symlink_to(plugin("heap_meter").parent)
    return folder


def children_of(pid):
    children = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ends
            children += (task / "children").read_text().split()
    return children


class Cycles:
    def __init__(self, server, model, body):
        self.server, self.model, self.body = server, model, body
        self.session = requests.Session()
        self.count = 0

    def post(self, path, body):
        answer = self.session.post(self.server.url + path, json=body, timeout=60 * PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer

    def run(self, count):
        for _ in range(count):
            self.post(f"/v2/repository/models/{self.model}/load", {})
            for _ in range(3):
                self.post(f"/v2/models/{self.model}/infer", self.body)
            self.post(f"/v2/repository/models/{self.model}/unload", {})
        self.count += count
        wait_until(lambda: self.server.log.count(f"successfully unloaded '{self.model}'") >= self.count)

    def heap(self):
        """In bytes; the least of some, as other threads may be at work for a moment."""
        body = {"inputs": [{"name": "IN", "datatype": "INT32", "shape": [1], "data": [0]}]}
        return min(self.post("/v2/models/meter/infer", body).json()["outputs"][0]["data"][0] for _ in range(20))


# `allowed`: bytes that the cycles of the second part may add, at any time.
@pytest.mark.parametrize("model, first, second, allowed", [
    ("identity", 300, 400, 150_000), ("onnx", 150, 100, 160_000), ("python", 10, 10, 128_000)])
def test_cycles_leave_nothing_on_the_heap(repository, start_server, tmp_path, model, first, second, allowed):
    repository.add("meter", """
        backend: "heap_meter"
        input { name: "IN" data_type: TYPE_INT32 dims: [1] }
        output { name: "OUT" data_type: TYPE_INT32 dims: [1] }
        """)
    repository.add_identity("identity", dims=(4,))
    repository.add("onnx", None, files={"model.onnx": mlp(4, 64, 4)})
    PythonModels(repository).add("python", IDENTITY, {"IN": ("TYPE_FP32", [4])}, {"OUT": ("TYPE_FP32", [4])}, max_batch_size=8)
    server = start_server(repository.path, f"--backend-directory={backends_with_meter(tmp_path / 'backends')}",
                          "--model-control-mode=explicit", "--load-model=meter", "--http-thread-count=1",
                          "--model-load-thread-count=1",
                          env={**python_on_path(), "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"})
    tensor = {"identity": "INPUT0", "onnx": "x", "python": "IN"}[model]
    cycles = Cycles(server, model, {"inputs": [{"name": tensor, "datatype": "FP32", "shape": [1, 4], "data": [0.5] * 4}]})
    cycles.run(first)
    before = cycles.heap()
    added = []
    for _ in range(5):
        cycles.run(second // 5)
        added.append(cycles.heap() - before)
    print(f"{model}: {before:,} bytes of heap after {first} cycles; {second} more added {added}")
    assert max(added) <= allowed
    assert children_of(server.pid) == []
