"""The client for asyncio.

    async with AsyncClient("localhost:8001") as client:
        scores = (await client.infer("digits", pixels=images))["scores"]
        async for result in client.stream("llm", prompt=["Once"]): ...
"""
import asyncio
import functools
import ssl
import weakref
from typing import Any, AsyncGenerator, Callable, Mapping, Optional, Sequence, Tuple, Union

from .call import Call
from .errors import InvalidInput
from .loop_streams import LoopNetwork
from .results import Result
from .session import Session
from .transport import Model

__all__ = ["AsyncClient"]


class AsyncClient:
    """Client's methods as coroutines. Their sockets are the running loop's own; only looking up a host's name, and whether it is this machine,
    is done in the loop's executor. Cancelling a coroutine, or leaving a stream, cancels the call: the server sees its connection end.

    concurrency: calls that run at the same time in a loop; others wait for their turn.
    Client's other arguments mean the same here. A client may be used by several loops, each of which has its connections.
    """

    def __init__(self, url: str = "localhost:8001", *, timeout: Optional[float] = None, headers: Optional[Mapping[str, str]] = None,
                 tls: Optional[ssl.SSLContext] = None, shared_memory: bool = True, concurrency: int = 64) -> None:
        if concurrency < 1:
            raise InvalidInput(f"concurrency: expected at least 1, got {concurrency}")
        self._session = Session(url, LoopNetwork(concurrency), timeout, headers, tls, shared_memory)
        self._end = weakref.finalize(self, self._session.end)
        self._anew = functools.partial(type(self), url, timeout=timeout, headers=headers, tls=tls, shared_memory=shared_memory,
                                       concurrency=concurrency)

    def __reduce__(self) -> Tuple[Callable[[], "AsyncClient"], Tuple[()]]:
        return self._anew, ()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connections; calls afterwards raise Unavailable."""
        if self._end.detach() is not None:
            try:
                await self._session.close()
            finally:
                await asyncio.sleep(0)  # in which the loop lets go of the sockets

    async def infer(self, model: str, inputs: Optional[Mapping[str, Any]] = None, /, *, version: str = "", outputs: Sequence[str] = (),
                    id: str = "", timeout: Optional[float] = None,
                    parameters: Optional[Mapping[str, Union[bool, int, float, str]]] = None, **tensors: Any) -> Result:
        return await self._session.infer(Call(model, inputs, tensors, version, outputs, id, timeout, parameters))

    def stream(self, model: str, inputs: Optional[Mapping[str, Any]] = None, /, *, version: str = "", outputs: Sequence[str] = (),
               id: str = "", timeout: Optional[float] = None, parameters: Optional[Mapping[str, Union[bool, int, float, str]]] = None,
               **tensors: Any) -> AsyncGenerator[Result, None]:
        """The next response is read when it is asked for: a slow reader holds the server back."""
        return self._session.stream(Call(model, inputs, tensors, version, outputs, id, timeout, parameters), self)

    async def model(self, name: str, version: str = "") -> Model:
        return await self._session.model(name, version)

    async def is_ready(self, model: str = "", version: str = "") -> bool:
        return await self._session.is_ready(model, version)

    async def load(self, model: str) -> None:
        await self._session.load(model)

    async def unload(self, model: str) -> None:
        await self._session.unload(model)
