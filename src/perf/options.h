// The command line of `neso perf`: perf_analyzer's names, defaults and rules.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace neso::perf {

// start:end:step
struct Range {
  double start = 1, end = 1, step = 1;
  bool is_one_point() const { return start == end; }
};

enum class LoadKind { kConcurrency, kRequestRate };
enum class Distribution { kConstant, kPoisson };
enum class MeasurementMode { kTimeWindows, kCountWindows };

struct Options {
  std::string model, version;
  std::string url = "localhost:8000";
  LoadKind load = LoadKind::kConcurrency;
  Range range;
  Distribution distribution = Distribution::kConstant;
  uint64_t batch = 1;
  MeasurementMode mode = MeasurementMode::kTimeWindows;
  std::chrono::milliseconds interval{5000};
  uint64_t window_requests = 50;
  uint64_t request_count = 0;  // 0: windows until it is stable
  double stability = 0.10;
  uint64_t max_trials = 10;
  int percentile = -1;  // -1: the average is what has to be stable
  std::chrono::milliseconds latency_limit{0};
  bool find_limit = false;
  bool zeros = false;
  std::map<std::string, std::vector<int64_t>> shapes;
  uint64_t string_length = 128;
  std::string string_data;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string csv_file, export_file;
  bool verbose_csv = false;
  bool verbose = false;
};

// `words` follow "perf". Errors: kInvalidArg with what was expected; kUnknown for an option that does not exist or has
// no value.
Expected<Options> ParseOptions(const std::vector<std::string>& words);

// How to use it, for people.
std::string Usage();

}  // namespace neso::perf
