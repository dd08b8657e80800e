#include "device/cuda_functions.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <type_traits>

namespace neso {

const char* CudaFunctions::Find(void* library) {
  const char* missing = nullptr;
  const auto find = [&](auto& function, const char* symbol) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, symbol));
    if (function == nullptr && missing == nullptr) missing = symbol;
  };
  find(initialize, "cuInit");
  find(error_string, "cuGetErrorString");
  find(device_count, "cuDeviceGetCount");
  find(device, "cuDeviceGet");
  find(device_name, "cuDeviceGetName");
  find(device_uuid, "cuDeviceGetUuid");
  find(device_memory, "cuDeviceTotalMem_v2");
  find(device_attribute, "cuDeviceGetAttribute");
  find(retain_primary_context, "cuDevicePrimaryCtxRetain");
  find(release_primary_context, "cuDevicePrimaryCtxRelease_v2");
  find(push_context, "cuCtxPushCurrent_v2");
  find(pop_context, "cuCtxPopCurrent_v2");
  find(open_ipc_handle, "cuIpcOpenMemHandle_v2");
  find(close_ipc_handle, "cuIpcCloseMemHandle");
  find(address_range, "cuMemGetAddressRange_v2");
  find(allocate, "cuMemAlloc_v2");
  find(free, "cuMemFree_v2");
  find(allocate_host, "cuMemHostAlloc");
  find(free_host, "cuMemFreeHost");
  find(memory_info, "cuMemGetInfo_v2");
  find(reserve_addresses, "cuMemAddressReserve");
  find(free_addresses, "cuMemAddressFree");
  find(create_memory, "cuMemCreate");
  find(release_memory, "cuMemRelease");
  find(map, "cuMemMap");
  find(unmap, "cuMemUnmap");
  find(set_access, "cuMemSetAccess");
  find(copy, "cuMemcpyAsync");
  find(synchronize, "cuStreamSynchronize");
  find(can_access_peer, "cuDeviceCanAccessPeer");
  find(enable_peer_access, "cuCtxEnablePeerAccess");
  return missing;
}

std::string CudaFunctions::Text(int result) const {
  const char* text = nullptr;
  return error_string(result, &text) == 0 && text != nullptr ? text : fmt::format("error {}", result);
}

}  // namespace neso
