#include "device/cuda_functions.h"

#include <fmt/format.h>

#include "neso/library_functions.h"

namespace neso {

const char* CudaFunctions::Find(void* library) {
  LibraryFunctions functions(library);
  functions.Find(initialize, "cuInit");
  functions.Find(error_string, "cuGetErrorString");
  functions.Find(device_count, "cuDeviceGetCount");
  functions.Find(device, "cuDeviceGet");
  functions.Find(device_name, "cuDeviceGetName");
  functions.Find(device_uuid, "cuDeviceGetUuid");
  functions.Find(device_memory, "cuDeviceTotalMem_v2");
  functions.Find(device_attribute, "cuDeviceGetAttribute");
  functions.Find(retain_primary_context, "cuDevicePrimaryCtxRetain");
  functions.Find(release_primary_context, "cuDevicePrimaryCtxRelease_v2");
  functions.Find(push_context, "cuCtxPushCurrent_v2");
  functions.Find(pop_context, "cuCtxPopCurrent_v2");
  functions.Find(open_ipc_handle, "cuIpcOpenMemHandle_v2");
  functions.Find(close_ipc_handle, "cuIpcCloseMemHandle");
  functions.Find(get_ipc_handle, "cuIpcGetMemHandle");
  functions.Find(address_range, "cuMemGetAddressRange_v2");
  functions.Find(allocate, "cuMemAlloc_v2");
  functions.Find(free, "cuMemFree_v2");
  functions.Find(allocate_host, "cuMemHostAlloc");
  functions.Find(free_host, "cuMemFreeHost");
  functions.Find(memory_info, "cuMemGetInfo_v2");
  functions.Find(reserve_addresses, "cuMemAddressReserve");
  functions.Find(free_addresses, "cuMemAddressFree");
  functions.Find(create_memory, "cuMemCreate");
  functions.Find(release_memory, "cuMemRelease");
  functions.Find(map, "cuMemMap");
  functions.Find(unmap, "cuMemUnmap");
  functions.Find(set_access, "cuMemSetAccess");
  functions.Find(copy, "cuMemcpyAsync");
  functions.Find(synchronize, "cuStreamSynchronize");
  functions.Find(can_access_peer, "cuDeviceCanAccessPeer");
  functions.Find(enable_peer_access, "cuCtxEnablePeerAccess");
  return functions.missing();
}

std::string CudaFunctions::Text(int result) const {
  const char* text = nullptr;
  return error_string(result, &text) == 0 && text != nullptr ? text : fmt::format("error {}", result);
}

}  // namespace neso
