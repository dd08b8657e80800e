// How much memory is in use on the GPUs of this process, as NVML tells it: without a context of CUDA, which would take some
// hundred megabytes itself.
#pragma once

#include <memory>

#include "device/cuda_driver.h"
#include "repository/on_demand/memory_reader.h"

namespace neso {

// Empty, and the log says why, when there are no GPUs (`gpus` is null) or nobody tells.
SystemMemory::ReadGpus UsedGpuMemory(const std::shared_ptr<CudaDriver>& gpus);

}  // namespace neso
