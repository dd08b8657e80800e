"""The client over HTTP, for asyncio."""
import concurrent.futures
import ssl as tls

from neso_client.http import HttpTransport
from neso_client.transport import Address

from tritonclient._threads import Pooled, in_thread
from tritonclient.http import *  # noqa: F401,F403
from tritonclient.http._calls import Calls, split


class InferenceServerClient(Pooled, Calls):
    """All methods are coroutines, but those that make and read bodies. `conn_limit`: how many requests run at the same time."""

    def __init__(self, url, verbose=False, conn_limit=100, conn_timeout=60.0, ssl=False, ssl_context=None):
        host, port, base = split(url)
        context = (ssl_context or tls.create_default_context()) if ssl else None
        self._start(HttpTransport(Address(host, port, context, {}, conn_timeout)), base, verbose)
        self._timeout = conn_timeout
        self._pool = concurrent.futures.ThreadPoolExecutor(conn_limit or 100)

    async def _call(self, method, path, headers, query, finish, body=(), head_size=None):
        return await in_thread(self._pool, lambda cancellation: self._ask(method, path, headers, query, finish, body, head_size,
                                                                          self._timeout, cancellation))
