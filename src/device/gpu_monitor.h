// What GPUs do and use, by NVIDIA's management library (NVML), which is found at run time and needs no CUDA.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<GpuMonitor> monitor, GpuMonitor::Open("libnvidia-ml.so.1"));
//   ASSIGN_OR_RETURN(const GpuMonitor::Gpu gpu, monitor->Find("GPU-3f2a..."));
//   const GpuReading reading = monitor->Read(gpu);
//
// Source: NVML API, sections Initialization and Device Queries.
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

// Thread-safe, as the library is.
class GpuMonitor {
 public:
  using Gpu = void*;

  // Error: kUnavailable with the reason when there is no such library, or no driver behind it.
  static Expected<std::unique_ptr<GpuMonitor>> Open(const std::string& library);
  // libnvidia-ml.so.1, or what NESO_NVML in the environment names.
  static Expected<std::unique_ptr<GpuMonitor>> OpenDefault();
  ~GpuMonitor();
  GpuMonitor(const GpuMonitor&) = delete;
  GpuMonitor& operator=(const GpuMonitor&) = delete;

  // The GPU with that UUID. Error: kNotFound.
  Expected<Gpu> Find(const std::string& uuid) const;
  GpuReading Read(Gpu gpu) const;

 private:
  struct Functions;
  explicit GpuMonitor(std::unique_ptr<const Functions> functions);
  const std::unique_ptr<const Functions> functions_;
};

}  // namespace neso
