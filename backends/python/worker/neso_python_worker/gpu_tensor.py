"""Tensors in a GPU's memory, which a model's framework has made there. They are handed on to frameworks by DLPack as they
are; those that the server gets are copied to the host.

Source: CUDA driver API, sections Primary Context Management and Memory Management.
"""
import ctypes
import functools
import os

import numpy

from . import datatypes, dlpack
from .errors import TritonModelException
from .tensor import Tensor


class GpuTensor(Tensor):
    __slots__ = ("_held",)

    def __init__(self, name, held):
        self._name = name
        self._number = datatypes.BF16 if held.is_bf16 else datatypes.number_of(numpy.empty(0, held.dtype))
        self._array = self._raw = None
        self._shape = held.shape
        self._held = held

    def is_cpu(self):
        return False

    def as_numpy(self):
        raise TritonModelException("Tensor is stored in GPU and cannot be converted to NumPy.")

    def __dlpack__(self, *, stream=None, **_):
        held = self._held
        return dlpack.export_memory(held.address, (held.device, held.device_id), held.shape, held.dtype, held.is_bf16, held)

    def __dlpack_device__(self):
        return self._held.device, self._held.device_id

    def _record(self, channel, in_place):
        held = self._held
        array = numpy.empty(held.shape, held.dtype)
        _copy_to_host(array, held)
        on_host = Tensor(self._name, array)
        on_host._number = self._number
        return on_host._record(channel, in_place)


@functools.lru_cache(None)
def _driver():
    name = os.environ.get("NESO_CUDA_DRIVER", "libcuda.so.1")
    try:
        driver = ctypes.CDLL(name)
    except OSError as error:
        raise TritonModelException(f"no CUDA driver: {error}")
    _check(driver, driver.cuInit(0))
    return driver


def _check(driver, result):
    if result != 0:
        text = ctypes.c_char_p()
        driver.cuGetErrorString(result, ctypes.byref(text))
        raise TritonModelException(f"a tensor cannot be copied from the GPU: {(text.value or b'').decode() or f'error {result}'}")


def _copy_to_host(array, held):
    """When what the device was asked to do before is done."""
    if array.nbytes == 0:
        return
    driver = _driver()
    device, context = ctypes.c_int(), ctypes.c_void_p()
    _check(driver, driver.cuDeviceGet(ctypes.byref(device), held.device_id))
    _check(driver, driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device))
    try:
        _check(driver, driver.cuCtxPushCurrent_v2(context))
        try:
            _check(driver, driver.cuCtxSynchronize())
            _check(driver, driver.cuMemcpyDtoH_v2(ctypes.c_void_p(array.ctypes.data), ctypes.c_uint64(held.address),
                                                  ctypes.c_size_t(array.nbytes)))
        finally:
            driver.cuCtxPopCurrent_v2(ctypes.byref(context))
    finally:
        driver.cuDevicePrimaryCtxRelease_v2(device)
