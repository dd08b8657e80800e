"""Which protocol TLS offers lies in the context, not in the connection: those that offer another one wait for their turn.

    with turn(context, "h2", timeout): ...  # a connection is made
"""
import asyncio
import os
import ssl
import threading
import weakref
from collections import deque
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import AsyncIterator, Deque, Iterator, Optional, Tuple


class _Turns:
    """Of one context. Any number of connections that offer the same are made at once; who came first goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._protocol = ""
        self._count = 0  # of connections that are being made
        self._waiting: Deque[Tuple[str, "Future[None]"]] = deque()

    def enter(self, context: ssl.SSLContext, protocol: str) -> Optional["Future[None]"]:
        """What to wait for, where it is another's turn."""
        with self._lock:
            if self._count and (self._waiting or protocol != self._protocol):
                turn: "Future[None]" = Future()
                self._waiting.append((protocol, turn))
                return turn
            self._begin(context, protocol)
            return None

    def leave(self, context: ssl.SSLContext, turn: Optional["Future[None]"]) -> None:
        """With what enter() has returned; also while it is waited for."""
        if turn is not None and turn.cancel():
            return
        with self._lock:
            self._count -= 1
            while self._waiting and (not self._count or self._waiting[0][0] == self._protocol):
                protocol, next_turn = self._waiting.popleft()
                if next_turn.set_running_or_notify_cancel():
                    self._begin(context, protocol)
                    next_turn.set_result(None)

    def _begin(self, context: ssl.SSLContext, protocol: str) -> None:
        if not self._count:
            context.set_alpn_protocols([protocol])
        self._protocol = protocol
        self._count += 1


_lock = threading.Lock()
_turns: "weakref.WeakKeyDictionary[ssl.SSLContext, _Turns]" = weakref.WeakKeyDictionary()


def _turns_of(context: ssl.SSLContext) -> _Turns:
    with _lock:
        return _turns.setdefault(context, _Turns())


@contextmanager
def _place(context: ssl.SSLContext, protocol: str) -> Iterator[Optional["Future[None]"]]:
    """What to wait for before a connection is made, if anything."""
    turns = _turns_of(context)
    mine = turns.enter(context, protocol)
    try:
        yield mine
    finally:
        turns.leave(context, mine)


@contextmanager
def turn(context: ssl.SSLContext, protocol: str, timeout: Optional[float]) -> Iterator[None]:
    """For a thread. Raises concurrent.futures.TimeoutError."""
    with _place(context, protocol) as mine:
        if mine is not None:
            mine.result(timeout)
        yield


@asynccontextmanager
async def loop_turn(context: ssl.SSLContext, protocol: str) -> AsyncIterator[None]:
    """For a coroutine of asyncio."""
    with _place(context, protocol) as mine:
        if mine is not None:
            await asyncio.wrap_future(mine)
        yield


def _forget_all() -> None:
    """In a process that was forked off: whoever had a turn is not here."""
    global _lock
    _lock = threading.Lock()
    _turns.clear()


os.register_at_fork(after_in_child=_forget_all)
