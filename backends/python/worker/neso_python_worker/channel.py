"""The worker's end of the rings, and the memory that it shares with the server."""
import collections
import ctypes
import mmap
import os
import threading
import time
import weakref

import numpy

from . import wire
from .blocks import Blocks

_SPIN_NS = 20_000
_PROCESSORS_TO_SPIN = 8  # with fewer, spinning takes the server's own
_MADV_REMOVE = 9
_u32, _ANSWERS_HEAD = wire.U32.unpack_from, wire.ANSWERS + wire.HEAD
_SLOT_OF_READER, _SLOT_OF_WRITER = wire.READER.size, wire.WRITER.size
_WORTH_A_WAKE_UP = 64 << 10  # bytes that are given back
_LARGE = 16 << 10  # bytes of a tensor that gets a block of its own
_WRAP_AT = 8 << 20  # answers in flight begin again at the front beyond this
_KEPT = 64 << 20  # memory beyond this goes back to the system when no answer is in flight


class _Reader:
    """The worker's place in a ring that the server writes to."""

    def __init__(self, library, ring, spin_ns):
        # Waiting gives the interpreter's lock back.
        self._next = ctypes.CDLL(library).neso_ring_next
        self._place = ctypes.create_string_buffer(wire.READER.size + wire.SLOT.size)
        wire.READER.pack_into(self._place, 0, ring, spin_ns, 0, 0)
        self._unpack = wire.SLOT.unpack_from

    def next(self):
        """Waits a second at most; None if nothing came."""
        return self._unpack(self._place, _SLOT_OF_READER) if self._next(self._place) else None


