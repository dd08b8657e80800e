// Asks a server for its metrics now and then (--collect-metrics), on a thread of its own: the load does not wait for it.
//
//   ASSIGN_OR_RETURN(const auto collector, MetricsCollector::Start(options));
//   const GpuMetrics metrics = collector->Between(begin, end);
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/mutex.h"
#include "base/status.h"
#include "perf/options.h"

namespace neso::perf {

// By GPU, whose UUID is the key.
struct GpuMetrics {
  std::map<std::string, double> utilization;  // 0 to 1, the average
  std::map<std::string, double> power_watts;  // the average
  std::map<std::string, double> used_bytes;   // the most
  std::map<std::string, double> total_bytes;  // the most

  bool is_empty() const {
    return utilization.empty() && power_watts.empty() && used_bytes.empty() && total_bytes.empty();
  }
};

// What a server says at one time, in Prometheus' text format; other metrics are passed over. Error: kInvalidArg with the
// line of what is no metric.
Expected<GpuMetrics> ReadGpuMetrics(std::string_view text);
// Averages and most of several.
GpuMetrics Summarize(const std::vector<GpuMetrics>& readings);

// Thread-safe.
class MetricsCollector {
 public:
  // Where `options.metrics_url` says, "http://host:port/path", whose scheme may be missing. Errors: kInvalidArg for what is
  // no address; when the first reading fails.
  static Expected<std::unique_ptr<MetricsCollector>> Start(const Options& options);
  ~MetricsCollector();
  MetricsCollector(const MetricsCollector&) = delete;
  MetricsCollector& operator=(const MetricsCollector&) = delete;

  // Of the readings within; of the last one before if there is none.
  GpuMetrics Between(TimePoint begin, TimePoint end) const;

 private:
  struct Reading {
    TimePoint time;
    GpuMetrics metrics;
  };
  class Source;

  MetricsCollector(std::unique_ptr<Source> source, std::chrono::milliseconds interval, GpuMetrics first);
  void Collect();

  const std::unique_ptr<Source> source_;  // only the thread asks it
  const std::chrono::milliseconds interval_;
  Event stop_;
  mutable Mutex mutex_;
  std::vector<Reading> readings_ GUARDED_BY(mutex_);
  std::thread thread_;
};

// Where the metrics of the server at `url` are unless told otherwise: "HOST:8002/metrics". Error: kInvalidArg for what
// is no address.
Expected<std::string> UsualMetricsUrl(const std::string& url);

}  // namespace neso::perf
