"""Requests: those that the server sends to a model, and those that a model makes of other models."""
import threading

import numpy

from . import bls, datatypes, wire
from .errors import TritonModelException
from .response import InferenceResponse, check_parameters
from .tensor import Tensor

SEQUENCE_START, SEQUENCE_END = 1, 2
RELEASE_ALL, RELEASE_RESCHEDULE = 1, 2


class MemoryType:
    TRITONSERVER_MEMORY_CPU = 0
    TRITONSERVER_MEMORY_GPU = 2


class PreferredMemory:
    def __init__(self, preferred_memory_type, preferred_device_id=0):
        self.preferred_memory_type = preferred_memory_type
        self.preferred_device_id = preferred_device_id


class InferenceTrace:
    __slots__ = ("_request", "_context")

    def __init__(self, request=None, context=None):
        self._request = request
        self._context = context

    def get_context(self):
        return self._context


class InferenceRequest:
    """Made by a model to call another one."""

    __slots__ = ("_id", "_correlation", "_inputs", "_outputs", "_model", "_version", "_flags", "_timeout", "_memory",
                 "_trace", "_parameters", "__weakref__")

    def __init__(self, request_id="", correlation_id=0, inputs=None, requested_output_names=None, model_name="",
                 model_version=-1, flags=0, timeout=0, preferred_memory=None, trace=None, parameters=None):
        if isinstance(correlation_id, bool) or not isinstance(correlation_id, (int, str)):
            raise TritonModelException("Correlation ID must be integer or string")
        if inputs is None or requested_output_names is None:
            raise TypeError("InferenceRequest: expected inputs and requested_output_names")
        for name, text in (("request_id", request_id), ("model_name", model_name)):
            if not isinstance(text, str):
                raise TypeError(f"InferenceRequest: expected a str as {name}, got {type(text).__name__}")
        self._id = request_id
        self._correlation = correlation_id
        self._inputs = list(inputs)
        self._outputs = list(requested_output_names)
        self._model = model_name
        self._version = model_version
        self._flags = flags
        self._timeout = timeout
        self._memory = preferred_memory
        self._trace = trace
        self._parameters = check_parameters(parameters)
        for tensor in self._inputs:
            if tensor is None:
                raise TritonModelException(f"Input tensor for request with id '{request_id}' and model name "
                                           f"'{model_name}' should not be empty.")
            if not isinstance(tensor, Tensor):
                raise TypeError(f"InferenceRequest: expected Tensor objects as inputs, got {type(tensor).__name__}")
        for name in self._outputs:
            if not isinstance(name, str):
                raise TypeError(f"InferenceRequest: expected str objects as requested_output_names, got {type(name).__name__}")
            if not name:
                raise TritonModelException(f"Requested output name for request with id '{request_id}' and model name "
                                           f"'{model_name}' should not be empty.")

    def inputs(self):
        return self._inputs

    def request_id(self):
        return self._id

    def correlation_id(self):
        return self._correlation

    def flags(self):
        return self._flags

    def set_flags(self, flags):
        self._flags = flags

    def timeout(self):
        return self._timeout

    def parameters(self):
        return self._parameters or "{}"

    def trace(self):
        return self._trace or InferenceTrace()

    def model_name(self):
        return self._model

    def requested_output_names(self):
        return set(self._outputs)

    def preferred_memory(self):
        return self._memory

    def exec(self, decoupled=False):
        return bls.execute(self, decoupled)

    async def async_exec(self, decoupled=False):
        return await bls.execute_async(self, decoupled)

    def is_cancelled(self):
        return False

    def get_response_sender(self):
        raise TritonModelException("only requests that the server sent have a response sender")

    def set_release_flags(self, flags):
        raise TritonModelException("only requests that the server sent can be released")


class ReceivedRequest(InferenceRequest):
    """Sent by the server. Its texts and tensors are read when they are asked for."""

    # `_batch`: (channel, block, where the block begins, whether the model is decoupled); `_at`: where the texts begin.
    __slots__ = ("_batch", "_head", "_at", "_layout", "_answer", "_release_flags")

    def inputs(self):
        if self._inputs is None:
            _, block, begin, _ = self._batch
            data, view = self._head[3] - begin, Tensor._view
            self._inputs = [view(name, number, shape, dtype, block, data + offset, size)
                            for name, number, shape, dtype, offset, size in self._layout.inputs]
        return self._inputs

    def requested_output_names(self):
        return set(self._layout.outputs)

    def _text(self, begin, end):
        """Of the texts, which are the layout, the request's id, its sequence's id if that is a text, the context of its trace
        if it is traced, and the parameters."""
        _, block, start, _ = self._batch
        at = self._at - start
        return bytes(block[at + begin:at + end]).decode()

    def _ends(self):
        """Where the layout, the request's id, the sequence's id and the trace's context end."""
        _, _, _, _, _, layout, ident, correlation, _, context = self._head
        ident += layout
        correlation = ident if correlation == wire.NUMBER else ident + correlation
        return layout, ident, correlation, correlation if context == wire.NOT_TRACED else correlation + context

    def request_id(self):
        begin, end, _, _ = self._ends()
        return self._text(begin, end)

    def correlation_id(self):
        if self._head[7] == wire.NUMBER:
            return self._head[1]
        _, begin, end, _ = self._ends()
        return self._text(begin, end)

    def flags(self):
        return self._head[4]

    def set_flags(self, flags):
        self._head = (*self._head[:4], flags, *self._head[5:])

    def timeout(self):
        return self._head[2]

    def parameters(self):
        return self._text(self._ends()[3], self._head[8]) or "{}"

    def trace(self):
        if self._head[9] == wire.NOT_TRACED:
            return InferenceTrace()
        _, _, begin, end = self._ends()
        return InferenceTrace(self._head[0], self._text(begin, end) or None)

    def is_cancelled(self):
        return bls.is_cancelled(self._head[0])

    def get_response_sender(self):
        if self._answer is None:
            channel, _, _, decoupled = self._batch
            self._answer = Answer(channel, self._head[0], decoupled, self._layout.outputs)
        return InferenceResponseSender(self._answer)

    def set_release_flags(self, flags):
        if flags not in (RELEASE_ALL, RELEASE_RESCHEDULE):
            raise TritonModelException("Unable to set request release flags. Unsupported flag provided.")
        self._release_flags = flags

    def exec(self, decoupled=False):
        raise TritonModelException("a request of the server cannot be executed: make an InferenceRequest of its inputs")

    async def async_exec(self, decoupled=False):
        self.exec()


