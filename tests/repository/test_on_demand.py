"""Models that load at their first request and leave for others: what clients, operators and neighbours see of it."""
import json
import random
import socket
import threading
import time

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support import onnx_models
from support.control import index, load, unload
from support.inference import Crowd, ask, body, statistics, values
from support.python_models import PythonModels, python_on_path
from support.repository import ModelRepository
from support.sequences import ALONE, END, GOES_ON, START, add, add_accumulator, needs_accumulator, total
from support.server import IS_SANITIZED, PATIENCE, TEST_BACKENDS, run_neso
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

ON_DEMAND = "--model-control-mode=on_demand"
AVAILABLE = "READY: not loaded: a request loads it"
MB = 1_000_000


def add_model(repository, name, megabytes=1, **kwargs):
    """One that counts with what its files have: a sparse file, which no backend reads."""
    folder = repository.add_identity(name, **kwargs)
    with open(folder / "1" / "weights", "wb") as file:
        file.truncate(megabytes * MB)
    return folder


def loaded(server):
    return {entry["name"] for entry in server.post("/v2/repository/index").json()
            if entry.get("state") == "READY" and "reason" not in entry}


@pytest.fixture
def start(repository, start_server):
    def start(*args, **kwargs):
        return start_server(repository.path, ON_DEMAND, *args, **kwargs)
    return start


# --- what clients see ---------------------------------------------------------------------------------------------------


def test_a_stock_client_asks_and_the_model_is_there(repository, start):
    add_model(repository, "one")
    server = start()
    with httpclient.InferenceServerClient(server.http) as client:
        assert client.is_server_ready()
        assert client.get_model_repository_index() == [
            {"name": "one", "state": "READY", "reason": "not loaded: a request loads it"}]
        assert client.is_model_ready("one")
        assert index(server, ready=True) == {"one": AVAILABLE}
        assert loaded(server) == set()  # nobody has been asked for anything yet
        array = httpclient.InferInput("INPUT0", [1, 2], "FP32")
        array.set_data_from_numpy(np.float32([[1, 2]]))
        assert client.infer("one", [array]).as_numpy("OUTPUT0").tolist() == [[1, 2]]
        assert index(server) == {"one:1": "READY"}
    assert server.metric("neso_on_demand_loads") == 1
    assert server.metric("neso_on_demand_waits") == 1
    assert server.metric("neso_on_demand_wait_duration_us") > 0
    assert server.metric("neso_on_demand_model_memory_bytes", model="one", device="host") >= MB
    assert "model 'one' was loaded on demand in" in server.log


@pytest.mark.parametrize("question", ["get_model_metadata", "get_model_config"])
@pytest.mark.parametrize("protocol", [httpclient, grpcclient])
def test_questions_about_a_model_load_it(repository, start, protocol, question):
    add_model(repository, "one")
    server = start()
    with protocol.InferenceServerClient(server.http if protocol is httpclient else server.grpc) as client:
        assert client.is_model_ready("one")
        answer = getattr(client, question)("one")
        assert "one" in str(answer)
    assert loaded(server) == {"one"}


def test_grpc_calls_and_streams_load(repository, start):
    for name in ("one", "two"):
        add_model(repository, name)
    server = start()
    array = grpcclient.InferInput("INPUT0", [1, 1], "FP32")
    array.set_data_from_numpy(np.float32([[3]]))
    with grpcclient.InferenceServerClient(server.grpc) as client:
        assert client.infer("one", [array]).as_numpy("OUTPUT0").tolist() == [[3]]
        answers = []
        client.start_stream(lambda result, error: answers.append(error or result.get_response().id))
        for number, model in enumerate(["two", "one", "two", "nobody", "two", "one"]):
            client.async_stream_infer(model, [array], request_id=str(number))
        wait_until(lambda: len(answers) == 6)
        client.stop_stream()
    assert [str(answer) for answer in answers[:3]] == ["0", "1", "2"]
    assert "Request for unknown model: 'nobody' is not found" in str(answers[3])
    assert [str(answer) for answer in answers[4:]] == ["4", "5"]


