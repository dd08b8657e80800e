// Metrics: the text of all, and those that backends and embedders make.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capi/handles.h"
#include "capi/metrics_text.h"
#include "capi/parameter.h"
#include "observe/custom_metrics.h"

using neso::ApiCall;
using neso::HandOut;
using neso::MetricKind;
using neso::MetricsText;
using neso::Status;

namespace {

// What a caller holds: several may stand for the same family of the registry.
struct FamilyHandle final : TRITONSERVER_MetricFamily {
  explicit FamilyHandle(std::shared_ptr<neso::MetricFamily> family) : family(std::move(family)) {}
  const std::shared_ptr<neso::MetricFamily> family;
  std::atomic<size_t> metrics{0};
};

struct MetricHandle final : TRITONSERVER_Metric {
  MetricHandle(FamilyHandle& family, std::shared_ptr<neso::Metric> metric) : family(family), metric(std::move(metric)) {
    family.metrics.fetch_add(1);
  }
  ~MetricHandle() { family.metrics.fetch_sub(1); }
  MetricHandle(const MetricHandle&) = delete;
  MetricHandle& operator=(const MetricHandle&) = delete;
  FamilyHandle& family;
  const std::shared_ptr<neso::Metric> metric;
};

struct ArgumentsHandle final : TRITONSERVER_MetricArgs {
  std::optional<std::vector<double>> bounds;
};

neso::Metric& MetricOf(TRITONSERVER_Metric* handle) { return *static_cast<MetricHandle*>(handle)->metric; }

neso::Expected<neso::MetricLabels> LabelsFrom(const TRITONSERVER_Parameter** labels, uint64_t count) {
  if (labels == nullptr && count != 0) return neso::InvalidArg("null labels");
  neso::MetricLabels converted;
  for (uint64_t i = 0; i < count; ++i) {
    const auto* label = static_cast<const neso::Parameter*>(labels[i]);
    if (label == nullptr) return neso::InvalidArg("label {} is null", i);
    if (label->text() == nullptr) {
      return neso::InvalidArg(
          "Parameter '{}' must have a type of TRITONSERVER_PARAMETER_STRING to be added as a label.", label->name());
    }
    converted[label->name()] = *label->text();
  }
  return converted;
}

neso::Expected<std::vector<double>> BoundsFrom(MetricKind kind, const TRITONSERVER_MetricArgs* args) {
  const auto* arguments = static_cast<const ArgumentsHandle*>(args);
  if (kind != MetricKind::kHistogram) {
    if (arguments != nullptr) return neso::InvalidArg("Unexpected args for a metric that is no histogram.");
    return std::vector<double>();
  }
  if (arguments == nullptr || !arguments->bounds) {
    return neso::InvalidArg("Bucket boundaries not found in Metric args.");
  }
  return *arguments->bounds;
}

}  // namespace

TRITONSERVER_Error* TRITONSERVER_MetricsDelete(TRITONSERVER_Metrics* metrics) {
  delete static_cast<MetricsText*>(metrics);
  return nullptr;
}

TRITONSERVER_Error* TRITONSERVER_MetricsFormatted(TRITONSERVER_Metrics* metrics, TRITONSERVER_MetricFormat format,
                                                  const char** base, size_t* byte_size) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(metrics, base, byte_size);
    if (format != TRITONSERVER_METRIC_PROMETHEUS) {
      return neso::InvalidArg("unknown metrics format '{}'", static_cast<int>(format));
    }
    const std::string& text = static_cast<MetricsText*>(metrics)->text();
    *base = text.data();
    *byte_size = text.size();
    return {};
  });
}

// --- families --------------------------------------------------------------------------------------------------------

