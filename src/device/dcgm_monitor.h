// NVIDIA's data center GPU manager (DCGM), its engine in this process: it counts what the driver does not tell everybody,
// and knows GPUs that belong to partitions.
//
// Source: DCGM API, embedded mode, operated manually; fields of dcgm_fields.h.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "device/gpu_monitor.h"

namespace neso {

// Thread-safe, as the library is.
class DcgmMonitor final : public GpuMonitor {
 public:
  // Error: kUnavailable with the reason when there is no such library, its engine does not start, or it knows no GPU.
  static Expected<std::unique_ptr<GpuMonitor>> Open(const std::string& library);
  ~DcgmMonitor() override;
  DcgmMonitor(const DcgmMonitor&) = delete;
  DcgmMonitor& operator=(const DcgmMonitor&) = delete;

  const char* library_name() const override { return "DCGM"; }
  Expected<Gpu> Find(const std::string& uuid) const override;
  bool Update() const override;
  GpuReading Read(Gpu gpu) const override;

 private:
  struct Functions;
  explicit DcgmMonitor(std::unique_ptr<const Functions> functions);
  // What Open still has to do.
  Status Start();
  Status Watch();
  Status LearnUuids();
  // Null on success.
  Status Check(const char* what, int result) const;

  const std::unique_ptr<const Functions> functions_;
  bool is_initialized_ = false;
  uintptr_t engine_ = 0;  // 0: not started
  std::map<std::string, Gpu> gpus_;
};

}  // namespace neso
