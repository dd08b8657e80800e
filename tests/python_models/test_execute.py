"""Python models that answer requests: tensors of every type, batches, errors, parameters."""
import json
import math

import grpc
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.clients import arrays_of, infer_at_once, inputs_of
from support.python_models import FAILING, IDENTITY
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

NUMBERS = {"TYPE_BOOL": np.bool_, "TYPE_UINT8": np.uint8, "TYPE_UINT16": np.uint16, "TYPE_UINT32": np.uint32,
           "TYPE_UINT64": np.uint64, "TYPE_INT8": np.int8, "TYPE_INT16": np.int16, "TYPE_INT32": np.int32,
           "TYPE_INT64": np.int64, "TYPE_FP16": np.float16, "TYPE_FP32": np.float32, "TYPE_FP64": np.float64}


@pytest.fixture(scope="module")
def server(models, serve):
    for datatype in NUMBERS:
        models.add(f"identity_{datatype}", IDENTITY, {"IN": datatype}, {"OUT": datatype})
    models.add("strings", IDENTITY, {"IN": "TYPE_STRING"}, {"OUT": "TYPE_STRING"})
    models.add("batches", """
        def execute(self, requests):
            size = np.int32([[len(requests)]])
            return [answer(OUT=values(request) * 2, SIZE=np.repeat(size, len(values(request)), 0))
                    for request in requests]
        """, outputs={"OUT": "TYPE_FP32", "SIZE": "TYPE_INT32"}, max_batch_size=16,
        extra="dynamic_batching { max_queue_delay_microseconds: 20000 }\ninstance_group { count: 2 kind: KIND_CPU }")
    models.add("failing", FAILING + """
    if kind == 7: return [None]
    class Mute(Exception):
        def __str__(self): raise ValueError("no text on purpose")
    if kind == 10: raise Mute()
    return [answer(OUT=values(requests[0]))]
""")
    models.add("pops", """
        def execute(self, requests):
            return [answer(OUT=values(requests.pop(0))) for _ in range(len(requests))]
        """, max_batch_size=16, extra="dynamic_batching { max_queue_delay_microseconds: 20000 }")
    models.add("no_execute", "pass")
    models.add("parameters", """
        def execute(self, requests):
            responses = []
            for request in requests:
                told = json.dumps({"parameters": json.loads(request.parameters()), "id": request.request_id(),
                                   "correlation": request.correlation_id(), "flags": request.flags(),
                                   "timeout": request.timeout(), "outputs": sorted(request.requested_output_names())})
                responses.append(pb_utils.InferenceResponse(
                    [pb_utils.Tensor("OUT", np.array([told], dtype=object))],
                    parameters={"text": "value", "number": 7, "flag": True}))
            return responses
        """, outputs={"OUT": "TYPE_STRING"})
    models.add("arrays", """
        def execute(self, requests):
            array = values(requests[0])
            return [answer(TRANSPOSED=array.T, REVERSED=array[::-1], BIG_ENDIAN=array.astype(">f4"), EMPTY=array[:0],
                           KEPT=array, UNKNOWN=array)]
        """, {"IN": ("TYPE_FP32", (-1, -1))},
        {name: ("TYPE_FP32", (-1, -1)) for name in ("TRANSPOSED", "REVERSED", "BIG_ENDIAN", "EMPTY", "KEPT")})
    models.add("matrix", """
        def execute(self, requests):
            array = values(requests[0])
            assert array.dtype == object and array.shape == (2, 3) and type(array[1][2]) is bytes
            return [answer(OUT=array[::-1])]
        """, {"IN": ("TYPE_STRING", (-1, -1))}, {"OUT": ("TYPE_STRING", (-1, -1))})
    models.add("codes", """
        def execute(self, requests):
            return [error("an error of code", int(values(request)[0])) for request in requests]
        """)
    models.add("answers_by_sender", """
        def execute(self, requests):
            for request in requests:
                request.get_response_sender().send(answer(OUT=values(request)),
                                                   flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        """)
    models.add("releases", """
        def execute(self, requests):
            requests[0].set_release_flags(int(values(requests[0])[0]))
            return [answer(OUT=values(requests[0]))]
        """)
    models.add("keeps", """
        def initialize(self, args):
            self.kept = []

        def execute(self, requests):
            self.kept.append(values(requests[0]))
            return [answer(OUT=np.concatenate(self.kept))]
        """)
    return serve("--http-header-forward-pattern=(?i)x-.*")