TRITONSERVER_Error* TRITONSERVER_MetricFamilyNew(TRITONSERVER_MetricFamily** family, const TRITONSERVER_MetricKind kind,
                                                 const char* name, const char* description) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(family, name, description);
    if (kind < TRITONSERVER_METRIC_KIND_COUNTER || kind > TRITONSERVER_METRIC_KIND_HISTOGRAM) {
      return neso::InvalidArg("Unsupported metric kind {}", static_cast<int>(kind));
    }
    ASSIGN_OR_RETURN(auto found,
                     neso::MetricRegistry::OfProcess().Family(static_cast<MetricKind>(kind), name, description));
    *family = new FamilyHandle(std::move(found));
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_MetricFamilyDelete(TRITONSERVER_MetricFamily* family) {
  return ApiCall([&]() -> Status {
    auto* handle = static_cast<FamilyHandle*>(family);
    if (handle != nullptr && handle->metrics.load() != 0) {
      return neso::Internal("Must call MetricDelete on all dependent metrics before calling MetricFamilyDelete.");
    }
    delete handle;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_GetMetricFamilyKind(TRITONSERVER_MetricFamily* family, TRITONSERVER_MetricKind* kind) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(family, kind);
    *kind = static_cast<TRITONSERVER_MetricKind>(static_cast<FamilyHandle*>(family)->family->kind());
    return {};
  });
}

// --- metrics ---------------------------------------------------------------------------------------------------------

TRITONSERVER_Error* TRITONSERVER_MetricArgsNew(TRITONSERVER_MetricArgs** args) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(args);
    *args = new ArgumentsHandle;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_MetricArgsSetHistogram(TRITONSERVER_MetricArgs* args, const double* buckets,
                                                        const uint64_t buckets_count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(args);
    if (buckets == nullptr && buckets_count != 0) return neso::InvalidArg("null bucket boundaries");
    static_cast<ArgumentsHandle*>(args)->bounds.emplace(buckets, buckets + buckets_count);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_MetricArgsDelete(TRITONSERVER_MetricArgs* args) {
  delete static_cast<ArgumentsHandle*>(args);
  return nullptr;
}

TRITONSERVER_Error* TRITONSERVER_MetricNew(TRITONSERVER_Metric** metric, TRITONSERVER_MetricFamily* family,
                                           const TRITONSERVER_Parameter** labels, const uint64_t label_count) {
  return TRITONSERVER_MetricNewWithArgs(metric, family, labels, label_count, nullptr);
}

TRITONSERVER_Error* TRITONSERVER_MetricNewWithArgs(TRITONSERVER_Metric** metric, TRITONSERVER_MetricFamily* family,
                                                   const TRITONSERVER_Parameter** labels, const uint64_t label_count,
                                                   const TRITONSERVER_MetricArgs* args) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(metric, family);
    auto& handle = *static_cast<FamilyHandle*>(family);
    ASSIGN_OR_RETURN(const neso::MetricLabels converted, LabelsFrom(labels, label_count));
    ASSIGN_OR_RETURN(std::vector<double> bounds, BoundsFrom(handle.family->kind(), args));
    ASSIGN_OR_RETURN(auto acquired, handle.family->Acquire(converted, std::move(bounds)));
    *metric = new MetricHandle(handle, std::move(acquired));
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_MetricDelete(TRITONSERVER_Metric* metric) {
  return ApiCall([&]() -> Status {
    delete static_cast<MetricHandle*>(metric);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_MetricValue(TRITONSERVER_Metric* metric, double* value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(metric, value);
    return HandOut(MetricOf(metric).Value(), value);
  });
}

TRITONSERVER_Error* TRITONSERVER_MetricIncrement(TRITONSERVER_Metric* metric, double value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(metric);
    return MetricOf(metric).Increment(value);
  });
}

TRITONSERVER_Error* TRITONSERVER_MetricSet(TRITONSERVER_Metric* metric, double value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(metric);
    return MetricOf(metric).Set(value);
  });
}

TRITONSERVER_Error* TRITONSERVER_MetricObserve(TRITONSERVER_Metric* metric, double value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(metric);
    return MetricOf(metric).Observe(value);
  });
}

TRITONSERVER_Error* TRITONSERVER_GetMetricKind(TRITONSERVER_Metric* metric, TRITONSERVER_MetricKind* kind) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(metric, kind);
    *kind = static_cast<TRITONSERVER_MetricKind>(MetricOf(metric).kind());
    return {};
  });
}