def test_unknown_models_and_versions_are_told_as_ever(repository, start):
    add_model(repository, "one")
    server = start()
    response = ask(server, "nobody")
    assert (response.status_code, response.json()["error"]) == (404, "Request for unknown model: 'nobody' is not found")
    assert server.get("/v2/models/nobody/ready").status_code == 404
    assert server.get("/v2/models/one/versions/7/ready").status_code == 404
    response = server.post("/v2/models/one/versions/7/infer", body([1.0]))
    assert (response.status_code, response.json()["error"]) == (
        404, "Request for unknown model: 'one' version 7 is not found")
    assert ask(server, "..%2Fone").status_code in (400, 404)


def test_a_model_that_stands_in_two_repositories_is_not_ready(repository, tmp_path, start_server):
    add_model(repository, "twice")
    other = ModelRepository(tmp_path / "other")
    add_model(other, "twice")
    server = start_server([repository.path, other.path], ON_DEMAND)
    assert index(server)["twice"].startswith("UNAVAILABLE")
    response = server.get("/v2/models/twice/ready")
    assert response.status_code == 400
    assert "is not unique" in response.text


def test_a_model_that_is_put_there_later_can_be_had_at_once(repository, start):
    add_model(repository, "one")
    server = start()
    assert ask(server, "late").status_code == 404
    add_model(repository, "late")
    assert index(server)["late"] == AVAILABLE
    assert values(ask(server, "late", [4.0])) == [4]


def test_a_herd_loads_once_and_others_are_not_disturbed(repository, start):
    add_model(repository, "slow", parameters={"creation_delay_sec": 1})
    add_model(repository, "fast")
    server = start()
    ask(server, "fast")
    with Crowd() as crowd:
        replies = [crowd.ask(server, "slow", [float(i)]) for i in range(24)]
        wait_until(lambda: server.metric("neso_on_demand_waiting_requests") == 24)
        # No thread of the network waits: everybody else is answered meanwhile.
        for _ in range(20):
            assert server.get("/v2/health/ready").status_code == 200
            assert values(ask(server, "fast", [5.0])) == [5]
        assert server.metric("neso_on_demand_waiting_requests") == 24
        assert [values(reply.result()) for reply in replies] == [[i] for i in range(24)]
    assert server.log.count("loading: slow:1") == 1


def test_a_request_waits_no_longer_than_it_may(repository, start):
    add_model(repository, "slow", parameters={"creation_delay_sec": 1})
    server = start("--model-load-wait-ms=100")
    response = ask(server, "slow")
    assert response.status_code == 503
    assert response.json()["error"] == (
        "model 'slow' is not loaded yet after 100 ms (--model-load-wait-ms); try again later")
    with grpcclient.InferenceServerClient(server.grpc) as client:
        with pytest.raises(InferenceServerException, match="StatusCode.UNAVAILABLE"):
            client.get_model_metadata("slow")
    wait_until(lambda: ask(server, "slow").status_code == 200)
    assert server.log.count("loading: slow:1") == 1
    assert server.metric("neso_on_demand_waits_given_up") >= 2


