"""Plug-ins that misbehave, in the whole server: it answers, and it goes on. They are in tests/backends/<name>/."""
import concurrent.futures
import os
import pathlib
import struct
import time

import grpc
import pytest
from support.plugins import needs_plugins
from support.server import PATIENCE, TEST_BACKENDS
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc


pytestmark = needs_plugins("nested", "throwing", "lying", "releases_late", "slow", "otherproto", "decoupled_repeat")

TENSORS = """
    input { name: "IN" data_type: TYPE_INT32 dims: [1] }
    output { name: "OUT" data_type: TYPE_INT32 dims: [1] }
    """


def add(repository, name, backend, extra=""):
    return repository.add(name, f'backend: "{backend}" {TENSORS} {extra}')


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for level in range(4):
        add(module_repository, f"nested_{level}", "nested")
    for name in ("plain", "throws_in_execute", "throws_late"):
        add(module_repository, name, "throwing")
    for name in ("lying_twice", "lying_error", "lying_silent", "lying_output", "lying_null"):
        add(module_repository, name, "lying")
    add(module_repository, "late", "releases_late", "instance_group { count: 2 kind: KIND_CPU }")
    add(module_repository, "slow", "slow", "instance_group { count: 2 kind: KIND_CPU }")
    add(module_repository, "otherproto", "otherproto")
    add(module_repository, "repeat", "decoupled_repeat", "model_transaction_policy { decoupled: true }")
    add(module_repository, "talkative", "decoupled_repeat")
    return start_module_server(module_repository.path, f"--backend-directory={TEST_BACKENDS}")


def stream(server, model, *values):
    """What each answer on a stream holds: its error or its value, and whether it is the last of its request."""
    def message(value):
        request = pb.ModelInferRequest(model_name=model)
        request.inputs.add(name="IN", datatype="INT32", shape=[1]).contents.int_contents.append(value)
        return request

    def content(answer):
        response = answer.infer_response
        last = response.parameters["triton_final_response"].bool_param
        return answer.error_message or struct.unpack("<i", response.raw_output_contents[0])[0], last
    with grpc.insecure_channel(server.grpc) as channel:
        call = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelStreamInfer(map(message, values), timeout=20 * PATIENCE)
        return [content(answer) for answer in call]


def test_the_first_of_several_responses_is_the_answer_on_a_stream(server):
    assert stream(server, "talkative", 3, 1, 0) == [(0, True), (0, True), ("expected a single response, got 0", True)]
    assert ask(server, "talkative", 3).json()["error"] == "expected a single response, got 3"


def ask(server, model, value):
    return server.infer(model, {"inputs": [{"name": "IN", "datatype": "INT32", "shape": [1], "data": [value]}]})


def answer(server, model, value):
    response = ask(server, model, value)
    assert response.status_code == 200, response.text
    return response.json()["outputs"][0]["data"]


def test_a_backend_may_wait_for_other_models_three_models_deep(server):
    assert answer(server, "nested_3", 5) == [5 * 2**3]


def test_waiting_backends_do_not_wait_for_each_others_threads(server):
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert list(pool.map(lambda i: answer(server, "nested_3", i), range(64))) == [[i * 8] for i in range(64)]


def test_an_exception_of_an_execution_is_an_error_response(server):
    response = ask(server, "throws_in_execute", 1)
    assert response.status_code == 500
    assert "thrown on purpose" in response.json()["error"]
    assert answer(server, "plain", 1) == [1]


def test_a_request_released_before_the_exception_is_left_alone(server):
    assert [answer(server, "throws_late", i) for i in range(20)] == [[i] for i in range(20)]


@pytest.mark.parametrize("model", ["lying_twice", "lying_error", "lying_output", "lying_null"])
def test_a_backend_that_breaks_the_rules_gets_one_answer_through(server, model):
    assert [answer(server, model, i) for i in range(5)] == [[i] for i in range(5)]


def test_a_request_given_back_without_an_answer_is_answered(server):
    response = ask(server, "lying_silent", 1)
    assert response.status_code == 500
    assert response.json()["error"] == "model 'lying_silent' gave the request back without an answer"


