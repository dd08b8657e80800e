"""Memory shared with a server on the same machine: objects in /dev/shm that are registered there, used by one call at a time.

An object's name tells the server's address, and its owner holds a lock on it as long as it lives: what a process that died has left
is removed by the next client of that server, here and there.
"""
import fcntl
import mmap
import os
import secrets
import socket
import threading
from collections import deque
from typing import Deque, Dict, List, Optional, Set

import numpy as np

from . import forks
from .clock import left_until
from .errors import NesoError, ServerError
from .transport import Transport

_FOLDER = "/dev/shm"
_SMALLEST = 1 << 18  # bytes of a region; the next are twice as large
_MOST_BYTES = 1 << 28  # of all regions of a client
_MOST_REGIONS = 64
_TIMEOUT = 2.0  # seconds for a question about a region


def is_same_machine(host: str, port: int) -> bool:
    """Packets to oneself leave from the address they go to. Nothing is sent."""
    if host.startswith("unix:"):
        return os.path.isdir(_FOLDER)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as route:
            route.connect(address)
            return os.path.isdir(_FOLDER) and bool(route.getsockname()[0] == address[0])
    except OSError:
        return False


class Region:
    """`memory`: its bytes, which live as long as an array lies in them."""

    def __init__(self, name: str, size: int) -> None:
        """Raises OSError, where there is no room for it, too."""
        self.name, self.size = name, size
        self._path = os.path.join(_FOLDER, name)
        self._file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.posix_fallocate(self._file, 0, size)  # else a write would end the process where /dev/shm is full
            self.memory = np.frombuffer(mmap.mmap(self._file, size), np.uint8)
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        """From the folder, if it is there; what is mapped stays so."""
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            pass
        self.let_go()

    def let_go(self) -> None:
        """In a process that was forked off, too, which would keep the lock when its owner has gone."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


class Regions:
    """Those of one client. Thread-safe."""

    def __init__(self, host: str, port: int) -> None:
        self._prefix = f"neso-client-{host}-{port}-".replace("/", "_")
        self._lock = threading.Lock()
        self._all: Set[Region] = set()
        self._bytes = 0
        self._free: Dict[int, Deque[Region]] = {}  # by size; append() and pop() are atomic
        self._discarded: List[Region] = []  # that the server still has to hear of
        self._seen: Deque[Region] = deque()  # by a process that was forked off, which may have arrays in them
        self._is_open = True
        self._has_swept = False
        forks.watch(self)

    async def take(self, transport: Transport, size: int, end: Optional[float]) -> Optional[Region]:
        """One of at least that many bytes; None where there shall be no more. end: of the call's time.

        Raises OSError, NesoError where none can be had."""
        size = max(_SMALLEST, 1 << (size - 1).bit_length())
        try:
            return self._free[size].pop()
        except (KeyError, IndexError):
            return await self._make(transport, size, end)

    async def _make(self, transport: Transport, size: int, end: Optional[float]) -> Optional[Region]:
        with self._lock:
            while self._seen:
                self._put_aside(self._seen.popleft())
            if not self._is_open or len(self._all) >= _MOST_REGIONS or self._bytes + size > _MOST_BYTES:
                return None
            self._free.setdefault(size, deque())
            sweeps, self._has_swept = not self._has_swept, True
            discarded, self._discarded = self._discarded, []
            self._bytes += size
        try:
            await self._end(transport, discarded, end)
            if sweeps:
                await self._sweep(transport, end)
            region = Region(self._prefix + secrets.token_hex(8), size)
            try:
                await transport.register_region(region.name, f"/{region.name}", size, _time_until(end))
            except ServerError:
                region.remove()
                raise
            except BaseException:
                # Given up: the server may know it, or hear of it after its end, on another connection; then it finds nothing to map.
                region.remove()
                discarded.append(region)
                raise
        except BaseException:
            with self._lock:
                self._bytes -= size
            self._end_later(discarded)
            raise
        with self._lock:
            if self._is_open:
                self._all.add(region)
                return region
        await self._end_now(transport, [region])  # closed meanwhile
        return None

    def give_back(self, region: Region, is_seen: bool = False) -> None:
        """For another call, unless another process sees it. Without a lock: the collector of garbage calls it, too, wherever a thread
        is."""
        if self._is_open:
            (self._seen if is_seen else self._free.get(region.size, self._seen)).append(region)

    def discard(self, region: Region) -> None:
        """One that the server may still write to, or does not know any more. It is told later: now it may not answer."""
        with self._lock:
            self._put_aside(region)

    def _put_aside(self, region: Region) -> None:
        if region in self._all:
            self._all.remove(region)
            self._bytes -= region.size
            self._discarded.append(region)

    def forget(self) -> None:
        """Those that are free: the server has lost them."""
        for free in list(self._free.values()):
            while free:
                self.discard(free.pop())

    async def close(self, transport: Transport) -> None:
        with self._lock:
            self._is_open = False
            regions = [*self._all, *self._discarded]
            self._all.clear()
            self._discarded.clear()
        self._free.clear()
        await self._end_now(transport, regions)

    async def _end(self, transport: Transport, regions: List[Region], end: Optional[float] = None) -> None:
        """Takes those that have ended out of `regions`, where it is given up, too."""
        answers = True
        while regions:
            answers = answers and await self._unregister(transport, regions[-1].name, end)
            regions.pop().remove()

    async def _end_now(self, transport: Transport, regions: List[Region]) -> None:
        """There is no later: where it is given up, the server is not told of the rest."""
        try:
            await self._end(transport, regions)
        finally:
            for region in regions:
                region.remove()

    def _end_later(self, regions: List[Region]) -> None:
        with self._lock:
            if self._is_open:
                self._discarded += regions
                return
        for region in regions:
            region.remove()

    @staticmethod
    async def _unregister(transport: Transport, name: str, end: Optional[float]) -> bool:
        try:
            await transport.unregister_region(name, _time_until(end))
        except NesoError:  # a server that is gone has none
            return False
        return True

    async def _sweep(self, transport: Transport, end: Optional[float]) -> None:
        """Removes what clients have left that did not end well."""
        answers = True
        for name in os.listdir(_FOLDER):
            if not name.startswith(self._prefix):
                continue
            try:
                file = os.open(os.path.join(_FOLDER, name), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:  # another user's, or gone
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                answers = answers and await self._unregister(transport, name, end)
                os.unlink(os.path.join(_FOLDER, name))
            except OSError:  # its owner lives
                pass
            finally:
                os.close(file)

    def abandon(self) -> None:
        """In a process that was forked off: they are the other's."""
        self._is_open = False
        self._lock = threading.Lock()
        for region in [*self._all, *self._discarded]:
            region.let_go()
        self._free, self._all, self._discarded, self._seen = {}, set(), [], deque()


def _time_until(end: Optional[float]) -> float:
    """For a question about a region."""
    left = left_until(end)
    return _TIMEOUT if left is None else min(_TIMEOUT, left)
