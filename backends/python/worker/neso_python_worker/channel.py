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

_SPIN_NS = 20_000
_PROCESSORS_TO_SPIN = 8  # with fewer, spinning takes the server's own
_WAIT_MS = 1000
_MADV_REMOVE = 9
_WRAP_AT = 8 << 20  # answers in flight begin again at the front beyond this
_KEPT = 64 << 20  # memory beyond this goes back to the system when no answer is in flight


class Channel:
    def __init__(self, socket_fd, memory_fd, region_size, library):
        self.memory = mmap.mmap(memory_fd, wire.CONTROL_SIZE + 2 * region_size)
        os.close(memory_fd)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self._bell = socket_fd
        self._own = wire.CONTROL_SIZE + region_size  # where this side writes
        self._region_size = region_size
        self._spin_ns = _SPIN_NS if len(os.sched_getaffinity(0)) >= _PROCESSORS_TO_SPIN else 0

        # Waiting gives the interpreter's lock back, a push does not: it never waits.
        self._ring_next = ctypes.CDLL(library).neso_ring_next
        self._ring_next.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int64, ctypes.c_int]
        self._ring_next.restype = ctypes.c_uint32
        self._ring_push = ctypes.PyDLL(library).neso_ring_push
        self._ring_push.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_uint64,
                                    ctypes.c_uint64, ctypes.c_int]
        self._ring_push.restype = ctypes.c_int

        self._work = self._address + wire.WORK
        self._work_head = 0
        self._replies = self._address + wire.REPLIES
        self._replies_head = self._replies_read = 0

        self._answers = self._address + wire.ANSWERS
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
        head = self._work_head
        consumed = 1 if head else 0  # the one before
        while not self._ring_next(self._work, consumed, self._spin_ns, _WAIT_MS):
            consumed = 0
        self._work_head = head + 1
        return wire.SLOT.unpack_from(self.memory, wire.WORK + wire.SLOTS + 32 * (head % wire.RING_SLOTS))

    def next_reply(self):
        """Waits a second at most; None if nothing came. One thread at a time, which is done with the reply before."""
        if wire.U32.unpack_from(self.memory, wire.REPLIES_STALLED)[0]:
            self.send(wire.PULL)
        consumed, self._replies_read = self._replies_read, 0
        if not self._ring_next(self._replies, consumed, self._spin_ns, _WAIT_MS):
            return None
        head = self._replies_head
        self._replies_head, self._replies_read = head + 1, 1
        return wire.SLOT.unpack_from(self.memory, wire.REPLIES + wire.SLOTS + 32 * (head % wire.RING_SLOTS))

    def hold(self, offset, length):
        """The bytes of a block of the server's as an array; the block is released when nobody has a view of it."""
        block = numpy.ndarray(length, numpy.uint8, self.memory, offset)
        self.keep(offset, block)
        return block

    def keep(self, offset, block):
        def release(_, offset=offset):
            self._held.pop(offset, None)
            self.send_soon(wire.RELEASE, 0, offset)

        self._held[offset] = weakref.ref(block, release)

    def take_bytes(self, offset, length):
        """The bytes of a block of the server's, which is released."""
        if length == 0:
            return b""
        body = self.memory[offset:offset + length]
        self.send(wire.RELEASE, offset=offset)
        return body

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

    def send_tensors(self, kind, flags, ident, records):
        """`records`: bytes, and tensors as (type, data, byte size, offset); data is copied unless it is None, and then
        it lies at the offset already."""
        length = data_length = 0
        for record in records:
            if type(record) is bytes:
                length += len(record)
            else:
                length += len(record[0]) + 16
                if record[1] is not None:
                    data_length += record[2]
        memory = self.memory
        with self._lock:
            offset = self._allocate(length + data_length)
            data = offset + length
            parts = []
            for record in records:
                if type(record) is bytes:
                    parts.append(record)
                    continue
                kind_of_tensor, content, size, place = record
                parts.append(kind_of_tensor)
                if content is None:
                    parts.append(wire.PLACE.pack(place, size))
                    continue
                parts.append(wire.PLACE.pack(data, size))
                if size:
                    memory[data:data + size] = content
                    data += size
            memory[offset:offset + length] = b"".join(parts)
            self._push(kind, flags, ident, offset, length)
        if self._soon:
            self._flush()

    def send_soon(self, kind, ident=0, offset=0, flags=0):
        """From finalizers, which may run anywhere: at once if nobody sends, and else when they are done."""
        self._soon.append((kind, flags, ident, offset, b""))
        self._flush()

    def send_body_soon(self, kind, flags, body):
        self._soon.append((kind, flags, 0, 0, body))
        self._flush()

    def _flush(self):
        while self._soon and self._lock.acquire(blocking=False):
            try:
                while self._soon:
                    kind, flags, ident, offset, body = self._soon.popleft()
                    if body:
                        offset = self._allocate(len(body))
                        self.memory[offset:offset + len(body)] = body
                    self._push(kind, flags, ident, offset, len(body))
            finally:
                self._lock.release()

    def _push(self, kind, flags, ident, offset, length):
        while not self._ring_push(self._answers, kind, flags, ident, offset, length, self._bell):
            time.sleep(0.0001)
        self._sent += 1

    def _allocate(self, size):
        """Room for a body. Bodies are read in the order in which they are sent, so their memory is a ring, too."""
        while True:
            in_flight = self._in_flight
            if in_flight:
                head = wire.U32.unpack_from(self.memory, wire.ANSWERS + wire.HEAD)[0]
                while in_flight and 0 < (head - in_flight[0][0]) & 0xFFFFFFFF <= 0x7FFFFFFF:
                    in_flight.popleft()
            start = self._place(size)
            if start is not None:
                break
            if size >= self._region_size:
                raise MemoryError(f"{size} bytes are more than can be shared with the server")
            time.sleep(0.0001)
        in_flight.append((self._sent & 0xFFFFFFFF, start))
        self._position = start + size
        if self._position > self._highest:
            self._highest = self._position
        return self._own + start

    def _place(self, size):
        if not self._in_flight:
            if self._highest > _KEPT:
                page = self._own + _KEPT
                self.memory.madvise(_MADV_REMOVE, page, wire.aligned(self._highest - _KEPT) + 4096 & -4096)
                self._highest = 0
            return 0 if size < self._region_size else None
        first, position = self._in_flight[0][1], self._position
        if position > first:
            if position + size > _WRAP_AT and size < first:
                return 0
            return position if position + size < self._region_size else None
        return position if position + size < first else None

    def offset_of(self, array):
        """Where an array lies in the server's region, None if it is elsewhere."""
        base = array
        while type(base) is numpy.ndarray:
            base = base.base
        if base is not self.memory:
            return None
        return array.__array_interface__["data"][0] - self._address
