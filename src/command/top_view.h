// What `neso top` shows: a server between two looks at it. Pure functions.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/table.h"
#include "client/metrics_text.h"
#include "command/model_statistics.h"

namespace neso::command {

struct ServerLook {
  std::chrono::steady_clock::time_point at;
  std::vector<ModelStatistics> models = {};
  std::vector<client::MetricFamily> metrics = {};  // none: the server has no port for them
};

// What one model version did in between.
struct ModelLoad {
  std::string name, version;
  double inferences_per_s = 0, requests_per_s = 0, failures_per_s = 0;
  double batch = 0;                                   // rows of an execution
  double total_ms = 0, queue_ms = 0, compute_ms = 0;  // of a request
  int64_t waiting = -1;                               // at the second look; -1: nobody knows
};

// The busiest first.
std::vector<ModelLoad> LoadsBetween(const ServerLook& before, const ServerLook& now);

// "CPU 37 %, memory 5.1 of 23.0 GiB, GPU 0 81 %"; empty without metrics.
std::string MachineText(const std::vector<client::MetricFamily>& metrics);

std::vector<std::vector<std::string>> TopRows(const std::vector<ModelLoad>& loads);

// What a terminal of that size shows at a time: a line of the head, as many of the busiest models as there is room for,
// with the columns that fit, and a line that says what is left out.
std::string TopScreen(const std::string& head, const std::vector<ModelLoad>& loads, double interval_seconds,
                      TerminalSize size);
std::string TopJson(const std::vector<ModelLoad>& loads);

}  // namespace neso::command
