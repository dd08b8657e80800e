"""What is wrong with a registration or with a tensor is answered with its code and text, and the server serves on."""
import base64
import json

import grpc
import pytest
from support.shared_memory import PAGE, SharedObject
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

LARGEST = 2**64 - 1
DISABLED = "Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable."
ARGS = "failed to register shared memory region 'x': invalid args"
ADDRESS_SPACE = "failed to register shared memory region 'x': unable to process address spaceInvalid argument"
OFFSET = "Invalid offset for shared memory region: 'r'"
OFFSET_AND_SIZE = "Invalid offset + byte size for shared memory region: 'r'"
NO_UNSIGNED = "attempt to access JSON non-unsigned-integer as unsigned-integer"
HANDLE = base64.b64encode(bytes(64)).decode()
BAD_HANDLE = "'raw_handle' must be a valid base64 encoded cudaIpcMemHandle_t"


@pytest.fixture(scope="module")
def memory():
    with SharedObject(2 * PAGE) as memory:
        yield memory


@pytest.fixture(scope="module")
def server(module_repository, start_module_server, memory):
    module_repository.add_identity("m", max_batch_size=0)
    module_repository.add_identity("text", "TYPE_STRING", max_batch_size=0)
    server = start_module_server(module_repository.path, "--allow-client-shm=true")
    registered = server.post("/v2/systemsharedmemory/region/r/register", {"key": memory.key, "byte_size": 64})
    assert registered.status_code == 200, registered.text
    return server


