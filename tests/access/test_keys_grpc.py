"""Keys over gRPC, with the stock client: calls, streams, limits, and a key file that changes under load."""
import queue
import threading
import time

import grpc
import numpy as np
import pytest
import requests
import tritonclient.grpc as grpcclient
from support.access import KeyFile, audit_lines
from support.server import PATIENCE
from support.wait import wait_until
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

UNAUTHENTICATED, DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture
def keys(tmp_path):
    file = KeyFile(tmp_path / "keys" / "keys.json")
    file.path.parent.mkdir()
    file.create("user", models="m,n")
    file.create("admin", operations="all")
    return file


@pytest.fixture
def audit(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def server(keys, audit, repository, start_server):
    for name in ("m", "n", "other"):
        repository.add_identity(name)
    return start_server(repository.path, "--model-control-mode=explicit", "--load-model=*", f"--access-keys={keys.path}",
                        f"--audit-log={audit}", "--audit-inference=true")


@pytest.fixture
def client(server):
    with grpcclient.InferenceServerClient(server.grpc) as client:
        yield client


def metadata(keys, name):
    return {"authorization": f"Bearer {keys.tokens[name]}"}


def tensor():
    made = grpcclient.InferInput("INPUT0", [1, 2], "FP32")
    made.set_data_from_numpy(np.array([[1, 2]], np.float32))
    return [made]


def refusal(call):
    with pytest.raises(InferenceServerException) as caught:
        call()
    return caught.value.status(), caught.value.message()


def test_calls_need_a_key_that_may(client, keys):
    assert client.is_server_live() and client.is_server_ready()
    needs = "this needs a key: expected the header 'Authorization: Bearer <key>'"
    for call in (client.get_server_metadata, client.get_model_repository_index, lambda: client.infer("m", tensor()),
                 lambda: client.is_model_ready("m"), lambda: client.load_model("m"), client.get_log_settings,
                 client.get_inference_statistics, client.get_trace_settings, client.get_system_shared_memory_status):
        assert refusal(call) == ("StatusCode.UNAUTHENTICATED", needs)
    wrong = {"authorization": metadata(keys, "user")["authorization"] + "x"}
    assert refusal(lambda: client.infer("m", tensor(), headers=wrong))[0] == "StatusCode.UNAUTHENTICATED"
    user = metadata(keys, "user")
    assert client.infer("m", tensor(), headers=user).as_numpy("OUTPUT0").tolist() == [[1, 2]]
    assert client.is_model_ready("m", headers=user)
    assert client.get_model_config("n", headers=user).config.name == "n"
    for call in (lambda: client.infer("other", tensor(), headers=user), lambda: client.is_model_ready("other", headers=user),
                 lambda: client.get_model_metadata("other", headers=user), lambda: client.get_model_config("nowhere", headers=user)):
        status, message = refusal(call)
        assert status == "StatusCode.PERMISSION_DENIED" and message.startswith("the key 'user' may not use the model '")
    assert refusal(lambda: client.unload_model("m", headers=user)) == (
        "StatusCode.PERMISSION_DENIED", "the key 'user' lacks the operation 'model-repository'")
    client.unload_model("n", headers=metadata(keys, "admin"))


def test_lists_show_what_the_key_may_see(server, client, keys):
    keys.create("counter", operations="statistics", models="m")
    wait_until(lambda: "3 keys of" in server.log)
    index = client.get_model_repository_index(headers=metadata(keys, "user"))
    assert sorted(model.name for model in index.models) == ["m", "n"]
    statistics = client.get_inference_statistics(headers=metadata(keys, "counter"))
    assert [model.name for model in statistics.model_stats] == ["m"]


class Stream:
    def __init__(self, server, headers):
        self.client = grpcclient.InferenceServerClient(server.grpc)
        self.answers = queue.Queue()
        self.client.start_stream(lambda result, error: self.answers.put(error or result), headers=headers)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.client.stop_stream(cancel_requests=True)
        self.client.close()

    def ask(self, model):
        self.client.async_stream_infer(model, tensor())
        return self.answers.get(timeout=30 * PATIENCE)


def test_a_stream_is_asked_for_its_key_and_each_message_for_its_model(server, keys):
    stub = service_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(server.grpc))
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.ModelStreamInfer(iter([service_pb2.ModelInferRequest(model_name="m")])))
    assert caught.value.code() == UNAUTHENTICATED
    with Stream(server, metadata(keys, "user")) as stream:
        assert stream.ask("m").as_numpy("OUTPUT0").tolist() == [[1, 2]]
        assert "the key 'user' may not use the model 'other'" in str(stream.ask("other"))
        assert stream.ask("n").as_numpy("OUTPUT0").tolist() == [[1, 2]]


