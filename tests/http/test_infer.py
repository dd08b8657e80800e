"""Inference over HTTP: the stock client, JSON and binary tensors, every datatype, classification, compression."""
import asyncio
import gzip
import json
import struct
import zlib

import ml_dtypes
import numpy as np
import pytest
import requests
import tritonclient.http as httpclient
import tritonclient.http.aio as aioclient
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

DTYPES = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64, "INT8": np.int8,
    "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64,
    "BYTES": np.object_,
}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    for name in [*DTYPES, "BF16"]:
        module_repository.add_identity(f"identity_{name.lower()}", "TYPE_STRING" if name == "BYTES" else f"TYPE_{name}")
    module_repository.add_identity("two", tensors=2)
    module_repository.add_identity("matrix", dims=(2, 2), max_batch_size=0)
    module_repository.add_identity("one_string", "TYPE_STRING", dims=(1,))
    labels = module_repository.add("labelled", """
        backend: "identity"
        max_batch_size: 8
        input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [3] } ]
        output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [3] label_filename: "labels.txt" } ]
        """)
    (labels / "labels.txt").write_text("cat\n\nbird\n")
    module_repository.add_identity("decoupled", extra="model_transaction_policy { decoupled: true }")
    return start_module_server(module_repository.path, "--http-max-input-size=1000000")


@pytest.fixture(scope="module")
def client(server):
    with httpclient.InferenceServerClient(server.http) as client:
        yield client


def sample(name):
    if name == "BYTES":
        return np.array([[b"", b"text", "\u00fcnic\u00f6de".encode(), b"x" * 300]], dtype=np.object_)
    if name == "BOOL":
        return np.array([[True, False, True, True]])
    if name.startswith("FP"):
        return np.array([[0.0, -1.5, 0.1, 65504.0]], dtype=DTYPES[name])
    info = np.iinfo(DTYPES[name])
    return np.array([[info.min, info.max, 0, 1]], dtype=DTYPES[name])


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
@pytest.mark.parametrize("name", [name for name in DTYPES if name != "FP16"])
def test_every_datatype_comes_back_as_it_was_sent(client, name, binary_in, binary_out):
    round_trip(client, name, binary_in, binary_out)


def test_fp16_travels_as_binary(client):
    round_trip(client, "FP16", True, True)


def round_trip(client, name, binary_in, binary_out):
    data = sample(name)
    tensor = httpclient.InferInput("INPUT0", data.shape, np_to_triton_dtype(data.dtype))
    tensor.set_data_from_numpy(data, binary_data=binary_in)
    result = client.infer(f"identity_{name.lower()}", [tensor],
                          outputs=[httpclient.InferRequestedOutput("OUTPUT0", binary_data=binary_out)])
    got = result.as_numpy("OUTPUT0")
    if name == "BYTES":
        got = np.array([[x if isinstance(x, bytes) else x.encode() for x in got[0]]], dtype=np.object_)
    np.testing.assert_array_equal(got, data)
    output = result.get_response()["outputs"][0]
    assert ("data" in output) != binary_out


def test_bf16_travels_as_binary(client):
    data = np.array([[1.0, -2.5, 3.25]], dtype=ml_dtypes.bfloat16)
    tensor = httpclient.InferInput("INPUT0", data.shape, "BF16")
    tensor.set_data_from_numpy(data)
    got = client.infer("identity_bf16", [tensor]).as_numpy("OUTPUT0")
    np.testing.assert_array_equal(got.astype(np.float32), data.astype(np.float32))


@pytest.mark.parametrize("name", ["FP16", "BF16"])
def test_half_precision_is_refused_as_json(server, name):
    response = server.infer(f"identity_{name.lower()}", {
        "inputs": [{"name": "INPUT0", "datatype": name, "shape": [1, 1], "data": [1.0]}]})
    assert response.status_code == 400
    assert response.json()["error"] == (f"receiving {name} data via JSON is not supported. Please use the binary data format "
                                        "for input INPUT0")
    head = json.dumps({"inputs": [{"name": "INPUT0", "datatype": name, "shape": [1, 1],
                                   "parameters": {"binary_data_size": 2}}]}).encode()
    response = server.infer(f"identity_{name.lower()}", head + b"\0\0",
                            headers={"Inference-Header-Content-Length": str(len(head))})
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "text/plain"
    assert response.json()["error"] == (f"sending {name} data via JSON is not supported. Please use the binary data format "
                                        "for output")


