"""The client over gRPC, for asyncio."""
import asyncio
import concurrent.futures

from neso_client.loop_streams import LoopNetwork

from tritonclient._aio import Closing
from tritonclient.grpc import *  # noqa: F401,F403
from tritonclient.grpc._calls import Calls
from tritonclient.grpc._messages import infer_message
from tritonclient.grpc._stream import Stream
from tritonclient.utils import raise_error


MOST_CALLS = 256  # at the same time in a loop, each with a connection: others wait for their turn, within their timeout


class InferenceServerClient(Closing, Calls):
    """All methods but stream_infer() are coroutines. A stream has threads; other calls are the loop's own."""

    _NETWORK = LoopNetwork(MOST_CALLS)

    def _open(self):
        self._pool = concurrent.futures.ThreadPoolExecutor(100)

    async def close(self):
        await super().close()
        self._pool.shutdown(wait=False)

    async def _call(self, method, pieces, size, finish, headers, timeout, encoding=""):
        return await self._ask(method, pieces, size, finish, headers, timeout, encoding)

    def stream_infer(self, inputs_iterator, stream_timeout=None, headers=None, compression_algorithm=None):
        """An iterator of (result, error), with cancel()."""
        return _Answers(self, inputs_iterator, stream_timeout, self._fields(headers), compression_algorithm)


class _Answers:
    def __init__(self, client, requests, timeout, fields, compression):
        self._open = lambda: client._transport.duplex("ModelStreamInfer", timeout, fields, compression or "")
        self._pool, self._requests, self._compression = client._pool, requests, compression
        self._stream = self._sender = self._queue = None
        self._is_cancelled = False

    def __aiter__(self):
        return self

    def cancel(self):
        self._is_cancelled = True
        if self._stream is not None:
            self._stream._call.cancel()
        if self._sender is not None:
            self._sender.cancel()
        return True

    async def __anext__(self):
        if self._stream is None:
            await self._start()
        answer = await self._queue.get()
        if answer is None:
            await self._sender if not self._is_cancelled else None
            raise StopAsyncIteration
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _start(self):
        loop = asyncio.get_running_loop()
        self._queue = asyncio.Queue()

        def tell(answer):
            loop.call_soon_threadsafe(self._queue.put_nowait, answer)

        def take(result, error):
            tell(error if error is not None and error.status() is not None else (result, error))

        call = await loop.run_in_executor(self._pool, self._open)
        self._stream = Stream(call, take, self._compression, at_end=lambda: tell(None))
        self._sender = loop.create_task(self._send(loop))

    async def _send(self, loop):
        try:
            async for request in self._requests:
                if not isinstance(request, dict):
                    raise_error("inputs_iterator is not yielding a dict")
                if "model_name" not in request or "inputs" not in request:
                    raise_error("model_name and/or inputs is missing from inputs_iterator's yielded dict")
                await loop.run_in_executor(self._pool, self._stream.send, *infer_message(**request))
        except Exception as error:
            self._queue.put_nowait(error)
            self._stream._call.cancel()
            return
        self._stream._call.finish()