def ask(client, model, *arrays, **named):
    inputs = dict(named) if named else {"IN": arrays[0]}
    return arrays_of(client.infer(model, inputs_of(inputs)))


@pytest.mark.parametrize("datatype", NUMBERS)
def test_numbers_of_every_type_come_and_go(client, datatype):
    array = np.array([0, 1, 2, 250, 7], dtype=np.int64).astype(NUMBERS[datatype])
    got = ask(client, f"identity_{datatype}", array)["OUT"]
    assert got.dtype == array.dtype
    np.testing.assert_array_equal(got, array)


def test_large_and_empty_tensors_come_and_go(client):
    for size in (0, 1, 1024, 1 << 20, 9 << 20):
        array = np.arange(size, dtype=np.float32)
        np.testing.assert_array_equal(ask(client, "identity_TYPE_FP32", array)["OUT"], array)


def test_strings_come_and_go(client):
    strings = np.array([b"", b"text", "\u00fc".encode(), b"\0\xff", b"x" * 100_000], dtype=object)
    np.testing.assert_array_equal(ask(client, "strings", strings)["OUT"], strings)
    assert ask(client, "strings", np.array([], dtype=object))["OUT"].size == 0


def test_strings_have_the_shape_of_their_tensor(client):
    strings = np.array([[b"a", b"b", b""], [b"d", b"\xff", b"f"]], dtype=object)
    np.testing.assert_array_equal(ask(client, "matrix", strings)["OUT"], strings[::-1])


def test_arrays_of_every_layout_are_sent(client):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    got = ask(client, "arrays", array)
    np.testing.assert_array_equal(got["TRANSPOSED"], array.T)
    np.testing.assert_array_equal(got["REVERSED"], array[::-1])
    np.testing.assert_array_equal(got["BIG_ENDIAN"], array)
    np.testing.assert_array_equal(got["KEPT"], array)
    assert got["EMPTY"].shape == (0, 3)
    assert "UNKNOWN" not in got


def test_only_what_the_client_asks_for_is_sent(client):
    result = client.infer("arrays", inputs_of({"IN": np.zeros((1, 1), np.float32)}),
                          outputs=[httpclient.InferRequestedOutput("KEPT")])
    assert list(arrays_of(result)) == ["KEPT"]


def test_arrays_that_the_model_keeps_stay_what_they_were(client):
    for i in range(50):
        got = ask(client, "keeps", np.full(300, i, np.float32))["OUT"]
        np.testing.assert_array_equal(got, np.repeat(np.arange(i + 1, dtype=np.float32), 300))


def test_requests_are_executed_in_batches(server):
    rows = [{"IN": np.full((1 + i % 3, 2), i, np.float32)} for i in range(200)]
    answers = infer_at_once(server.http, "batches", rows, threads=16)
    for row, got in zip(rows, answers, strict=True):
        np.testing.assert_array_equal(got["OUT"], 2 * row["IN"])
    assert max(int(got["SIZE"].max()) for got in answers) > 1
    stats = server.get("/v2/models/batches/stats").json()["model_stats"][0]
    assert stats["inference_stats"]["success"]["count"] == 200
    assert stats["execution_count"] < 200


def test_the_list_of_requests_is_the_models_to_change(server):
    rows = [{"IN": np.full((1, 2), i, np.float32)} for i in range(50)]
    for row, got in zip(rows, infer_at_once(server.http, "pops", rows, threads=8), strict=True):
        np.testing.assert_array_equal(got["OUT"], row["IN"])
    assert "is not healthy" not in server.log


PREFIX = "Failed to process the request(s) for model 'failing_0', message: "


@pytest.mark.parametrize("kind, text", [
    (2, PREFIX + "Expected a list in the execute return, found type '<class 'str'>'."),
    (3, PREFIX + "Number of InferenceResponse objects do not match the number of InferenceRequest objects. "
        "InferenceRequest(s) size is:1, and InferenceResponse(s) size is:0\n"),
    (4, PREFIX + "Expected an 'InferenceResponse' object in the execute function return list, found type '<class 'int'>'."),
    (5, "no such thing"),
    (6, "plain"),
    (8, "error wins"),
])
def test_what_is_no_answer_is_an_error(client, kind, text):
    with pytest.raises(InferenceServerException) as caught:
        ask(client, "failing", np.float32([kind]))
    assert caught.value.message() == text
    assert ask(client, "failing", np.float32([9]))["OUT"] == [9]


