"""The server against its own description: no answer is missing, undocumented or of another form than described.

NESO_OPENAPI_CASES=10000 makes as many requests; `make openapi-fuzz CASES=10000` does that.
"""
import os
from multiprocessing import shared_memory

import hypothesis.configuration
import pytest
from support.inference import ask, values
from support.openapi import GeneratedRequests

CASES = int(os.environ.get("NESO_OPENAPI_CASES", "300"))
SEED = int(os.environ.get("NESO_OPENAPI_SEED", "20260901"))
# What is served, and one more that is there to be loaded and unloaded.
MODELS = ["fp32", "text", "raw", "decoupled", "failing", "versions"]
CONTROL = "control"


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("fp32")
    repository.add_identity("text", datatype="TYPE_STRING")
    repository.add_identity("raw", dims=[2], max_batch_size=0)
    repository.add_identity("decoupled", extra="model_transaction_policy { decoupled: true }", parameters={"repeat": "2"})
    repository.add_identity("failing", parameters={"execute_error": "failed on purpose"})
    repository.add_identity("versions", versions=(1, 2), extra="version_policy { all {} }")
    repository.add_identity(CONTROL)
    return start_server(repository.path, "--model-control-mode=explicit", "--load-model=*", "--allow-client-shm=true")


@pytest.fixture
def shm_key():
    memory = shared_memory.SharedMemory(create=True, size=8192)
    yield f"/{memory.name}"
    memory.close()
    memory.unlink()


@pytest.mark.timeout(120 + CASES // 5)
def test_answers_are_as_described(server, shm_key, tmp_path):
    hypothesis.configuration.set_hypothesis_home_dir(tmp_path)
    requests = GeneratedRequests(server, server.get("/openapi.json").json(), MODELS, CONTROL, shm_key, SEED)
    requests.run(CASES)
    print(requests.report())
    assert not requests.failures, requests.report()
    assert requests.count >= CASES
    assert len(requests.statuses) >= 5, "the requests reach too little"
    # It goes on as if nothing had been.
    assert values(ask(server, "fp32", [1.0, 2.0])) == [1.0, 2.0]
