"""Regions of the system's shared memory."""
import threading
import warnings
from multiprocessing import shared_memory as mpshm

import numpy as np

from tritonclient.utils import check_arrays, deserialize_bytes_tensor, packed_strings

_lock = threading.Lock()
_users = {}  # of each key in this process: how many regions, and whether one of them made it


class SharedMemoryException(Exception):
    """What went wrong with a region."""


class SharedMemoryRegion:
    def __init__(self, triton_shm_name: str, shm_key: str) -> None:
        self._triton_shm_name = triton_shm_name
        self._shm_key = shm_key
        self._mpsm_handle = None


def _forget_at_exit(handle):
    """An opened region is not this process's to remove at its end, which CPython before 3.13 would do."""
    try:
        from multiprocessing import resource_tracker
        resource_tracker.unregister(handle._name, "shared_memory")
    except (ImportError, KeyError, AttributeError):
        pass


def create_shared_memory_region(triton_shm_name, shm_key, byte_size, create_only=False):
    """Opens the region, or makes it; `create_only`: only makes it."""
    region, made = SharedMemoryRegion(triton_shm_name, shm_key), False
    with _lock:
        handle = None
        if not create_only:
            try:
                handle = mpshm.SharedMemory(shm_key)
                if shm_key not in _users:
                    _forget_at_exit(handle)
            except FileNotFoundError:
                pass
        if handle is None:
            try:
                handle, made = mpshm.SharedMemory(shm_key, create=True, size=byte_size), True
            except Exception as error:
                raise SharedMemoryException("unable to create the shared memory region") from error
        elif handle.size < byte_size:
            warnings.warn(f"reusing shared memory region with key '{shm_key}', region size is {handle.size} instead of requested {byte_size}")
        count, was_made = _users.get(shm_key, (0, False))
        _users[shm_key] = count + 1, made or was_made
        region._mpsm_handle = handle
    return region


def set_shared_memory_region(shm_handle, input_values, offset=0):
    """Copies the arrays into the region, one after the other."""
    check_arrays(input_values, SharedMemoryException)
    try:
        _check_offset(offset)
        for value in input_values:
            if value.dtype.kind in "OSU":
                data = packed_strings(value)
                shm_handle._mpsm_handle.buf[offset:offset + len(data)] = data
                offset += len(data)
            else:
                target = np.ndarray(value.shape, value.dtype, buffer=shm_handle._mpsm_handle.buf, offset=offset)
                target[...] = value
                offset += value.nbytes
    except Exception as error:
        raise SharedMemoryException("unable to set the shared memory region") from error


def _check_offset(offset):
    if offset < 0:  # NumPy would go there
        raise ValueError(f"expected an offset within the region, got {offset}")


def get_contents_as_numpy(shm_handle, datatype, shape, offset=0):
    """An array that lies in the region; of strings, a copy."""
    buffer = shm_handle._mpsm_handle.buf
    _check_offset(offset)
    if np.dtype(datatype).kind not in "OSU":
        return np.ndarray(shape, datatype, buffer=buffer, offset=int(offset))
    end = offset
    for _ in range(int(np.prod(shape))):
        end += 4 + int.from_bytes(buffer[end:end + 4], "little")
    return deserialize_bytes_tensor(buffer[offset:end]).reshape(shape)


def mapped_shared_memory_regions():
    """The keys of the regions this process has."""
    return list(_users)


def destroy_shared_memory_region(shm_handle):
    """Closes the region; the last one of a process that made it removes it."""
    key = shm_handle._shm_key
    with _lock:
        count, made = _users.get(key, (0, False))
        if count == 0:
            raise SharedMemoryException("unable to destroy the shared memory region: it is not mapped")
        try:
            shm_handle._mpsm_handle.close()
        except BufferError:  # an array still lies in it: the memory goes with that
            pass
        if count > 1:
            _users[key] = count - 1, made
            return
        del _users[key]
        if made:
            shm_handle._mpsm_handle.unlink()
