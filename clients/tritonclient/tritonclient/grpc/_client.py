import logging

from neso_client.clock import end_of, left_until
from neso_client.grpc_call import Cancellation
from neso_client.streams import run

from tritonclient._threads import Threads
from tritonclient.utils import raise_error

from ._calls import Calls, limit
from ._messages import InferResult, compress, encoding_of, infer_message
from ._stream import Stream

_LOGGER = logging.getLogger(__name__)

MOST_ASYNC_CALLS = 128  # at the same time, each in a thread and with a connection: others wait for their turn, within their timeout
MAX_GRPC_MESSAGE_SIZE = 2**31 - 1


class CallContext:
    """A request that is on its way."""

    def __init__(self, cancellation):
        self._cancellation = cancellation

    def cancel(self):
        self._cancellation.cancel()


class InferenceServerClient(Calls):
    """Requests over gRPC."""

    def _open(self):
        self._stream = None
        self._threads = Threads(MOST_ASYNC_CALLS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if hasattr(self, "_threads"):
            if self._stream is not None:
                self._stream.finish()
            self._threads.shutdown(wait=False)
            self._transport.close()

    def close(self):
        self.stop_stream()
        self._threads.shutdown()
        self._transport.close()

    def _call(self, method, pieces, size, finish, fields, timeout):
        return run(self._ask(method, pieces, size, finish, fields, timeout))

    def async_infer(self, model_name, inputs, callback, model_version="", outputs=None, request_id="", sequence_id=0, sequence_start=False,
                    sequence_end=False, priority=0, timeout=None, client_timeout=None, headers=None, compression_algorithm=None,
                    parameters=None):
        pieces, size = infer_message(model_name, inputs, model_version, outputs, request_id, sequence_id, sequence_start, sequence_end,
                                     priority, timeout, parameters)
        encoding = encoding_of(compression_algorithm)
        pieces, size = compress(pieces, size, encoding)
        fields = self._fields(headers, encoding)
        cancellation = Cancellation()
        end = end_of(client_timeout)

        def ask():
            result = failure = None
            left = None if client_timeout is None else min(client_timeout, left_until(end))
            try:
                result = run(self._ask("ModelInfer", pieces, size, InferResult, fields, left, cancellation))
            except Exception as error:  # whatever it is: somebody waits to be called
                failure = error
            try:
                callback(result=result, error=failure)
            except Exception:
                _LOGGER.exception("the callback of async_infer() raised an exception")

        self._threads.submit(ask)
        return CallContext(cancellation)

    def start_stream(self, callback, stream_timeout=None, headers=None, compression_algorithm=None):
        if self._stream is not None:
            raise_error("cannot start another stream with one already running. 'InferenceServerClient' supports only a single active "
                        "stream at a given time.")
        encoding = encoding_of(compression_algorithm)
        fields, _ = self._fields(headers, encoding)
        duplex = self._transport.duplex
        self._stream = Stream(lambda: duplex("ModelStreamInfer", limit(stream_timeout), fields), callback, encoding)

    def stop_stream(self, cancel_requests=False):
        if self._stream is not None:
            self._stream.close(cancel_requests)
        self._stream = None

    def async_stream_infer(self, model_name, inputs, model_version="", outputs=None, request_id="", sequence_id=0, sequence_start=False,
                           sequence_end=False, enable_empty_final_response=False, priority=0, timeout=None, parameters=None):
        if self._stream is None:
            raise_error("stream not available, use start_stream() to make one available.")
        self._stream.send(*infer_message(model_name, inputs, model_version, outputs, request_id, sequence_id, sequence_start, sequence_end,
                                         priority, timeout, parameters, enable_empty_final_response))
