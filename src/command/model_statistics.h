// What a server has counted of its models since it loaded them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace neso::command {

struct ModelStatistics {
  struct Times {
    uint64_t count = 0, ns = 0;
    // Of one, in milliseconds.
    double AverageMs() const { return count == 0 ? 0 : static_cast<double>(ns) / 1e6 / static_cast<double>(count); }
    Times operator-(const Times& before) const { return {count - before.count, ns - before.ns}; }
  };

  std::string name, version;
  uint64_t inferences = 0;  // rows of batches
  uint64_t executions = 0;
  Times success, failure, queue, input, infer, output, cache_hit;

  double AverageBatch() const {
    return executions == 0 ? 0 : static_cast<double>(inferences) / static_cast<double>(executions);
  }
  // What came since `before`; all of it, if the model was loaded anew in between.
  ModelStatistics Since(const ModelStatistics& before) const;
};

// `statistics`: the answer of /v2/models/stats.
std::vector<ModelStatistics> ReadStatistics(const JsonValue& statistics);

}  // namespace neso::command
