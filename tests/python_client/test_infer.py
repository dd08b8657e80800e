"""Named arrays in and out."""
import asyncio
import pickle
import re

import ml_dtypes
import numpy as np
import pytest
from neso_client import AsyncClient, Client, InvalidInput, ServerError
from neso_client.grpc import infer_request
from neso_client.tensors import Tensor
from neso_client.transport import Request
from support.repository import ModelRepository
from support.server import Server

NUMBERS = {"bool": "?", "uint8": "u1", "uint16": "u2", "uint32": "u4", "uint64": "u8", "int8": "i1", "int16": "i2", "int32": "i4",
           "int64": "i8", "fp16": "f2", "fp32": "f4", "fp64": "f8"}


@pytest.mark.parametrize("name", NUMBERS)
def test_each_datatype(client, name):
    array = (np.arange(6).reshape(2, 3) % 2).astype(NUMBERS[name])
    result = client.infer(f"copy_{name}", INPUT0=array)
    assert list(result) == ["OUTPUT0"] and result.array.dtype == array.dtype and result.array.flags.aligned
    np.testing.assert_array_equal(result["OUTPUT0"], array)


def test_strings(client):
    result = client.infer("copy_string", INPUT0=[["neso", b"\x00\xff", ""], ["grüße", "x" * 300, 7]])
    assert result.array.tolist() == [[b"neso", b"\x00\xff", b""], ["grüße".encode(), b"x" * 300, b"7"]]


def test_what_is_taken_for_a_string(client):
    texts = [bytearray(b"a"), memoryview(b"b"), np.str_("c"), np.bytes_(b"d"), np.int64(5), "\0"]
    result = client.infer("copy_string", INPUT0=[texts])
    assert result.array.tolist() == [[b"a", b"b", b"c", b"d", b"5", b"\0"]]
    for value, told in [([["a", None]], "expected strings, bytes or numbers, got None among them"),
                        ([[bytes(1 << 32)]], "expected strings of up to 4294967295 bytes, got one of 4294967296"),
                        ([[["a"], ["b", "c"]]], r"expected strings, bytes or numbers, got \['a'\] among them"),
                        ([["\ud800"]], "expected characters of Unicode")]:
        with pytest.raises(InvalidInput, match="input 'INPUT0': " + told):
            client.infer("copy_string", INPUT0=value)


def test_bits_of_bf16_in_the_other_byte_order(client):
    bits = np.uint16([[0x3f80, 0x4000]])
    for array in (bits, bits.astype(">u2")):
        assert client.infer("copy_bf16", INPUT0=array).array.tolist() == [[1, 2]]


