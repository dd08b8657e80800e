// The RPCs of trace settings and of shared memory.
#include "frontend/grpc/control_service.h"

namespace neso {
namespace {

Status SharedMemoryDisabled() {
  return Unsupported("Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable.");
}

Status NoSuchRegion(const char* kind, const std::string& name) {
  return name.empty() ? Status() : NotFound("Unable to find {} shared memory region: '{}'", kind, name);
}

}  // namespace

Status ControlService::TraceSetting(const inference::TraceSettingRequest&, inference::TraceSettingResponse&) {
  return Unavailable("the server does not support tracing");
}

// Without regions, those that a client names are not there.
Status ControlService::SystemSharedMemoryStatus(const inference::SystemSharedMemoryStatusRequest& request,
                                                inference::SystemSharedMemoryStatusResponse&) {
  return NoSuchRegion("system", request.name());
}

Status ControlService::CudaSharedMemoryStatus(const inference::CudaSharedMemoryStatusRequest& request,
                                              inference::CudaSharedMemoryStatusResponse&) {
  return NoSuchRegion("cuda", request.name());
}

Status ControlService::SystemSharedMemoryRegister(const inference::SystemSharedMemoryRegisterRequest&,
                                                  inference::SystemSharedMemoryRegisterResponse&) {
  return SharedMemoryDisabled();
}

Status ControlService::CudaSharedMemoryRegister(const inference::CudaSharedMemoryRegisterRequest&,
                                                inference::CudaSharedMemoryRegisterResponse&) {
  return SharedMemoryDisabled();
}

Status ControlService::SystemSharedMemoryUnregister(const inference::SystemSharedMemoryUnregisterRequest&,
                                                    inference::SystemSharedMemoryUnregisterResponse&) {
  return SharedMemoryDisabled();
}

Status ControlService::CudaSharedMemoryUnregister(const inference::CudaSharedMemoryUnregisterRequest&,
                                                  inference::CudaSharedMemoryUnregisterResponse&) {
  return SharedMemoryDisabled();
}

}  // namespace neso
