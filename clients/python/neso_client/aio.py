"""The client for asyncio.

    async with AsyncClient("localhost:8001") as client:
        scores = (await client.infer("digits", pixels=images))["scores"]
        async for result in client.stream("llm", prompt=["Once"]): ...
"""
import asyncio
import concurrent.futures
import ssl
from typing import Any, AsyncIterator, Callable, Mapping, Optional, Sequence, TypeVar, Union

from .client import Client, Result
from .transport import Cancellation, Model

__all__ = ["AsyncClient"]
_T = TypeVar("_T")


class AsyncClient:
    """Client's methods as coroutines. A call runs in a thread of this client's own, `concurrency` at the same time at most; the loop
    never waits for the network. Cancelling the coroutine, or leaving a stream, cancels the call: the server sees its connection end.

    Client's other arguments mean the same here; a server that is not there is told by the first call.
    """

    def __init__(self, url: str = "localhost:8001", *, timeout: Optional[float] = None, headers: Optional[Mapping[str, str]] = None,
                 tls: Optional[ssl.SSLContext] = None, shared_memory: bool = True, concurrency: int = 64) -> None:
        self._threads = concurrent.futures.ThreadPoolExecutor(concurrency, "neso-client")
        # Which protocol is spoken may have to be asked: not in the loop's thread.
        self._client = self._threads.submit(lambda: Client(url, timeout=timeout, headers=headers, tls=tls, shared_memory=shared_memory))
        self._made: Optional[Client] = None  # spares all calls but the first a turn of the loop

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connections; calls afterwards raise RuntimeError."""
        client = self._made or await self._connected()
        await self._run(client.close)
        self._threads.shutdown(wait=False)

    async def infer(self, model: str, inputs: Optional[Mapping[str, Any]] = None, /, *, version: str = "", outputs: Sequence[str] = (),
                    id: str = "", timeout: Optional[float] = None,
                    parameters: Optional[Mapping[str, Union[bool, int, float, str]]] = None, **tensors: Any) -> Result:
        client, cancellation = self._made or await self._connected(), Cancellation()
        try:
            return await self._run(lambda: client._infer(cancellation, model, inputs, tensors, version, outputs, id, timeout,
                                                         parameters or {}))
        except asyncio.CancelledError:
            cancellation.cancel()
            raise

    async def stream(self, model: str, inputs: Optional[Mapping[str, Any]] = None, /, *, version: str = "", outputs: Sequence[str] = (),
                     id: str = "", timeout: Optional[float] = None,
                     parameters: Optional[Mapping[str, Union[bool, int, float, str]]] = None, **tensors: Any) -> AsyncIterator[Result]:
        """The next response is read when it is asked for: a slow reader holds the server back."""
        client, cancellation = self._made or await self._connected(), Cancellation()
        results = client._stream(cancellation, model, inputs, tensors, version, outputs, id, timeout, parameters or {})
        ended = False
        try:
            while (result := await self._run(lambda: next(results, None))) is not None:
                yield result
            ended = True
        finally:
            if not ended:
                cancellation.cancel()

    async def model(self, name: str, version: str = "") -> Model:
        return await self._ask(lambda client: client.model(name, version))

    async def is_ready(self, model: str = "", version: str = "") -> bool:
        return await self._ask(lambda client: client.is_ready(model, version))

    async def load(self, model: str) -> None:
        await self._ask(lambda client: client.load(model))

    async def unload(self, model: str) -> None:
        await self._ask(lambda client: client.unload(model))

    async def _ask(self, question: Callable[[Client], _T]) -> _T:
        client = self._made or await self._connected()
        return await self._run(lambda: question(client))

    async def _connected(self) -> Client:
        self._made = await asyncio.wrap_future(self._client)
        return self._made

    async def _run(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
