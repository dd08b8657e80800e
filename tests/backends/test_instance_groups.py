"""What an instance group says, as its instances see it: in the line that each of the plug-in `instances` logs."""
import pathlib
import re
import shutil

import pytest
from support.control import load
from support.plugins import needs_plugins, plugin

pytestmark = needs_plugins("instances")

TENSORS = """
    input { name: "IN" data_type: TYPE_INT32 dims: [1] }
    output { name: "OUT" data_type: TYPE_INT32 dims: [1] }
    """


@pytest.fixture
def backends(tmp_path):
    """With the plug-in also under the name of the only backend whose models have profiles."""
    for name in ("instances", "tensorrt"):
        (tmp_path / "backends" / name).mkdir(parents=True)
        shutil.copy(plugin("instances"), tmp_path / "backends" / name / f"libtriton_{name}.so")
    return tmp_path / "backends"


@pytest.fixture
def serve(repository, backends, start_server):
    def start(groups, *args, backend='backend: "instances"'):
        repository.add("m", f"{backend} {TENSORS} {groups}")
        return start_server(repository.path, f"--backend-directory={backends}", *args)
    return start


def told(server):
    lines = re.findall(r"instance: (.*)\.[\"\n]", server.log)
    return sorted(line.replace('\\"', '"') for line in lines)  # the log quotes its texts


def answer(server):
    return server.infer("m", {"inputs": [{"name": "IN", "datatype": "INT32", "shape": [1], "data": [5]}]})


def test_kinds_counts_and_names(serve):
    server = serve("""instance_group [ { kind: KIND_CPU count: 2 }, { name: "own" kind: KIND_MODEL }, { kind: KIND_AUTO } ]""")
    assert told(server) == [
        'm_0_0 kind CPU device 0 active profiles secondary policy {"cpu":{}}',
        'm_0_1 kind CPU device 0 active profiles secondary policy {"cpu":{}}',
        'm_2_0 kind CPU device 0 active profiles secondary policy {"cpu":{}}',
        'own_0 kind MODEL device 0 active profiles secondary policy {"model":{}}']


def test_profiles(serve):
    server = serve('instance_group { kind: KIND_CPU profile: ["0", "2"] }', backend='platform: "tensorrt_plan"')
    assert told(server) == ['m_0_0 kind CPU device 0 active profiles 0 2 secondary policy {"cpu":{}}']


def test_secondary_devices(serve):
    server = serve("""instance_group { kind: KIND_CPU secondary_devices [ { kind: KIND_NVDLA device_id: 1 },
                      { kind: KIND_NVDLA device_id: 0 } ] }""")
    assert told(server) == [
        'm_0_0 kind CPU device 0 active profiles secondary KIND_NVDLA:1 KIND_NVDLA:0 policy {"cpu":{}}']


def test_a_passive_instance_is_made_and_never_used(serve):
    server = serve("instance_group [ { kind: KIND_CPU passive: true }, { kind: KIND_CPU } ]")
    assert [line.split(" profiles")[0] for line in told(server)] == [
        "m_0_0 kind CPU device 0 passive", "m_1_0 kind CPU device 0 active"]
    assert answer(server).json()["outputs"][0]["data"] == [5]


def test_when_all_are_passive_nothing_is_answered(serve):
    refused = answer(serve("instance_group { kind: KIND_CPU passive: true }"))
    assert (refused.status_code, refused.json()["error"]) == (
        503, "[request id: <id_unknown>] all instances of model 'm' are passive")


def test_a_host_policy_is_that_of_its_name(serve):
    server = serve("""instance_group [ { kind: KIND_CPU host_policy: "mine" }, { kind: KIND_CPU },
                      { kind: KIND_CPU host_policy: "unheard_of" } ]""",
                   "--host-policy=mine,numa-node=0", "--host-policy=mine,cpu-cores=0-1", "--host-policy=cpu,cpu-cores=0")
    assert [line.split("policy ")[1] for line in told(server)] == [
        '{"mine":{"cpu-cores":"0-1","numa-node":"0"}}', '{"cpu":{"cpu-cores":"0"}}', '{"unheard_of":{}}']


