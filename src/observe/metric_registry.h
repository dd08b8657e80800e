// Metrics in Prometheus text form: families made at run time (by backends, through the C ABI) and families collected
// from their sources when somebody asks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"

namespace neso {

enum class MetricKind { kCounter = 0, kGauge = 1, kHistogram = 2, kSummary = 3 };  // first three as in the C ABI
using MetricLabels = std::map<std::string, std::string>;                           // printed sorted by name

// Writes exposition text: `# HELP`, `# TYPE`, then the lines. Whole numbers print without decimals.
// Source: Prometheus text exposition format 0.0.4.
class MetricWriter {
 public:
  void BeginFamily(std::string_view name, std::string_view help, MetricKind kind);
  void Line(std::string_view name_with_suffix, const MetricLabels& labels, double value);
  void Line(std::string_view name_with_suffix, const MetricLabels& labels, uint64_t value);
  // The lines of one histogram: count, sum, then the cumulated buckets. `counts` are per bucket, the last one above all
  // `bounds`; so there is one count more than bounds.
  void Histogram(std::string_view name, const MetricLabels& labels, std::span<const double> bounds,
                 std::span<const uint64_t> counts, double sum);
  // The lines of one summary: count, sum, then the value at each quantile.
  void Summary(std::string_view name, const MetricLabels& labels, std::span<const std::pair<double, double>> quantiles,
               uint64_t count, uint64_t sum);
  std::string Take() { return std::move(text_); }

 private:
  struct LastLabel {
    const char* name;
    double value;
  };
  void AppendHead(std::string_view name, const MetricLabels& labels, const LastLabel* last = nullptr);
  std::string text_;
};

// A source of families read at scrape time. Must write a family only when it has lines.
using MetricCollector = std::function<void(MetricWriter&)>;

class MetricFamily;  // observe/custom_metrics.h: what TRITONSERVER_MetricFamily* is

// Thread-safe. Families appear in the order collectors and families were added.
class MetricRegistry {
 public:
  void AddCollector(MetricCollector collector);
  // The family of that name, kind and help (made if needed, never removed). Error: kInvalidArg when the name is taken
  // by another kind or help.
  Expected<std::shared_ptr<MetricFamily>> Family(MetricKind kind, const std::string& name, const std::string& help);
  // Null when there is no family of that name.
  std::shared_ptr<MetricFamily> FindFamily(std::string_view name) const;
  std::string Text() const;

  // The one of the process: what plug-ins and embedders add through the C ABI has no server to belong to.
  static MetricRegistry& OfProcess();

 private:
  struct Entry;
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<Entry>> entries_ GUARDED_BY(mutex_);
};

}  // namespace neso