def test_clients_that_leave_meanwhile_do_no_harm(repository, start):
    add_model(repository, "slow", parameters={"creation_delay_sec": 1})
    server = start()
    text = b'{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,1],"data":[1]}]}'
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", server.http_port)) as connection:
            connection.sendall(b"POST /v2/models/slow/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
    assert values(ask(server, "slow", [2.0])) == [2]
    wait_until(lambda: server.metric("neso_open_requests", service="HTTP") == 0)


def test_a_failed_load_is_repeated_only_when_there_is_reason(repository, start):
    folder = add_model(repository, "broken", parameters={"initialize_error": "no weights"})
    server = start()
    for _ in range(20):
        response = ask(server, "broken")
        assert response.status_code == 503
        assert "model 'broken' could not be loaded, and is tried again in " in response.json()["error"]
        assert "no weights" in response.json()["error"]
    assert server.log.count("loading: broken:1") <= 3
    assert server.get("/v2/health/ready").status_code == 200
    # Files that change are seen within a second or so; an operator need not wait.
    config = (folder / "config.pbtxt").read_text()
    (folder / "config.pbtxt").write_text(config.replace("initialize_error", "unknown_parameter"))
    assert load(server, "broken").status_code == 200
    assert values(ask(server, "broken", [1.0])) == [1]


def test_changed_files_end_the_pause(repository, start):
    folder = add_model(repository, "broken", parameters={"initialize_error": "no weights"})
    server = start()
    assert ask(server, "broken").status_code == 503
    config = (folder / "config.pbtxt").read_text()
    (folder / "config.pbtxt").write_text(config.replace("initialize_error", "unknown_parameter"))
    wait_until(lambda: ask(server, "broken").status_code == 200)


# --- the budget ---------------------------------------------------------------------------------------------------------


def test_the_least_recently_used_leaves(repository, start):
    for name in "abcd":
        add_model(repository, name)
    server = start(f"--model-memory-budget={int(3.5 * MB)}")
    for name in "abc":
        ask(server, name)
    time.sleep(0.02)  # stamps of uses are some milliseconds coarse
    ask(server, "a")
    assert values(ask(server, "d", [4.0])) == [4]
    wait_until(lambda: loaded(server) == {"a", "c", "d"})
    assert index(server, ready=True)["b:1"] == AVAILABLE
    assert server.metric("neso_on_demand_evictions", reason="room") == 1
    assert server.metric("neso_on_demand_memory_bytes", device="host") <= 3.5 * MB
    assert server.metric("neso_on_demand_memory_budget_bytes", device="host") == 3.5 * MB
    assert server.metric("neso_on_demand_loaded_models") == 3
    assert values(ask(server, "b", [2.0])) == [2]


def test_a_model_with_requests_in_flight_stays_until_they_have_ended(repository, start):
    add_model(repository, "busy", parameters={"execute_delay_ms": 1500})
    add_model(repository, "next")
    server = start(f"--model-memory-budget={int(1.5 * MB)}")
    ask(server, "busy")
    with Crowd() as crowd:
        under_way = crowd.ask(server, "busy", [7.0])
        time.sleep(0.1)  # nothing tells from outside that it is executing
        began = time.monotonic()
        assert values(ask(server, "next", [1.0])) == [1]
        assert time.monotonic() - began > 0.5, "it waited"
        assert values(under_way.result()) == [7]


def test_who_finds_no_room_hears_why(repository, start):
    add_model(repository, "busy", parameters={"execute_delay_ms": 1000})
    add_model(repository, "next")
    add_model(repository, "huge", megabytes=9)
    server = start(f"--model-memory-budget={int(1.5 * MB)}", "--model-load-wait-ms=300")
    wait_until(lambda: server.get("/v2/models/busy").status_code == 200)
    with Crowd() as crowd:
        under_way = crowd.ask(server, "busy", [7.0])
        time.sleep(0.1)
        response = ask(server, "next")
        assert response.status_code == 503
        assert "model 'next' found no room within 300 ms: it takes about 1.0 MB" in response.json()["error"]
        assert values(under_way.result()) == [7]
    response = ask(server, "huge")
    assert response.status_code == 503
    assert "model 'huge' takes about 9.0 MB, and all models together may take 1.5 MB" in response.json()["error"]


@pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer's memory is not the models'")
def test_models_that_are_alike_are_measured_alike(repository, start):
    """Each is parsed from a copy of its file, which malloc keeps for a while: it is not a part of the model."""
    content = onnx_models.mlp(1000, 3000, 8)
    names = [f"m{number}" for number in range(3)]
    for name in names:
        (repository.path / name / "1").mkdir(parents=True)
        (repository.path / name / "1" / "model.onnx").write_bytes(content)
    server = start(f"--model-memory-budget={200 * MB}")
    for _ in range(2):
        for name in names:
            assert server.get(f"/v2/models/{name}/config").status_code == 200
        assert loaded(server) == set(names)
        taken = [server.metric("neso_on_demand_model_memory_bytes", model=name, device="host") for name in names]
        assert all(12 * MB <= bytes_ <= 15 * MB for bytes_ in taken), taken
        for name in names:
            assert unload(server, name).status_code == 200
        wait_until(lambda: server.metric("neso_on_demand_memory_bytes", device="host") == 0)


def test_what_an_operator_loads_stays_and_what_is_unloaded_comes_back(repository, start):
    for name in ("start", "pinned", "a", "b"):
        add_model(repository, name)
    server = start(f"--model-memory-budget={int(3.5 * MB)}", "--load-model=start")
    assert loaded(server) == {"start"}
    assert load(server, "pinned").status_code == 200
    for name in "abab":
        assert ask(server, name).status_code == 200
    assert {"start", "pinned"} <= loaded(server)
    assert unload(server, "pinned").status_code == 200
    wait_until(lambda: "pinned" not in loaded(server))
    assert values(ask(server, "pinned", [3.0])) == [3]  # once more, for as long as it is used
    for name in "ab":
        assert ask(server, name).status_code == 200
    wait_until(lambda: loaded(server) == {"start", "a", "b"})


def test_a_model_that_was_unloaded_is_loaded_again_into_its_own_room(repository, start):
    for name in "ab":
        add_model(repository, name)
    server = start(f"--model-memory-budget={int(2.5 * MB)}", "--model-load-wait-ms=10000")
    assert load(server, "a").status_code == 200
    assert values(ask(server, "b", [1.0])) == [1]
    for number in range(3):
        assert unload(server, "b").status_code == 200
        assert values(ask(server, "b", [float(number)])) == [number]
        assert unload(server, "b").status_code == 200
        assert load(server, "b").status_code == 200
    assert loaded(server) == {"a", "b"}
    assert server.metric("neso_on_demand_evictions", reason="room") == 0
    assert server.metric("neso_on_demand_memory_bytes", device="host") <= 2.5 * MB


def test_a_budget_for_a_gpu_that_is_not_there_is_told(repository, start):
    server = start("--model-gpu-memory-budget=7:1000000", env={"TRITON_SERVER_CPU_ONLY": "1"})
    assert "the memory budget of 1000000 bytes for GPU 7 bounds nothing: the GPUs here are 0" in server.log


def test_idle_models_leave(repository, start):
    for name in ("kept", "a"):
        add_model(repository, name)
    server = start("--model-idle-timeout-s=1", "--load-model=kept")
    ask(server, "a")
    wait_until(lambda: loaded(server) == {"kept"})
    assert server.metric("neso_on_demand_evictions", reason="idle") == 1
    assert values(ask(server, "a", [1.0])) == [1]


@pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer's memory is not the models'")
def test_ensembles_bring_their_models_and_keep_them(repository, start):
    """There is room for the ensemble's two models, or for one of them and the other model."""
    for name in "abc":
        add_model(repository, name)
    repository.add_chain("both", ["a", "b"])
    server = start(f"--model-memory-budget={int(2.5 * MB)}")
    rounds, begin, answers = 8, threading.Barrier(2), {"both": [], "c": []}
    # What the first load of a model takes is only guessed, so that there may be room for all three until it is known.
    assert server.infer("both", body([0.0], inputs=["IN"])).status_code == 200
    assert ask(server, "c", [0.0]).status_code == 200
    before = server.metric("neso_on_demand_evictions", reason="room")

    def ask_at_once(name, question):
        for number in range(rounds):
            begin.wait(60 * PATIENCE)
            answers[name].append(question(float(number)))

    threads = [
        threading.Thread(target=ask_at_once, args=["both", lambda value: server.infer("both", body([value], inputs=["IN"]))]),
        threading.Thread(target=ask_at_once, args=["c", lambda value: ask(server, "c", [value])])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in answers:
        assert [values(answer) for answer in answers[name]] == [[number] for number in range(rounds)]
    # Whoever is asked second in a round finds its models gone, in whichever order it is.
    assert server.metric("neso_on_demand_evictions", reason="room") >= before + rounds


def test_an_ensemble_in_use_keeps_its_models(repository, start):
    add_model(repository, "a")
    add_model(repository, "b", parameters={"execute_delay_ms": 3000})
    add_model(repository, "c")
    repository.add_chain("both", ["a", "b"])
    server = start(f"--model-memory-budget={int(2.5 * MB)}", "--model-load-wait-ms=200")
    wait_until(lambda: server.get("/v2/models/both").status_code == 200)
    with Crowd() as crowd:
        under_way = crowd.pool.submit(server.infer, "both", body([7.0], inputs=["IN"]))
        wait_until(lambda: statistics(server, "a").get("inference_count") == 1)
        # Its first model has nothing to do any more, and stays: as long as the ensemble is executing there is no room.
        response = ask(server, "c")
        assert response.status_code == 503
        assert "model 'c' found no room within 200 ms" in response.json()["error"]
        assert loaded(server) == {"a", "b", "both"}
        assert values(under_way.result()) == [7]
    wait_until(lambda: ask(server, "c").status_code == 200)


@needs_accumulator
def test_a_model_with_open_sequences_stays(repository, start):
    for name in ("sum", "other"):
        with open(add_accumulator(repository, name) / "1" / "weights", "wb") as file:
            file.truncate(MB)
    server = start(f"--model-memory-budget={int(1.5 * MB)}", "--model-load-wait-ms=300",
                   f"--backend-directory={TEST_BACKENDS}")
    wait_until(lambda: server.get("/v2/models/sum").status_code == 200)
    assert total(add(server, 1, 17, START)) == 1
    refused = add(server, 5, 1, ALONE, model="other")
    assert refused.status_code == 503
    assert "model 'other' found no room within 300 ms" in refused.json()["error"]
    assert total(add(server, 2, 17, GOES_ON)) == 3
    assert total(add(server, 3, 17, END)) == 6
    assert total(add(server, 5, 1, ALONE, model="other")) == 5


@needs_accumulator
def test_a_sequence_on_a_stream_begins_while_its_model_loads(repository, start):
    add_accumulator(repository)
    server = start(f"--backend-directory={TEST_BACKENDS}")
    answers = []
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.append(error or int(result.as_numpy("OUTPUT")[0][0])))
        array = grpcclient.InferInput("INPUT", [1, 1], "INT64")
        array.set_data_from_numpy(np.int64([[1]]))
        for number in range(50):
            client.async_stream_infer("sum", [array], sequence_id=3, sequence_start=number == 0, sequence_end=number == 49)
        wait_until(lambda: len(answers) == 50)
        client.stop_stream()
    assert answers == list(range(1, 51))


def test_python_models_call_models_that_are_not_loaded(repository, start):
    PythonModels(repository).add("caller", """
        def execute(self, requests):
            responses = []
            for request in requests:
                call = pb_utils.InferenceRequest(model_name="called", inputs=[pb_utils.Tensor("IN", values(request))],
                                                 requested_output_names=["OUT"])
                response = call.exec()
                if response.has_error(): raise pb_utils.TritonModelException(response.error().message())
                responses.append(answer(OUT=pb_utils.get_output_tensor_by_name(response, "OUT").as_numpy()))
            return responses
        """, {"IN": ("TYPE_FP32", [-1])}, {"OUT": ("TYPE_FP32", [-1])})
    PythonModels(repository).add("called", """
        def execute(self, requests):
            return [answer(OUT=2 * values(request)) for request in requests]
        """, {"IN": ("TYPE_FP32", [-1])}, {"OUT": ("TYPE_FP32", [-1])})
    server = start(env=python_on_path())
    response = server.infer("caller", {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [4]}]})
    assert values(response) == [8]
    assert loaded(server) == {"caller", "called"}
    # Its worker is a process of its own, and counts.
    assert server.metric("neso_on_demand_model_memory_bytes", model="caller", device="host") > 5 * MB