def test_asyncio_client_runs_many_requests(server):
    async def run():
        async with aioclient.InferenceServerClient(server.http) as client:
            async def one(i):
                data = np.full((1, 4), i, dtype=np.float32)
                tensor = aioclient.InferInput("INPUT0", data.shape, "FP32")
                tensor.set_data_from_numpy(data)
                result = await client.infer("identity_fp32", [tensor], request_id=str(i))
                assert result.get_response()["id"] == str(i)
                np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), data)
            await asyncio.gather(*(one(i) for i in range(100)))
    asyncio.run(run())


def fp32(values, shape=None, name="INPUT0", **more):
    return {"name": name, "datatype": "FP32", "shape": shape or [1, len(values)], "data": values, **more}


def test_answer_has_the_contract_s_members_in_order(server):
    response = server.infer("identity_fp32", {"id": "a\"b", "inputs": [fp32([0.1, 1])]})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert "Inference-Header-Content-Length" not in response.headers
    assert response.text == ('{"id":"a\\"b","model_name":"identity_fp32","model_version":"1","outputs":[{"name":"OUTPUT0",'
                             '"datatype":"FP32","shape":[1,2],"data":[0.10000000149011612,1.0]}]}')


def test_specific_version_can_be_asked_for(server):
    assert server.post("/v2/models/identity_fp32/versions/1/infer", {"inputs": [fp32([1])]}).status_code == 200
    response = server.post("/v2/models/identity_fp32/versions/2/infer", {"inputs": [fp32([1])]})
    assert response.status_code == 404
    assert response.json()["error"] == "Request for unknown model: 'identity_fp32' version 2 is not found"


def test_nan_and_infinity_travel_as_words(server):
    body = ('{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,6],"data":[NaN,Inf,Infinity,-Infinity,-Inf,1e300]}]}')
    response = server.infer("identity_fp32", body)
    assert response.status_code == 200, response.text
    assert response.text.endswith('"data":[NaN,Infinity,Infinity,-Infinity,-Infinity,Infinity]}]}')


def test_nested_data_is_read_row_major(server):
    response = server.infer("matrix", {"inputs": [fp32([[1, 2], [3, 4]], [2, 2])]})
    assert response.json()["outputs"][0]["data"] == [1, 2, 3, 4]


def test_integers_are_truncated_to_their_width(server):
    response = server.infer("identity_uint8", {
        "inputs": [{"name": "INPUT0", "datatype": "UINT8", "shape": [1, 2], "data": [256, 511]}]})
    assert response.json()["outputs"][0]["data"] == [0, 255]


def test_outputs_can_be_a_subset(server):
    inputs = [fp32([1]), fp32([2], name="INPUT1")]
    everything = server.infer("two", {"inputs": inputs}).json()["outputs"]
    assert [output["name"] for output in everything] == ["OUTPUT0", "OUTPUT1"]
    one = server.infer("two", {"inputs": inputs, "outputs": [{"name": "OUTPUT1"}]}).json()["outputs"]
    assert [output["name"] for output in one] == ["OUTPUT1"]
    assert one[0]["data"] == [2.0]


def test_binary_data_output_is_the_default_for_outputs_not_listed(server):
    inputs = [fp32([1]), fp32([2], name="INPUT1")]
    response = server.infer("two", {"inputs": inputs, "parameters": {"binary_data_output": True}})
    head = int(response.headers["Inference-Header-Content-Length"])
    assert response.headers["Content-Type"] == "application/octet-stream"
    outputs = json.loads(response.content[:head])["outputs"]
    assert [output["parameters"] for output in outputs] == [{"binary_data_size": 4}] * 2
    assert response.content[head:] == struct.pack("<ff", 1, 2)
    response = server.infer("two", {"inputs": inputs, "parameters": {"binary_data_output": True},
                                    "outputs": [{"name": "OUTPUT0"}]})
    assert response.json()["outputs"][0]["data"] == [1.0]


