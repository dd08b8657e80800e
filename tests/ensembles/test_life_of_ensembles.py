"""Ensembles whose requests are cancelled, whose models are unloaded, reloaded or stopped meanwhile, and what traces tell."""
import json
import signal

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.control import index, load, unload
from support.ensembles import ask, body, error, results
from support.inference import Crowd, delay_ms, pending, statistics, until_executing
from support.python_models import PythonModels, python_on_path
from support.raw import RawConnection, request
from support.traces import CORE, HTTP, read_traces
from support.wait import wait_until

DECOUPLED = "model_transaction_policy { decoupled: true }"
DELAY = delay_ms(400)


def fails(server, model):
    return statistics(server, model)["inference_stats"]["fail"]["count"]


class Asking(Crowd):
    """Requests under way at the same time: `with Asking() as asking: reply = asking(server, "ensemble")`."""

    def __call__(self, server, model, *rows, **kwargs):
        return self.pool.submit(ask, server, model, *rows, **kwargs)


def test_a_client_that_leaves_ends_what_its_request_waits_for(repository, start_server):
    repository.add_identity("slow", parameters={"execute_delay_ms": DELAY})
    repository.add_identity("after")
    repository.add_chain("chain", ["slow", "after"])
    server = start_server(repository.path)
    first, waiting = (RawConnection(server) for _ in range(2))
    first.send(request("chain", body([1.0])))
    until_executing()
    waiting.send(request("chain", body([1.0])))
    wait_until(lambda: pending(server, "slow") == 1)
    waiting.close()
    wait_until(lambda: fails(server, "chain") == 1)
    assert server.metric("nv_inference_request_failure", model="chain", reason="CANCELED") == 1
    assert first.answer()[0] == 200
    first.close()
    assert (statistics(server, "slow")["execution_count"], statistics(server, "after")["execution_count"]) == (1, 1)


def test_a_stream_that_is_cancelled_stops_its_source(repository, start_server):
    repository.add_identity("endless", extra=DECOUPLED, parameters={"repeat": "1000000", "response_delay_ms": "5"})
    repository.add_identity("after")
    repository.add_chain("stream", ["endless", "after"])
    server = start_server(repository.path)
    answers = []
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.append(error or result))
        tensor = grpcclient.InferInput("IN", [1, 1], "FP32")
        tensor.set_data_from_numpy(np.ones((1, 1), np.float32))
        client.async_stream_infer("stream", [tensor])
        wait_until(lambda: len(answers) > 3)
        client.stop_stream(cancel_requests=True)
    wait_until(lambda: fails(server, "stream") == 1)
    wait_until(lambda: statistics(server, "endless")["execution_count"] == 1)  # its only execution has ended


def test_a_request_under_way_keeps_the_models_that_are_unloaded(repository, start_server):
    repository.add_identity("slow", parameters={"execute_delay_ms": DELAY})
    repository.add_identity("after")
    repository.add_chain("chain", ["slow", "after"])
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=chain")
    with Asking() as asking:
        reply = asking(server, "chain", [1.0, 2.0])
        until_executing()
        assert unload(server, "after").status_code == 200
        assert error(ask(server, "chain")) == (404, "Request for unknown model: 'chain' has no available versions")
        assert results(reply.result()) == {"OUT": ([1, 2], [1.0, 2.0])}
    wait_until(lambda: index(server)["after:1"] == "UNAVAILABLE: unloaded")


@pytest.mark.parametrize("namespacing", ["false", "true"])
def test_a_stop_waits_for_the_last_step(repository, start_server, namespacing):
    repository.add_identity("slow", parameters={"execute_delay_ms": DELAY})
    repository.add_identity("after")
    repository.add_chain("inner", ["slow", "after"])
    repository.add_ensemble("outer", [("inner", {"IN": "IN"}, {"OUT": "x"}), ("after", {"INPUT0": "x"}, {"OUTPUT0": "OUT"})])
    server = start_server(repository.path, f"--model-namespacing={namespacing}")
    with Asking() as asking:
        reply = asking(server, "outer", [1.0, 2.0])
        until_executing()
        server.process.send_signal(signal.SIGTERM)
        assert results(reply.result()) == {"OUT": ([1, 2], [1.0, 2.0])}
    assert server.wait() == 0