def waits_to_go(tmp_path):
    """The beginning of a model that says when it is being loaded, and goes on when it is told."""
    return f"""
        def initialize(self, args):
            open({str(tmp_path / "loading")!r}, "w").close()
            while not os.path.exists({str(tmp_path / "go")!r}): time.sleep(0.01)
        """


def test_a_call_of_a_model_that_is_being_loaded_keeps_its_tensors(repository, start, tmp_path):
    """While it waits, the caller's next calls are written where its own lay."""
    python = PythonModels(repository)
    python.add("slow", waits_to_go(tmp_path) + """
        def execute(self, requests):
            return [answer(OUT=values(request)) for request in requests]
        """)
    python.add("quick", "def execute(self, requests): return [answer(OUT=values(request)) for request in requests]")
    python.add("caller", f"""
        def call(self, model, value, size):
            request = pb_utils.InferenceRequest(model_name=model, inputs=[pb_utils.Tensor("IN", np.full(size, value, np.float32))],
                                                requested_output_names=["OUT"])
            response = request.exec()
            self.heard += [(model, float(number)) for number in np.unique(response.output_tensors()[0].as_numpy())]
        def execute(self, requests):
            self.heard = []
            sizes = (100, 2000, 8000, 300_000)
            slow = [threading.Thread(target=self.call, args=("slow", size, size)) for size in sizes]
            for thread in slow: thread.start()
            while not os.path.exists({str(tmp_path / "loading")!r}): time.sleep(0.01)
            for size in 2 * sizes: self.call("quick", -1, size)
            open({str(tmp_path / "go")!r}, "w").close()
            for thread in slow: thread.join()
            return [answer(OUT=np.array([json.dumps(sorted(set(self.heard)))], dtype=object))]
        """, outputs={"OUT": "TYPE_STRING"})
    server = start(env=python_on_path())
    response = server.infer("caller", {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [4]}]})
    assert json.loads(values(response)[0]) == [["quick", -1], ["slow", 100], ["slow", 2000], ["slow", 8000], ["slow", 300_000]]


