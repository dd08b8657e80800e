// Metrics that backends and embedders make at run time.
//
//   ASSIGN_OR_RETURN(auto family, MetricRegistry::OfProcess().Family(MetricKind::kCounter, "my_hits", "Number of
//   hits")); ASSIGN_OR_RETURN(std::shared_ptr<Metric> hits, family->Acquire({{"model", "digits"}}, {}));
//   RETURN_IF_ERROR(hits->Increment(1));
//
// Equal labels share one metric, which goes when its last holder does.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/exemplar.h"
#include "observe/metric_registry.h"

namespace neso {

// One line (or one histogram) of a family. Thread-safe, without a lock.
class Metric final {
 public:
  Metric(MetricKind kind, std::vector<double> bounds);

  MetricKind kind() const { return kind_; }
  // Error: kUnsupported for histograms.
  Expected<double> Value() const;
  // Errors: kInvalidArg for a counter that would fall; kUnsupported for histograms.
  Status Increment(double by);
  // Error: kUnsupported for all but gauges.
  Status Set(double value);
  // Error: kUnsupported for all but histograms.
  Status Observe(double value);
  void Write(MetricWriter& writer, const std::string& name, const MetricLabels& labels) const;

 private:
  const MetricKind kind_;
  const std::vector<double> bounds_;  // ascending; of histograms
  const uint64_t created_ms_ = UnixMilliseconds();
  std::atomic<double> value_{0};  // the sum of a histogram
  const std::unique_ptr<std::atomic<uint64_t>[]> counts_;
};

// Thread-safe.
class MetricFamily final {
 public:
  MetricFamily(MetricKind kind, std::string name, std::string help)
      : kind_(kind), name_(std::move(name)), help_(std::move(help)) {}

  MetricKind kind() const { return kind_; }
  const std::string& name() const { return name_; }
  const std::string& help() const { return help_; }

  // The metric with these labels; `bounds` are the upper limits of a new histogram's buckets.
  // Errors: kInvalidArg for a label name that Prometheus does not know, or has for the buckets of histograms, and for
  // bounds that do not ascend.
  Expected<std::shared_ptr<Metric>> Acquire(const MetricLabels& labels, std::vector<double> bounds);
  // Whether somebody holds a metric of it.
  bool HasMetrics() const;
  // Of every metric that somebody holds; none of a histogram.
  std::vector<std::pair<MetricLabels, double>> Values() const;
  // Nothing when nobody holds a metric of it, or if another family has that name.
  void Write(MetricWriter& writer) const;

 private:
  const MetricKind kind_;
  const std::string name_;
  const std::string help_;
  mutable Mutex mutex_;
  std::map<MetricLabels, std::weak_ptr<Metric>> metrics_ GUARDED_BY(mutex_);
};

// Whether Prometheus takes `c` in the name of a label, behind its first character at least.
bool IsNamePart(char c);
// Whether it takes `name` for a metric, or for a label.
bool IsMetricName(const std::string& name);
bool IsLabelName(const std::string& name);

}  // namespace neso
