#include "metric_calls.h"

#include <cstdio>
#include <memory>
#include <vector>

#include "neso/backend/log.h"

namespace neso::python {

using backend::Result;
using backend::Status;

namespace {

struct ParameterDeleter {
  void operator()(TRITONSERVER_Parameter* parameter) const { TRITONSERVER_ParameterDelete(parameter); }
};
struct ArgsDeleter {
  void operator()(TRITONSERVER_MetricArgs* args) const { (void)Status(TRITONSERVER_MetricArgsDelete(args)); }
};

std::string NumberText(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

}  // namespace

void MetricCalls::Clear() {
  for (const auto& [number, metric] : metrics_) {
    NESO_LOG_IF_ERROR(TRITONSERVER_MetricDelete(metric), "cannot delete a metric");
  }
  for (const auto& [number, family] : families_) {
    NESO_LOG_IF_ERROR(TRITONSERVER_MetricFamilyDelete(family), "cannot delete a metric family");
  }
  metrics_.clear();
  families_.clear();
}

Result<std::string> MetricCalls::Run(std::string_view json) {
  rapidjson::Document call;
  // As Python writes it: every double, and exactly that one.
  constexpr unsigned kFlags = rapidjson::kParseNanAndInfFlag | rapidjson::kParseFullPrecisionFlag;
  call.Parse<kFlags>(json.data(), json.size());
  if (call.HasParseError() || !call.IsObject()) return Status::Internal("a call of a metric is no JSON");
  const std::string what = backend::StringOr(call, "do");
  if (what == "family") return NewFamily(call);
  if (what == "metric") return NewMetric(call);
  if (what == "delete_family") {
    const auto found = families_.find(backend::IntOr(call, "family", 0));
    if (found == families_.end()) return std::string();
    NESO_RETURN_IF_ERROR(TRITONSERVER_MetricFamilyDelete(found->second));
    families_.erase(found);
    return std::string();
  }
  return Use(what, call);
}

Result<std::string> MetricCalls::NewFamily(const rapidjson::Value& call) {
  TRITONSERVER_MetricFamily* family = nullptr;
  const int64_t kind = backend::IntOr(call, "kind", -1);
  if (kind < TRITONSERVER_METRIC_KIND_COUNTER || kind > TRITONSERVER_METRIC_KIND_HISTOGRAM) {
    return Status::InvalidArg("expected MetricFamily.COUNTER, GAUGE or HISTOGRAM as kind, got ", kind);
  }
  NESO_RETURN_IF_ERROR(TRITONSERVER_MetricFamilyNew(&family, static_cast<TRITONSERVER_MetricKind>(kind),
                                                    backend::StringOr(call, "name").c_str(),
                                                    backend::StringOr(call, "description").c_str()));
  families_[next_] = family;
  return std::to_string(next_++);
}

Result<std::string> MetricCalls::NewMetric(const rapidjson::Value& call) {
  const auto family = families_.find(backend::IntOr(call, "family", 0));
  if (family == families_.end()) return Status::Internal("the metric's family is gone");
  std::vector<std::unique_ptr<TRITONSERVER_Parameter, ParameterDeleter>> owned;
  std::vector<const TRITONSERVER_Parameter*> labels;
  if (const rapidjson::Value* given = backend::FindMember(call, "labels"); given != nullptr && given->IsObject()) {
    for (const auto& [name, value] : given->GetObject()) {
      if (!value.IsString()) continue;
      owned.emplace_back(TRITONSERVER_ParameterNew(name.GetString(), TRITONSERVER_PARAMETER_STRING, value.GetString()));
      labels.push_back(owned.back().get());
    }
  }
  std::unique_ptr<TRITONSERVER_MetricArgs, ArgsDeleter> args;
  if (const rapidjson::Value* given = backend::FindMember(call, "buckets"); given != nullptr && given->IsArray()) {
    std::vector<double> buckets;
    for (const rapidjson::Value& bucket : given->GetArray()) {
      if (bucket.IsNumber()) buckets.push_back(bucket.GetDouble());
    }
    TRITONSERVER_MetricArgs* made = nullptr;
    NESO_RETURN_IF_ERROR(TRITONSERVER_MetricArgsNew(&made));
    args.reset(made);
    NESO_RETURN_IF_ERROR(TRITONSERVER_MetricArgsSetHistogram(made, buckets.data(), buckets.size()));
  }
  TRITONSERVER_Metric* metric = nullptr;
  NESO_RETURN_IF_ERROR(
      TRITONSERVER_MetricNewWithArgs(&metric, family->second, labels.data(), labels.size(), args.get()));
  metrics_[next_] = metric;
  return std::to_string(next_++);
}

Result<std::string> MetricCalls::Use(std::string_view what, const rapidjson::Value& call) {
  const auto found = metrics_.find(backend::IntOr(call, "metric", 0));
  if (found == metrics_.end()) return Status::Internal("there is no such metric");
  TRITONSERVER_Metric* const metric = found->second;
  if (what == "delete_metric") {
    metrics_.erase(found);
    NESO_RETURN_IF_ERROR(TRITONSERVER_MetricDelete(metric));
    return std::string();
  }
  const rapidjson::Value* given = backend::FindMember(call, "value");
  if (given == nullptr || !given->IsNumber()) return Status::InvalidArg("expected a number");
  double value = given->GetDouble();
  Status done;
  if (what == "increment") {
    done = TRITONSERVER_MetricIncrement(metric, value);
  } else if (what == "set") {
    done = TRITONSERVER_MetricSet(metric, value);
  } else if (what == "observe") {
    done = TRITONSERVER_MetricObserve(metric, value);
  } else if (what == "value") {
    NESO_RETURN_IF_ERROR(TRITONSERVER_MetricValue(metric, &value));
    return NumberText(value);
  }
  NESO_RETURN_IF_ERROR(std::move(done));
  return std::string();
}

}  // namespace neso::python