def test_json_and_binary_inputs_mix(server):
    head = json.dumps({"inputs": [fp32([1.5]), {"name": "INPUT1", "datatype": "FP32", "shape": [1, 2],
                                                "parameters": {"binary_data_size": 8}}]}).encode()
    response = server.infer("two", head + struct.pack("<ff", 7, 8), headers={"Inference-Header-Content-Length": str(len(head))})
    assert [output["data"] for output in response.json()["outputs"]] == [[1.5], [7.0, 8.0]]


def test_zero_size_tensors_are_served(server):
    response = server.infer("identity_fp32", {"inputs": [fp32([], [1, 0])]})
    assert response.json()["outputs"][0] == {"name": "OUTPUT0", "datatype": "FP32", "shape": [1, 0], "data": []}
    response = server.infer("identity_fp32", {"inputs": [fp32([], [1, 0])], "parameters": {"binary_data_output": True}})
    assert "Inference-Header-Content-Length" not in response.headers
    assert response.json()["outputs"][0]["parameters"] == {"binary_data_size": 0}


def test_raw_request_has_everything_deduced(server):
    body = struct.pack("<fff", 1, 2, 3)
    response = server.infer("identity_fp32", body, headers={"Inference-Header-Content-Length": "0"})
    head = int(response.headers["Inference-Header-Content-Length"])
    assert json.loads(response.content[:head])["outputs"][0]["shape"] == [1, 3]
    assert response.content[head:] == body

@pytest.mark.parametrize("model,shape", [("one_string", [1, 1]), ("identity_bytes", [1, 1])])
def test_raw_text_is_one_element_where_one_fits(server, model, shape):
    response = server.infer(model, b"hello", headers={"Inference-Header-Content-Length": "0"})
    head = int(response.headers["Inference-Header-Content-Length"])
    assert json.loads(response.content[:head])["outputs"][0]["shape"] == shape
    assert response.content[head:] == struct.pack("<I", 5) + b"hello"


def test_raw_request_needs_a_model_with_one_input(server):
    response = server.infer("two", b"1234", headers={"Inference-Header-Content-Length": "0"})
    assert response.status_code == 400
    assert "Raw request must only have 1 input (found 1) to be deduced but got 2 inputs in 'two' model configuration" in (
        response.json()["error"])


def test_decoupled_models_are_refused(server):
    response = server.infer("decoupled", {"inputs": [fp32([1])]})
    assert response.status_code == 501
    assert response.headers["Content-Type"] == "text/plain"
    assert response.json()["error"] == "HTTP end point doesn't support models with decoupled transaction policy"


@pytest.mark.parametrize("binary", [True, False])
def test_classification_gives_values_indexes_and_labels_that_are_not_empty(client, binary):
    data = np.array([[0.25, 0.5, 0.125], [3, 1, 2]], dtype=np.float32)
    tensor = httpclient.InferInput("INPUT0", data.shape, "FP32")
    tensor.set_data_from_numpy(data)
    result = client.infer("labelled", [tensor],
                          outputs=[httpclient.InferRequestedOutput("OUTPUT0", binary_data=binary, class_count=2)])
    got = [[x if isinstance(x, str) else x.decode() for x in row] for row in result.as_numpy("OUTPUT0")]
    assert got == [["0.500000:1", "0.250000:0:cat"], ["3.000000:0:cat", "2.000000:2:bird"]]


def test_classification_without_labels_and_with_more_classes_than_there_are(server):
    response = server.infer("identity_int32", {
        "inputs": [{"name": "INPUT0", "datatype": "INT32", "shape": [1, 2], "data": [5, 9]}],
        "outputs": [{"name": "OUTPUT0", "parameters": {"classification": 10}}]})
    assert response.json()["outputs"][0] == {"name": "OUTPUT0", "datatype": "BYTES", "shape": [1, 2], "data": ["9:1", "5:0"]}


