"""What trace files say of requests: HTTP, gRPC and streams, batches, nested calls, tensors, failures, and traffic."""
import concurrent.futures
import json

import grpc
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.clients import infer_at_once, inputs_of
from support.control import load
from support.inference import Crowd, ask, body, delay_ms, pending, until_executing
from support.onnx_models import double
from support.plugins import needs_plugins
from support.raw import RawConnection, request
from support.server import TEST_BACKENDS
from support.shared_memory import PAGE, Api, SharedObject
from support.traces import COMPUTE, CORE, GRPC, HTTP, numbered, read_traces
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc



def grpc_request(model, id="", size=1):
    message = pb.ModelInferRequest(model_name=model, id=id)
    message.inputs.add(name="INPUT0", datatype="FP32", shape=[1, size])
    message.raw_input_contents.append(np.ones(size, np.float32).tobytes())
    return message


@pytest.fixture
def stub_of():
    channels = []

    def stub(server):
        channels.append(grpc.insecure_channel(server.grpc))
        return service_pb2_grpc.GRPCInferenceServiceStub(channels[-1])

    yield stub
    for channel in channels:
        channel.close()


def traces_after_stop(server):
    server.stop()
    return read_traces(server.trace_file)


def test_a_request_over_http(repository, start_tracing):
    repository.add_identity(versions=(3,))
    server = start_tracing(repository)
    ask(server, "identity", id="r-1")
    ask(server, "identity")
    first, second = traces_after_stop(server)
    assert (first.model, first.version, first.request_id, first.parent) == ("identity", 3, "r-1", None)
    assert second.request_id is None and second.id == first.id + 1
    for trace in [first, second]:
        assert sorted(trace.names) == sorted(HTTP + CORE)
        assert trace.names[:2] == HTTP[:2]
        assert trace.follow("HTTP_RECV_START", "HTTP_RECV_END", "REQUEST_START", "QUEUE_START", *COMPUTE, "REQUEST_END")
        assert trace.follow("COMPUTE_START", "INFER_RESPONSE_COMPLETE", "HTTP_SEND_START", "HTTP_SEND_END")
    text = server.trace_file.read_text()
    assert text == json.dumps(json.loads(text), separators=(",", ":"))
    # The front end's receiving comes before the header.
    assert [list(element) for element in json.loads(text)[1:3]] == [
        ["id", "timestamps"], ["id", "model_name", "model_version", "request_id"]]


def test_requests_to_generate(repository, start_tracing):
    repository.add_identity()
    repository.add_identity("repeat", extra="model_transaction_policy { decoupled: true }", parameters={"repeat": 3})
    server = start_tracing(repository)
    assert server.post("/v2/models/identity/generate", {"id": "one", "INPUT0": [1.0]}).status_code == 200
    assert server.post("/v2/models/repeat/generate_stream", {"id": "many", "INPUT0": [1.0]}).text.count("data:") == 3
    one, many = traces_after_stop(server)
    assert (one.request_id, many.request_id) == ("one", "many")
    assert sorted(one.names) == sorted(HTTP + CORE)
    assert many.names.count("INFER_RESPONSE_COMPLETE") >= 3
    for trace in [one, many]:
        assert trace.names.count("HTTP_SEND_START") == trace.names.count("HTTP_SEND_END") == 1
        assert trace.follow("HTTP_RECV_END", "REQUEST_START", "INFER_RESPONSE_COMPLETE", "HTTP_SEND_START", "HTTP_SEND_END")


def test_a_request_over_grpc(repository, start_tracing, stub_of):
    repository.add_identity()
    server = start_tracing(repository)
    stub = stub_of(server)
    stub.ModelInfer(grpc_request("identity", "r-1"))
    stub.ModelInfer(grpc_request("identity", size=100_000))
    for trace, id in zip(traces_after_stop(server), ["r-1", None], strict=True):
        assert (trace.model, trace.request_id) == ("identity", id)
        assert sorted(trace.names) == sorted(GRPC + CORE)
        assert trace.names[:2] == GRPC[:2]
        assert trace.follow("GRPC_WAITREAD_START", "GRPC_WAITREAD_END", "REQUEST_START", "QUEUE_START", *COMPUTE,
                            "REQUEST_END")
        assert trace.follow("COMPUTE_START", "INFER_RESPONSE_COMPLETE", "GRPC_SEND_START", "GRPC_SEND_END")