class Channel:
    def __init__(self, socket_fd, memory_fd, region_size, library):
        self.memory = mmap.mmap(memory_fd, wire.CONTROL_SIZE + 2 * region_size)
        os.close(memory_fd)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self._own = wire.CONTROL_SIZE + region_size  # where this side writes
        self._blocks = Blocks(self.memory, self._own + region_size)

        spin_ns = _SPIN_NS if len(os.sched_getaffinity(0)) >= _PROCESSORS_TO_SPIN else 0
        self._work = _Reader(library, self._address + wire.WORK, spin_ns)
        self._replies = _Reader(library, self._address + wire.REPLIES, spin_ns)

        # They never wait, so they keep the interpreter's lock. A put wakes nobody: the server finds it with the next push.
        own = ctypes.PyDLL(library)
        self._ring_push, self._ring_put = own.neso_ring_push, own.neso_ring_put
        self._writer = ctypes.create_string_buffer(wire.WRITER.size + wire.SLOT.size)
        wire.WRITER.pack_into(self._writer, 0, self._address + wire.ANSWERS, socket_fd)
        self._pack_slot = wire.SLOT.pack_into

        self._lock = threading.Lock()
        self._sent = 0
        self._in_flight = collections.deque()  # (number of the message, where its body begins)
        self._position = 0
        self._highest = 0
        self._soon = collections.deque()
        self._held = {}

    # --- what the server sends ------------------------------------------------------------------------------------

    def next_work(self):
        """Waits for the next piece of work: (kind, flags, id, offset, length)."""
        while (slot := self._work.next()) is None:
            pass
        return slot

    def next_reply(self):
        """Waits a second at most: (flags, id, body), None if nothing came. One thread at a time."""
        if _u32(self.memory, wire.REPLIES_STALLED)[0]:
            self.send(wire.PULL)
        slot = self._replies.next()
        if slot is None:
            return None
        _, flags, ident, offset, length = slot
        body = self.memory[offset:offset + length]
        if offset >= wire.CONTROL_SIZE:  # a block, which is released; small ones are free with the next reply
            with self._lock:
                self._push(wire.RELEASE, 0, 0, offset, 0, self._release_by(length))
        return flags, ident, body

    def hold(self, offset, length):
        """The bytes of a block of the server's as an array; the block is released when nobody has a view of it."""
        block = numpy.ndarray(length, numpy.uint8, self.memory, offset)
        self.keep(offset, block)
        return block

    def keep(self, offset, block):
        def release(_, offset=offset, length=block.nbytes):
            self._held.pop(offset, None)
            self._soon.append((wire.RELEASE, 0, 0, offset, b"", self._release_by(length)))
            self._flush()

        self._held[offset] = weakref.ref(block, release)

    def _release_by(self, length):
        """Memory that is worth a wake-up is given back at once."""
        return self._ring_put if length < _WORTH_A_WAKE_UP else self._ring_push

    # --- what the server gets -------------------------------------------------------------------------------------

    def send(self, kind, flags=0, ident=0, body=b"", offset=0):
        """`offset` instead of a body, for kinds whose offset means something else."""
        with self._lock:
            if body:
                offset = self._allocate(len(body))
                self.memory[offset:offset + len(body)] = body
            self._push(kind, flags, ident, offset, len(body))
        if self._soon:
            self._flush()

    def send_records(self, kind, flags, ident, records):
        """`records`: bytes, and tensors as (type, data, byte size, offset); data is copied unless it is None, and then
        it lies at the offset already."""
        try:
            body = b"".join(records)
        except TypeError:
            self._send_tensors(kind, flags, ident, records)
        else:
            self.send(kind, flags, ident, body)

    def _send_tensors(self, kind, flags, ident, records):
        parts, after, length, data_length = [], [], 0, 0
        for record in records:
            if type(record) is not bytes:
                kind_of_tensor, data, size, place = record
                if data is not None:
                    after.append((len(parts) + 1, data, size))
                    data_length += size
                parts.append(kind_of_tensor)
                record = wire.PLACE.pack(place, size)
                length += len(kind_of_tensor)
            parts.append(record)
            length += len(record)
        memory = self.memory
        with self._lock:
            blocks = []
            if data_length >= _LARGE:
                after, data_length = self._put_in_blocks(parts, after, blocks)
            try:
                offset = self._allocate(length + data_length)
            except MemoryError:
                self._blocks.give_back(blocks)
                raise
            end = offset + length
            for part, data, size in after:
                parts[part] = wire.PLACE.pack(end, size)
                memory[end:end + size] = data
                end += size
            memory[offset:offset + length] = b"".join(parts)
            self._push(kind, flags, ident, offset, length)
        if self._soon:
            self._flush()

    def _put_in_blocks(self, parts, after, blocks):
        """The server sends large tensors from where they lie. What is left, and how long it is."""
        left, left_length = [], 0
        for part, data, size in after:
            block = self._blocks.take(size, self._own + max(self._highest, _WRAP_AT)) if size >= _LARGE else None
            if block is None:
                left.append((part, data, size))
                left_length += size
            else:
                blocks.append(block)
                self.memory[block:block + size] = data
                parts[part] = wire.PLACE.pack(block | wire.OWN_BLOCK, size)
        return left, left_length

    def send_soon(self, kind, ident=0, offset=0, flags=0):
        """From finalizers, which may run anywhere: at once if nobody sends, and else when they are done."""
        self._soon.append((kind, flags, ident, offset, b"", self._ring_push))
        self._flush()

    def send_body_soon(self, kind, flags, body):
        self._soon.append((kind, flags, 0, 0, body, self._ring_push))
        self._flush()

    def _flush(self):
        while self._soon and self._lock.acquire(blocking=False):
            try:
                while self._soon:
                    kind, flags, ident, offset, body, push = self._soon.popleft()
                    if body:
                        offset = self._allocate(len(body))
                        self.memory[offset:offset + len(body)] = body
                    self._push(kind, flags, ident, offset, len(body), push)
            finally:
                self._lock.release()

    def _push(self, kind, flags, ident, offset, length, push=None):
        writer = self._writer
        self._pack_slot(writer, _SLOT_OF_WRITER, kind, flags, ident, offset, length)
        push = push or self._ring_push
        while not push(writer):
            time.sleep(0.0001)
        self._sent = self._sent + 1 & 0xFFFFFFFF

    def _allocate(self, size):
        """Room for a body. Bodies are read in the order in which they are sent, so their memory is a ring, too."""
        sent = self._sent
        if _u32(self.memory, _ANSWERS_HEAD)[0] == sent and size < _WRAP_AT and self._highest <= _KEPT:
            start = 0  # what _wait_for_room() would come to, and nearly always the case
            self._in_flight.clear()
        else:
            start = self._wait_for_room(size)
        self._in_flight.append((sent, start))
        self._position = end = start + size
        if end > self._highest:
            self._highest = end
        return self._own + start

    def _wait_for_room(self, size):
        in_flight = self._in_flight
        while True:
            head, = _u32(self.memory, _ANSWERS_HEAD)
            if head == self._sent:
                in_flight.clear()
            while in_flight and 0 < (head - in_flight[0][0]) & 0xFFFFFFFF <= 0x7FFFFFFF:
                in_flight.popleft()
            start = self._place(size)
            if start is not None:
                return start
            if size >= self._room():
                self._blocks.forget()
                if size >= self._room():
                    raise MemoryError(f"{size} bytes are more than can be shared with the server")
            time.sleep(0.0001)

    def _room(self):
        return self._blocks.low - self._own

    def _place(self, size):
        if not self._in_flight:
            if self._highest > _KEPT:
                page = self._own + _KEPT
                self.memory.madvise(_MADV_REMOVE, page, wire.aligned(self._highest - _KEPT) + 4096 & -4096)
                self._highest = 0
            return 0 if size < self._room() else None
        first, position = self._in_flight[0][1], self._position
        if position > first:
            if position + size > _WRAP_AT and size < first:
                return 0
            return position if position + size < self._room() else None
        return position if position + size < first else None

    def offset_of(self, array):
        """Where an array lies in the server's region, None if it is elsewhere."""
        base = array
        while type(base) is numpy.ndarray:
            base = base.base
        if base is not self.memory:
            return None
        return array.__array_interface__["data"][0] - self._address
