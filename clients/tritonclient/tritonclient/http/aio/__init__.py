"""The client over HTTP, for asyncio."""
import ssl as tls
import sys

from neso_client.http import HttpTransport
from neso_client.loop_streams import LoopNetwork
from neso_client.network import Address

from tritonclient._aio import Closing
from tritonclient.http import *  # noqa: F401,F403
from tritonclient.http._calls import Calls, split


class InferenceServerClient(Closing, Calls):
    """All methods are coroutines, but those that make and read bodies. `conn_limit`: how many requests run at the same time."""

    def __init__(self, url, verbose=False, conn_limit=100, conn_timeout=60.0, ssl=False, ssl_context=None):
        host, port, base = split(url)
        context = (ssl_context or tls.create_default_context()) if ssl else None
        network = LoopNetwork(conn_limit or sys.maxsize)
        self._start(HttpTransport(Address(host, port, context, {}, conn_timeout), network), base, verbose)
        self._timeout = conn_timeout

    async def _call(self, method, path, headers, query, finish, body=(), head_size=None):
        return await self._ask(method, path, headers, query, finish, body, head_size, self._timeout)
