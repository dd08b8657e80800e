"""Copies of arrays, large ones in memory that is used again: fresh pages of the system's cost several times as much as filling them."""
import collections
import weakref

import numpy as np

_SMALLEST, _LARGEST = 1 << 16, 1 << 24  # bytes of what is kept
_MOST = 1 << 26  # bytes that wait for their next use, about
_waiting = collections.defaultdict(list)  # by size, a power of two


def copy_of(array):
    """The array's bytes in memory of their own, which is used again when nothing refers to them any more."""
    size = array.nbytes
    if not _SMALLEST <= size <= _LARGEST:
        return memoryview(array.tobytes())
    memory = _take(1 << (size - 1).bit_length())
    copy = memory[:size]
    np.copyto(copy.view(array.dtype).reshape(array.shape), array)
    weakref.finalize(copy, _give_back, memory).atexit = False
    return memoryview(copy).toreadonly()  # which refers to the copy, as parts of it do


def _take(size):
    try:
        return _waiting[size].pop()
    except IndexError:
        return np.empty(size, np.uint8)


def _give_back(memory):  # in any thread, whatever it is at
    if sum(size * len(waiting) for size, waiting in list(_waiting.items())) + len(memory) <= _MOST:
        _waiting[len(memory)].append(memory)
