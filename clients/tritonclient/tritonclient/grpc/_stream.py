"""A stream of requests and answers: one thread sends these, another reads those and gives them to the callback."""
import queue
import threading
from concurrent.futures import Future

from neso_client import errors, protobuf as pb

from tritonclient.utils import InferenceServerException, raise_error

from ._calls import as_exception, understood
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
    """`callback(result, error)` is called in the stream's own thread, for the error that ends it, too. It may send."""

    def __init__(self, connect, callback, encoding, at_end=lambda: None):
        """connect: makes the call; it may wait, or raise NesoError."""
        self._connect, self._callback, self._encoding, self._at_end = connect, callback, encoding, at_end
        self._call = None
        self._requests = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._is_active, self.is_cancelled = True, False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, pieces, size):
        """A future that ends when the request has been sent, or never will be while the stream lives."""
        if not (self._is_active and self._thread.is_alive()):  # the thread is not there in a process that was forked off
            raise_error("The stream is no longer in valid state, the error detail is reported through provided callback. "
                        "A new stream should be started after stopping the current stream.")
        sent = Future()
        self._requests.put((sent, *compress(pieces, size, self._encoding)))
        return sent

    def finish(self):
        """No more requests."""
        self._requests.put(None)

    def close(self, cancel):
        if cancel:
            self.cancel()
        self.finish()
        is_here = self._thread is threading.current_thread()
        if not (is_here or cancel and self._call is None):  # one that is being connected ends when it is
            self._thread.join()

    def cancel(self):
        with self._lock:
            self.is_cancelled = True
            if self._call is not None:
                self._call.cancel()

    def _run(self):
        try:
            self._receive(self._connect())
        except errors.NesoError as error:
            self._is_active = False
            self._callback(result=None, error=as_exception(error, self))
        finally:
            self._is_active = False
            self._at_end()

    def _receive(self, call):
        with self._lock:
            self._call = call
            if self.is_cancelled:
                call.cancel()
        writer = threading.Thread(target=self._write, args=(call,), daemon=True)
        writer.start()
        try:
            while (message := call.receive()) is not None:
                result, error = self._understood(message)
                self._callback(result=result, error=error)
        finally:
            self._requests.put(None)
            call.cancel()  # who still writes need not wait
            writer.join()
            call.close()

    def _understood(self, message):
        try:
            return understood(read_answer, message)
        except InferenceServerException as error:
            return None, error

    def _write(self, call):
        try:
            while (request := self._requests.get()) is not None:
                sent, pieces, size = request
                is_awaited = sent.set_running_or_notify_cancel()
                call.send(pieces, size, bool(self._encoding))
                if is_awaited:
                    sent.set_result(None)
            call.finish()
        except errors.NesoError:  # whoever reads is told
            pass
