"""ModelInfer with the stock clients: every datatype, raw and typed; parameters, classification, errors, many at once."""
import asyncio
import concurrent.futures

import grpc
import ml_dtypes
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.grpc.aio as aioclient
from support.inference import open_requests
from support.wait import wait_until
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc
from tritonclient.utils import InferenceServerException

DTYPES = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64, "INT8": np.int8,
    "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64,
    "BF16": ml_dtypes.bfloat16, "BYTES": np.object_,
}
KINDS = {
    "BOOL": "bool", "UINT8": "uint", "UINT16": "uint", "UINT32": "uint", "UINT64": "uint64", "INT8": "int", "INT16": "int",
    "INT32": "int", "INT64": "int64", "FP32": "fp32", "FP64": "fp64", "BYTES": "bytes",
}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for name in DTYPES:
        module_repository.add_identity(f"identity_{name.lower()}", "TYPE_STRING" if name == "BYTES" else f"TYPE_{name}")
    module_repository.add_identity("two", tensors=2)
    module_repository.add_identity("echo", parameters={"echo_parameters": "true"})
    module_repository.add_identity("slow", parameters={"execute_delay_ms": "1000"})
    module_repository.add_identity("slower", parameters={"execute_delay_ms": "3000"})
    module_repository.add_identity("failing", parameters={"execute_error": "no such luck"})
    module_repository.add_identity("decoupled", extra="model_transaction_policy { decoupled: true }")
    labels = module_repository.add("labelled", """
        backend: "identity"
        max_batch_size: 8
        input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [3] } ]
        output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [3] label_filename: "labels.txt" } ]
        """)
    (labels / "labels.txt").write_text("cat\ndog\nbird\n")
    return start_module_server(module_repository.path)


@pytest.fixture(scope="module")
def client(server):
    with grpcclient.InferenceServerClient(server.grpc) as client:
        yield client


@pytest.fixture(scope="module")
def stub(server):
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(server.grpc, options=options) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def sample(name):
    if name == "BYTES":
        return np.array([[b"", b"text", "\u00fcnic\u00f6de".encode(), b"x" * 300]], dtype=np.object_)
    if name == "BOOL":
        return np.array([[True, False, True, True]])
    if "F" in name:
        return np.array([[0.0, -1.5, 0.125, 65504.0]], dtype=DTYPES[name])
    info = np.iinfo(DTYPES[name])
    return np.array([[info.min, info.max, 0, 1]], dtype=DTYPES[name])


def tensor(data, datatype="FP32", name="INPUT0", module=grpcclient):
    result = module.InferInput(name, data.shape, datatype)
    result.set_data_from_numpy(data)
    return result


def fp32(*values, **more):
    return tensor(np.array([values], dtype=np.float32), **more)


def request(model="identity_fp32", shape=(1, 2), raw=b"12345678", **fields):
    result = pb.ModelInferRequest(model_name=model, **fields)
    result.inputs.add(name="INPUT0", datatype="FP32", shape=shape)
    if raw is not None:
        result.raw_input_contents.append(raw)
    return result


def refused(stub, message):
    with pytest.raises(grpc.RpcError) as error:
        stub.ModelInfer(message)
    return error.value.code(), error.value.details()


@pytest.mark.parametrize("name", DTYPES)
def test_every_datatype_comes_back_as_it_was_sent(client, name):
    data = sample(name)
    got = client.infer(f"identity_{name.lower()}", [tensor(data, name)]).as_numpy("OUTPUT0")
    np.testing.assert_array_equal(got.astype(data.dtype), data)


