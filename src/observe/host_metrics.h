// Metrics of the machine: CPU use and memory from /proc, the pinned memory pool.
//
//   registry.AddCollector(HostMetricsCollector(std::make_shared<HostReader>(), SteadyClock::Instance(), interval));
//
// They are read when somebody scrapes, so nobody polls.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "observe/metric_registry.h"

namespace neso {

// Jiffies since the machine started, from the first line of /proc/stat.
struct CpuTimes {
  uint64_t busy = 0;
  uint64_t total = 0;
};
std::optional<CpuTimes> ParseCpuTimes(std::string_view proc_stat);

struct HostMemory {
  uint64_t total_bytes = 0;
  uint64_t used_bytes = 0;  // total - available
};
std::optional<HostMemory> ParseHostMemory(std::string_view proc_meminfo);

// Where the texts of /proc come from; tests give their own.
class HostReader {
 public:
  virtual ~HostReader() = default;
  virtual std::string Stat() const;
  virtual std::string MemInfo() const;
};

// nv_cpu_utilization is the share of busy time since the reading before, which is at least half of `interval` old: two
// scrapers that come at once see the same value. The first reading is made here.
MetricCollector HostMetricsCollector(std::shared_ptr<const HostReader> reader, const Clock& clock,
                                     Nanoseconds interval);

// `used_bytes` may be called by any thread.
MetricCollector PinnedMemoryCollector(uint64_t total_bytes, std::function<uint64_t()> used_bytes);

}  // namespace neso
