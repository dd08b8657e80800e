"""What a model asks of the server while it runs: calls of other models first of all.

Answers come on a ring of their own. Of the threads that wait for one, one reads the ring for all of them.
"""
import collections
import functools
import json
import struct
import threading

from . import wire
from .errors import TritonError, TritonModelException
from .response import InferenceResponse, read_response

_WAIT_S = 1.0


class _Waiter:
    """What has come for one call: (flags, body) each."""

    __slots__ = ("ident", "replies", "wake")

    def __init__(self, ident):
        self.ident = ident
        self.replies = collections.deque()
        self.wake = None  # a lock to sleep on, for those that once had to

    def notify(self):
        try:
            if self.wake is not None:
                self.wake.release()
        except RuntimeError:  # it was awake
            pass


class Caller:
    """Makes calls. Thread-safe."""

    def __init__(self, channel):
        self.channel = channel
        self.executing = False  # whether models may be called
        self._lock = threading.Lock()
        self._next = 0
        self._waiters = {}
        self._reading = threading.Lock()
        self._followers = set()

    def open(self):
        with self._lock:
            self._next += 1
            waiter = self._waiters[self._next] = _Waiter(self._next)
        return waiter

    def close(self, waiter):
        self._waiters.pop(waiter.ident, None)
        while waiter.replies:
            self._discard(*waiter.replies.popleft())

    def wait(self, waiter):
        """The next reply: (flags, body)."""
        replies = waiter.replies
        while not replies:
            if self._reading.acquire(blocking=False):
                return self._read_for_all(waiter)
            if waiter.wake is None:
                waiter.wake = threading.Lock()
                waiter.wake.acquire()
            self._followers.add(waiter)
            # The reader may have brought the reply, or left, before it could see us.
            if not replies and self._reading.locked():
                waiter.wake.acquire(timeout=_WAIT_S)
            self._followers.discard(waiter)
        return replies.popleft()

    def _read_for_all(self, waiter):
        try:
            while not waiter.replies:
                reply = self.channel.next_reply()
                if reply is None:
                    continue
                flags, ident, body = reply
                if ident == waiter.ident:
                    return flags, body
                other = self._waiters.get(ident)
                if other is None:
                    self._discard(flags, body)
                    continue
                other.replies.append((flags, body))
                other.notify()
            return waiter.replies.popleft()
        finally:
            self._reading.release()
            if self._followers:
                self._appoint_reader()

    def _appoint_reader(self):
        for follower in list(self._followers):
            if not follower.replies:
                follower.notify()  # reads from now on
                break

    def _discard(self, flags, body):
        """A response that nobody wants: the memory of its tensors goes back."""
        if len(body) >= wire.RESPONSE_HEAD.size and not flags & (wire.YES | wire.ERROR_MASK):
            read_response(self.channel, body)

    def ask(self, call, body=b"", offset=0):
        """One question, one answer: (flags, bytes)."""
        waiter = self.open()
        try:
            self.channel.send(wire.CALL, call, waiter.ident, body, offset)
            return self.wait(waiter)
        finally:
            self.close(waiter)


_caller = None


def connect(channel):
    global _caller
    _caller = Caller(channel)
    return _caller


def disconnect():
    global _caller
    _caller = None


def is_connected():
    return _caller is not None


def caller():
    if _caller is None:
        raise TritonModelException("the server can only be asked from a model that it runs")
    return _caller


def is_cancelled(handle):
    flags, _ = caller().ask(wire.IS_CANCELLED, offset=handle)
    return bool(flags & wire.YES)


def ask_json(call, question, files=()):
    """The answer's text; raises what the server says against it."""
    head = json.dumps(question).encode()
    flags, text = caller().ask(call, b"".join([wire.U32.pack(len(head)), head, *files])
                               if call != wire.METRIC else head)
    if flags & wire.ERROR_MASK:
        raise TritonModelException(text.decode())
    return flags, text


def tell_json_soon(call, question):
    """For finalizers: no answer is waited for. What cannot be said is not said."""
    if is_connected():
        _caller.channel.send_body_soon(wire.CALL, call, json.dumps(question).encode())


# --- calls of other models ------------------------------------------------------------------------------------------


_targets = {}  # how a called model and the wanted outputs are written
_MOST_TARGETS = 1024


def _encode_target(target):
    model, *outputs = (name.encode() for name in target)
    if len(_targets) >= _MOST_TARGETS:
        _targets.clear()
    encoded = _targets[target] = model, b"".join(wire.U16.pack(len(name)) + name for name in outputs)
    return encoded


def _call_record(request, decoupled):
    target = (request._model, *request._outputs)
    model, outputs = _targets.get(target) or _encode_target(target)
    ident, parameters = request._id.encode(), request._parameters.encode()
    number, correlation, correlation_length = request._correlation, b"", wire.NUMBER
    if type(number) is str:
        correlation = number.encode()
        number, correlation_length = 0, len(correlation)
    trace = request._trace._request if request._trace is not None else None
    try:
        head = wire.CALL_HEAD.pack(trace or 0, number, request._timeout, request._version, request._flags, decoupled,
                                   len(request._outputs), len(request._inputs), len(model), len(ident),
                                   correlation_length, len(parameters))
    except struct.error:
        raise TypeError("InferenceRequest: expected whole numbers as correlation_id, timeout and flags (not negative) and as "
                        "model_version") from None
    return b"".join((head, model, ident, correlation, parameters, outputs))


def _start(request, decoupled):
    made = caller()
    if not made.executing:
        raise TritonModelException("BLS is only supported during the 'execute' function.")
    channel = made.channel
    records = [_call_record(request, decoupled), *[tensor._record(channel, True) for tensor in request._inputs]]
    waiter = made.open()
    channel.send_records(wire.CALL, wire.INFER, waiter.ident, records)
    return waiter


def _response(channel, flags, body):
    """None for one that says only that the answer is over."""
    if flags & wire.ERROR_MASK:
        return InferenceResponse(error=TritonError("An error occurred while performing BLS request."))
    return read_response(channel, body) if body else None


def execute(request, decoupled):
    if decoupled:
        return ResponseIterator(_start(request, True))
    made = caller()
    waiter = _start(request, False)
    response = None
    try:
        while True:
            flags, body = made.wait(waiter)
            response = _response(made.channel, flags, body) or response
            if not flags & wire.MORE:
                return response or InferenceResponse(error=TritonError("Unexpected empty response."))
    finally:
        made.close(waiter)


async def execute_async(request, decoupled):
    import asyncio  # only a model that has it comes here
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, functools.partial(execute, request, decoupled))


class ResponseIterator:
    """The responses of a decoupled call, as they come."""

    def __init__(self, waiter):
        self._caller = caller()
        self._waiter = waiter
        self._over = False

    def __iter__(self):
        return self

    def __next__(self):
        if self._over:
            raise StopIteration
        flags, body = self._caller.wait(self._waiter)
        if not flags & wire.MORE:
            self._over = True
            self._caller.close(self._waiter)
        response = _response(self._caller.channel, flags, body)
        return response if response is not None else InferenceResponse()

    def cancel(self):
        if not self._over:
            self._caller.channel.send(wire.CALL, wire.CANCEL_INFER, 0, offset=self._waiter.ident)

    def __del__(self):
        if not self._over:  # nobody will read the rest
            self._caller.channel.send_soon(wire.CALL, 0, self._waiter.ident, wire.CANCEL_INFER)
            self._caller.close(self._waiter)