@pytest.mark.parametrize("name", KINDS)
def test_every_datatype_travels_as_typed_contents(stub, name):
    data = sample(name)
    message = pb.ModelInferRequest(model_name=f"identity_{name.lower()}")
    given = message.inputs.add(name="INPUT0", datatype=name, shape=data.shape)
    getattr(given.contents, f"{KINDS[name]}_contents").extend(data[0].tolist())
    typed = stub.ModelInfer(message)
    raw = pb.ModelInferRequest(model_name=f"identity_{name.lower()}")
    raw.inputs.add(name="INPUT0", datatype=name, shape=data.shape)
    raw.raw_input_contents.append(typed.raw_output_contents[0])
    assert stub.ModelInfer(raw) == typed
    if name != "BYTES":
        assert typed.raw_output_contents[0] == data.tobytes()
    else:
        assert typed.raw_output_contents[0] == b"".join(len(x).to_bytes(4, "little") + x for x in data[0])


def test_answer_has_the_contract_s_fields(stub):
    answer = stub.ModelInfer(request(id="a\"b"))
    assert answer == pb.ModelInferResponse(
        model_name="identity_fp32", model_version="1", id="a\"b", raw_output_contents=[b"12345678"],
        outputs=[pb.ModelInferResponse.InferOutputTensor(name="OUTPUT0", datatype="FP32", shape=[1, 2])])


def test_zero_size_tensors_have_an_entry(stub):
    answer = stub.ModelInfer(request(shape=(1, 0), raw=b""))
    assert answer.outputs[0].shape == [1, 0]
    assert list(answer.raw_output_contents) == [b""]


def test_outputs_can_be_a_subset(client):
    inputs = [fp32(1), fp32(2, name="INPUT1")]
    assert [o.name for o in client.infer("two", inputs).get_response().outputs] == ["OUTPUT0", "OUTPUT1"]
    answer = client.infer("two", inputs, outputs=[grpcclient.InferRequestedOutput("OUTPUT1")])
    assert [o.name for o in answer.get_response().outputs] == ["OUTPUT1"]
    assert answer.as_numpy("OUTPUT1") == [[2]]


def test_classification(client):
    output = grpcclient.InferRequestedOutput("OUTPUT0", class_count=2)
    answer = client.infer("labelled", [tensor(np.array([[1, 5, 3], [9, 8, 7]], dtype=np.float32))], outputs=[output])
    assert answer.as_numpy("OUTPUT0").tolist() == [[b"5.000000:1:dog", b"3.000000:2:bird"],
                                                  [b"9.000000:0:cat", b"8.000000:1:dog"]]
    assert answer.get_response().outputs[0].datatype == "BYTES"


def test_parameters_come_back_from_a_backend_that_echoes_them(client):
    answer = client.infer("echo", [fp32(1)], parameters={"s": "text", "i": 7, "b": True, "d": 0.5}).get_response()
    got = {name: getattr(value, value.WhichOneof("parameter_choice")) for name, value in answer.parameters.items()}
    assert got.items() >= {"s": "text", "i": 7, "b": True, "d": 0.5}.items()


def test_large_tensors_travel_both_ways(stub):
    data = np.arange(16 << 20, dtype=np.float32)  # 64 MiB
    answer = stub.ModelInfer(request(shape=(1, data.size), raw=data.tobytes()))
    assert answer.raw_output_contents[0] == data.tobytes()


def test_sizes_around_what_is_copied(stub):
    for size in [0, 1, 255, 256, 257, 4095, 4096, 16384, 65536, 1 << 20]:
        data = np.arange(size, dtype=np.float32)
        assert stub.ModelInfer(request(shape=(1, size), raw=data.tobytes())).raw_output_contents[0] == data.tobytes()


def test_mixed_sizes_of_outputs(client):
    for a, b in [(1, 5000), (5000, 1), (5000, 5000)]:
        x, y = np.full((1, a), 1, np.float32), np.full((1, b), 2, np.float32)
        answer = client.infer("two", [tensor(x), tensor(y, name="INPUT1")])
        np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), x)
        np.testing.assert_array_equal(answer.as_numpy("OUTPUT1"), y)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_requests(client, algorithm):
    data = np.zeros((1, 100_000), dtype=np.float32)
    got = client.infer("identity_fp32", [tensor(data)], compression_algorithm=algorithm).as_numpy("OUTPUT0")
    np.testing.assert_array_equal(got, data)


