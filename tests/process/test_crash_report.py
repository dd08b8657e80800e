"""What a crash leaves behind names the model and its request."""
import os
import pathlib
import re
import signal

import pytest
import requests
from support.plugins import needs_plugins
from support.server import TEST_BACKENDS, TREE, Server

pytestmark = [needs_plugins("crashing"), pytest.mark.skipif("asan" in str(TREE) or "tsan" in str(TREE),
                                                            reason="sanitizers handle crashes in their own way")]
CONFIG = """backend: "crashing"
max_batch_size: 0
input [ { name: "IN" data_type: TYPE_INT32 dims: [ 1 ] } ]
output [ { name: "OUT" data_type: TYPE_INT32 dims: [ 1 ] } ]
"""
BODY = {"id": "order 66", "inputs": [{"name": "IN", "datatype": "INT32", "shape": [1], "data": [1]}]}


def test_a_crash_in_a_backend_is_reported_with_its_model_and_request(repository, tmp_path):
    repository.add("fragile", CONFIG)
    crashes = tmp_path / "crashes"
    crashes.mkdir()
    server = Server(repository.path, f"--backend-directory={TEST_BACKENDS}", f"--crash-directory={crashes}").start()
    with pytest.raises(requests.ConnectionError):
        server.infer("fragile", BODY)
    assert server.wait() == -signal.SIGSEGV  # the default action: a core file, where the system keeps them
    (file,) = crashes.iterdir()
    assert re.fullmatch(rf"neso-crash-{server.pid}-\d+\.txt", file.name)
    report = file.read_text()
    assert report in server.log
    assert re.match(r"Signal \(11\) received\.\nneso [\d.]+ crashed: SIGSEGV at address 0xdead000, thread \d+ '[^']+' of "
                    rf"process {server.pid}\nBuild id of libtritonserver\.so: [0-9a-f]{{40}}\n", report)
    assert "libtriton_crashing.so(TRITONBACKEND_ModelInstanceExecute+0x" in report
    assert report.endswith("Executing model 'fragile' version 1, instance 'fragile_0', requests 'order 66'\n")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a first process")
def test_the_first_process_of_a_container_ends_with_its_report(repository):
    server = Server(repository.path, prefix=["unshare", "--pid", "--fork", "--kill-child"]).start()
    (first,) = pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    os.kill(int(first), signal.SIGABRT)
    assert server.wait() == 128 + signal.SIGABRT
    assert "crashed: SIGABRT" in server.log


def test_a_folder_that_is_not_there_is_told_at_the_start(repository):
    server = Server(repository.path, "--crash-directory=/no/such/folder", ready=False).start()
    assert server.wait() == 1
    assert "--crash-directory: expected a folder in which files can be made. Got /no/such/folder" in server.log
