"""What a backend says of itself in GetBackendAttribute: the groups that it prefers, and whether instances may begin together. In lines
that each instance of the plug-in `attributes` logs."""
import re

import pytest
from support.control import load
from support.plugins import needs_plugins
from support.server import TEST_BACKENDS

pytestmark = needs_plugins("attributes")


@pytest.fixture
def serve(repository, start_server):
    """`settings`: of the plug-in."""
    def start(groups, *settings, args=(), **kwargs):
        repository.add("m", f"""
            backend: "attributes"
            input {{ name: "IN" data_type: TYPE_INT32 dims: [1] }}
            output {{ name: "OUT" data_type: TYPE_INT32 dims: [1] }}
            {groups}""")
        return start_server(repository.path, f"--backend-directory={TEST_BACKENDS}",
                            *(f"--backend-config=attributes,{setting}" for setting in settings), *args, **kwargs)
    return start


def told(server):
    """Of each instance, its name and how many of them began at once."""
    return {name: int(count) for name, count in re.findall(r"instance: (\w+), (\d+) at once", server.log)}


def groups_of(server):
    return [(group["name"], group["kind"], group["count"], group["gpus"])
            for group in server.get("/v2/models/m/config").json()["instance_group"]]


def answers(server):
    body = {"inputs": [{"name": "IN", "datatype": "INT32", "shape": [1], "data": [5]}]}
    return server.infer("m", body).json()["outputs"][0]["data"] == [5]


@pytest.mark.parametrize("wishes, kind, count", [
    ([], "KIND_CPU", 1),
    (["wish0=MODEL:3"], "KIND_MODEL", 3),
    (["wish0=CPU:2", "wish1=MODEL:3"], "KIND_CPU", 2),
    (["wish0=GPU:4", "wish1=MODEL:3"], "KIND_MODEL", 3),  # what the machine lacks is passed over
    (["wish0=GPU:4"], "KIND_CPU", 1),
])
def test_a_model_without_groups_gets_the_one_that_its_backend_prefers(serve, wishes, kind, count):
    # No GPU, also on machines that have some.
    server = serve("", *wishes, env={"CUDA_VISIBLE_DEVICES": ""})
    assert groups_of(server) == [("m", kind, count, [])]
    assert sorted(told(server)) == [f"m_{i}" for i in range(count)] and answers(server)


def test_a_model_s_own_groups_come_first(serve):
    server = serve("instance_group { kind: KIND_CPU count: 2 }", "wish0=MODEL:3")
    assert groups_of(server) == [("m_0", "KIND_CPU", 2, [])]
    assert sorted(told(server)) == ["m_0_0", "m_0_1"] and answers(server)


@pytest.mark.parametrize("setting, variable, at_once", [
    (None, None, 1),
    ("parallel=false", None, 1),
    ("parallel=true", None, 2),
    ("parallel=true", "0", 1),
    (None, "1", 2),
    ("parallel=false", "1", 2),
])
def test_instances_begin_together_where_the_backend_or_the_variable_says_so(serve, setting, variable, at_once):
    # Who shall meet another one may wait long for it, and who shall not does so in vain.
    patience = f"patience_ms={30_000 if at_once > 1 else 200}"
    server = serve("instance_group { kind: KIND_CPU count: 2 }", patience, *([setting] if setting else []),
                   env={} if variable is None else {"TRITON_PARALLEL_INSTANCE_LOADING": variable})
    assert told(server) == {"m_0_0": at_once, "m_0_1": at_once} and answers(server)


def test_a_backend_that_cannot_say_is_not_loaded(serve):
    server = serve("", "refuse=true", args=["--model-control-mode=explicit"])
    refused = load(server, "m")
    assert refused.status_code == 400 and "refused on purpose" in refused.json()["error"], refused.text