class Layout:
    """What most requests of a model have in common: names, types and sizes of inputs, and the outputs they ask for."""

    __slots__ = ("inputs", "outputs")

    def __init__(self, encoded):
        input_count, output_count = wire.U16.unpack_from(encoded)[0], wire.U16.unpack_from(encoded, 2)[0]
        position = 4
        inputs, data = [], 0
        for _ in range(input_count):
            name, number, shape, position = wire.tensor_type(encoded, position)
            size = int.from_bytes(encoded[position:position + 8], "little")
            position += 8
            inputs.append((name, number, shape, datatypes.DTYPES[number], data, size))
            data += wire.aligned(size)
        outputs = []
        for _ in range(output_count):
            length, = wire.U16.unpack_from(encoded, position)
            outputs.append(encoded[position + 2:position + 2 + length].decode())
            position += 2 + length
        self.inputs = inputs
        self.outputs = dict.fromkeys(outputs)


_layouts = {}
_MOST_LAYOUTS = 1024


def _read_layout(encoded):
    if len(_layouts) >= _MOST_LAYOUTS:
        _layouts.clear()
    layout = _layouts[encoded] = Layout(encoded)
    return layout


# What is looked up for each request has a name of its own.
_ndarray, _bytes = numpy.ndarray, numpy.dtype(numpy.uint8)
_read_count, _read_head, _head_size = wire.U32.unpack_from, wire.REQUEST.unpack_from, wire.REQUEST.size
_new_request = ReceivedRequest.__new__


def read_requests(channel, offset, length, decoupled):
    """The requests of a batch, and the block that they are views of."""
    memory = channel.memory
    block = _ndarray(length, _bytes, memory, offset)
    batch = channel, block, offset, decoupled
    position = offset + 8
    requests = []
    for _ in range(_read_count(memory, offset)[0]):
        request = _new_request(ReceivedRequest)
        request._head = head = _read_head(memory, position)
        request._at = position = position + _head_size
        encoded = memory[position:position + head[5]]
        request._layout = _layouts.get(encoded) or _read_layout(encoded)
        request._batch = batch
        request._inputs = request._answer = None
        request._release_flags = RELEASE_ALL
        position += head[8]
        requests.append(request)
    return requests, block


class Answer:
    """The answer to one request that is given through senders. When it is forgotten before its end, the server ends it."""

    __slots__ = ("channel", "handle", "decoupled", "outputs", "lock", "closed", "sent")

    def __init__(self, channel, handle, decoupled, outputs):
        self.channel = channel
        self.handle = handle
        self.decoupled = decoupled
        self.outputs = outputs
        self.lock = threading.Lock()
        self.closed = False
        self.sent = 0

    def __del__(self):
        if not self.closed:
            self.channel.send_soon(wire.CLOSE, self.handle)

    def send(self, response, flags):
        if flags not in (0, wire.FINAL):
            raise TritonModelException("Unable to send response. Unsupported flag provided.")
        if response is None and flags == 0:
            raise TritonModelException("Inference Response object must be provided when the response flags is set to "
                                       "zero.")
        with self.lock:
            if self.closed:
                raise TritonModelException("Unable to send response. Response sender has been closed.")
            if not self.decoupled:
                if response is not None and self.sent:
                    raise TritonModelException("Unable to send response. Non-decoupled model cannot send more than one "
                                               "response.")
                if response is None and not self.sent:
                    raise TritonModelException("Unable to send response. Non-decoupled model cannot send complete final "
                                               "before sending a response.")
            if response is None:
                self.channel.send(wire.SEND, flags | wire.NO_RESPONSE, self.handle)
            else:
                self.channel.send_records(wire.SEND, flags, self.handle, response._records(self.channel, self.outputs, False))
                self.sent += 1
            if flags & wire.FINAL:
                self.closed = True


class InferenceResponseSender:
    """Sends responses to one request, from any thread, also after `execute` has returned."""

    __slots__ = ("_answer", "__weakref__")

    def __init__(self, answer):
        self._answer = answer

    def send(self, response=None, flags=0):
        if response is not None and not isinstance(response, InferenceResponse):
            raise TypeError(f"send: expected an InferenceResponse, got {type(response).__name__}")
        self._answer.send(response, flags)

    def is_cancelled(self):
        return bls.is_cancelled(self._answer.handle)
