"""The end of a client for asyncio."""
import asyncio


class Closing:
    """Of one that has a _transport."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def close(self):
        self._transport.close()
        await asyncio.sleep(0)  # in which the loop lets go of the sockets