@pytest.mark.parametrize("kind, first", [(0, "ValueError: broken on purpose"),
                                         (1, "TritonModelException: told on purpose")])
def test_an_exception_says_where_it_came_from(client, server, kind, first):
    with pytest.raises(InferenceServerException) as caught:
        ask(client, "failing", np.float32([kind]))
    head, _, trace = caught.value.message().partition("\n\nAt:\n")
    assert head == PREFIX + first
    assert trace.startswith("  /") and trace.endswith("): execute\n") and "failing/1/model.py(" in trace
    assert first in server.log


def test_an_exception_without_a_text_is_an_error_as_others(client, server):
    with pytest.raises(InferenceServerException) as caught:
        ask(client, "failing", np.float32([10]))
    assert caught.value.message().startswith(PREFIX + "Mute: <its text cannot be made: ValueError>\n\nAt:\n")
    assert "Mute: <its text cannot be made: ValueError>" in server.log
    assert ask(client, "failing", np.float32([9]))["OUT"] == [9]
    assert "is not healthy" not in server.log


def test_an_error_has_the_code_that_the_model_gave(server):
    body = {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [5]}]}
    assert server.infer("failing", body).status_code == 404


CODES = ["UNKNOWN", "INTERNAL", "NOT_FOUND", "INVALID_ARGUMENT", "UNAVAILABLE", "UNIMPLEMENTED", "ALREADY_EXISTS",
         "CANCELLED"]


@pytest.mark.parametrize("code, status", list(enumerate(CODES)))
def test_every_code_is_a_status_of_grpc(server, code, status):
    tensor = grpcclient.InferInput("IN", [1], "FP32")
    tensor.set_data_from_numpy(np.float32([code]))
    with grpcclient.InferenceServerClient(server.grpc) as client, pytest.raises(InferenceServerException) as caught:
        client.infer("codes", [tensor])
    assert (caught.value.status(), caught.value.message()) == (f"StatusCode.{status}", "an error of code")


def test_a_list_is_not_needed_where_senders_answer(client):
    assert ask(client, "answers_by_sender", np.float32([3]))["OUT"] == [3]


def test_what_was_rescheduled_has_no_answer(client):
    assert ask(client, "releases", np.float32([1]))["OUT"] == [1]
    for flags, text in ((2, "Expected a None object in the execute function return list for reschduled request, found type "
                            "'<class 'triton_python_backend_utils.InferenceResponse'>'."), (4, "Unsupported flag provided.")):
        with pytest.raises(InferenceServerException) as caught:
            ask(client, "releases", np.float32([flags]))
        assert text in caught.value.message()


def test_none_without_a_sender_is_an_error(client):
    with pytest.raises(InferenceServerException, match="took no response sender"):
        ask(client, "failing", np.float32([7]))


def test_a_model_without_execute_says_so(client):
    with pytest.raises(InferenceServerException, match=r"Python model .*/no_execute/1/model.py does not implement "
                                                       r"`execute` method\.$"):
        ask(client, "no_execute", np.float32([1]))


def test_a_model_sees_what_the_request_says(server):
    response = server.infer("parameters", {
        "id": "the id", "parameters": {"sequence_id": 42, "sequence_start": True, "text": "t", "count": 3, "flag": True,
                                       "timeout": 1234567},
        "inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [5]}]}, headers={"X-Tenant": "t1"}).json()
    assert response["parameters"] == {"text": "value", "number": 7, "flag": True}
    told = json.loads(response["outputs"][0]["data"][0])
    assert told["parameters"] == {"text": "t", "count": 3, "flag": True, "X-Tenant": "t1"}
    assert told["id"] == "the id" and told["correlation"] == 42 and told["flags"] == 1
    assert told["timeout"] == 1234567 and told["outputs"] == ["OUT"]


def test_every_double_is_a_parameter(server):
    request = service_pb2.ModelInferRequest(model_name="parameters", raw_input_contents=[b"\0\0\0\0"])
    request.inputs.add(name="IN", datatype="FP32", shape=[1])
    doubles = {"nan": math.nan, "much": math.inf, "little": -math.inf, "exact": 0.1}
    for name, value in doubles.items():
        request.parameters[name].double_param = value
    with grpc.insecure_channel(server.grpc) as channel:
        response = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request)
    told = json.loads(response.raw_output_contents[0][4:])["parameters"]
    assert math.isnan(told.pop("nan")) and math.isnan(doubles.pop("nan"))
    assert told == doubles
