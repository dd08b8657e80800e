"""The client over gRPC, for asyncio."""
import asyncio

from neso_client.loop_streams import LoopNetwork

from tritonclient._aio import Closing
from tritonclient.grpc import *  # noqa: F401,F403
from tritonclient.grpc._calls import Calls, limit
from tritonclient.grpc._messages import encoding_of, infer_message
from tritonclient.grpc._stream import Stream
from tritonclient.utils import raise_error


# Of a request's dictionary; what else it has is not looked at.
_ARGUMENTS = ("model_name", "inputs", "model_version", "outputs", "request_id", "sequence_id", "sequence_start",
              "sequence_end", "priority", "timeout", "parameters")
MOST_CALLS = 256  # at the same time in a loop, each with a connection: others wait for their turn, within their timeout


class InferenceServerClient(Closing, Calls):
    """All methods but stream_infer() are coroutines. A stream has threads; other calls are the loop's own."""

    _NETWORK = LoopNetwork(MOST_CALLS)

    async def _call(self, method, pieces, size, finish, fields, timeout):
        return await self._ask(method, pieces, size, finish, fields, timeout)

    def stream_infer(self, inputs_iterator, stream_timeout=None, headers=None, compression_algorithm=None):
        """An iterator of (result, error), with cancel()."""
        encoding = encoding_of(compression_algorithm)
        fields, _ = self._fields(headers, encoding)
        duplex = self._transport.duplex
        return _Answers(inputs_iterator, lambda: duplex("ModelStreamInfer", limit(stream_timeout), fields), encoding)


class _Answers:
    """Who drops it before its end ends the call, as who is cancelled while waiting for the next one does."""

    def __init__(self, requests, connect, encoding):
        self._requests, self._connect, self._encoding = requests, connect, encoding
        self._stream = self._sender = self._queue = self._loop = None
        self._is_cancelled = False

    def __aiter__(self):
        return self

    def cancel(self):
        self._is_cancelled = True
        if self._stream is not None:
            self._stream.cancel()
            self._sender.cancel()
        return True

    def __del__(self):
        if self._stream is not None:
            self._stream.cancel()
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._sender.cancel)

    async def __anext__(self):
        if self._stream is None:
            self._start()
        try:
            answer = await self._queue.get()
        except asyncio.CancelledError:
            self.cancel()
            raise
        if answer is None:
            self._sender.cancel()
            self._queue.put_nowait(None)  # for who asks again
            raise StopAsyncIteration
        if isinstance(answer, Exception):
            self._sender.cancel()
            raise asyncio.CancelledError() if self._is_cancelled else answer
        return answer

    def _start(self):
        loop, answers = asyncio.get_running_loop(), asyncio.Queue()

        def tell(answer):
            try:
                loop.call_soon_threadsafe(answers.put_nowait, answer)
            except RuntimeError:  # the loop is closed: nobody waits any more
                stream.cancel()

        def take(result, error):
            tell(error if error is not None and error.status() is not None else (result, error))

        self._loop, self._queue = loop, answers
        self._stream = stream = Stream(self._connect, take, self._encoding, at_end=lambda: tell(None))
        self._sender = loop.create_task(_send(self._requests, stream, answers))
        if self._is_cancelled:
            self.cancel()


async def _send(requests, stream, answers):
    try:
        async for request in requests:
            if not isinstance(request, dict):
                raise_error("inputs_iterator is not yielding a dict")
            if "model_name" not in request or "inputs" not in request:
                raise_error("model_name and/or inputs is missing from inputs_iterator's yielded dict")
            arguments = {name: request[name] for name in _ARGUMENTS if name in request}
            await asyncio.wrap_future(stream.send(*infer_message(**arguments)))
    except Exception as error:
        answers.put_nowait(error)
        stream.cancel()
        return
    stream.finish()