def test_many_threads(client):
    def one(i):
        data = np.full((1, 1 + i % 3000), i, dtype=np.float32)
        answer = client.infer("identity_fp32", [tensor(data)], request_id=str(i))
        assert answer.get_response().id == str(i)
        np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), data)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(500)))


def test_asyncio_client_runs_many_requests(server):
    async def run():
        async with aioclient.InferenceServerClient(server.grpc) as client:
            async def one(i):
                data = np.full((1, 4), i, dtype=np.float32)
                result = await client.infer("identity_fp32", [tensor(data, module=aioclient)], request_id=str(i))
                assert result.get_response().id == str(i)
                np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), data)
            await asyncio.gather(*(one(i) for i in range(200)))
    asyncio.run(run())


def test_async_infer_with_callback(client):
    done = concurrent.futures.Future()
    client.async_infer("identity_fp32", [fp32(1, 2)], lambda result, error: done.set_result((result, error)))
    result, error = done.result(20)
    assert error is None
    assert result.as_numpy("OUTPUT0").tolist() == [[1, 2]]


# --- errors ---------------------------------------------------------------------------------------------------------
def test_unknown_models_and_versions(stub):
    assert refused(stub, request("nobody")) == (
        grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'nobody' is not found")
    assert refused(stub, request(model_version="7")) == (
        grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'identity_fp32' version 7 is not found")
    assert refused(stub, request(model_version="x")) == (
        grpc.StatusCode.INVALID_ARGUMENT, "failed to get model version from specified version string 'x' (details: stol), "
        "version should be an integral value > 0")
    assert refused(stub, request(model_version="-1")) == (
        grpc.StatusCode.INVALID_ARGUMENT, "invalid model version specified '-1' , version should be an integral value > 0")
    assert stub.ModelInfer(request(model_version="1abc")).model_version == "1"


def test_backend_errors_are_mapped(stub):
    code, text = refused(stub, request("failing"))
    assert text == "no such luck"
    assert code == grpc.StatusCode.INTERNAL


def test_decoupled_models_are_refused(stub):
    assert refused(stub, request("decoupled")) == (
        grpc.StatusCode.UNIMPLEMENTED, "ModelInfer RPC doesn't support models with decoupled transaction policy")


def test_core_validation(stub):
    wrong = request()
    wrong.inputs[0].datatype = "FP99"
    assert refused(stub, wrong) == (grpc.StatusCode.INVALID_ARGUMENT, "[request id: <id_unknown>] inference input 'INPUT0' "
                                    "data-type is '<invalid>', but model 'identity_fp32' expects 'FP32'")
    assert "batch-size must be <= 8" in refused(stub, request(shape=(9, 1), raw=b"1234" * 9))[1]
    assert "input byte size mismatch for input 'INPUT0'" in refused(stub, request(raw=b"1234567"))[1]
    twice = request()
    twice.inputs.add().CopyFrom(twice.inputs[0])
    assert refused(stub, twice)[1] == "[request id: <id_unknown>] input 'INPUT0' already exists in request"
    named = request()
    named.outputs.add(name="NONE")
    assert refused(stub, named)[1] == "unexpected inference output 'NONE' for model 'identity_fp32'"


def test_where_data_may_be(stub):
    assert refused(stub, request(raw=None)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "unable to find data for input tensor 'INPUT0' for model 'identity_fp32' in request.")
    both = request()
    both.inputs[0].contents.fp32_contents.extend([1, 2])
    assert refused(stub, both)[1] == ("contents field must not be specified when using raw_input_contents for 'INPUT0' for "
                                      "model 'identity_fp32'")
    wrong = request(raw=None)
    wrong.inputs[0].contents.int_contents.extend([1, 2])
    assert refused(stub, wrong)[1] == ("unexpected explicit tensor data for input tensor 'INPUT0' for model 'identity_fp32' of "
                                       "type 'INT32', expected datatype 'FP32'")
    two = request(raw=None)
    two.inputs[0].contents.fp32_contents.extend([1, 2])
    two.inputs[0].contents.fp64_contents.extend([1, 2])
    assert refused(stub, two)[1].endswith(", binary data was already supplied.")
    surplus = request()
    surplus.raw_input_contents.append(b"more")
    assert stub.ModelInfer(surplus).raw_output_contents[0] == b"12345678"


def test_shared_memory_parameters(stub):
    def shared(raw=None, **parameters):
        message = request(raw=raw)
        for name, value in parameters.items():
            field = {str: "string_param", int: "int64_param", bool: "bool_param"}[type(value)]
            setattr(message.inputs[0].parameters[f"shared_memory_{name}"], field, value)
        return refused(stub, message)

    disabled = "Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable."
    assert shared(region="r", byte_size=8) == (grpc.StatusCode.UNIMPLEMENTED, disabled)
    assert shared(region=5, byte_size=8)[1] == (
        "invalid value type for 'shared_memory_region' parameter for tensor 'INPUT0', expected string_param.")
    assert shared(region="r", byte_size="8")[1] == (
        "invalid value type for 'shared_memory_byte_size' parameter for tensor 'INPUT0', expected int64_param.")
    assert shared(region="r")[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert shared(offset=8)[0] == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("name, kind, value, text", [
    ("sequence_id", "bool_param", True,
     "invalid value type for 'sequence_id' parameter, expected int64_param or string_param."),
    ("sequence_start", "int64_param", 1, "invalid value type for 'sequence_start' parameter, expected bool_param."),
    ("priority", "int64_param", -1, "invalid value for 'priority', expected value >= 0."),
    ("timeout", "string_param", "1", "invalid value type for 'timeout' parameter, expected int64_param."),
    ("triton_x", "bool_param", True,
     "parameter keys starting with 'triton_' are reserved for Triton usage. Only the following keys starting with 'triton_' "
     "are allowed: triton_enable_empty_final_response"),
    ("mine", "uint64_param", 1,
     "invalid value type for 'mine' parameter, expected int64_param, bool_param, or string_param."),
])
def test_wrong_parameters(stub, name, kind, value, text):
    message = request()
    setattr(message.parameters[name], kind, value)
    assert refused(stub, message) == (grpc.StatusCode.INVALID_ARGUMENT, text)


def test_wrong_classification(stub):
    message = request()
    message.outputs.add(name="OUTPUT0").parameters["classification"].int64_param = 0
    assert refused(stub, message)[1] == "invalid value for 'classification' parameter, expected >= 0"


# --- time -----------------------------------------------------------------------------------------------------------
def test_deadlines_and_cancellation_do_not_wait_for_the_model(client, server):
    with pytest.raises(InferenceServerException, match="Deadline"):
        client.infer("slower", [fp32(1)], client_timeout=0.2)
    assert server.metric("nv_inference_exec_count", model="slower") == 0, "it still executes"
    done = concurrent.futures.Future()
    call = client.async_infer("slow", [fp32(1)], lambda result, error: done.set_result(error))
    wait_until(lambda: open_requests(server, "GRPC") >= 1)
    call.cancel()
    assert done.result(20) is not None
    assert client.infer("identity_fp32", [fp32(1)]).as_numpy("OUTPUT0") == [[1]]


def test_a_call_that_ends_in_a_queue_is_counted_as_cancelled(server, client):
    def cancelled():
        return server.metric("nv_inference_request_failure", model="slow", reason="CANCELED") or 0
    before = cancelled()
    calls = []
    for _ in range(4):
        calls.append(client.async_infer("slow", [fp32(1)], lambda result, error: None))
    wait_until(lambda: open_requests(server, "GRPC") >= 4)
    calls[-1].cancel()
    wait_until(lambda: cancelled() > before, timeout=20)
