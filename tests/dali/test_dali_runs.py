"""Requests and runs: ragged batches, requests that are refused, models that do not batch, split outputs."""
import queue

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.dali_models import as_input, config, photo, pipeline
from support.repository import parameters
from support.shared_memory import SharedObject
from support.video import avi
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

DECOUPLED = "model_transaction_policy { decoupled: true }"


def one_batch(size):
    return f"dynamic_batching {{ preferred_batch_size: [ {size} ] max_queue_delay_microseconds: 20000000 }}"


def stream(server, model, wait=30, **arrays):
    """The responses to one request on a stream, each as a list of arrays in the order of the outputs; and its error."""
    answers = queue.Queue()
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        inputs = []
        for name, array in arrays.items():
            inputs.append(grpcclient.InferInput(name, array.shape, np_to_triton_dtype(array.dtype)))
            inputs[-1].set_data_from_numpy(array)
        client.async_stream_infer(model, inputs, enable_empty_final_response=True)
        got = []
        while True:
            result, error = answers.get(timeout=wait)
            if error is not None:
                return got, error.message()
            response = result.get_response()
            if response.outputs:
                got.append([result.as_numpy(output.name) for output in response.outputs])
            if response.parameters["triton_final_response"].bool_param:
                return got, None


def test_requests_of_different_shapes_are_one_run(start_dali):
    one = start_dali()
    one.load("ragged", pipeline("add_sub"), config(max_batch_size=4, extra=one_batch(4)))
    requests = [{"LEFT": np.full((1, size), size, np.float32), "RIGHT": np.ones((1, size), np.float32)}
                for size in (3, 1, 5, 2)]
    for size, answer in zip((3, 1, 5, 2), one.infer_many("ragged", requests), strict=True):
        total, difference = answer.values()
        np.testing.assert_array_equal(total, np.full((1, size), size + 1, np.float32))
        np.testing.assert_array_equal(difference, np.full((1, size), size - 1, np.float32))
    assert one.stats("ragged")["execution_count"] == 1


def test_scalars_are_one_element(dali):
    completed = dali.load("scalar", pipeline("scalar"), config())
    output = completed["output"][0]["name"]
    np.testing.assert_array_equal(dali.infer("scalar", X=np.int64([[2], [5]]))[output], [[6], [15]])


def test_tensors_that_lie_at_odd_places(dali):
    """Three bytes before them in the request's body, the floats are not where floats should be."""
    dali.load("odd", pipeline("two_types"), config())
    floats = np.arange(10, dtype=np.float32).reshape(1, 10)
    got = dali.infer("odd", BYTES=np.uint8([[1, 2, 3]]), FLOATS=floats)
    np.testing.assert_array_equal(got.popitem()[1], floats + 1)


def test_outputs_in_memory_that_the_client_shares(start_dali):
    one = start_dali("--allow-client-shm=true")
    one.load("shared", pipeline("scalar"), config())
    output = one.config("shared")["output"][0]["name"]
    with SharedObject(64) as memory, httpclient.InferenceServerClient(one.server.http) as client:
        memory.put(np.int64([[4], [6]]))
        client.register_system_shared_memory("dali_shared", memory.key, 64)
        given, wanted = httpclient.InferInput("X", [2, 1], "INT64"), httpclient.InferRequestedOutput(output)
        given.set_shared_memory("dali_shared", 16)
        wanted.set_shared_memory("dali_shared", 16, offset=32)
        client.infer("shared", [given], outputs=[wanted])
        np.testing.assert_array_equal(memory.get(np.int64, 2, offset=32), [12, 18])


def test_samples_without_elements(dali):
    dali.load("empty", pipeline("same"), config({"X": ("TYPE_FP32", [-1])}, {"Y": ("TYPE_FP32", [-1])}))
    assert dali.infer("empty", X=np.zeros((2, 0), np.float32))["Y"].shape == (2, 0)


@pytest.fixture(scope="module")
def add_sub(dali):
    dali.load("add_sub", pipeline("add_sub"), config(
        {"LEFT": ("TYPE_FP32", [-1]), "RIGHT": ("TYPE_FP32", [-1])},
        {"SUM": ("TYPE_FP32", [-1]), "DIFFERENCE": ("TYPE_FP32", [-1])}))
    return dali


def test_all_outputs_have_to_be_asked_for(add_sub):
    ones = np.ones((1, 2), np.float32)
    with pytest.raises(InferenceServerException, match="Number of outputs expected by the requests \\(1\\) does not match "
                                                       "the number of outputs from DALI pipeline \\(2\\)."):
        add_sub.infer("add_sub", outputs=["SUM"], LEFT=ones, RIGHT=ones)


def test_shapes_that_do_not_fit_are_dalis_to_refuse(add_sub):
    with pytest.raises(InferenceServerException, match="DALI error: Error in CPU operator"):
        add_sub.infer("add_sub", LEFT=np.ones((1, 2), np.float32), RIGHT=np.ones((1, 3), np.float32))
    got = add_sub.infer("add_sub", LEFT=np.ones((1, 2), np.float32), RIGHT=np.ones((1, 2), np.float32))
    np.testing.assert_array_equal(got["SUM"], [[2, 2]])


def test_optional_inputs_are_not_dalis(dali):
    optional = {"LEFT": ("TYPE_FP32", [-1]), "RIGHT": ("TYPE_FP32", [-1], "optional: true")}
    dali.load("optional", pipeline("add_sub"), config(optional))
    with pytest.raises(InferenceServerException, match="Each request must provide the same number of inputs."):
        dali.infer("optional", LEFT=np.ones((1, 2), np.float32))


