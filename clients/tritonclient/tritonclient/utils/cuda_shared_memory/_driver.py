"""As much of the CUDA driver as regions need. The context is the device's primary one, which PyTorch and the CUDA runtime use, too."""
import contextlib
import ctypes
import functools

try:
    _library = ctypes.CDLL("libcuda.so.1")
except OSError as error:
    raise RuntimeError(f"CUDA shared memory needs a machine with NVIDIA's driver: {error}") from None


class _IpcHandle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_char * 64)]


class CudaError(Exception):
    """A call of the driver that failed, in the driver's words."""


def _call(function, *arguments):
    status = getattr(_library, function)(*arguments)
    if status != 0:
        text = ctypes.c_char_p()
        _library.cuGetErrorString(status, ctypes.byref(text))
        raise CudaError(f"{function}: {(text.value or b'unknown error').decode()} ({status})")


@functools.lru_cache(maxsize=None)
def _context(device_id):
    """Kept as long as the process lives: memory of a context ends with it."""
    device, context = ctypes.c_int(), ctypes.c_void_p()
    _call("cuInit", 0)
    _call("cuDeviceGet", ctypes.byref(device), device_id)
    _call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    return context


@contextlib.contextmanager
def _on(device_id):
    _call("cuCtxPushCurrent_v2", _context(device_id))
    try:
        yield
    finally:
        _call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))


def allocate(byte_size, device_id):
    address = ctypes.c_uint64()
    with _on(device_id):
        _call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(byte_size))
    return address.value


def free(address, device_id):
    with _on(device_id):
        _call("cuMemFree_v2", ctypes.c_uint64(address))


def ipc_handle(address, device_id):
    handle = _IpcHandle()
    with _on(device_id):
        _call("cuIpcGetMemHandle", ctypes.byref(handle), ctypes.c_uint64(address))
    return bytes(memoryview(handle).cast("B"))


def copy(to, source, byte_size, device_id):
    """Between any two addresses, of the host or a device; done when it returns."""
    if byte_size:
        with _on(device_id):
            _call("cuMemcpy", ctypes.c_uint64(to), ctypes.c_uint64(source), ctypes.c_size_t(byte_size))
            _call("cuCtxSynchronize")
