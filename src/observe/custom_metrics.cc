#include "observe/custom_metrics.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <limits>

#include "base/log.h"

namespace neso {
namespace {

bool IsName(const std::string& name, bool colon) {
  if (name.empty() || name.starts_with("__") || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
  return std::all_of(name.begin(), name.end(), [colon](char c) { return IsNamePart(c) || (colon && c == ':'); });
}

}  // namespace

bool IsNamePart(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x80 && std::isalnum(byte) != 0) || c == '_';
}

bool IsMetricName(const std::string& name) { return IsName(name, true); }
bool IsLabelName(const std::string& name) { return IsName(name, false); }

Metric::Metric(MetricKind kind, std::vector<double> bounds)
    : kind_(kind),
      bounds_(std::move(bounds)),
      counts_(kind == MetricKind::kHistogram ? new std::atomic<uint64_t>[bounds_.size() + 1]() : nullptr) {}

Expected<double> Metric::Value() const {
  if (kind_ == MetricKind::kHistogram) {
    return Unsupported("TRITONSERVER_METRIC_KIND_HISTOGRAM does not support Value");
  }
  return value_.load(std::memory_order_relaxed);
}

Status Metric::Increment(double by) {
  if (kind_ == MetricKind::kHistogram) {
    return Unsupported("TRITONSERVER_METRIC_KIND_HISTOGRAM does not support Increment");
  }
  if (kind_ == MetricKind::kCounter && !(by >= 0)) {
    return InvalidArg("TRITONSERVER_METRIC_KIND_COUNTER can only be incremented monotonically by non-negative values.");
  }
  value_.fetch_add(by, std::memory_order_relaxed);
  return {};
}

Status Metric::Set(double value) {
  if (kind_ == MetricKind::kCounter) return Unsupported("TRITONSERVER_METRIC_KIND_COUNTER does not support Set");
  if (kind_ == MetricKind::kHistogram) return Unsupported("TRITONSERVER_METRIC_KIND_HISTOGRAM does not support Set");
  value_.store(value, std::memory_order_relaxed);
  return {};
}

Status Metric::Observe(double value) {
  if (kind_ == MetricKind::kCounter) return Unsupported("TRITONSERVER_METRIC_KIND_COUNTER does not support Observe");
  if (kind_ == MetricKind::kGauge) return Unsupported("TRITONSERVER_METRIC_KIND_GAUGE does not support Observe");
  // What is no number is below no limit.
  const auto bucket = std::find_if(bounds_.begin(), bounds_.end(), [value](double bound) { return value <= bound; });
  value_.fetch_add(value, std::memory_order_relaxed);
  counts_[static_cast<size_t>(bucket - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
  return {};
}

void Metric::Write(MetricWriter& writer, const std::string& name, const MetricLabels& labels) const {
  const double value = value_.load(std::memory_order_relaxed);
  const MetricNotes notes{.created_ms = created_ms_, .exemplar = {}};
  if (kind_ != MetricKind::kHistogram) return writer.Line(name, labels, value, notes);
  std::vector<uint64_t> counts;
  for (size_t i = 0; i <= bounds_.size(); ++i) counts.push_back(counts_[i].load(std::memory_order_relaxed));
  writer.Histogram(name, labels, {.bounds = bounds_, .counts = counts, .sum = value, .created_ms = created_ms_});
}

Expected<std::shared_ptr<Metric>> MetricFamily::Acquire(const MetricLabels& labels, std::vector<double> bounds) {
  for (const auto& [label, value] : labels) {
    const bool is_taken = kind_ == MetricKind::kHistogram && label == "le";
    if (!IsLabelName(label) || is_taken) return InvalidArg("metric '{}': invalid label name '{}'", name_, label);
  }
  // The last bucket has no limit, whether it is said or not.
  if (!bounds.empty() && bounds.back() == std::numeric_limits<double>::infinity()) bounds.pop_back();
  const bool ascends = std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) == bounds.end();
  if (!ascends || std::any_of(bounds.begin(), bounds.end(), [](double bound) { return std::isnan(bound); })) {
    return InvalidArg("metric '{}': bucket boundaries must ascend", name_);
  }
  MutexLock lock(mutex_);
  std::erase_if(metrics_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<Metric>& known = metrics_[labels];
  std::shared_ptr<Metric> metric = known.lock();
  if (metric == nullptr) {
    metric = std::make_shared<Metric>(kind_, std::move(bounds));
    known = metric;
  }
  return metric;
}

bool MetricFamily::HasMetrics() const {
  MutexLock lock(mutex_);
  return std::any_of(metrics_.begin(), metrics_.end(), [](const auto& entry) { return !entry.second.expired(); });
}

std::vector<std::pair<MetricLabels, double>> MetricFamily::Values() const {
  std::vector<std::pair<MetricLabels, double>> values;
  MutexLock lock(mutex_);
  for (const auto& [labels, weak] : metrics_) {
    const std::shared_ptr<Metric> metric = weak.lock();
    if (metric == nullptr) continue;
    if (const Expected<double> value = metric->Value(); value.ok()) values.emplace_back(labels, *value);
  }
  return values;
}

void MetricFamily::Write(MetricWriter& writer) const {
  MutexLock lock(mutex_);
  bool begun = false;
  for (const auto& [labels, weak] : metrics_) {
    const std::shared_ptr<Metric> metric = weak.lock();
    if (metric == nullptr) continue;
    if (!begun && writer.HasFamily(name_)) {
      LOG_WARNING("the metrics '{}' of a model are left out: others have that name", name_);
      return;
    }
    if (!begun) writer.BeginFamily(name_, help_, kind_);
    begun = true;
    metric->Write(writer, name_, labels);
  }
}

}  // namespace neso
