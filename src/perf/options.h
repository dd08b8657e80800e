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
#include "net/tls.h"

namespace neso::perf {

// start:end:step
struct Range {
  double start = 1, end = 1, step = 1;
  bool is_one_point() const { return start == end; }
};

enum class Protocol { kHttp, kGrpc };
enum class LoadKind { kConcurrency, kRequestRate, kIntervals };
enum class Distribution { kConstant, kPoisson };
enum class MeasurementMode { kTimeWindows, kCountWindows };
enum class SearchKind { kLinear, kBinary, kLimit };

struct SequenceSettings {
  uint64_t length = 0;  // requests of a sequence; 0: as the input data, or 20 where that is made up
  double variation = 0.2;
  uint64_t first_id = 1, end_id = UINT64_MAX;  // the end excluded
  uint64_t at_a_time = 4;                      // when requests are sent by time
};

struct Options {
  std::string model, version;
  Protocol protocol = Protocol::kHttp;
  std::string url = "localhost:8000";  // over gRPC localhost:8001, unless it is given
  bool is_async = false, is_sync = false;
  bool streaming = false;                  // over gRPC
  bool shares_memory = false;              // tensors lie in memory of this machine
  uint64_t output_shared_bytes = 102'400;  // for an output whose size is not known
  bool grpc_uses_tls = false;
  net::TlsClientSettings grpc_tls, http_tls;
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
  SearchKind search = SearchKind::kLinear;
  uint64_t warmup_requests = 0;
  std::vector<std::chrono::nanoseconds> intervals;  // of kIntervals
  SequenceSettings sequences;
  bool zeros = false;
  std::vector<std::string> input_files;  // and folders; empty: values are made up
  bool input_is_json = false, output_is_json = false;
  std::map<std::string, std::vector<int64_t>> shapes;
  uint64_t string_length = 128;
  std::string string_data;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string csv_file, export_file, html_file;
  bool collect_metrics = false;
  std::string metrics_url;  // empty: where they usually are beside the server
  std::chrono::milliseconds metrics_interval{1000};
  std::string versus;  // another server; empty: none
  bool verbose_csv = false;
  bool verbose = false;
};

// `words` follow "perf". Errors: kInvalidArg with what was expected; kUnknown for an option that does not exist or has
// no value.
Expected<Options> ParseOptions(const std::vector<std::string>& words);

// How to use it, for people.
std::string Usage();

}  // namespace neso::perf