def test_readiness_follows_the_models(repository, start_server):
    repository.add_identity("a")
    repository.add_chain("chain", ["a"])
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=chain")
    assert server.get("/v2/models/chain/ready").status_code == 200
    unload(server, "a")
    assert server.get("/v2/models/chain/ready").status_code != 200
    load(server, "a")
    assert server.get("/v2/models/chain/ready").status_code == 200


def test_loads_and_requests_at_the_same_time(repository, start_server):
    """Each request is answered, or told that its ensemble is not there: never by half an ensemble."""
    repository.add_identity("a")
    repository.add_identity("b")
    repository.add_chain("chain", ["a", "b", "a", "b"])
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=chain")
    config = server.get("/v2/models/a/config").json()
    with Asking() as asking:
        replies = []
        for i in range(10):
            replies += [asking(server, "chain", [float(i)]) for _ in range(8)]
            config["parameters"]["round"] = {"string_value": str(i)}
            assert load(server, "a", config).status_code == 200
        for i, reply in enumerate(replies):
            assert results(reply.result()) == {"OUT": ([1, 1], [float(i // 8)])}
    assert "loading: chain:1" in server.log


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_no_more_requests_of_a_step_than_allowed(repository, start_server, limit):
    repository.add_identity("burst", extra=DECOUPLED, parameters={"repeat": "8"})
    # Its batches have room for all, and wait for them: one is as large as the step lets requests in.
    delay_us = 1000 * delay_ms(50)
    repository.add_identity("batching", extra=f"dynamic_batching {{ max_queue_delay_microseconds: {delay_us} }}")
    repository.add_chain("stream", ["burst", "batching"], scheduling=f"max_inflight_requests: {limit}")
    server = start_server(repository.path)
    assert server.get("/v2/models/stream/config").json()["ensemble_scheduling"]["max_inflight_requests"] == limit
    reply = server.post("/v2/models/stream/generate_stream", {"IN": [1.0]})
    assert reply.text.count("data: ") == 8
    wait_until(lambda: statistics(server, "batching")["inference_count"] == 8)
    largest = max(batch["batch_size"] for batch in statistics(server, "batching")["batch_stats"])
    assert largest == limit if limit else largest > 2


def test_a_python_model_calls_an_ensemble(repository, start_server):
    repository.add_identity("a", max_batch_size=0)
    repository.add_chain("chain", ["a", "a"], max_batch_size=0)
    PythonModels(repository).add("caller", """
        def execute(self, requests):
            call = pb_utils.InferenceRequest(model_name="chain", inputs=[pb_utils.Tensor("IN", values(requests[0]))],
                                             requested_output_names=["OUT"])
            response = call.exec()
            if response.has_error(): raise pb_utils.TritonModelException(response.error().message())
            return [answer(OUT=response.output_tensors()[0].as_numpy() + 1)]
        """)
    server = start_server(repository.path, env=python_on_path())
    request_body = {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [2], "data": [1.0, 2.0]}]}
    assert results(server.infer("caller", request_body)) == {"OUT": ([2], [2.0, 3.0])}


def test_a_response_that_cannot_be_sent_is_an_error_also_when_all_behind_it_are_there(repository, start_server):
    models = PythonModels(repository)
    models.add("source", """
        def execute(self, requests):
            sender = requests[0].get_response_sender()
            for size in (4, 3, 2): sender.send(answer(OUT=np.full((size,), size, np.float32)))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        """, extra=DECOUPLED)
    models.add("slow", f"""
        def execute(self, requests):
            time.sleep({DELAY / 1000} if values(requests[0])[0] == 4 else 0)
            return [answer(OUT=values(requests[0]))]
        """, extra="instance_group { kind: KIND_CPU count: 2 }")
    folder = repository.add_ensemble("stream", [("source", {"IN": "IN"}, {"OUT": "between"}),
                                                ("slow", {"IN": "between"}, {"OUT": "OUT"})], max_batch_size=0)
    config = (folder / "config.pbtxt").read_text().replace('"OUT" data_type: TYPE_FP32 dims: [-1]',
                                                           '"OUT" data_type: TYPE_FP32 dims: [4] reshape { shape: [4] }')
    (folder / "config.pbtxt").write_text(config)
    server = start_server(repository.path, env=python_on_path())
    answers = []
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.append(str(error) if error else result.as_numpy("OUT").tolist()))
        tensor = grpcclient.InferInput("IN", [1], "FP32")
        tensor.set_data_from_numpy(np.ones(1, np.float32))
        client.async_stream_infer("stream", [tensor])
        client.stop_stream()
    assert answers == [[4.0] * 4, "in ensemble 'stream', output 'OUT': expected a shape that its reshape [4] fits, got [3], "
                                  "which would be sent as [4]"]


def test_a_sequence_goes_through_an_ensemble(repository, start_server):
    PythonModels(repository).add("adding", """
        sums = {}
        def execute(self, requests):
            responses = []
            for request in requests:
                id = int(values(request, "ID")[0])
                started = values(request, "START")[0] == 1
                self.sums[id] = (0 if started else self.sums[id]) + values(request, "INPUT0")
                responses.append(answer(OUTPUT0=self.sums[id]))
            return responses
        """, inputs={"INPUT0": "TYPE_FP32"}, outputs={"OUTPUT0": "TYPE_FP32"}, extra="""
        sequence_batching {
          control_input { name: "START" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
          control_input { name: "ID" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } }
        }
        instance_group { kind: KIND_CPU count: 2 }""")
    repository.add_identity("a", max_batch_size=0)
    repository.add_chain("chain", ["a", "adding", "a"], max_batch_size=0)
    server = start_server(repository.path, env=python_on_path())

    def send(value, id, **flags):
        request_body = {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [value]}],
                        "parameters": {"sequence_id": id, **flags}}
        return server.infer("chain", request_body)

    assert "must specify the START flag" in send(1.0, 3).json()["error"]
    for step in range(3):
        flags = {"sequence_start": step == 0, "sequence_end": step == 2}
        for id in (1, 2):
            assert results(send(float(id), id, **flags)) == {"OUT": ([1], [float(id) * (step + 1)])}


