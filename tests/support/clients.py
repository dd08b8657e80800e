"""Many requests at the same time through stock clients, one for each thread: the client's own async_infer() waits 10 ms
after each request, and a client belongs to the thread that made it.

    answers = infer_at_once(server.http, "model", [{"x": array}, ...])     # [{"y": array}, ...], in the same order
"""
import concurrent.futures
import queue

import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from tritonclient.utils import np_to_triton_dtype


def inputs_of(arrays):
    tensors = []
    for name, array in arrays.items():
        datatype = "BF16" if array.dtype.name == "bfloat16" else np_to_triton_dtype(array.dtype)
        tensor = httpclient.InferInput(name, array.shape, datatype)
        tensor.set_data_from_numpy(array)
        tensors.append(tensor)
    return tensors


def outputs_of(names):
    return None if names is None else [httpclient.InferRequestedOutput(name) for name in names]


def arrays_of(result):
    return {output["name"]: result.as_numpy(output["name"]) for output in result.get_response()["outputs"]}


def infer_at_once(http, model, requests, outputs=None, threads=16):
    """`outputs`: for each request the names it wants, or None for all."""
    outputs = outputs or [None] * len(requests)

    def one_thread(first):
        with httpclient.InferenceServerClient(http) as client:
            return [arrays_of(client.infer(model, inputs_of(requests[i]), outputs=outputs_of(outputs[i])))
                    for i in range(first, len(requests), threads)]

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        answers = [None] * len(requests)
        for first, some in enumerate(pool.map(one_thread, range(threads))):
            answers[first::threads] = some
        return answers


def stream_answers(server, model, array, timeout=30, **kwargs):
    """How a request with IN = `array` on a stream is answered: the first number of each OUT, and the text of the error
    that ended it, or None."""
    answers = queue.Queue()
    with grpcclient.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        tensor = grpcclient.InferInput("IN", array.shape, np_to_triton_dtype(array.dtype))
        tensor.set_data_from_numpy(array)
        client.async_stream_infer(model, [tensor], enable_empty_final_response=True, **kwargs)
        numbers = []
        while True:
            result, error = answers.get(timeout=timeout)
            if error is not None:
                return numbers, error.message()
            response = result.get_response()
            if response.outputs:
                numbers.append(result.as_numpy("OUT").flat[0].item())
            if response.parameters["triton_final_response"].bool_param:
                return numbers, None