def test_memory_comes_from_the_numa_node_of_the_policy(serve):
    if not pathlib.Path("/proc/self/numa_maps").exists():
        pytest.skip("the kernel knows no NUMA nodes")
    server = serve("""instance_group [ { name: "bound" kind: KIND_CPU host_policy: "near" } ]""",
                   "--host-policy=near,numa-node=0")
    assert answer(server).status_code == 200
    policies = {}
    for task in pathlib.Path(f"/proc/{server.pid}/task").iterdir():
        policies[(task / "comm").read_text().strip()] = (task / "numa_maps").read_text().split()[1]
    assert policies["bound_0"] == "bind:0"
    assert {policy for name, policy in policies.items() if name != "bound_0"} == {"default"}


@pytest.mark.parametrize("policy, message", [
    ("numa-node=x", "host policy setting 'numa-node' expects a node's number, got 'x'"),
    ("cpu-cores=3-1", "host policy setting 'cpu-cores' expects cores and ranges as in '0-3,8', got '3-1'"),
])
def test_a_policy_that_makes_no_sense_fails_the_load(serve, policy, message):
    server = serve('instance_group { kind: KIND_CPU host_policy: "odd" }', f"--host-policy=odd,{policy}",
                   "--model-control-mode=explicit")
    refused = load(server, "m")
    assert refused.status_code == 400 and message in refused.json()["error"], refused.text


@pytest.mark.parametrize("group, backend, message", [
    ('name: "g" kind: KIND_CPU gpus: [0]', 'backend: "instances"',
     "instance group g of model m has kind KIND_CPU but specifies one or more GPUs"),
    ('name: "g" kind: KIND_MODEL gpus: [0]', 'backend: "instances"',
     "instance group g of model m has kind KIND_MODEL but specifies one or more GPUs"),
    ('name: "g" kind: KIND_CPU profile: "0"', 'backend: "instances"',
     "instance group g of model m and platform specifies profile field which is only supported for TensorRT models"),
    ('name: "g" kind: KIND_CPU profile: "-1"', 'platform: "tensorrt_plan"',
     "instance group g of model m and platform tensorrt_plan specifies invalid profile -1. The field should contain the "
     "string representation of a non-negative integer."),
    ('name: "g" kind: KIND_CPU secondary_devices { kind: KIND_TPU }', 'backend: "instances"', None),
    ('name: "g" kind: KIND_TPU', 'backend: "instances"', None),
])
def test_a_group_that_makes_no_sense_fails_the_load(serve, repository, group, backend, message):
    server = serve("instance_group { kind: KIND_CPU }", "--model-control-mode=explicit")
    repository.add("m", f"{backend} {TENSORS} instance_group {{ {group} }}")
    refused = load(server, "m")
    if message is None:  # text that cannot be read: the log says why
        assert refused.status_code == 500 and "failed to read text proto from" in server.log
    else:
        assert refused.status_code == 400 and message in refused.json()["error"], refused.text


def test_groups_change_without_a_reload(serve, repository):
    """Only what is new is made: other instances, and those of whose groups something has changed."""
    groups = '{ name: "a" kind: KIND_CPU count: 2 }'
    server = serve(f"instance_group [ {groups} ]", "--model-control-mode=explicit", "--load-model=m")
    for group in ('{ name: "b" kind: KIND_CPU passive: true }',
                  '{ name: "c" kind: KIND_CPU secondary_devices { device_id: 1 } }',
                  '{ name: "d" kind: KIND_CPU host_policy: "other" }', '{ name: "e" kind: KIND_MODEL }'):
        known = told(server)
        groups += f", {group}"
        repository.add("m", f'backend: "instances" {TENSORS} instance_group [ {groups} ]')
        assert load(server, "m").status_code == 200
        new = [line for line in told(server) if line not in known]
        assert len(new) == 1 and len(told(server)) == len(known) + 1
        assert new[0].startswith(f"{group[9]}_0 "), new
    assert answer(server).json()["outputs"][0]["data"] == [5]
    assert "unloading: m:1" not in server.log