@pytest.fixture(scope="module")
def stub(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


@pytest.fixture(autouse=True)
def only_the_one_region_is_there(server, memory):
    yield
    assert server.get("/v2/systemsharedmemory/status").json() == [
        {"name": "r", "key": memory.key, "offset": 0, "byte_size": 64}]
    assert server.get("/v2/cudasharedmemory/status").json() == []


def refused(call, message):
    with pytest.raises(grpc.RpcError) as error:
        call(message)
    return error.value.code().name, error.value.details()


# --- registering -----------------------------------------------------------------------------------------------------
# "KEY" stands for the key of an object of two pages.
REGISTRATIONS = [
    ({"key": "/neso_nobody", "byte_size": 8}, 500, "Unable to open shared memory region: '/neso_nobody'"),
    ({"key": "", "byte_size": 8}, 500, "Unable to open shared memory region: ''"),
    ({"key": "/a/b", "byte_size": 8}, 500, "Unable to open shared memory region: '/a/b'"),
    ({"key": "/", "byte_size": 8}, 400, "cannot register shared memory region 'x' - invalid shm key '/'"),
    ({"key": "////", "byte_size": 8}, 400, "cannot register shared memory region 'x' - invalid shm key '////'"),
    ({"key": "//triton_python_backend_shm_region_1", "byte_size": 8}, 400,
     "cannot register shared memory region 'x' with key '//triton_python_backend_shm_region_1' as the key contains the reserved "
     "prefix 'triton_python_backend_shm_region_'"),
    ({"key": "KEY", "byte_size": 2 * PAGE + 1}, 400, ARGS),
    ({"key": "KEY", "byte_size": 1, "offset": 2 * PAGE}, 400, ARGS),
    ({"key": "KEY", "byte_size": 8, "offset": LARGEST - PAGE + 1}, 400, ARGS),
    ({"key": "KEY", "byte_size": LARGEST, "offset": PAGE}, 400, ARGS),
    ({"key": "KEY", "byte_size": LARGEST - PAGE + 1, "offset": PAGE}, 400, ARGS),
    ({"key": "KEY", "byte_size": 0}, 400, ADDRESS_SPACE),
    ({"key": "KEY", "byte_size": 8, "offset": 8}, 400, ADDRESS_SPACE),
]


@pytest.mark.parametrize("fields,status,text", REGISTRATIONS)
def test_what_cannot_be_registered(server, stub, memory, fields, status, text):
    fields = {**fields, "key": memory.key if fields["key"] == "KEY" else fields["key"]}
    response = server.post("/v2/systemsharedmemory/region/x/register", fields)
    assert (response.status_code, response.json()) == (status, {"error": text})
    code = "INTERNAL" if status == 500 else "INVALID_ARGUMENT"
    assert refused(stub.SystemSharedMemoryRegister, pb.SystemSharedMemoryRegisterRequest(name="x", **fields)) == (code, text)


def test_a_name_that_is_taken(server, stub):
    text = "shared memory region 'r' already in manager"
    system = server.post("/v2/systemsharedmemory/region/r/register", {"key": "/neso_nobody", "byte_size": 8})
    assert (system.status_code, system.json()["error"]) == (400, text)
    message = pb.SystemSharedMemoryRegisterRequest(name="r", key="/neso_nobody", byte_size=8)
    assert refused(stub.SystemSharedMemoryRegister, message) == ("ALREADY_EXISTS", text)
    cuda = server.post("/v2/cudasharedmemory/region/r/register",
                       {"raw_handle": {"b64": HANDLE}, "device_id": 0, "byte_size": 8})
    assert (cuda.status_code, cuda.json()["error"]) == (400, text)


SYSTEM_BODIES = [
    ("", 500, "failed to parse the request JSON buffer: The document is empty. at 0"),
    ("{", 500, "failed to parse the request JSON buffer: Missing a name for object member. at 1"),
    ("[]", 400, "Shared memory register request has no 'key' field"),
    ('{"byte_size":8}', 400, "Shared memory register request has no 'key' field"),
    ('{"key":"/p"}', 400, "Shared memory register request has no 'byte_size' field"),
    ('{"key":7,"byte_size":8}', 500, "attempt to access JSON non-string as string"),
    ('{"key":"/p","byte_size":"8"}', 500, NO_UNSIGNED),
    ('{"key":"/p","byte_size":-8}', 500, NO_UNSIGNED),
    ('{"key":"/p","byte_size":8.5}', 500, NO_UNSIGNED),
    ('{"key":"/p","byte_size":18446744073709551616}', 500, NO_UNSIGNED),
    ('{"key":"/p","byte_size":8,"offset":-1}', 500, NO_UNSIGNED),
]
CUDA_BODIES = [
    ("{}", 400, "Shared memory register request has no 'raw_handle' field"),
    ('{"raw_handle":1}', 500, "attempt to access non-existing object member 'b64'"),
    ('{"raw_handle":{"b64":1}}', 500, "attempt to access JSON non-string as string"),
    (json.dumps({"raw_handle": {"b64": HANDLE}, "byte_size": 8}), 500, "attempt to access non-existing object member 'device_id'"),
    (json.dumps({"raw_handle": {"b64": HANDLE}, "device_id": "0", "byte_size": 8}), 500, NO_UNSIGNED),
    (json.dumps({"raw_handle": {"b64": "AAAA"}, "device_id": 0, "byte_size": 8}), 400, BAD_HANDLE),
    (json.dumps({"raw_handle": {"b64": "!"}, "device_id": 0, "byte_size": 8}), 400, BAD_HANDLE),
]


@pytest.mark.parametrize("kind,body,status,text", [("system", *row) for row in SYSTEM_BODIES] +
                         [("cuda", *row) for row in CUDA_BODIES])
def test_bodies_that_are_no_registration(server, kind, body, status, text):
    response = server.post(f"/v2/{kind}sharedmemory/region/x/register", body)
    assert (response.status_code, response.json()) == (status, {"error": text})
    assert response.headers["Content-Type"] == "application/json"


def test_a_handle_of_another_size_over_grpc(stub):
    for handle in (b"", b"short", bytes(65)):
        message = pb.CudaSharedMemoryRegisterRequest(name="x", raw_handle=handle, device_id=0, byte_size=8)
        assert refused(stub.CudaSharedMemoryRegister, message) == ("INVALID_ARGUMENT", ARGS)


def test_a_registration_names_its_region(server):
    for kind in ("system", "cuda"):
        response = server.post(f"/v2/{kind}sharedmemory/register", {})
        assert (response.status_code, response.json()["error"]) == (
            400, f"'region name' is necessary to register {kind} shared memory region")


# --- status and unregistering ----------------------------------------------------------------------------------------
def test_status_of_what_is_not_there(server, stub):
    for kind, name, text in [
            ("system", "x", "Unable to find system shared memory region: 'x'"),
            ("cuda", "x", "Unable to find cuda shared memory region: 'x'"),
            ("cuda", "r", "The region named 'r' is registered as system shared memory, not CUDA shared memory")]:
        response = server.get(f"/v2/{kind}sharedmemory/region/{name}/status")
        assert (response.status_code, response.json()) == (404, {"error": text})
        call, message = {"system": (stub.SystemSharedMemoryStatus, pb.SystemSharedMemoryStatusRequest),
                         "cuda": (stub.CudaSharedMemoryStatus, pb.CudaSharedMemoryStatusRequest)}[kind]
        assert refused(call, message(name=name)) == ("NOT_FOUND", text)


def test_unregistering_what_is_not_there_is_no_error(server, stub):
    for path in ("systemsharedmemory/region/x", "cudasharedmemory/region/x", "cudasharedmemory/region/r", "cudasharedmemory"):
        response = server.post(f"/v2/{path}/unregister")
        assert (response.status_code, response.content) == (200, b"")
    stub.SystemSharedMemoryUnregister(pb.SystemSharedMemoryUnregisterRequest(name="x"))
    stub.CudaSharedMemoryUnregister(pb.CudaSharedMemoryUnregisterRequest())


# --- tensors ---------------------------------------------------------------------------------------------------------
def infer(server, inputs=None, outputs=None, model="m", datatype="FP32", shape=(2,)):
    entry = {"name": "INPUT0", "datatype": datatype, "shape": list(shape)}
    entry.update({"data": [1, 2]} if inputs is None else {"parameters": inputs})
    body = {"inputs": [entry]}
    if outputs is not None:
        body["outputs"] = [{"name": "OUTPUT0", "parameters": outputs}]
    response = server.infer(model, body)
    return response.status_code, response.json().get("error")


def where(region="r", offset=0, byte_size=8):
    return {"shared_memory_region": region, "shared_memory_offset": offset, "shared_memory_byte_size": byte_size}


RANGES = [
    ("nobody", 0, 8, 404, "Unable to find shared memory region: 'nobody'"),
    ("r", 64, 8, 400, OFFSET),
    ("r", 2**63, 8, 400, OFFSET),
    ("r", 57, 8, 400, OFFSET_AND_SIZE),
    ("r", 0, 65, 400, OFFSET_AND_SIZE),
    ("r", 8, 2**63 - 1, 400, OFFSET_AND_SIZE),
    ("r", 8, 2**64 - 9, 400, OFFSET_AND_SIZE),
    ("r", 8, 2**64 - 8, 400, "Integer overflow detected: byte_size (18446744073709551608) + offset (8) exceeds maximum value "
                             "(18446744073709551615) for region 'r'"),
    ("r", 2**64 - 8, 16, 400, OFFSET),
]


@pytest.mark.parametrize("region,offset,byte_size,status,text", RANGES)
def test_tensors_that_are_not_inside_a_region(server, stub, region, offset, byte_size, status, text):
    assert infer(server, where(region, offset, byte_size)) == (status, text)
    assert infer(server, None, where(region, offset, byte_size)) == (status, text)
    # gRPC's numbers are signed: the large ones are its negative ones.
    numbers = [number - 2**64 if number >= 2**63 else number for number in (offset, byte_size)]
    code = "NOT_FOUND" if status == 404 else "INVALID_ARGUMENT"
    for tensor in ("input", "output"):
        assert refused(stub.ModelInfer, message(**{tensor: (region, *numbers)})) == (code, text)


def test_an_output_that_does_not_fit(server, stub):
    text = ("shared memory size specified with the request for output 'OUTPUT0' (7 bytes) should be at least 8 bytes to hold "
            "the results")
    assert infer(server, None, where(byte_size=7)) == (500, text)
    assert refused(stub.ModelInfer, message(output=("r", 0, 7))) == ("INTERNAL", text)


def test_an_input_that_has_not_the_bytes_of_its_shape(server, stub):
    text = "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'm'. Expected 8, got 12"
    assert infer(server, where(byte_size=12)) == (400, text)
    assert refused(stub.ModelInfer, message(input=("r", 0, 12))) == ("INVALID_ARGUMENT", text)


def test_strings_are_checked_in_shared_memory_too(server, memory):
    memory.put(b"\xff\xff\xff\xff" + bytes(60))
    try:
        assert infer(server, where(), model="text", datatype="BYTES") == (
            400, "[request id: <id_unknown>] string element 0 of inference input 'INPUT0' for model 'text' is 4294967291 bytes longer "
            "than what came")
        assert infer(server, where(byte_size=6, offset=4), model="text", datatype="BYTES") == (
            400, "[request id: <id_unknown>] incomplete string length indicator for inference input 'INPUT0' for model 'text', "
            "expecting 4 bytes but only 2 bytes available. Please make sure the string length indicator is in one buffer.")
    finally:
        memory.put(bytes(64))


HTTP_FIELDS = [
    ({"shared_memory_region": 1}, None, 500,
     "Unable to parse 'shared_memory_region': attempt to access JSON non-string as string"),
    (where(offset="8"), None, 500, f"Unable to parse 'shared_memory_offset': {NO_UNSIGNED}"),
    (where(offset=-8), None, 500, f"Unable to parse 'shared_memory_offset': {NO_UNSIGNED}"),
    (where(byte_size=8.5), None, 500, f"Unable to parse 'shared_memory_byte_size': {NO_UNSIGNED}"),
    ({**where(), "binary_data_size": 8}, None, 400,
     "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in "
     "'parameters'. But set 'binary_data_size' 'shared_memory_region'"),
    (None, {"shared_memory_region": 1}, 500,
     "Unable to parse 'shared_memory_region': attempt to access JSON non-string as string"),
    (None, where(byte_size="8"), 500, f"Unable to parse 'shared_memory_byte_size': {NO_UNSIGNED}"),
    (None, {**where(), "classification": 1}, 400, "Output can't set both 'shared_memory_region' and 'classification'"),
    (None, {**where(), "binary_data": True}, 400, "Output can't set both 'shared_memory_region' and 'binary_data'"),
]


@pytest.mark.parametrize("inputs,outputs,status,text", HTTP_FIELDS, ids=range(len(HTTP_FIELDS)))
def test_fields_of_tensors_over_http(server, inputs, outputs, status, text):
    assert infer(server, inputs, outputs) == (status, text)


def test_fields_that_mean_nothing_are_ignored_over_http(server):
    assert infer(server, None, {"shared_memory_offset": 8, "shared_memory_byte_size": 8}) == (200, None)
    assert infer(server, None, {**where(), "binary_data": False}) == (200, None)


def message(input=None, output=None, contents=False, **parameters):
    """A ModelInferRequest; `input` and `output`: region, offset, byte size. Parameters are the input's."""
    request = pb.ModelInferRequest(model_name="m")
    tensor = request.inputs.add(name="INPUT0", datatype="FP32", shape=[2])
    if contents:
        tensor.contents.fp32_contents.extend([1, 2])
    elif input is None and not parameters:
        request.raw_input_contents.append(bytes(8))
    if output is not None:
        set_parameters(request.outputs.add(name="OUTPUT0"), **where(*output))
    if input is not None:
        set_parameters(tensor, **where(*input))
    set_parameters(tensor, **parameters)
    return request


def set_parameters(tensor, **parameters):
    for name, value in parameters.items():
        if isinstance(value, str):
            tensor.parameters[name].string_param = value
        else:
            tensor.parameters[name].int64_param = value


WRONG = "invalid value type for '{}' parameter for tensor 'INPUT0', expected {}."
GRPC_FIELDS = [
    ({"shared_memory_region": 7, "shared_memory_byte_size": 8}, WRONG.format("shared_memory_region", "string_param")),
    ({"shared_memory_region": "r", "shared_memory_byte_size": "8"}, WRONG.format("shared_memory_byte_size", "int64_param")),
    ({"shared_memory_region": "r", "shared_memory_byte_size": 8, "shared_memory_offset": "0"},
     WRONG.format("shared_memory_offset", "int64_param")),
    ({"shared_memory_region": "r"},
     "'shared_memory_byte_size' must be specified along with 'shared_memory_region' parameter for tensor 'INPUT0'"),
    ({"shared_memory_byte_size": 8},
     "'shared_memory_byte_size' can not be specified without 'shared_memory_region' parameter for tensor 'INPUT0'"),
    ({"shared_memory_offset": 8},
     "'shared_memory_offset' can not be specified without 'shared_memory_region' parameter for tensor 'INPUT0'"),
]


@pytest.mark.parametrize("parameters,text", GRPC_FIELDS, ids=range(len(GRPC_FIELDS)))
def test_parameters_of_tensors_over_grpc(stub, parameters, text):
    assert refused(stub.ModelInfer, message(**parameters)) == ("INVALID_ARGUMENT", text)


def test_combinations_that_grpc_refuses(stub):
    assert refused(stub.ModelInfer, message(input=("r", 0, 8), contents=True)) == (
        "INVALID_ARGUMENT", "unexpected 'content' provided when using shared memory for input tensor 'INPUT0' for model 'm'")
    both = message(output=("r", 0, 8))
    both.outputs[0].parameters["classification"].int64_param = 1
    assert refused(stub.ModelInfer, both) == (
        "INVALID_ARGUMENT", "output can't set both 'shared_memory_region' and 'classification'")


def test_an_output_that_is_listed_twice_has_no_two_places(stub):
    request = message(output=("r", 0, 8))
    request.outputs.add(name="OUTPUT0").parameters["classification"].int64_param = 1
    assert refused(stub.ModelInfer, request) == (
        "INVALID_ARGUMENT", "[request id: <id_unknown>] output 'OUTPUT0' already exists in request")


# --- switched off ----------------------------------------------------------------------------------------------------
def test_without_the_flag_only_status_is_there(repository, start_server, memory):
    repository.add_identity("m", max_batch_size=0)
    server = start_server(repository.path)
    for kind in ("system", "cuda"):
        for path in ("region/x/register", "region/x/unregister", "unregister"):
            response = server.post(f"/v2/{kind}sharedmemory/{path}", {"key": memory.key, "byte_size": 8})
            assert (response.status_code, response.json()) == (501, {"error": DISABLED})
        assert server.get(f"/v2/{kind}sharedmemory/status").json() == []
        assert server.get(f"/v2/{kind}sharedmemory/region/x/status").status_code == 404
    assert infer(server, where()) == (501, DISABLED)
    assert infer(server, None, where()) == (501, DISABLED)
    with grpc.insecure_channel(server.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        for call, request in [
                (stub.SystemSharedMemoryRegister, pb.SystemSharedMemoryRegisterRequest(name="x")),
                (stub.SystemSharedMemoryUnregister, pb.SystemSharedMemoryUnregisterRequest()),
                (stub.CudaSharedMemoryRegister, pb.CudaSharedMemoryRegisterRequest(name="x")),
                (stub.CudaSharedMemoryUnregister, pb.CudaSharedMemoryUnregisterRequest()),
                (stub.ModelInfer, message(input=("r", 0, 8))),
                (stub.ModelInfer, message(output=("r", 0, 8)))]:
            assert refused(call, request) == ("UNIMPLEMENTED", DISABLED)
        assert not stub.SystemSharedMemoryStatus(pb.SystemSharedMemoryStatusRequest()).regions
        assert not stub.CudaSharedMemoryStatus(pb.CudaSharedMemoryStatusRequest()).regions