def test_samples_of_one_request_make_one_tensor(dali):
    """Two photos of one request that the pipeline makes different sizes of cannot be an answer."""
    dali.load("whole", pipeline("whole"), config(outputs={"PIXELS": ("TYPE_UINT8", [-1, -1, 3])}))
    china = as_input(photo("china"))
    assert dali.infer("whole", ENCODED=np.concatenate([china, china]))["PIXELS"].shape == (2, 427, 640, 3)


class TestWithoutBatching:
    def test_a_request_is_all_samples_of_a_run(self, dali):
        completed = dali.load("unbatched", pipeline("add_sub"), config(max_batch_size=0))
        assert completed["max_batch_size"] == 0 and "dynamic_batching" not in completed
        assert [int(dim) for dim in completed["input"][0]["dims"]] == [-1, -1]
        ones = np.ones((3, 2), np.float32)
        assert list(dali.infer("unbatched", LEFT=ones, RIGHT=ones).values())[0].shape == (3, 2)

    def test_inputs_have_to_agree(self, dali):
        dali.load("disagree", pipeline("add_sub"), config(max_batch_size=0))
        with pytest.raises(InferenceServerException, match="Each input in a request must have the same batch size."):
            dali.infer("disagree", LEFT=np.ones((3, 2), np.float32), RIGHT=np.ones((2, 2), np.float32))

    def test_more_samples_than_a_run_takes_are_several_responses(self, dali):
        dali.load("pieces", pipeline("add_sub"), config(max_batch_size=0, extra=DECOUPLED))
        values = np.arange(20, dtype=np.float32).reshape(10, 2)
        got, error = stream(dali.server, "pieces", LEFT=values, RIGHT=values)
        assert error is None
        assert [response[0].shape for response in got] == [(4, 2), (4, 2), (2, 2)]
        np.testing.assert_array_equal(np.concatenate([response[0] for response in got]), values * 2)

    def test_and_an_error_where_there_can_be_one_response_only(self, dali):
        dali.load("too_many", pipeline("add_sub"), config(max_batch_size=0))
        ones = np.ones((5, 2), np.float32)
        with pytest.raises(InferenceServerException, match="decoupled: true"):
            dali.infer("too_many", LEFT=ones, RIGHT=ones)

    def test_a_video_is_a_response_for_each_sequence(self, dali):
        dali.load("video", pipeline("video"), config(max_batch_size=0, extra=DECOUPLED))
        film = avi([photo("china"), photo("flower")] * 3 + [photo("china")], 640, 427)
        for _ in range(2):  # nothing of the first stays for the second
            got, error = stream(dali.server, "video", VIDEO=as_input(film))
            assert error is None
            assert [response[0].shape for response in got] == [(1, 3, 8, 8, 3), (1, 3, 8, 8, 3), (1, 1, 8, 8, 3)]
            np.testing.assert_array_equal(got[0][0][0, 0], got[2][0][0, 0])  # the first frame and the last

    def test_a_video_for_one_response(self, dali):
        dali.load("still", pipeline("video"), config(max_batch_size=0))
        assert dali.infer("still", VIDEO=as_input(avi([photo("china")] * 2, 640, 427))).popitem()[1].shape == (1, 2, 8, 8, 3)
        with pytest.raises(InferenceServerException, match="decoupled: true"):
            dali.infer("still", VIDEO=as_input(avi([photo("china")] * 9, 640, 427)))
        assert dali.infer("still", VIDEO=as_input(avi([photo("flower")], 640, 427))).popitem()[1].shape == (1, 1, 8, 8, 3)

    def test_what_is_no_video_ends_the_stream_with_an_error(self, dali):
        dali.load("no_video", pipeline("video"), config(max_batch_size=0, extra=DECOUPLED))
        got, error = stream(dali.server, "no_video", VIDEO=as_input(b"no film" * 100))
        assert got == [] and "DALI error: " in error


def test_a_video_in_a_model_that_batches(dali):
    dali.load("batched_video", pipeline("video"), config())
    with pytest.raises(InferenceServerException, match="is more than one run takes: set 'max_batch_size: 0'"):
        dali.infer("batched_video", VIDEO=as_input(avi([photo("china")] * 9, 640, 427)))
    assert dali.infer("batched_video", VIDEO=as_input(avi([photo("china")] * 3, 640, 427))).popitem()[1].shape == (
        1, 3, 8, 8, 3)


class TestSplitOutputs:
    SPLIT = parameters(split_along_outer_axis="Y")

    def test_the_outer_axis_becomes_part_of_the_batch(self, dali):
        completed = dali.load("split", pipeline("rows"), config(outputs={"Y": ("TYPE_FP32", [-1])}, extra=self.SPLIT))
        assert [int(dim) for dim in completed["output"][0]["dims"]] == [-1]
        values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
        np.testing.assert_array_equal(dali.infer("split", X=values)["Y"], values.reshape(6, 4) * 2)

    def test_each_request_gets_its_own(self, start_dali):
        one = start_dali()
        one.load("split", pipeline("rows"), config(outputs={"Y": ("TYPE_FP32", [-1])}, max_batch_size=4, extra=self.SPLIT + one_batch(4)))
        requests = [{"X": np.full((1, rows, 2), rows, np.float32)} for rows in (1, 4, 2, 3)]
        for rows, answer in zip((1, 4, 2, 3), one.infer_many("split", requests), strict=True):
            np.testing.assert_array_equal(answer["Y"], np.full((rows, 2), 2 * rows, np.float32))
        assert one.stats("split")["execution_count"] == 1

    def test_an_output_that_is_not_there(self, dali):
        error = dali.load_error("no_split", pipeline("rows"), config(extra=parameters(split_along_outer_axis="Z")))
        assert "the model has no output 'Z'" in error
