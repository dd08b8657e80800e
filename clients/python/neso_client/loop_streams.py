"""Connections that are driven by asyncio's loop itself: a small answer costs one turn of the loop.

No thread takes part in calls. Only what blocks is asked in the loop's executor: names of hosts (by asyncio itself), and once for each
client whether the server is on this machine."""
import asyncio
import select
import socket
from collections import deque
from typing import Any, Callable, Deque, Dict, Iterator, List, Optional, Tuple, TypeVar, cast

from .alpn import loop_turn
from .errors import DeadlineExceeded
from .network import Address, Connect, Network, Pool, Pooled, unreachable
from .streams import SMALL, Stream

_T = TypeVar("_T")
_CHUNK = 1 << 18  # bytes given to the loop at once: what of them the system does not take is copied


class LoopStream(Stream, asyncio.BufferedProtocol):
    """Belongs to the loop that made it. abort() is for that loop's thread, too."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._transport: asyncio.Transport
        self._target: Optional[memoryview] = None  # where a reader wants what comes; else it goes to the buffer
        self._is_hungry = False  # a reader waits for the buffer
        self._waiter: Optional["asyncio.Future[None]"] = None
        self._is_open = True
        self._error: Optional[Exception] = None
        self._is_full = self._is_jammed = False  # reading and writing pause
        self._deadline: Optional[float] = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._poll = select.poll()

    # What the call does.

    async def send(self, buffers: List[Any]) -> None:
        for chunk in _chunks(buffers):
            if not self._is_open:
                raise self._error or ConnectionResetError("the server closed the connection")
            self._transport.write(chunk)
            while self._is_jammed:
                await self._wait()

    def limit(self, timeout: Optional[float]) -> None:
        self._deadline = None if timeout is None else self._loop.time() + timeout
        if self._timer is not None and self._deadline is not None and self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = None

    def is_quiet(self) -> bool:
        """The system is asked, too: the loop may not have had time yet to tell."""
        return self._is_open and self._start == self._end and not self._poll.poll(0)

    def close(self) -> None:
        if not self._loop.is_closed():
            self._transport.abort()

    abort = close

    async def _more(self) -> bool:
        self._make_room()
        self._resume()
        self._is_hungry = True
        try:
            while self._is_hungry:
                if not self._is_open:
                    if self._error is not None:
                        raise self._error
                    return False
                await self._wait()
        finally:
            self._is_hungry = False
        return True

    async def _fill(self, view: memoryview) -> None:
        self._target = view
        self._resume()
        try:
            while self._target is not None:
                if not self._is_open:
                    raise self._error or ConnectionResetError("the server closed the connection")
                await self._wait()
        finally:
            self._target = None

    def _resume(self) -> None:
        if self._is_full:
            self._is_full = False
            self._transport.resume_reading()

    async def _wait(self) -> None:
        """Until something has changed."""
        if self._deadline is not None and self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # What the loop does.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(1, 0)  # with 0, TLS pauses when it has written all
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def get_buffer(self, sizehint: int) -> memoryview:  # type: ignore[override,unused-ignore]
        if self._target is not None:
            return self._target
        self._make_room()
        if self._end == len(self._buffer):  # TLS before Python 3.11 does not pause at once
            self._buffer = self._buffer + bytearray(len(self._buffer))
            self._view = memoryview(self._buffer)
        return self._view[self._end:]

    def buffer_updated(self, count: int) -> None:
        if self._target is not None:
            if count < len(self._target):
                self._target = self._target[count:]
                return
            self._target = None
        else:
            self._end += count
            # A reader who waits takes what there is before more can come.
            if self._end == len(self._buffer) and not self._is_hungry and not self._is_full:
                self._is_full = True
                self._transport.pause_reading()
            self._is_hungry = False
        self._wake()

    def eof_received(self) -> bool:
        return False  # that is all

    def connection_lost(self, error: Optional[Exception]) -> None:
        self._is_open, self._error, self._is_jammed = False, error, False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()

    def pause_writing(self) -> None:
        self._is_jammed = True

    def resume_writing(self) -> None:
        self._is_jammed = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _look_at_the_clock(self) -> None:
        """One timer serves many calls: it is moved when it goes off, not when a call ends."""
        self._timer = None
        if self._deadline is None or self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)
        else:
            self._waiter.set_exception(socket.timeout("timed out"))


def _chunks(buffers: List[Any]) -> Iterator[Any]:
    small = b""
    for buffer in buffers:
        if len(small) + len(buffer) <= SMALL:
            small += buffer
            continue
        if small:
            yield small
            small = b""
        view = memoryview(buffer)
        for at in range(0, len(view), _CHUNK):
            yield view[at:at + _CHUNK]
    if small:
        yield small


async def _connect(loop: asyncio.AbstractEventLoop, address: Address, protocol: str) -> LoopStream:
    if address.tls is None:
        return await _dial(loop, address)
    async with loop_turn(address.tls, protocol):
        return await _dial(loop, address, ssl=address.tls, server_hostname=address.tls_name)


async def _dial(loop: asyncio.AbstractEventLoop, address: Address, **tls: Any) -> LoopStream:
    if address.path is None:
        return (await loop.create_connection(lambda: LoopStream(loop), address.host, address.port, **tls))[1]
    return (await loop.create_unix_connection(lambda: LoopStream(loop), address.path, **tls))[1]


class LoopNetwork(Network):
    """For any number of loops, each in its thread. concurrency: calls of a loop at the same time."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency

    async def open(self, address: Address, timeout: Optional[float], protocol: str) -> Stream:
        loop = asyncio.get_running_loop()
        timeout = timeout if address.connect_timeout is None else address.connect_timeout
        try:
            return await asyncio.wait_for(_connect(loop, address, protocol), timeout)
        except (asyncio.TimeoutError, socket.timeout):
            raise DeadlineExceeded(f"no connection to {address.place} within {timeout} s") from None
        except OSError as error:
            raise unreachable(address, error) from None

    def pool(self, connect: Connect) -> Pool:
        return _LoopPool(connect, self._concurrency)

    async def ask(self, question: Callable[..., _T], *arguments: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(None, question, *arguments)


class _Lot:
    """What one loop has."""

    def __init__(self, loop: asyncio.AbstractEventLoop, concurrency: int) -> None:
        self.loop = loop
        self.free: Deque[Pooled] = deque()
        self.slots = asyncio.Semaphore(concurrency)

    def close(self) -> None:
        while self.free:
            self.free.pop().close()

    def close_from_anywhere(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self.close)
        except RuntimeError:  # the loop is closed, and so are its connections when nobody knows them any more
            self.free.clear()


class _LoopPool(Pool):
    def __init__(self, connect: Connect, concurrency: int) -> None:
        super().__init__(connect)
        self._concurrency = concurrency
        self._lots: Dict[asyncio.AbstractEventLoop, _Lot] = {}

    async def take(self, timeout: Optional[float]) -> Tuple[Pooled, Optional[float]]:
        loop = asyncio.get_running_loop()
        lot = self._lots.get(loop) or self._new_lot(loop)
        if timeout is not None and lot.slots.locked():
            timeout = await self._wait_for_a_turn(lot, timeout)
        else:
            await lot.slots.acquire()
        try:
            connection, timeout = await self._take_from(lot.free, timeout)
        except BaseException:
            lot.slots.release()
            raise
        connection.home = lot
        return connection, timeout

    async def _wait_for_a_turn(self, lot: _Lot, timeout: float) -> float:
        """What is left of the timeout."""
        until = lot.loop.time() + timeout
        try:
            await asyncio.wait_for(lot.slots.acquire(), timeout)
        except asyncio.TimeoutError:
            told = f"no turn within {timeout} s: {self._concurrency} calls were running, the client's concurrency="
            raise DeadlineExceeded(told) from None
        return max(until - lot.loop.time(), 0.001)

    def give_back(self, connection: Pooled, keeps: bool) -> None:
        lot: _Lot = connection.home
        if lot.loop.is_closed():  # a call that was in flight then, found by the collector of garbage
            return
        lot.slots.release()
        if keeps and not self.is_closed:
            lot.free.append(connection)
        else:
            connection.close()

    def _new_lot(self, loop: asyncio.AbstractEventLoop) -> _Lot:
        for other in list(self._lots):
            if other.is_closed():
                self._lots.pop(other, None)
        lot = self._lots[loop] = _Lot(loop, self._concurrency)
        return lot

    def _end(self) -> None:
        try:
            here: Optional[asyncio.AbstractEventLoop] = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        for lot in list(self._lots.values()):
            if lot.loop is here:
                lot.close()
            else:
                lot.close_from_anywhere()

    def abandon(self) -> None:
        """Nothing is closed: that would tell the other process's loop to forget its connections."""
        self._lots = {}
