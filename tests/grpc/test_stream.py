"""ModelStreamInfer: order, decoupled models, final responses, errors in the stream and instead of it, cancellation."""
import asyncio
import queue
import time

import grpc
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.grpc.aio as aioclient
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

REPEAT = 5


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    decoupled = "model_transaction_policy { decoupled: true }"
    module_repository.add_identity("identity")
    module_repository.add_identity("slow", parameters={"execute_delay_ms": "300"})
    module_repository.add_identity("failing", parameters={"execute_error": "no such luck"})
    module_repository.add_identity("repeat", extra=decoupled, parameters={"repeat": REPEAT, "response_delay_ms": "10"})
    module_repository.add_identity("burst", extra=decoupled, parameters={"repeat": "1000"})
    module_repository.add_identity("endless", extra=decoupled, parameters={"repeat": "100000", "response_delay_ms": "10"})
    return start_module_server(module_repository.path)


@pytest.fixture
def stub(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def request(model, value=1.0, id="", size=1, version="", **parameters):
    result = pb.ModelInferRequest(model_name=model, model_version=version, id=id)
    result.inputs.add(name="INPUT0", datatype="FP32", shape=[1, size])
    result.raw_input_contents.append(np.full(size, value, np.float32).tobytes())
    for name, on in parameters.items():
        result.parameters[name].bool_param = on
    return result


def final(answer):
    return answer.infer_response.parameters["triton_final_response"].bool_param


def value(answer):
    return np.frombuffer(answer.infer_response.raw_output_contents[0], np.float32)[0]


def test_the_head_of_a_stream_comes_before_anything_is_asked(stub):
    """Programs over tonic get the stream only then; one that has to hear something before it asks would wait for ever."""
    waiting = queue.Queue()
    call = stub.ModelStreamInfer(iter(waiting.get, None), timeout=20)
    call.initial_metadata()  # waits for it
    waiting.put(request("identity", 3.0))
    assert value(next(call)) == 3.0
    waiting.put(None)
    assert list(call) == [] and call.code() is grpc.StatusCode.OK


def test_answers_keep_the_order_of_requests(stub):
    requests = [request("slow" if i % 5 == 0 else "identity", i, str(i)) for i in range(20)]
    answers = list(stub.ModelStreamInfer(iter(requests)))
    assert [a.infer_response.id for a in answers] == [str(i) for i in range(20)]
    assert [value(a) for a in answers] == list(range(20))
    assert all(final(a) for a in answers)


def test_errors_before_issue_are_in_order_and_carry_only_the_id(stub):
    wrong = request("identity", id="wrong")
    wrong.inputs[0].datatype = "INT32"
    answers = list(stub.ModelStreamInfer(iter([
        request("slow", id="first"), request("nobody", id="unknown"), wrong, request("identity", id="last")])))
    assert [a.infer_response.id for a in answers] == ["first", "unknown", "wrong", "last"]
    assert [bool(a.error_message) for a in answers] == [False, True, True, False]
    assert answers[1] == pb.ModelStreamInferResponse(
        error_message="Request for unknown model: 'nobody' is not found", infer_response=pb.ModelInferResponse(id="unknown"))


def test_errors_of_the_model_say_which_request(stub):
    answers = list(stub.ModelStreamInfer(iter([request("failing", id="7", version="1"), request("identity")])))
    assert answers[0].error_message == "no such luck"
    assert answers[0].infer_response.id == "7"
    assert answers[0].infer_response.model_name == "failing"
    assert answers[0].infer_response.model_version == "1"
    assert final(answers[0])
    assert not answers[1].error_message


def test_decoupled_responses_come_all_and_in_order(stub):
    answers = list(stub.ModelStreamInfer(iter([request("repeat", i, str(i)) for i in range(3)])))
    for i in range(3):
        own = [a for a in answers if a.infer_response.id == str(i)]
        assert len(own) == REPEAT
        assert all(value(a) == i for a in own)
    assert not any(a.error_message for a in answers)


def test_empty_final_response_is_sent_when_asked_for(stub):
    answers = list(stub.ModelStreamInfer(iter([request("repeat", id="7", triton_enable_empty_final_response=True)])))
    assert [final(a) for a in answers[:-1]] == [False] * (len(answers) - 1)
    assert final(answers[-1])
    assert len([a for a in answers if a.infer_response.outputs]) == REPEAT
    if not answers[-1].infer_response.outputs:
        assert answers[-1].infer_response.model_name == "repeat"
        assert answers[-1].infer_response.id == "7"


def test_a_thousand_responses(stub):
    answers = list(stub.ModelStreamInfer(iter([request("burst", size=100)])))
    assert len(answers) == 1000


def test_a_slow_reader_gets_everything(stub):
    count = 0
    for answer in stub.ModelStreamInfer(iter([request("burst", size=10_000)])):
        count += 1
        if count < 20:
            time.sleep(0.02)
    assert count == 1000


def test_an_empty_stream_ends_well(stub):
    assert list(stub.ModelStreamInfer(iter([]))) == []


def test_strict_streams_end_with_the_first_error(stub):
    call = stub.ModelStreamInfer(iter([request("identity"), request("failing"), request("slow")]),
                                 metadata=[("triton_grpc_error", "true")])
    with pytest.raises(grpc.RpcError) as error:
        list(call)
    assert error.value.code() == grpc.StatusCode.INTERNAL
    assert error.value.details() == "no such luck"
    answers = list(stub.ModelStreamInfer(iter([request("nobody")]), metadata=[("triton_grpc_error", "true")]))
    assert answers[0].error_message


def test_cancelling_a_stream_cancels_its_requests(server, stub):
    call = stub.ModelStreamInfer(iter([request("endless")]))
    next(call)
    call.cancel()
    # The instance is free again long before the thousand seconds that all responses would have taken.
    again = stub.ModelStreamInfer(iter([request("endless")]), timeout=30)
    next(again)
    again.cancel()


def test_the_stock_client_streams(server):
    answers = queue.Queue()
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        for i in range(10):
            data = np.full((1, 3), i, np.float32)
            tensor = grpcclient.InferInput("INPUT0", data.shape, "FP32")
            tensor.set_data_from_numpy(data)
            client.async_stream_infer("identity", [tensor], request_id=str(i))
        for i in range(10):
            result, error = answers.get(timeout=20)
            assert error is None
            assert result.get_response().id == str(i)
        tensor = grpcclient.InferInput("INPUT0", [1, 1], "FP32")
        tensor.set_data_from_numpy(np.ones((1, 1), np.float32))
        client.async_stream_infer("repeat", [tensor], enable_empty_final_response=True)
        count = 0
        while True:
            result, error = answers.get(timeout=20)
            assert error is None
            count += 1
            if result.get_response().parameters["triton_final_response"].bool_param:
                break
        assert count >= REPEAT
        client.async_stream_infer("nobody", [tensor])
        _, error = answers.get(timeout=20)
        assert "unknown model" in str(error)
        client.stop_stream()


def test_the_asyncio_client_streams(server):
    async def run():
        async with aioclient.InferenceServerClient(server.grpc) as client:
            async def requests():
                for i in range(50):
                    data = np.full((1, 3), i, np.float32)
                    tensor = aioclient.InferInput("INPUT0", data.shape, "FP32")
                    tensor.set_data_from_numpy(data)
                    yield {"model_name": "identity", "inputs": [tensor], "request_id": str(i)}
            seen = []
            async for result, error in client.stream_infer(requests()):
                assert error is None
                seen.append(result.get_response().id)
            assert seen == [str(i) for i in range(50)]
    asyncio.run(run())