def test_requests_of_a_stream(repository, start_tracing, stub_of):
    repository.add_identity()
    repository.add_identity("repeat", extra="model_transaction_policy { decoupled: true }", parameters={"repeat": 3})
    server = start_tracing(repository)
    requests = [grpc_request("identity", "a"), grpc_request("repeat", "b"), grpc_request("identity", "c", size=0)]
    requests[2].inputs[0].datatype = "INT32"
    answers = list(stub_of(server).ModelStreamInfer(iter(requests)))
    assert len(answers) == 5
    traces = {trace.request_id: trace for trace in traces_after_stop(server)}
    assert sorted(traces["a"].names) == sorted(GRPC + CORE)
    names = traces["b"].names
    assert [names.count(name) for name in ["GRPC_WAITREAD_START", "GRPC_SEND_START", "GRPC_SEND_END", "REQUEST_END"]] == [
        1, 3, 3, 1]
    assert names.count("INFER_RESPONSE_COMPLETE") >= 3
    assert sorted(traces["c"].names) == sorted(set(GRPC) - {"INFER_RESPONSE_COMPLETE"} | {"REQUEST_START", "REQUEST_END"})
    waits = [traces[id].ns[f"GRPC_WAITREAD_{end}"] for id in "abc" for end in ["START", "END"]]
    assert waits == sorted(waits)


def test_tracing_that_begins_within_a_stream(repository, start_tracing, stub_of):
    repository.add_identity()
    server = start_tracing(repository, level=["OFF"])
    may_go_on = []

    def requests():
        yield grpc_request("identity", "before")
        wait_until(lambda: may_go_on)
        yield grpc_request("identity", "after")

    answers = stub_of(server).ModelStreamInfer(requests())
    next(answers)
    server.post("/v2/trace/setting", {"trace_level": ["TIMESTAMPS"]})
    may_go_on.append(True)
    next(answers)
    assert list(answers) == []
    trace, = traces_after_stop(server)
    assert trace.request_id == "after"
    assert trace.follow("GRPC_WAITREAD_START", "GRPC_WAITREAD_END", "REQUEST_START")


def test_refused_and_failed_requests(repository, start_tracing, stub_of):
    repository.add_identity(max_batch_size=2)
    repository.add_identity("failing", parameters={"execute_error": "no such luck"})
    server = start_tracing(repository)
    stub = stub_of(server)
    assert ask(server, "identity", *[[1.0]] * 3, id="too big").status_code == 400
    assert ask(server, "failing", id="fails").status_code == 500
    assert ask(server, "nobody").status_code == 404
    assert server.post("/v2/models/identity/infer", "no JSON").status_code == 500
    for message in [grpc_request("identity", "bad type"), grpc_request("failing", "fails over gRPC")]:
        message.inputs[0].datatype = "INT32" if message.id == "bad type" else "FP32"
        with pytest.raises(grpc.RpcError):
            stub.ModelInfer(message)
    traces = {trace.request_id: set(trace.names) for trace in traces_after_stop(server)}
    refused = {"REQUEST_START", "REQUEST_END"}
    complete = "INFER_RESPONSE_COMPLETE"
    assert traces["too big"] == set(HTTP) - {complete} | refused
    assert traces["bad type"] == set(GRPC) - {complete} | refused
    assert traces["fails"] - set(COMPUTE) == set(HTTP) | refused | {"QUEUE_START"}
    assert traces["fails over gRPC"] - set(COMPUTE) == set(GRPC) | refused | {"QUEUE_START"}
    assert len(traces) == 4, "what never came to a model leaves no trace"


