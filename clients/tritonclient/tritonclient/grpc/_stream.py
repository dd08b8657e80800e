"""A stream of requests and answers: a thread reads these and gives them to the callback."""
import threading

from neso_client import errors, protobuf as pb

from tritonclient.utils import InferenceServerException, raise_error

from ._calls import as_exception
from ._messages import InferResult, compress


def read_answer(message):
    """(result, error): one of them is None."""
    error = response = None
    for field, value in pb.fields(message):
        if field == 1:
            error = pb.text(value)
        elif field == 2:
            response = value
    return (None, InferenceServerException(error)) if error else (InferResult(memoryview(b"") if response is None else response), None)


class Stream:
    """`callback(result, error)` is called in the stream's own thread, for the error that ends it, too."""

    def __init__(self, call, callback, compression, at_end=lambda: None):
        self._call, self._callback, self._compression, self._at_end = call, callback, compression, at_end
        self._is_active = True
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def send(self, pieces, size):
        if not self._is_active:
            raise_error("The stream is no longer in valid state, the error detail is reported through provided callback. "
                        "A new stream should be started after stopping the current stream.")
        pieces, size, encoding = compress(pieces, size, self._compression)
        try:
            self._call.send(pieces, size, bool(encoding))
        except errors.NesoError as error:
            raise as_exception(error) from None

    def close(self, cancel):
        if cancel:
            self._call.cancel()
        else:
            self._call.finish()
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._call.close()

    def _read(self):
        try:
            while (message := self._call.receive()) is not None:
                result, error = read_answer(message)
                self._callback(result=result, error=error)
        except errors.NesoError as error:
            self._is_active = False
            self._callback(result=None, error=as_exception(error, self._call))
        finally:
            self._is_active = False
            self._at_end()
