// The metrics of a model's own, which live in the server: families and metrics by the numbers that the worker knows
// them by. They end with the worker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "neso/backend/json.h"
#include "neso/backend/status.h"
#include "triton/core/tritonserver.h"

namespace neso::python {

// Confined to whoever reads the worker's messages.
class MetricCalls {
 public:
  MetricCalls() = default;
  ~MetricCalls() { Clear(); }
  MetricCalls(const MetricCalls&) = delete;
  MetricCalls& operator=(const MetricCalls&) = delete;

  // Deletes everything.
  void Clear();
  // {"do": "family", "name", "description", "kind"} -> number
  // {"do": "metric", "family", "labels": {}, "buckets": []} -> number
  // {"do": "increment" | "set" | "observe", "metric", "value"}, {"do": "value", "metric"} -> value
  // {"do": "delete_metric", "metric"}, {"do": "delete_family", "family"}
  backend::Result<std::string> Run(std::string_view json);

 private:
  backend::Result<std::string> NewFamily(const rapidjson::Value& call);
  backend::Result<std::string> NewMetric(const rapidjson::Value& call);
  backend::Result<std::string> Use(std::string_view what, const rapidjson::Value& call);

  int64_t next_ = 1;
  std::unordered_map<int64_t, TRITONSERVER_MetricFamily*> families_;
  std::unordered_map<int64_t, TRITONSERVER_Metric*> metrics_;
};

}  // namespace neso::python