def test_a_full_queue(repository, start_tracing):
    delay = delay_ms(300)
    repository.add_identity(max_batch_size=1, parameters={"execute_delay_ms": delay}, extra="""
        dynamic_batching { default_queue_policy { max_queue_size: 1 } }""")
    server = start_tracing(repository)
    with Crowd() as crowd:
        crowd.ask(server, "identity", id="runs")
        until_executing()
        crowd.ask(server, "identity", id="waits")
        wait_until(lambda: pending(server, "identity") == 1)
        assert ask(server, "identity", id="refused").status_code == 503
    traces = {trace.request_id: trace for trace in traces_after_stop(server)}
    assert traces.keys() == {"runs", "waits", "refused"}
    assert "REQUEST_END" in traces["refused"].names and "COMPUTE_START" not in traces["refused"].names
    waits = traces["waits"].ns
    assert waits["COMPUTE_START"] >= traces["runs"].ns["COMPUTE_END"] > waits["QUEUE_START"]


def test_cancelled_requests(repository, start_tracing):
    repository.add_identity(parameters={"execute_delay_ms": delay_ms(300)})
    server = start_tracing(repository)
    first = RawConnection(server).send(request("identity", body([1.0], id="first")))
    until_executing()
    leaves = RawConnection(server).send(request("identity", body([1.0], id="leaves")))
    wait_until(lambda: pending(server, "identity") == 1)
    leaves.close()
    assert first.answer()[0] == 200
    first.close()
    traces = {trace.request_id: trace for trace in traces_after_stop(server)}
    assert sorted(traces["first"].names) == sorted(HTTP + CORE)
    assert "COMPUTE_START" not in traces["leaves"].names
    assert traces["leaves"].names[-1] in ("REQUEST_END", "HTTP_SEND_END")
    assert {"QUEUE_START", "INFER_RESPONSE_COMPLETE", "REQUEST_END"} <= set(traces["leaves"].names)


def test_requests_of_one_batch(repository, start_tracing):
    count = 6
    repository.add_identity(max_batch_size=count, extra=f"""
        dynamic_batching {{ preferred_batch_size: [{count}] max_queue_delay_microseconds: 30000000 }}""")
    server = start_tracing(repository)
    with Crowd() as crowd:
        for i in range(count):
            crowd.ask(server, "identity", id=f"r{i}")
    traces = traces_after_stop(server)
    assert {trace.request_id for trace in traces} == {f"r{i}" for i in range(count)}
    assert len({tuple(trace.ns[name] for name in COMPUTE) for trace in traces}) == 1, "one execution"
    assert max(trace.ns["QUEUE_START"] for trace in traces) <= min(trace.ns["COMPUTE_START"] for trace in traces)


def test_an_onnx_model_with_tensors(repository, start_tracing):
    repository.add("double", None, files={"model.onnx": double()})
    server = start_tracing(repository, level=["TIMESTAMPS", "TENSORS"])
    with httpclient.InferenceServerClient(server.http) as client:
        client.infer("double", inputs_of({"x": np.array([[1, -2.5, 0.1]], np.float32)}), request_id="d")
    trace, = traces_after_stop(server)
    assert (trace.model, trace.request_id) == ("double", "d")
    assert trace.names[2:6] == ["REQUEST_START", "QUEUE_START", "TENSOR_QUEUE_INPUT", "TENSOR_BACKEND_INPUT"]
    assert trace.follow("QUEUE_START", *COMPUTE, "REQUEST_END")
    assert trace.tensors == [
        ("TENSOR_QUEUE_INPUT", "x", "1,-2.5,0.1", "1,3", "FP32"),
        ("TENSOR_BACKEND_INPUT", "x", "1,-2.5,0.1", "1,3", "FP32"),
        ("TENSOR_BACKEND_OUTPUT", "y", "2,-5,0.2", "1,3", "FP32"),
    ]


