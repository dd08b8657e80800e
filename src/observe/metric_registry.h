// Metrics in Prometheus text form: families made at run time (by backends, through the C ABI) and families collected
// from their sources when somebody asks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/exemplar.h"

namespace neso {

enum class MetricKind { kCounter = 0, kGauge = 1, kHistogram = 2, kSummary = 3 };  // first three as in the C ABI
using MetricLabels = std::map<std::string, std::string>;                           // printed sorted by name

// What a scraper reads. Source: Prometheus text exposition format 0.0.4; OpenMetrics 1.0.
enum class MetricFormat { kText, kOpenMetrics };
const char* ContentTypeOf(MetricFormat format);

// What OpenMetrics tells of a counter besides.
struct MetricNotes {
  uint64_t created_ms = 0;  // since the epoch: when it began; 0: not known
  std::optional<Exemplar> exemplar{};
};

// One histogram. `counts` are per bucket, the last one above all `bounds`: there is one count more than bounds.
struct HistogramLines {
  std::span<const double> bounds;
  std::span<const uint64_t> counts;
  double sum = 0;
  uint64_t created_ms = 0;
  std::span<const std::optional<Exemplar>> exemplars{};  // of each bucket, or none at all
  double exemplar_unit = 1;                              // an exemplar's value is so much of the bounds' unit
};

struct SummaryLines {
  std::span<const std::pair<double, double>> quantiles;  // share, value
  uint64_t count = 0, sum = 0;
  uint64_t created_ms = 0;
};

// Writes exposition text: `# HELP`, `# TYPE`, then the lines. Whole numbers print without decimals. In OpenMetrics what a
// counter counts ends with _total, whether its name does or not.
class MetricWriter {
 public:
  explicit MetricWriter(MetricFormat format = MetricFormat::kText)
      : is_open_metrics_(format == MetricFormat::kOpenMetrics) {}

  void BeginFamily(std::string_view name, std::string_view help, MetricKind kind);
  // Whether one of that name has begun. A scraper refuses all metrics if another begins.
  bool HasFamily(std::string_view name) const;
  // Of a counter or a gauge.
  void Line(std::string_view name, const MetricLabels& labels, double value, const MetricNotes& notes = {});
  void Line(std::string_view name, const MetricLabels& labels, uint64_t value, const MetricNotes& notes = {});
  // Count, sum, then the cumulated buckets.
  void Histogram(std::string_view name, const MetricLabels& labels, const HistogramLines& histogram);
  // Count, sum, then the value at each quantile.
  void Summary(std::string_view name, const MetricLabels& labels, const SummaryLines& summary);
  // All that was written; the writer is not used after.
  std::string Take();

 private:
  struct LastLabel {
    const char* name;
    double value;
  };
  void AppendHead(std::string_view name, std::string_view suffix, const MetricLabels& labels,
                  const LastLabel* last = nullptr);
  void AppendValue(double value);
  void AppendInteger(uint64_t value);
  // What of a number is in a label: OpenMetrics wants 5.0 where the text form has 5.
  void AppendLabelNumber(double value);
  void AppendExemplar(const std::optional<Exemplar>& exemplar, double value);
  // The rest of the line after a counter's or gauge's value, and what OpenMetrics says more.
  void EndLine(std::string_view name, const MetricLabels& labels, const MetricNotes& notes);
  void AppendCreated(std::string_view name, const MetricLabels& labels, uint64_t created_ms);

  const bool is_open_metrics_;
  MetricKind kind_ = MetricKind::kGauge;  // of the family that has begun
  std::set<std::string, std::less<>> families_;
  std::string text_;
};

// A source of families read at scrape time. Must write a family only when it has lines.
using MetricCollector = std::function<void(MetricWriter&)>;

class MetricFamily;  // observe/custom_metrics.h: what TRITONSERVER_MetricFamily* is

// Thread-safe. Families appear in the order collectors and families were added.
class MetricRegistry {
 public:
  void AddCollector(MetricCollector collector);
  // The family of that name and kind, made if needed. As long as somebody holds it the help that came first stays; one
  // that nobody holds begins anew. Error: kInvalidArg when the name is taken by another kind.
  Expected<std::shared_ptr<MetricFamily>> Family(MetricKind kind, const std::string& name, const std::string& help);
  // Null when there is no family of that name.
  std::shared_ptr<MetricFamily> FindFamily(std::string_view name) const;
  void Write(MetricWriter& writer) const;

  // The one of the process: what plug-ins and embedders add through the C ABI has no server to belong to.
  static MetricRegistry& OfProcess();

 private:
  struct Entry;
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<Entry>> entries_ GUARDED_BY(mutex_);
};

}  // namespace neso
