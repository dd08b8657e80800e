"""A call of the blocking engine for asyncio: in a thread of its own pool, cut off when the coroutine is cancelled."""
import asyncio

from neso_client.transport import Cancellation


async def in_thread(pool, call):
    cancellation = Cancellation()
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, call, cancellation)
    except asyncio.CancelledError:
        cancellation.cancel()
        raise


class Pooled:
    """The end of a client for asyncio, which has a _transport and a _pool of threads."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def close(self):
        self._transport.close()
        self._pool.shutdown(wait=False)
