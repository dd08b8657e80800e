import concurrent.futures
import ssl as tls

from neso_client.http import HttpTransport
from neso_client.network import Address, BlockingNetwork
from neso_client.streams import run

from tritonclient._threads import Threads
from tritonclient.utils import raise_error

from ._calls import Calls, split


class InferAsyncRequest:
    """An answer that is on its way."""

    def __init__(self, greenlet, verbose=False):
        self._future = greenlet
        self._verbose = verbose

    def get_result(self, block=True, timeout=None):
        try:
            return self._future.result(timeout if block else 0)
        except concurrent.futures.TimeoutError:
            if self._future.done():
                raise
            raise_error("failed to obtain inference response")


class InferenceServerClient(Calls):
    """Requests over HTTP. `concurrency`: how many asynchronous requests run at the same time."""

    def __init__(self, url, verbose=False, concurrency=1, connection_timeout=60.0, network_timeout=60.0, max_greenlets=None, ssl=False,
                 ssl_options=None, ssl_context_factory=None, insecure=False):
        host, port, base = split(url)
        context = _context(ssl_options or {}, ssl_context_factory, insecure) if ssl else None
        address = Address(host, port, context, {}, connection_timeout)
        self._start(HttpTransport(address, BlockingNetwork(limits_each=True)), base, verbose)
        self._timeout = network_timeout
        self._threads = Threads(min(concurrency, max_greenlets or concurrency))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if hasattr(self, "_threads"):
            self._threads.shutdown(wait=False)
            self._transport.close()

    def close(self):
        """Waits for asynchronous requests."""
        self._threads.shutdown()
        self._transport.close()

    def _call(self, method, path, headers, query, finish, body=(), head_size=None):
        return run(self._ask(method, path, headers, query, finish, body, head_size, self._timeout))

    def async_infer(self, model_name, inputs, model_version="", outputs=None, request_id="", sequence_id=0, sequence_start=False,
                    sequence_end=False, priority=0, timeout=None, headers=None, query_params=None, request_compression_algorithm=None,
                    response_compression_algorithm=None, parameters=None):
        return InferAsyncRequest(self._threads.submit(self._call, *self._infer_call(
            model_name, inputs, model_version, outputs, request_id, sequence_id, sequence_start, sequence_end, priority, timeout, headers,
            query_params, request_compression_algorithm, response_compression_algorithm, parameters)), self._verbose)


def _context(options, factory, insecure):
    """`options`: ca_certs, certfile, keyfile, cert_reqs."""
    context = factory() if factory is not None else tls.create_default_context(cafile=options.get("ca_certs"))
    if options.get("certfile"):
        context.load_cert_chain(options["certfile"], options.get("keyfile"))
    if insecure or options.get("cert_reqs") == tls.CERT_NONE:
        context.check_hostname = False
        context.verify_mode = tls.CERT_NONE
    return context