DATATYPES = {
    "BOOL": (np.array([[True, False]]), "1,0"),
    "INT8": (np.array([[-1, 65]], np.int8), "-1,65"),
    "UINT8": (np.array([[200, 65]], np.uint8), "200,65"),
    "INT16": (np.array([[-300]], np.int16), "-300"),
    "UINT16": (np.array([[65535]], np.uint16), "65535"),
    "INT32": (np.array([[-5, 7]], np.int32), "-5,7"),
    "UINT32": (np.array([[2**32 - 1]], np.uint32), "4294967295"),
    "INT64": (np.array([[-2**62, 1]], np.int64), "-4611686018427387904,1"),
    "UINT64": (np.array([[2**64 - 1]], np.uint64), "18446744073709551615"),
    "FP16": (np.array([[1.5]], np.float16), ""),
    "FP32": (np.array([[1.5, 1e-7, 1e20]], np.float32), "1.5,1e-07,1e+20"),
    "FP64": (np.array([[1.1, np.nan, -np.inf, 123456789.123]]), "1.1,nan,-inf,1.23457e+08"),
    "BYTES": (np.array([["plain", "quo\"te\n", "é", b"\xff"]], object), '"plain","quo\\"te\\n","é","ÿ"'),
}


def test_tensors_of_every_datatype(repository, start_tracing):
    for name in DATATYPES:
        repository.add_identity(name, "TYPE_STRING" if name == "BYTES" else f"TYPE_{name}")
    server = start_tracing(repository, level=["TENSORS"])
    with httpclient.InferenceServerClient(server.http) as http, grpcclient.InferenceServerClient(server.grpc) as grpc_:
        for name, (array, _) in DATATYPES.items():
            for module, client in [(httpclient, http), (grpcclient, grpc_)]:
                tensor = module.InferInput("INPUT0", array.shape, name)
                tensor.set_data_from_numpy(array)
                client.infer(name, [tensor])
    traces = traces_after_stop(server)
    # A trace is written after its answer, so that the next request's may come before it.
    assert sorted(trace.model for trace in traces) == sorted([*DATATYPES, *DATATYPES])
    for trace in traces:
        array, text = DATATYPES[trace.model]
        shape = ",".join(map(str, array.shape))
        assert trace.tensors == [(f"TENSOR_{what}", tensor, text, shape, trace.model) for what, tensor in
                                 [("QUEUE_INPUT", "INPUT0"), ("BACKEND_INPUT", "INPUT0"), ("BACKEND_OUTPUT", "OUTPUT0")]]
        assert len(trace.names) == 3, "no timestamps at this level"


@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_tensors_in_memory_that_a_client_shares_and_cuts(repository, start_tracing, kind):
    repository.add_identity("identity", max_batch_size=0)
    repository.add_identity("slow", max_batch_size=0, parameters={"execute_delay_ms": delay_ms(300)})
    server = start_tracing(repository, "--allow-client-shm=true", level=["TENSORS"])
    api = Api(kind, server)
    with SharedObject(2 * PAGE) as memory, concurrent.futures.ThreadPoolExecutor(1) as pool:
        memory.put(np.array([1, -2.5], np.float32))
        api.register_system_shared_memory("r", memory.key, 2 * PAGE)

        def infer(model):
            api.infer(model, [api.input("INPUT0", [2], "FP32", "r", 8, 0)], outputs=[api.output("OUTPUT0", "r", 8, PAGE)])

        infer("identity")
        running = pool.submit(infer, "slow")
        until_executing()
        memory.truncate(0)
        assert "register it again" in running.exception(30).message()
        api.unregister_system_shared_memory()
    whole, cut = traces_after_stop(server)
    assert {(data, shape) for _, _, data, shape, _ in whole.tensors} == {("1,-2.5", "2")} and len(whole.tensors) == 3
    assert [tensor[0] for tensor in cut.tensors][:2] == ["TENSOR_QUEUE_INPUT", "TENSOR_BACKEND_INPUT"]