def test_a_stream_ends_when_its_key_is_revoked(server, keys):
    with Stream(server, metadata(keys, "user")) as stream:
        assert stream.ask("m").as_numpy("OUTPUT0").tolist() == [[1, 2]]
        keys.revoke("user")
        wait_until(lambda: "1 keys of" in server.log)
        error = stream.ask("m")
        assert isinstance(error, InferenceServerException)
        assert (error.status(), error.message()) == ("StatusCode.UNAUTHENTICATED", "the key 'user' was revoked")


def test_a_rate_is_kept_over_both_protocols_and_in_streams(server, keys):
    keys.create("slow", requests_per_second=0.01, burst=3)
    wait_until(lambda: "3 keys of" in server.log)
    body = {"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}

    def http():
        return requests.post(server.url + "/v2/models/m/infer", json=body, headers=keys.headers("slow"), timeout=30)

    assert http().status_code == 200
    with grpcclient.InferenceServerClient(server.grpc) as client, Stream(server, metadata(keys, "slow")) as stream:
        client.infer("m", tensor(), headers=metadata(keys, "slow"))
        assert stream.ask("m").as_numpy("OUTPUT0").tolist() == [[1, 2]]
        text = "the key 'slow' may send 0.01 requests a second; try again later"
        assert refusal(lambda: client.infer("m", tensor(), headers=metadata(keys, "slow"))) == (
            "StatusCode.RESOURCE_EXHAUSTED", text)
        assert text in str(stream.ask("m"))
    refused = http()
    assert (refused.status_code, refused.json()) == (429, {"error": text})
    assert 90 <= int(refused.headers["Retry-After"]) <= 100


def test_requests_at_once_are_bounded(keys, repository, start_server):
    repository.add_identity("m", parameters={"execute_delay_ms": "300"})
    keys.create("two", concurrent=2)
    server = start_server(repository.path, f"--access-keys={keys.path}")
    body = {"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
    statuses = []

    def ask():
        answer = requests.post(server.url + "/v2/models/m/infer", json=body, headers=keys.headers("two"), timeout=30)
        statuses.append(answer.status_code)

    for _ in range(2):  # a place is free again when its request is answered
        statuses.clear()
        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses.count(200) >= 2 and statuses.count(200) + statuses.count(429) == 6, statuses


def test_who_waits_for_each_answer_is_never_one_too_many(keys, repository, start_server):
    repository.add_identity("m")
    repository.add_identity("decoupled", extra="model_transaction_policy { decoupled: true }")
    keys.create("one", concurrent=1)
    server = start_server(repository.path, "--max-requests=1", f"--access-keys={keys.path}")
    infer = {"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
    with requests.Session() as session:
        session.headers.update(keys.headers("one"))
        for path, body in [("m/infer", infer), ("m/generate", {"INPUT0": [1, 2]}), ("decoupled/generate_stream", {"INPUT0": [1, 2]})]:
            for _ in range(200):
                answer = session.post(f"{server.url}/v2/models/{path}", json=body)
                assert answer.status_code == 200 and "error" not in answer.text, answer.text
    with grpcclient.InferenceServerClient(server.grpc) as client, Stream(server, headers=metadata(keys, "one")) as stream:
        for _ in range(200):
            assert client.infer("m", tensor(), headers=metadata(keys, "one")).as_numpy("OUTPUT0").tolist() == [[1, 2]]
            assert stream.ask("m").as_numpy("OUTPUT0").tolist() == [[1, 2]]


def test_keys_change_under_load_without_a_lost_request(server, keys):
    stop = threading.Event()
    counts, wrong = [0, 0], []

    def load(number):
        with grpcclient.InferenceServerClient(server.grpc) as client, requests.Session() as session:
            body = {"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
            while not stop.is_set():
                try:
                    if number == 0:
                        client.infer("m", tensor(), headers=metadata(keys, "user"))
                    else:
                        answer = session.post(server.url + "/v2/models/m/infer", json=body, headers=keys.headers("user"))
                        assert answer.status_code == 200, answer.text
                    counts[number] += 1
                except Exception as error:
                    wrong.append(error)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for i in range(10):
        keys.create(f"k{i}")
        before = list(counts)
        wait_until(lambda: f"{i + 3} keys of" in server.log and all(now > then for now, then in zip(counts, before)))
    good = keys.path.read_text()
    keys.path.write_text(good[:-20])
    wait_until(lambda: "the keys before stay" in server.log)
    before = list(counts)
    wait_until(lambda: all(now > then for now, then in zip(counts, before)))
    keys.path.unlink()
    before = list(counts)
    wait_until(lambda: all(now > then for now, then in zip(counts, before)))
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    keys.path.write_text(good)
    keys.revoke("user")
    wait_until(lambda: requests.get(server.url + "/v2", headers=keys.headers("user")).status_code == 401)


def test_links_are_followed_as_kubernetes_swaps_them(tmp_path, keys, repository, start_server):
    repository.add_identity("m")
    mount = tmp_path / "mount"
    for version, name in (("..1", "first"), ("..2", "new")):
        keys.create(name)
        (mount / version).mkdir(parents=True)
        (mount / version / "keys.json").write_text(keys.path.read_text())
    (mount / "..data").symlink_to("..1")
    (mount / "keys.json").symlink_to("..data/keys.json")
    server = start_server(repository.path, f"--access-keys={mount / 'keys.json'}")
    assert requests.get(server.url + "/v2", headers=keys.headers("new")).status_code == 401
    (mount / "..tmp").symlink_to("..2")
    (mount / "..tmp").rename(mount / "..data")
    began = time.monotonic()
    wait_until(lambda: requests.get(server.url + "/v2", headers=keys.headers("new")).status_code == 200)
    assert time.monotonic() - began < 5 * PATIENCE  # not by looking now and then


def test_the_audit_log_tells_of_calls_and_survives_rotation(server, client, keys, audit, tmp_path):
    client.infer("m", tensor(), headers=metadata(keys, "user"))
    client.load_model("n", headers=metadata(keys, "admin"))
    refusal(lambda: client.infer("other", tensor(), headers=metadata(keys, "user")))
    with Stream(server, metadata(keys, "user")) as stream:
        stream.ask("n")

    def lines(**wanted):
        return [line for line in audit_lines(audit) if wanted.items() <= line.items()]

    prefix = "/inference.GRPCInferenceService/"
    wait_until(lambda: lines(key="user", operation="inference", model="m", result="OK", request=prefix + "ModelInfer"))
    wait_until(lambda: lines(key="admin", operation="model-repository", model="n", result="OK"))
    wait_until(lambda: lines(key="user", model="other", result="PERMISSION_DENIED"))
    wait_until(lambda: lines(key="user", model="n", result="OK", request=prefix + "ModelStreamInfer"))
    audit.rename(tmp_path / "audit.1")
    client.load_model("n", headers=metadata(keys, "admin"))
    wait_until(lambda: audit.exists() and lines(key="admin", model="n"))
    assert len(lines()) == 1