# --- traces ----------------------------------------------------------------------------------------------------------


def test_steps_have_child_traces(repository, start_server, tmp_path):
    repository.add_identity("a")
    repository.add_identity("b")
    repository.add_chain("inner", ["a", "b"])
    repository.add_ensemble("outer", [("inner", {"IN": "IN"}, {"OUT": "x"}), ("b", {"INPUT0": "x"}, {"OUTPUT0": "OUT"})])
    file = tmp_path / "traces.json"
    server = start_server(repository.path, "--trace-config=level=TIMESTAMPS", "--trace-config=rate=1",
                          f"--trace-config=triton,file={file}")
    ask(server, "outer", [1.0], id="me")
    server.stop()
    traces = read_traces(file)
    by_id = {trace.id: trace for trace in traces}
    path = [(trace.model, by_id[trace.parent].model if trace.parent else None) for trace in traces]
    assert sorted(path, key=str) == [("a", "inner"), ("b", "inner"), ("b", "outer"), ("inner", "outer"), ("outer", None)]
    assert {trace.request_id for trace in traces} == {"me"}
    for trace in traces:
        ensemble = ["REQUEST_START", "QUEUE_START", "REQUEST_END"]
        expected = ensemble if trace.model in ("inner", "outer") else CORE
        assert sorted(trace.names) == sorted(expected + (HTTP if trace.parent is None else []))
    outer = next(trace for trace in traces if trace.model == "outer")
    assert all(outer.ns["REQUEST_START"] <= trace.ns["REQUEST_START"] for trace in traces)
    assert all(trace.ns["REQUEST_END"] <= outer.ns["REQUEST_END"] for trace in traces)
    assert json.loads(file.read_text())  # an array that is complete


def test_an_ensemble_that_ends_with_a_change_of_its_model_says_so(repository, start_server):
    repository.add_identity("x")
    repository.add_chain("chain", ["x"])
    server = start_server(repository.path, "--model-control-mode=explicit", "--load-model=*")
    repository.add_identity("x", datatype="TYPE_INT64")
    assert load(server, "x").status_code == 200
    wait_until(lambda: index(server)["chain:1"].startswith("UNAVAILABLE: unloaded: "))
    assert "tensor IN: inconsistent data type" in index(server)["chain:1"]
    # Ready as Triton is, but the metrics tell.
    assert server.get("/v2/health/ready").status_code == 200
    assert server.metric("neso_model_versions", state="UNAVAILABLE") == 1
    repository.add_identity("x")
    assert load(server, "x").status_code == 200
    wait_until(lambda: index(server) == {"chain:1": "READY", "x:1": "READY"})
    assert server.metric("neso_model_versions", state="UNAVAILABLE") == 0
    # What is unloaded by request is just that.
    assert unload(server, "chain").status_code == 200
    wait_until(lambda: index(server)["chain:1"] == "UNAVAILABLE: unloaded")
