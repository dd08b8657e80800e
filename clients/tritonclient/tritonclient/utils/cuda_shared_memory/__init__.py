"""Regions of a GPU's memory, for a server on the same machine. Importing it where there is no CUDA raises RuntimeError."""
import base64

import numpy as np

from tritonclient.utils import check_arrays, deserialize_bytes_tensor, packed_strings, triton_to_np_dtype

from . import _dlpack, _driver

_regions = []


class CudaSharedMemoryException(Exception):
    """What went wrong with a region."""

    def __init__(self, msg):
        super().__init__(msg)
        self._msg = msg

    def __str__(self):
        return self._msg


class CudaSharedMemoryRegion:
    """Frees the memory when it goes."""

    def __init__(self, triton_shm_name, cuda_shm_handle, base_addr, byte_size, device_id):
        self._triton_shm_name = triton_shm_name
        self._cuda_shm_handle = cuda_shm_handle
        self._base_addr = base_addr
        self._byte_size = byte_size
        self._device_id = device_id

    def __del__(self):
        if self._base_addr is not None:
            _driver.free(self._base_addr, self._device_id)
            self._base_addr = None


class SharedMemoryTensor:
    """A tensor in a region, for whatever takes DLPack."""

    def __init__(self, region, dtype, shape):
        self._region, self._dtype, self._shape = region, dtype, shape

    def __dlpack__(self, stream=None):
        return _dlpack.show(self._region._base_addr, self._region._device_id, self._dtype, self._shape, self._region)

    def __dlpack_device__(self):
        return _dlpack.CUDA, self._region._device_id


def create_shared_memory_region(triton_shm_name, byte_size, device_id):
    address = None
    try:
        address = _driver.allocate(byte_size, device_id)
        region = CudaSharedMemoryRegion(triton_shm_name, _driver.ipc_handle(address, device_id), address, byte_size, device_id)
    except _driver.CudaError as error:
        if address is not None:
            _driver.free(address, device_id)
        raise CudaSharedMemoryException(f"unable to create cuda shared memory handle: {error}") from error
    _regions.append(region)
    return region


def get_raw_handle(cuda_shm_handle):
    """As register_cuda_shared_memory() wants it."""
    return base64.b64encode(cuda_shm_handle._cuda_shm_handle)


def set_shared_memory_region(cuda_shm_handle, input_values):
    """Copies the arrays into the region, one after the other."""
    check_arrays(input_values, CudaSharedMemoryException)
    offset = 0
    for value in input_values:
        data = np.frombuffer(packed_strings(value), np.uint8) if value.dtype.kind in "OSU" else np.ascontiguousarray(value)
        offset = _put(cuda_shm_handle, offset, data.ctypes.data, data.nbytes)


def set_shared_memory_region_from_dlpack(cuda_shm_handle, input_values):
    """The same for tensors with DLPack, of the host or a device, whose elements lie in row order."""
    if not isinstance(input_values, (list, tuple)):
        raise CudaSharedMemoryException("input_values must be specified as a list/tuple of DLPack objects")
    offset = 0
    for value in input_values:
        device, _ = value.__dlpack_device__()
        if device not in (_dlpack.CPU, _dlpack.CUDA, _dlpack.CUDA_HOST, _dlpack.CUDA_MANAGED):
            raise CudaSharedMemoryException(f"expected a tensor of the host or a CUDA device, got one of DLPack's device type {device}")
        # The producer's work comes before what the default stream does.
        capsule = value.__dlpack__(stream=1) if device in (_dlpack.CUDA, _dlpack.CUDA_MANAGED) else value.__dlpack__()
        try:
            offset = _put(cuda_shm_handle, offset, *_dlpack.read(capsule))
        except ValueError as error:
            raise CudaSharedMemoryException(str(error)) from None


def _put(region, offset, address, byte_size):
    if offset + byte_size > region._byte_size:
        raise CudaSharedMemoryException(f"unable to set values in cuda shared memory: expected at most {region._byte_size} bytes, "
                                        f"got {offset + byte_size}")
    _copy("set values in", region._base_addr + offset, address, byte_size, region)
    return offset + byte_size


def _copy(what, to, source, byte_size, region):
    try:
        _driver.copy(to, source, byte_size, region._device_id)
    except _driver.CudaError as error:
        raise CudaSharedMemoryException(f"unable to {what} cuda shared memory: {error}") from error


def get_contents_as_numpy(cuda_shm_handle, datatype, shape):
    """A copy. datatype: NumPy's; of object, strings."""
    dtype = np.dtype(datatype)
    is_text = dtype.kind in "OSU"
    size = cuda_shm_handle._byte_size if is_text else dtype.itemsize * int(np.prod(shape))
    if size > cuda_shm_handle._byte_size:
        raise CudaSharedMemoryException(f"unable to read cuda shared memory: expected at most {cuda_shm_handle._byte_size} bytes, got {size}")
    data = np.empty(size, np.uint8)
    _copy("read", data.ctypes.data, cuda_shm_handle._base_addr, size, cuda_shm_handle)
    if not is_text:
        return data.view(dtype).reshape(shape)
    end, view = 0, memoryview(data)
    for _ in range(int(np.prod(shape))):
        end += 4 + int.from_bytes(view[end:end + 4], "little")
    return deserialize_bytes_tensor(view[:end]).reshape(shape)


def as_shared_memory_tensor(cuda_shm_handle, datatype, shape):
    """datatype: the protocol's name. Nothing is copied."""
    dtype = triton_to_np_dtype(datatype)
    if dtype is None or datatype == "BYTES":
        raise CudaSharedMemoryException(f"expected a datatype of numbers, got {datatype}")
    return SharedMemoryTensor(cuda_shm_handle, np.dtype(dtype), tuple(shape))


def allocated_shared_memory_regions():
    """Those of this process."""
    return list(_regions)


def destroy_shared_memory_region(cuda_shm_handle):
    """The memory goes when nothing lies in it any more."""
    if cuda_shm_handle not in _regions:
        raise CudaSharedMemoryException("unable to destroy the cuda shared memory region: it is not allocated")
    _regions.remove(cuda_shm_handle)