def test_requests_released_late_from_another_thread(server):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda i: answer(server, "late", i), range(48))) == [[i] for i in range(48)]


def test_a_plugin_with_a_protobuf_of_its_own(server):
    assert answer(server, "otherproto", 42) == [42]
    assert server.get("/v2/models/otherproto/config").json()["backend"] == "otherproto"


def test_instances_execute_at_the_same_time(server):
    start, delay = time.monotonic(), round(400 * PATIENCE)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: answer(server, "slow", delay), range(2)))
    assert time.monotonic() - start < 2 * delay / 1000


def test_a_backend_says_whether_a_model_is_ready(repository, start_server):
    add(repository, "plain", "throwing")
    add(repository, "throws_in_ready", "throwing")
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}", "--strict-readiness=false")
    assert server.get("/v2/models/plain/ready").status_code == 200
    assert server.get("/v2/models/throws_in_ready/ready").status_code == 400


def test_a_model_that_throws_while_it_loads_is_refused(repository, start_server):
    add(repository, "throws_in_initialize", "throwing")
    add(repository, "throws_in_instance", "throwing")
    add(repository, "plain", "throwing")
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}", "--exit-on-error=false",
                          "--strict-readiness=false")
    reasons = {entry["name"]: entry.get("reason", "") for entry in server.post("/v2/repository/index").json()}
    assert "TRITONBACKEND_ModelInitialize threw an exception" in reasons["throws_in_initialize"]
    assert "TRITONBACKEND_ModelInstanceInitialize threw an exception" in reasons["throws_in_instance"]
    assert answer(server, "plain", 3) == [3]


def test_a_model_unloads_while_its_requests_are_released_late(repository, start_server):
    add(repository, "late", "releases_late")
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}", "--model-control-mode=explicit",
                          "--load-model=late")
    for value in range(5):
        assert answer(server, "late", value) == [value]
        assert server.post("/v2/repository/models/late/unload", {}).status_code == 200
        assert server.post("/v2/repository/models/late/load", {}).status_code == 200


def test_warm_up_counts_as_executions(repository, start_server):
    add(repository, "slow", "slow", """
        instance_group { count: 2 kind: KIND_CPU }
        model_warmup { name: "s" batch_size: 3 count: 2
          inputs { key: "IN" value { data_type: TYPE_INT32 dims: [1] zero_data: true } } }
        """)
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}")
    stats = server.get("/v2/models/slow/stats").json()["model_stats"][0]
    assert stats["inference_stats"]["success"]["count"] == 2 * 3 * 2
    assert stats["inference_count"] == 12


def test_a_host_policy_binds_the_thread_of_its_instances(repository, start_server):
    core = min(os.sched_getaffinity(0))
    add(repository, "slow", "slow", "instance_group { name: 'bound' count: 1 kind: KIND_CPU host_policy: 'hp' }")
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}", f"--host-policy=hp,cpu-cores={core}")
    assert answer(server, "slow", 1) == [1]
    cores = {(task / "comm").read_text().strip(): os.sched_getaffinity(int(task.name))
             for task in pathlib.Path(f"/proc/{server.pid}/task").iterdir()}
    assert cores["bound_0"] == {core}


def test_instance_groups_change_while_the_model_serves(repository, start_server):
    folder = add(repository, "slow", "slow", "instance_group { count: 1 kind: KIND_CPU }")
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}", "--model-control-mode=explicit",
                          "--load-model=slow", "--log-verbose=1")
    text = (folder / "config.pbtxt").read_text()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(answer, server, "slow", 20) for _ in range(40)]
        for count in (3, 1, 2):
            (folder / "config.pbtxt").write_text(text.replace("count: 1", f"count: {count}"))
            assert server.post("/v2/repository/models/slow/load", {}).status_code == 200
            groups = server.get("/v2/models/slow/config").json()["instance_group"]
            assert [group["count"] for group in groups] == [count]
        assert all(result.result() == [20] for result in answers)
    assert "Re-using model instance named" in server.log
