"""Where the bytes of large tensors lie that the server may send from their place: blocks at the end of the worker's region.

Before each is a word that is not 0 for as long as the server reads the block; the server writes the 0. A client that
reads slowly keeps its block, and others go on in others.
"""
import collections

from . import wire

_TRIES = 8


class Blocks:
    def __init__(self, memory, end):
        self._memory = memory
        self._end = end
        self.low = end  # nothing is in use below
        self._by_size = collections.defaultdict(collections.deque)

    def take(self, size, floor):
        """Where a block of `size` bytes begins, which counts as read by the server; None if there is no room for it above
        `floor`."""
        size = _rounded(size)
        blocks = self._by_size[size]
        if not (self._find(blocks) or self._carve(size, blocks, floor)):
            return None
        offset = blocks[-1]
        wire.U32.pack_into(self._memory, offset - wire.ALIGNMENT, 1)
        return offset

    def give_back(self, blocks):
        """Those that the server has not heard of."""
        for offset in blocks:
            wire.U32.pack_into(self._memory, offset - wire.ALIGNMENT, 0)

    def _is_free(self, offset):
        return not wire.U32.unpack_from(self._memory, offset - wire.ALIGNMENT)[0]

    def _find(self, blocks):
        """Moves a free one to the end: the one used last, whose memory is in the caches, or one of the oldest."""
        if blocks and self._is_free(blocks[-1]):
            return True
        for _ in range(min(len(blocks), _TRIES)):
            blocks.rotate(-1)
            if self._is_free(blocks[-1]):
                return True
        return False

    def _carve(self, size, blocks, floor):
        if self.low - size - wire.ALIGNMENT < floor:
            self.forget()
        low = self.low - size - wire.ALIGNMENT
        if low < floor:
            return False
        self.low = low
        blocks.append(low + wire.ALIGNMENT)
        return True

    def forget(self):
        """Room for other sizes: free blocks that none in use lies below are blocks no more."""
        used = [offset for blocks in self._by_size.values() for offset in blocks if not self._is_free(offset)]
        self.low = min(used) - wire.ALIGNMENT if used else self._end
        for blocks in self._by_size.values():  # in place: whoever carves is about to add to one of them
            kept = [offset for offset in blocks if offset > self.low]
            blocks.clear()
            blocks.extend(kept)


def _rounded(size):
    """Few different sizes, at most a quarter too large."""
    step = 1 << max((size - 1).bit_length() - 3, 12)
    return (size + step - 1) & -step