def test_bf16(client):
    array = np.array([[1, -2.5, 3.14159, np.inf, np.nan, 1e-40]], np.float32)
    expected = array.astype(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(client.infer("copy_bf16", INPUT0=array).array, expected.astype(np.float32))
    np.testing.assert_array_equal(client.infer("copy_bf16", INPUT0=expected).array, expected.astype(np.float32))


@pytest.mark.parametrize("shape", [(1, 0), (1, 1), (1, 150528), (3, 1_000_000)])
def test_sizes(client, shape):
    array = np.random.default_rng(0).random(shape, dtype=np.float32)
    np.testing.assert_array_equal(client.infer("identity", INPUT0=array).array, array)


def test_what_is_taken_for_an_array(client):
    class Frame:
        def to_numpy(self):
            return np.float64([[1, 2]])

    class Foreign:
        def __init__(self):
            self.array = np.float32([[1, 2]])

        def __dlpack__(self, **kwargs):
            return self.array.__dlpack__(**kwargs)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    transposed = np.float32([[1], [2]]).T
    for value in ([[1, 2]], ((1.0, 2.0),), np.float64([[1, 2]]), np.int64([[1, 2]]), transposed, Frame(), Foreign()):
        assert client.infer("identity", INPUT0=value).array.tolist() == [[1, 2]]


def test_versions_outputs_id_and_parameters(client):
    a, b = np.float32([[1, 2, 3]]), np.float32([[4, 5, 6]])
    result = client.infer("pair", INPUT0=a, INPUT1=b)
    assert (result["OUTPUT0"].tolist(), result["OUTPUT1"].tolist(), result.model_version) == (a.tolist(), b.tolist(), "4")
    result = client.infer("pair", {"INPUT0": a}, INPUT1=b, version="1", outputs=["OUTPUT1"], id="seven")
    assert (list(result), result.model_version, result.id) == (["OUTPUT1"], "1", "seven")
    parameters = {"text": "é", "number": -5, "yes": True}
    told = client.infer("parameters", IN=np.float32([0]), parameters=parameters).parameters
    assert {key: told[key] for key in parameters} == parameters


def test_the_only_output(client):
    a = np.float32([[1, 2, 3]])
    with pytest.raises(KeyError, match="expected one output of model 'pair', it has 2: OUTPUT0, OUTPUT1"):
        client.infer("pair", INPUT0=a, INPUT1=a).array


def test_what_a_model_is(client):
    model = client.model("pair")
    assert (model.name, sorted(model.versions), model.platform) == ("pair", ["1", "4"], "identity")
    assert model.inputs[1] == ("INPUT1", "FP32", (-1, 3)) and model.outputs[0] == ("OUTPUT0", "FP32", (-1, 3))


@pytest.mark.parametrize("arguments, error", [
    ({"INPUT0": np.zeros(3)}, r"input 'INPUT0' of model 'pair': expected the shape [-1, 3] (-1: any), got [3]; the first dimension is "
                              r"the batch: pass array[None] for one item"),
    ({"INPUT0": np.zeros((1, 4))}, "expected the shape [-1, 3] (-1: any), got [1, 4]"),
    ({"INPUT0": [["a", "b", "c"]]}, "input 'INPUT0' of model 'pair': expected FP32, got an array of <U1"),
    ({"INPUT0": [[1, 2, 3], [4]]}, "input 'INPUT0' of model 'pair': expected an array of FP32"),
    ({"pixels": [[1, 2, 3]]}, "model 'pair' has no input 'pixels'; its inputs are INPUT0: FP32 [-1, 3], INPUT1: FP32 [-1, 3]"),
    ({}, "model 'pair' takes INPUT0: FP32 [-1, 3], INPUT1: FP32 [-1, 3], and none was given"),
    ({"INPUT0": [[1, 2, 3]], "outputs": ["y"]}, "model 'pair' has no output 'y'; its outputs are OUTPUT0"),
])
def test_what_does_not_fit_is_not_sent(client, arguments, error):
    with pytest.raises(InvalidInput) as raised:
        client.infer("pair", **arguments)
    assert error in str(raised.value)


def test_numbers_that_would_be_lost(client):
    with pytest.raises(InvalidInput, match="expected INT8, from -128 to 127, got 1 to 300"):
        client.infer("copy_int8", INPUT0=[[1, 300]])
    with pytest.raises(InvalidInput, match="expected FP16, up to 65504, got 70000"):
        client.infer("copy_fp16", INPUT0=[[1, 70000]])
    with pytest.raises(InvalidInput, match=r"expected INT32, got an array of float64; convert it with .astype\('int32'\)"):
        client.infer("copy_int32", INPUT0=np.float64([[1.5]]))


def test_what_is_wrong_with_an_input_is_said(client):
    """By its name, whatever NumPy thinks of it."""
    class Elsewhere:
        def __array__(self, *_, **__):
            raise TypeError("can't convert device type tensor to numpy")

    for model, value, told in [
            ("identity", [[1 << 70]], r"expected FP32, got an array of object, with 1180591620717411303424 at \[0, 0\]"),
            ("copy_int64", [[1, 1 << 70]], r"expected INT64, got an array of object, with 1180591620717411303424 at \[0, 1\]"),
            ("identity", [Elsewhere()], "expected an array of FP32: can't convert device type tensor"),
            ("copy_string", [np.zeros((2, 2)), np.zeros((2, 3))], "expected an array of strings: "),
            ("identity", {"a": 1}, r"expected FP32, got an array of object, with {'a': 1} at \[\]"),
            ("identity", (i for i in range(3)), "expected FP32, got an array of object, with <generator"),
            ("identity", np.zeros((1, 1), "datetime64[s]"), "expected FP32, got an array of datetime64"),
            ("identity", np.zeros((1, 1), complex), "expected FP32, got an array of complex128"),
            ("identity", None, r"expected FP32, got an array of object, with None at \[\]"),
            ("identity", 5, r"expected the shape \[-1, -1\] \(-1: any\), got \[\]"),
            ("copy_fp32", np.zeros((2, 2), [("a", "f4")]), "expected FP32, got an array of")]:
        with pytest.raises(InvalidInput, match=f"input 'INPUT0' of model '{model}': {told}"):
            client.infer(model, INPUT0=value)


def test_arrays_of_all_layouts(client):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    for given in (array.astype(">f4"), array[::-1, ::-1], array.T, np.asfortranarray(array), array[:0], array[:, 1:2]):
        np.testing.assert_array_equal(client.infer("copy_fp32", INPUT0=given).array, given)
    assert client.infer("copy_int64", INPUT0=[[]]).array.shape == (1, 0)  # NumPy takes it for one of floats
    assert client.infer("copy_fp32", INPUT0=[[np.nan, np.inf]]).array.tolist()[0][1] == np.inf


def test_an_input_that_is_given_twice(client):
    with pytest.raises(InvalidInput, match="model 'identity': expected each input once, got 'INPUT0' in the dictionary and as an argument"):
        client.infer("identity", {"INPUT0": [[1]]}, INPUT0=[[2]])


def test_what_the_arguments_are_not(client):
    array = np.float32([[1]])
    for arguments, error in [({"parameters": {"a": [1]}}, r"parameter 'a': expected a bool, int, float or str, got \[1\]"),
                             ({"parameters": {"a": None}}, "parameter 'a': expected a bool, int, float or str, got None"),
                             ({"parameters": {"a": 1 << 70}}, "parameter 'a': expected an int of 64 bits"),
                             ({"parameters": {"binary_data_output": False}}, "'binary_data_output': .* this one is the client's own"),
                             ({"parameters": {5: 1}}, "the name of a parameter: expected a str, got 5"),
                             ({"version": 1}, "version: expected a str, got 1; write '1'"),
                             ({"id": 5}, "id: expected a str, got 5; write '5'"),
                             ({"timeout": 0}, "timeout: expected seconds, above 0 and up to 2000000, or None .* got 0"),
                             ({"timeout": float("inf")}, "timeout: expected seconds, .* got inf"),
                             ({"timeout": float("nan")}, "timeout: expected seconds, .* got nan"),
                             ({"timeout": "1"}, "timeout: expected seconds, .* got str"),
                             ({"id": "\ud800"}, "id: expected characters of Unicode"),
                             ({"outputs": iter("a")}, "outputs: expected a sequence of names, got str_"),
                             ({"outputs": "OUTPUT0"}, r"outputs: expected a sequence of names, got 'OUTPUT0'; write \['OUTPUT0'\]")]:
        with pytest.raises(InvalidInput, match=error):
            client.infer("identity", INPUT0=array, **arguments)
    for ask in (client.model, client.is_ready):
        with pytest.raises(InvalidInput, match="version: expected a str, got 1"):
            ask("identity", 1)
    with pytest.raises(InvalidInput, match="timeout: expected seconds"):
        Client("localhost", timeout=0)


def test_inputs_that_are_called_like_arguments(client):
    array = np.float32([[1]])
    for name in ("version", "outputs", "id", "timeout", "parameters"):
        hint = f"^{name}: .* an input of that name is given in a dictionary: {{'{name}': ...}}"
        with pytest.raises(InvalidInput, match=hint):
            client.infer("identity", **{name: array})
    with pytest.raises(InvalidInput, match="expected a dictionary of inputs or a frame, got ndarray; its inputs are"):
        client.infer("identity", array)


def test_any_collection_of_outputs(client):
    for outputs in (["OUTPUT0"], ("OUTPUT0",), {"OUTPUT0"}, {"OUTPUT0": 1}.keys(), [np.str_("OUTPUT0")]):
        assert list(client.infer("identity", INPUT0=[[1]], outputs=outputs)) == ["OUTPUT0"]


def test_a_request_too_large_for_grpc():
    class Huge:
        def __len__(self):
            return 1 << 31

    told = "model 'm': expected at most 2147483647 bytes over gRPC, got 2147483"
    with pytest.raises(InvalidInput, match=told):
        infer_request(Request("m", "", "", [Tensor("x", "UINT8", (1 << 31,), Huge())], (), {}))


def test_each_result_has_its_own_parameters(client):
    def ask():
        return client.infer("parameters", IN=np.float32([0]), parameters={"mine": 1}).parameters

    ask()["other"] = 2
    assert "other" not in ask()


def test_errors_come_out_of_other_processes():
    error = pickle.loads(pickle.dumps(ServerError("NOT_FOUND", "no such model")))
    assert (str(error), error.status, error.message) == ("no such model (NOT_FOUND)", "NOT_FOUND", "no such model")


def test_errors_of_the_server(client):
    with pytest.raises(ServerError) as unknown:
        client.infer("missing", x=1)
    assert unknown.value.status == "NOT_FOUND" and "Request for unknown model: 'missing' is not found" in unknown.value.message
    with pytest.raises(ServerError) as too_large:
        client.infer("pair", INPUT0=np.zeros((9, 3)), INPUT1=np.zeros((9, 3)))
    assert too_large.value.status == "INVALID_ARGUMENT" and "must be <= 8" in too_large.value.message
    assert client.infer("identity", INPUT0=[[1]]).array.tolist() == [[1]]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_model_that_is_replaced_by_one_with_other_inputs(tmp_path, protocol):
    repository = ModelRepository(tmp_path / "models")
    repository.add_identity("model", dims=(2,))
    server = Server(repository.path, "--model-control-mode=explicit", "--load-model=model").start()
    url = f"{protocol}://{getattr(server, protocol)}"

    async def in_a_loop():
        async with AsyncClient(url) as client:
            assert (await client.infer("model", INPUT0=[[1, 2]])).array.tolist() == [[1, 2]]
            replace(dims=(3,), tensors=2)
            assert len(await client.infer("model", INPUT0=[[1, 2, 3]], INPUT1=[[4, 5, 6]])) == 2

    def replace(**config):
        repository.add_identity("model", **config)
        with Client(url) as other:
            other.load("model")

    try:
        with Client(url) as client:
            assert client.infer("model", INPUT0=[[1, 2]]).array.tolist() == [[1, 2]]
            replace(dims=(3,))
            assert client.infer("model", INPUT0=[[1, 2, 3]]).array.tolist() == [[1, 2, 3]]
            with pytest.raises(InvalidInput, match=re.escape("expected the shape [-1, 3] (-1: any), got [1, 2]")):
                client.infer("model", INPUT0=[[1, 2]])
            replace(dims=(2,))
        asyncio.run(in_a_loop())
    finally:
        server.stop()


def test_a_model_all_of_whose_inputs_may_be_left_out(client):
    assert client.infer("optional", {}).array.tolist() == [7]
    with pytest.raises(InvalidInput, match="and none was given"):
        client.infer("optional")


def test_a_model_that_goes_and_comes(client):
    assert client.infer("identity", INPUT0=[[1]]).array.tolist() == [[1]]
    client.unload("identity")
    assert not client.is_ready("identity")
    with pytest.raises(ServerError):
        client.infer("identity", INPUT0=[[1]])
    client.load("identity")
    assert client.is_ready("identity") and client.is_ready()
    assert client.infer("identity", INPUT0=[[1]]).array.tolist() == [[1]]
