#include "gpu.h"

#include <ATen/DeviceAccelerator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "neso/backend/log.h"
#include "torch_call.h"

namespace neso::pytorch {

void WaitFor(const c10::Device& device) {
  if (device.is_cpu()) return;
  c10::impl::VirtualGuardImpl(device.type()).getStream(device).synchronize();
}

void ReturnUnusedMemory(const c10::Device& device) {
  if (!device.is_cpu()) at::accelerator::emptyCache();
}

ReturnsMemory::~ReturnsMemory() {
  const backend::Status returned = TryTorch("", [this] { ReturnUnusedMemory(device_); });
  if (!returned.ok())
    NESO_LOG_WARNING("PyTorch keeps the memory of a model on ", device_.str(), ": ", returned.message());
}

}  // namespace neso::pytorch
