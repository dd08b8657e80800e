// NVIDIA's management library (NVML), which comes with the driver.
//
// Source: NVML API, sections Initialization and Device Queries.
#pragma once

#include <memory>
#include <string>

#include "device/gpu_monitor.h"

namespace neso {

// Thread-safe, as the library is.
class NvmlMonitor final : public GpuMonitor {
 public:
  // Error: kUnavailable with the reason when there is no such library, or no driver behind it.
  static Expected<std::unique_ptr<GpuMonitor>> Open(const std::string& library);
  ~NvmlMonitor() override;
  NvmlMonitor(const NvmlMonitor&) = delete;
  NvmlMonitor& operator=(const NvmlMonitor&) = delete;

  const char* library_name() const override { return "NVML"; }
  Expected<Gpu> Find(const std::string& uuid) const override;
  bool Update() const override { return true; }
  GpuReading Read(Gpu gpu) const override;

 private:
  struct Functions;
  explicit NvmlMonitor(std::unique_ptr<const Functions> functions);
  const std::unique_ptr<const Functions> functions_;
};

}  // namespace neso