@needs_plugins("nested")
def test_nested_calls_and_activities_of_backends(repository, start_tracing):
    for depth in range(3):
        repository.add(f"nested_{depth}", """
            backend: "nested"
            input { name: "IN" data_type: TYPE_INT32 dims: [1] }
            output { name: "OUT" data_type: TYPE_INT32 dims: [1] }""")
    server = start_tracing(repository, "--trace-config=count=1", f"--backend-directory={TEST_BACKENDS}")
    for _ in range(2):
        answer = server.infer("nested_2", {"inputs": [{"name": "IN", "datatype": "INT32", "shape": [1], "data": [5]}]})
        assert answer.json()["outputs"][0]["data"] == [20]
    traces = traces_after_stop(server)
    assert sorted(trace.model for trace in traces) == ["nested_0"] * 4 + ["nested_1"] * 2 + ["nested_2"]
    by_id = {trace.id: trace for trace in traces}
    core = sorted(set(CORE) - set(COMPUTE))  # this backend reports no statistics
    root = traces[-1]
    assert root.model == "nested_2" and root.parent is None
    for trace in traces[:-1]:
        parent = by_id[trace.parent]
        assert parent.model == f"nested_{int(trace.model[-1]) + 1}"
        assert traces.index(trace) < traces.index(parent), "a child's block comes before its parent's"
        assert parent.ns["REQUEST_START"] <= trace.ns["REQUEST_START"] <= trace.ns["REQUEST_END"]
        assert sorted(trace.names) == sorted(core + ["NESTED_ANSWERS_READ"] * (trace.model != "nested_0"))
    assert sorted(root.names) == sorted(HTTP + core + ["NESTED_ANSWERS_READ"])


def test_rate_and_count(repository, start_tracing):
    repository.add_identity()
    server = start_tracing(repository, "--trace-config=count=3", rate=4)
    for i in range(20):
        ask(server, "identity", id=str(i + 1))
    # The count is used up, so the file is there without an end.
    wait_until(server.trace_file.exists)
    assert [trace.request_id for trace in read_traces(server.trace_file)] == ["4", "8", "12"]
    assert server.get("/v2/trace/setting").json()["trace_count"] == "0"
    server.post("/v2/trace/setting", {"trace_count": "1", "trace_rate": "1"})
    ask(server, "identity", id="again")
    wait_until(lambda: len(read_traces(server.trace_file)) == 4)
    assert len(traces_after_stop(server)) == 4


def test_models_have_rates_of_their_own(repository, start_tracing):
    for name in ["one", "two", "three"]:
        repository.add_identity(name)
    server = start_tracing(repository, rate=3)
    server.post("/v2/models/one/trace/setting", {"trace_rate": "2"})
    server.post("/v2/models/two/trace/setting", {"trace_level": ["OFF"]})
    for i in range(6):
        for name in ["one", "two", "three"]:
            ask(server, name, id=f"{name}{i}")
    assert sorted(trace.request_id for trace in traces_after_stop(server)) == [
        "one1", "one3", "one5", "three2", "three5"]


def test_files_by_log_frequency(repository, start_tracing):
    repository.add_identity()
    server = start_tracing(repository, "--trace-config=triton,log-frequency=2")
    for i in range(5):
        ask(server, "identity", id=str(i))
    wait_until(lambda: len(numbered(server.trace_file)) == 2)
    assert [trace.request_id for trace in read_traces(*numbered(server.trace_file))] == ["0", "1", "2", "3"]
    server.stop()
    files = numbered(server.trace_file)
    assert [len(read_traces(file)) for file in files] == [2, 2, 1]
    assert not server.trace_file.exists()


def test_a_change_of_settings_writes_what_is_there(repository, start_tracing):
    repository.add_identity()
    server = start_tracing(repository)
    ask(server, "identity", id="a")
    assert not server.trace_file.exists()
    server.post("/v2/trace/setting", {"log_frequency": "3"})
    wait_until(lambda: server.trace_file.exists() and server.trace_file.stat().st_size > 0)
    assert len(read_traces(server.trace_file)) == 1
    ask(server, "identity", id="b")
    server.post("/v2/trace/setting", {"log_frequency": "0"})
    wait_until(lambda: any(file.stat().st_size > 0 for file in numbered(server.trace_file)))
    assert [trace.request_id for trace in read_traces(*numbered(server.trace_file))] == ["b"]
    ask(server, "identity", id="c")
    assert [trace.request_id for trace in traces_after_stop(server)] == ["a", "c"]


