// What GPUs do and use, by one of NVIDIA's libraries, which is found at run time and needs no CUDA: that of the data
// center GPU manager (DCGM) where it is there, else the management library (NVML).
//
//   ASSIGN_OR_RETURN(std::unique_ptr<GpuMonitor> monitor, GpuMonitor::OpenDefault());
//   ASSIGN_OR_RETURN(const GpuMonitor::Gpu gpu, monitor->Find("GPU-3f2a..."));
//   monitor->Update();
//   const GpuReading reading = monitor->Read(gpu);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"

namespace neso {

// A value that the GPU does not tell is left out.
struct GpuReading {
  std::optional<double> utilization;  // 0 to 1
  std::optional<uint64_t> memory_total_bytes, memory_used_bytes;
  std::optional<double> power_watts, power_limit_watts;
  std::optional<double> energy_joules;  // since the driver was loaded
};

// Thread-safe, as the libraries are.
class GpuMonitor {
 public:
  using Gpu = uintptr_t;

  // DCGM's libdcgm.so.4 or .3, or what NESO_DCGM in the environment names; NVML's libnvidia-ml.so.1, or what NESO_NVML
  // names. Error: kUnavailable with both reasons when neither is there, or no driver behind it.
  static Expected<std::unique_ptr<GpuMonitor>> OpenDefault();
  virtual ~GpuMonitor() = default;

  virtual const char* library_name() const = 0;
  // The GPU with that UUID. Error: kNotFound.
  virtual Expected<Gpu> Find(const std::string& uuid) const = 0;
  // Reads all GPUs anew, where that is done for all at once. False when it failed.
  virtual bool Update() const = 0;
  virtual GpuReading Read(Gpu gpu) const = 0;
};

}  // namespace neso
