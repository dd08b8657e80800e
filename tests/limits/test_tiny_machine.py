"""A server with a gigabyte, with 64 descriptors, with 64 threads: whatever clients do, it answers and serves on."""
import time

import pytest
import requests
import tritonclient.grpc as grpcclient
from support import abuse
from support.limits import limited
from support.server import IS_SANITIZED
from support.wait import wait_until

MACHINES = {
    "memory": {"memory": 1 << 30},
    "descriptors": {"descriptors": 64},
    "threads": {"threads": 64},
}
BODY = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}

pytestmark = pytest.mark.skipif(IS_SANITIZED, reason="sanitizers take terabytes of address space")


@pytest.fixture(scope="module", params=list(MACHINES))
def tiny(request, module_repository, start_module_server):
    module_repository.add_identity("identity")
    module_repository.add_identity("slow", parameters={"execute_delay_ms": "200"},
                                   extra="instance_group { count: 8 kind: KIND_CPU }")
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=*",
                               prefix=limited(**MACHINES[request.param]))


def answers_health(server):
    try:
        return requests.get(f"{server.url}/v2/health/ready", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def serves(server):
    try:
        answer = requests.post(f"{server.url}/v2/models/identity/infer", json=BODY, timeout=5)
        with grpcclient.InferenceServerClient(server.grpc) as client:
            return answer.status_code == 200 and client.is_server_live(client_timeout=5)
    except Exception:  # pylint: disable=broad-except
        return False


@pytest.mark.parametrize("attack", abuse.ALL, ids=lambda attack: attack.__name__)
def test_it_answers_and_serves_on(tiny, attack):
    with attack(tiny):
        wait_until(lambda: answers_health(tiny))
    wait_until(lambda: serves(tiny))
    assert tiny.process.poll() is None, tiny.log[-3000:]


def test_it_takes_no_processor_when_it_is_left_alone(tiny):
    """Nobody spins, neither at a full table of descriptors nor anywhere else."""
    with abuse.idle_connections(tiny):
        wait_until(lambda: answers_health(tiny))

        def ticks():
            with open(f"/proc/{tiny.pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        def rests():
            before = ticks()
            time.sleep(0.3)
            return ticks() - before < 10  # hundredths of a second

        wait_until(rests)  # what earlier tests left may have to come to its end first