def test_a_call_of_a_model_that_is_being_loaded_can_be_cancelled(repository, start, tmp_path):
    python = PythonModels(repository)
    python.add("slow", waits_to_go(tmp_path) + """
        def execute(self, requests):
            for request in requests:
                sender = request.get_response_sender()
                for number in range(400):
                    if sender.is_cancelled(): break
                    sender.send(answer(OUT=values(request)))
                    time.sleep(0.01)
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        """, extra="model_transaction_policy { decoupled: true }")
    python.add("caller", f"""
        def execute(self, requests):
            request = pb_utils.InferenceRequest(model_name="slow", inputs=[pb_utils.Tensor("IN", values(requests[0]))],
                                                requested_output_names=["OUT"])
            responses = request.exec(decoupled=True)
            while not os.path.exists({str(tmp_path / "loading")!r}): time.sleep(0.01)
            responses.cancel()
            open({str(tmp_path / "go")!r}, "w").close()
            return [answer(OUT=np.float32([sum(len(response.output_tensors()) for response in responses)]))]
        """)
    server = start(env=python_on_path())
    response = server.infer("caller", {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [4]}]})
    assert values(response)[0] < 400


def test_many_models_share_a_small_budget(repository, start):
    """What bench/on_demand.py measures, small: nothing wrong, nobody disturbed, the budget kept, and no memory lost."""
    models, budget = [f"m{i:02}" for i in range(60)], 10 * MB
    for name in models:
        add_model(repository, name)
    repository.add_identity("neighbour")
    server = start(f"--model-memory-budget={budget}", "--load-model=neighbour")
    wrong, over = [], threading.Event()

    def visit(seed, requests):
        chance = random.Random(seed)
        for number in range(requests):
            name = models[min(int(chance.paretovariate(0.5)) - 1, len(models) - 1)]
            response = ask(server, name, [float(number)])
            if response.status_code != 200 or response.json()["outputs"][0]["data"] != [number]:
                wrong.append(response.text)

    def visit_all(requests):
        visitors = [threading.Thread(target=visit, args=[seed, requests]) for seed in range(4)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()

    def watch():
        while not over.is_set():
            if server.metric("neso_on_demand_memory_bytes", device="host") > budget + MB:
                wrong.append("the budget was passed by more than one model")
            if server.get("/v2/health/ready").status_code != 200 or ask(server, "neighbour").status_code != 200:
                wrong.append("somebody was disturbed")

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        visit_all(50)
        before = server.rss_kib()
        visit_all(100)
    finally:
        over.set()
        watcher.join()
    assert not wrong
    assert server.metric("neso_on_demand_evictions", reason="room") > 50
    if not IS_SANITIZED:  # sanitizers keep freed memory
        assert server.rss_kib() - before < 4096


# --- the options --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, text", [
    (["--model-memory-budget=1000000"], "Use of '--model-memory-budget' requires setting '--model-control-mode=on_demand'"),
    (["--model-idle-timeout-s=1", "--model-control-mode=explicit"], "Use of '--model-idle-timeout-s' requires"),
    ([ON_DEMAND, "--model-namespacing=true"], "'--model-namespacing' cannot be used with"),
    ([ON_DEMAND, "--model-memory-budget=lots"], "expected a number of bytes, or 1% to 100% of the memory, got 'lots'"),
    ([ON_DEMAND, "--model-gpu-memory-budget=1"], "model-gpu-memory-budget"),
])
def test_options_that_make_no_sense_are_refused(repository, arguments, text):
    repository.add_identity("a")
    result = run_neso(f"--model-repository={repository.path}", *arguments)
    assert result.returncode == 1
    assert text in result.stderr