def test_classification_puts_nan_last(server):
    row = [float("nan"), 1, float("inf"), float("nan"), 3]
    tensor = httpclient.InferInput("INPUT0", [1, 5], "FP32")
    tensor.set_data_from_numpy(np.array([row], np.float32))
    with httpclient.InferenceServerClient(server.http) as client:
        result = client.infer("identity_fp32", [tensor], outputs=[httpclient.InferRequestedOutput("OUTPUT0", class_count=5)])
    texts = [text.decode() for text in result.as_numpy("OUTPUT0")[0]]
    assert texts[:3] == ["inf:2", "3.000000:4", "1.000000:1"] and [text[-2:] for text in texts[3:]] == [":0", ":3"]


def test_classification_refuses_types_without_order(server):
    response = server.infer("identity_bytes", {
        "inputs": [{"name": "INPUT0", "datatype": "BYTES", "shape": [1, 1], "data": ["x"]}],
        "outputs": [{"name": "OUTPUT0", "parameters": {"classification": 1}}]})
    assert response.status_code == 400
    assert response.json()["error"] == "class result not available for output due to unsupported type 'BYTES'"


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_stock_client_compresses_both_ways(client, algorithm):
    data = np.arange(1000, dtype=np.float32).reshape(1, -1)
    tensor = httpclient.InferInput("INPUT0", data.shape, "FP32")
    tensor.set_data_from_numpy(data)
    result = client.infer("identity_fp32", [tensor], request_compression_algorithm=algorithm,
                          response_compression_algorithm=algorithm)
    np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), data)


def test_content_coding_is_chosen_by_weight(server):
    body = json.dumps({"inputs": [fp32([1.0])]})
    plain = server.infer("identity_fp32", body, headers={"Accept-Encoding": "br"})
    assert "Content-Encoding" not in plain.headers
    for accepted, coding in [("gzip;q=0.5, deflate", "deflate"), ("gzip, deflate", "gzip"), ("identity, gzip;q=0.9", None)]:
        response = server.infer("identity_fp32", body, headers={"Accept-Encoding": accepted})
        assert response.headers.get("Content-Encoding") == coding
        assert response.json() == plain.json()


def test_compressed_requests_are_inflated(server):
    body = json.dumps({"inputs": [fp32([1.0])]}).encode()
    for coding, data in [("gzip", gzip.compress(body)), ("deflate", zlib.compress(body)), ("identity", body)]:
        assert server.infer("identity_fp32", data, headers={"Content-Encoding": coding}).status_code == 200
    response = server.infer("identity_fp32", body, headers={"Content-Encoding": "br"})
    assert response.status_code == 501
    assert response.json()["error"] == "Unsupported compression type"
    assert response.headers["Accept-Encoding"] == "gzip, deflate"
    response = server.infer("identity_fp32", gzip.compress(b"[" + b" " * 2_000_000), headers={"Content-Encoding": "gzip"})
    assert response.status_code == 400
    assert response.json()["error"].startswith("Decompressed data size exceeds the maximum allowed value of 1000000 bytes.")


def test_chunked_bodies_are_read(server):
    body = json.dumps({"inputs": [fp32([1.0, 2.0])]}).encode()
    response = requests.post(f"{server.url}/v2/models/identity_fp32/infer", data=iter([body[:10], body[10:11], body[11:]]))
    assert response.json()["outputs"][0]["data"] == [1.0, 2.0]


def test_parameters_of_every_kind_are_accepted(server):
    body = {"inputs": [fp32([1.0])], "parameters": {"text": "x", "number": 1, "flag": True, "real": 1.5, "huge": 2**63,
                                                    "priority": 0, "timeout": 5, "headers": "x"}}
    assert server.infer("identity_fp32", body).status_code == 200


def test_client_exception_carries_status_and_text(client):
    tensor = httpclient.InferInput("INPUT0", [1, 4], "INT32")
    tensor.set_data_from_numpy(np.zeros((1, 4), dtype=np.int32))
    with pytest.raises(InferenceServerException) as caught:
        client.infer("identity_fp32", [tensor])
    assert caught.value.status() == "400"
    assert "inference input 'INPUT0' data-type is 'INT32', but model 'identity_fp32' expects 'FP32'" in caught.value.message()
