// Metrics of this process under the names that Prometheus' client libraries use, from /proc/self.
//
//   registry.AddCollector(ProcessMetricsCollector());
//
// Source: Prometheus, "Writing client libraries", process metrics; proc(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "observe/metric_registry.h"

namespace neso {

// What /proc/self/stat tells. Ticks are of sysconf(_SC_CLK_TCK) a second.
struct ProcessStat {
  uint64_t cpu_ticks = 0;
  uint64_t threads = 0;
  uint64_t start_ticks = 0;  // since the machine started
  uint64_t virtual_bytes = 0;
  uint64_t resident_pages = 0;
};
// Nothing if it is no such text. A program's name may contain anything.
std::optional<ProcessStat> ParseProcessStat(std::string_view text);

MetricCollector ProcessMetricsCollector();

}  // namespace neso
