// Reads metrics in Prometheus' text format, as a server shows them at /metrics.
//
//   ASSIGN_OR_RETURN(const std::vector<MetricFamily> families, ParseMetrics(text));
//   families[0].samples[0].Label("model");
//
// Source: Prometheus, "Exposition formats"; what OpenMetrics adds (units, exemplars, the end) is read over.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace neso::client {

struct MetricSample {
  std::string name;  // the family's, or with "_sum", "_count", "_bucket", "_total" behind it
  std::vector<std::pair<std::string, std::string>> labels = {};
  double value = 0;

  std::string_view Label(std::string_view label) const;  // "": it has none of that name
};

struct MetricFamily {
  std::string name, type, help;  // a family that was not introduced has the type "untyped"
  std::vector<MetricSample> samples = {};
};

// Error: kInvalidArg with the number of the line and what was expected there.
Expected<std::vector<MetricFamily>> ParseMetrics(std::string_view text);

}  // namespace neso::client