def test_a_file_that_cannot_be_written_is_said_once_and_stops_nobody(repository, start_server, tmp_path):
    repository.add_identity()
    server = start_server(repository.path, "--trace-config=level=TIMESTAMPS", "--trace-config=rate=1",
                          f"--trace-config=triton,file={tmp_path}/later/t.json", "--trace-config=triton,log-frequency=1")
    for _ in range(3):
        assert ask(server, "identity").status_code == 200
    wait_until(lambda: "failed to write traces" in server.log)
    (tmp_path / "later").mkdir()
    assert ask(server, "identity").status_code == 200
    wait_until(lambda: list((tmp_path / "later").iterdir()))
    server.stop()
    assert server.log.count("failed to write traces to") == 1
    assert "No such file or directory" in server.log


def test_parallel_traffic(repository, start_tracing):
    each = 150
    repository.add_identity("direct", max_batch_size=0)
    repository.add_identity("batching", extra="dynamic_batching { }")
    server = start_tracing(repository, "--trace-config=triton,log-frequency=7", level=["TIMESTAMPS", "TENSORS"])

    def over_grpc():
        with grpcclient.InferenceServerClient(server.grpc) as client:
            tensor = grpcclient.InferInput("INPUT0", [1, 2], "FP32")
            tensor.set_data_from_numpy(np.ones((1, 2), np.float32))
            for i in range(each):
                client.infer("batching", [tensor], request_id=f"g{i}")

    ones = {"INPUT0": np.ones((1, 2), np.float32)}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        work = [pool.submit(over_grpc) for _ in range(2)]
        work += [pool.submit(infer_at_once, server.http, "batching", [ones] * each, threads=4),
                 pool.submit(infer_at_once, server.http, "direct", [{"INPUT0": np.ones(2, np.float32)}] * each, threads=4)]
        for done in work:
            done.result()
    server.stop()
    files = numbered(server.trace_file)
    traces = read_traces(*files)
    assert len(traces) == 4 * each
    assert [len(read_traces(file)) for file in files[:-1]] == [7] * (len(files) - 1)
    for trace in traces:
        front = HTTP if trace.request_id is None else GRPC
        tensors = ["TENSOR_QUEUE_INPUT", "TENSOR_BACKEND_INPUT", "TENSOR_BACKEND_OUTPUT"]
        assert sorted(trace.names) == sorted(front + CORE + tensors)
        assert {data for _, _, data, _, _ in trace.tensors} == {"1,1"}
        assert trace.follow("REQUEST_START", "QUEUE_START", *COMPUTE, "REQUEST_END")


def test_settings_change_under_traffic(repository, start_tracing):
    repository.add_identity()
    server = start_tracing(repository, "--trace-config=triton,log-frequency=3")
    done = []

    def change():
        while not done:
            for body_ in [{"trace_rate": "2"}, {"trace_level": ["OFF"]}, {"trace_level": None, "trace_rate": None},
                          {"log_frequency": "1"}, {"log_frequency": None}]:
                assert server.post("/v2/trace/setting", body_).status_code == 200
                assert server.post("/v2/models/identity/trace/setting", {"trace_count": "5"}).status_code == 200
                assert server.post("/v2/models/identity/trace/setting", {"trace_count": None}).status_code == 200

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        changes = pool.submit(change)
        infer_at_once(server.http, "identity", [{"INPUT0": np.ones((1, 1), np.float32)}] * 400, threads=4)
        done.append(True)
        changes.result()
    server.stop()
    for trace in read_traces(*numbered(server.trace_file)):
        assert sorted(trace.names) == sorted(HTTP + CORE)


def test_a_model_that_is_loaded_again_keeps_its_settings(repository, start_tracing):
    repository.add_identity()
    server = start_tracing(repository, "--model-control-mode=explicit", "--load-model=identity", rate=1000)
    server.post("/v2/models/identity/trace/setting", {"trace_rate": "1"})
    load(server, "identity", {"backend": "identity", "max_batch_size": 4, "input": [
        {"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}], "output": [
        {"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]})
    ask(server, "identity")
    assert len(traces_after_stop(server)) == 1
