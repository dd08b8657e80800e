// The RPCs of shared memory.
#include <algorithm>

#include "frontend/grpc/control_service.h"

namespace neso {

Status ControlService::SystemSharedMemoryStatus(const inference::SystemSharedMemoryStatusRequest& request,
                                                inference::SystemSharedMemoryStatusResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<RegionInfo> regions, regions_.List(RegionKind::kSystem, request.name()));
  for (const RegionInfo& info : regions) {
    auto& region = (*response.mutable_regions())[info.name];
    region.set_name(info.name);
    region.set_key(info.key);
    region.set_offset(info.offset);
    region.set_byte_size(info.byte_size);
  }
  return {};
}

Status ControlService::CudaSharedMemoryStatus(const inference::CudaSharedMemoryStatusRequest& request,
                                              inference::CudaSharedMemoryStatusResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<RegionInfo> regions, regions_.List(RegionKind::kCuda, request.name()));
  for (const RegionInfo& info : regions) {
    auto& region = (*response.mutable_regions())[info.name];
    region.set_name(info.name);
    region.set_device_id(static_cast<uint64_t>(info.device_id));
    region.set_byte_size(info.byte_size);
  }
  return {};
}

Status ControlService::SystemSharedMemoryRegister(const inference::SystemSharedMemoryRegisterRequest& request,
                                                  inference::SystemSharedMemoryRegisterResponse&) {
  return regions_.RegisterSystem(request.name(),
                                 {.key = request.key(), .offset = request.offset(), .byte_size = request.byte_size()});
}

Status ControlService::CudaSharedMemoryRegister(const inference::CudaSharedMemoryRegisterRequest& request,
                                                inference::CudaSharedMemoryRegisterResponse&) {
  RETURN_IF_ERROR(regions_.CheckAllowed());
  CudaRegistration registration{.device_id = request.device_id(), .byte_size = request.byte_size()};
  if (request.raw_handle().size() != registration.handle.bytes.size()) {
    return InvalidArg("failed to register shared memory region '{}': invalid args", request.name());
  }
  std::ranges::copy(request.raw_handle(), registration.handle.bytes.begin());
  return regions_.RegisterCuda(request.name(), registration);
}

Status ControlService::SystemSharedMemoryUnregister(const inference::SystemSharedMemoryUnregisterRequest& request,
                                                    inference::SystemSharedMemoryUnregisterResponse&) {
  return regions_.Unregister(RegionKind::kSystem, request.name());
}

Status ControlService::CudaSharedMemoryUnregister(const inference::CudaSharedMemoryUnregisterRequest& request,
                                                  inference::CudaSharedMemoryUnregisterResponse&) {
  return regions_.Unregister(RegionKind::kCuda, request.name());
}

}  // namespace neso
