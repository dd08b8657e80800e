// The command line of `neso perf`: perf_analyzer's names, defaults and rules.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/perf_entry.h"
#include "base/status.h"
#include "client/server_address.h"
#include "net/compression.h"
#include "net/tls.h"

namespace neso::perf {

// start:end:step
struct Range {
  double start = 1, end = 1, step = 1;
  bool is_one_point() const { return start == end; }
};

using client::Protocol;
// A server of models that runs somewhere, or one within this process, over the C interface; or whatever answers JSON with
// JSON, as OpenAI's endpoints do.
enum class ServiceKind { kServer, kInProcess, kOpenAi };
// As perf_analyzer has it: "triton", "triton_c_api", "openai".
std::string_view NameOf(ServiceKind kind);
// The first three are given as requests at a time, the others are sent by time.
enum class LoadKind { kConcurrency, kPeriodicConcurrency, kSessions, kRequestRate, kIntervals, kSchedule };
inline bool IsByTime(LoadKind kind) { return kind >= LoadKind::kRequestRate; }
// Where tensors lie, if not in the messages: in memory of this machine, or of its GPU 0.
enum class SharedMemory { kNone, kSystem, kCuda };
enum class Distribution { kConstant, kPoisson };
enum class MeasurementMode { kTimeWindows, kCountWindows };
enum class SearchKind { kLinear, kBinary, kLimit };

struct SequenceSettings {
  uint64_t length = 0;  // requests of a sequence; 0: as the input data, or 20 where that is made up
  double variation = 0.2;
  uint64_t first_id = 1, end_id = UINT64_MAX;  // the end excluded
  uint64_t at_a_time = 4;                      // when requests are sent by time
};

// Requests that are sent once each, more and more at a time: `start`, then `step` more whenever each of those that were
// sent last has had so many answers.
struct Growth {
  uint64_t start = 1, step = 1, answers = 10;
};

struct RequestParameter {
  std::string name;
  std::variant<bool, int64_t, std::string> value;
};

// The load as it was told before --concurrency-range: -t, and with -d from there on up to -c.
struct OldConcurrency {
  std::optional<uint64_t> start, end;
  bool grows = false;
  bool is_given() const { return start || end || grows; }
};

// By the names that the protocol has for them, as the server takes them.
using TraceSettings = std::map<std::string, std::vector<std::string>>;

struct ModelName {
  std::string name, version;  // an empty version: the latest
  bool operator==(const ModelName&) const = default;
};

struct Options {
  std::string model, version;
  std::vector<ModelName> bls_models;  // which the model calls by itself
  ServiceKind service = ServiceKind::kServer;
  std::string endpoint;          // of kOpenAi: the path, with a '/' before it
  std::string server_directory;  // of kInProcess, as are the models; empty: this program's own tree
  std::string model_repository;
  Protocol protocol = Protocol::kHttp;
  std::string url = "localhost:8000";  // over gRPC localhost:8001, unless it is given
  std::string api_key;                 // or "@FILE"; `headers` have it once options are parsed
  bool is_async = false, is_sync = false;
  bool streaming = false;                                                   // over gRPC, in the process, or as events
  net::ContentEncoding grpc_compression = net::ContentEncoding::kIdentity;  // of requests
  std::vector<RequestParameter> parameters;
  SharedMemory shared_memory = SharedMemory::kNone;
  uint64_t output_shared_bytes = 102'400;  // for an output whose size is not known
  bool grpc_uses_tls = false;
  net::TlsClientSettings grpc_tls, http_tls;
  LoadKind load = LoadKind::kConcurrency;
  Range range;
  OldConcurrency old_concurrency;  // `range` has it once options are parsed
  Growth growth;                   // of kPeriodicConcurrency, up to the range's end, which is its only point
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
  TraceSettings trace;  // that the server is told; empty: it is left as it is
  std::string versus;   // another server; empty: none
  bool verbose_csv = false;
  bool json = false;  // in place of text
  bool verbose = false;
  bool wants_version = false;         // and nothing else
  std::vector<std::string> warnings;  // for people
};

// `words` follow "perf". Errors: kInvalidArg with what was expected; kUnknown for an option that does not exist or has
// no value.
Expected<Options> ParseOptions(const std::vector<std::string>& words);

// How to use it, for people.
std::string Usage();
// The same for man pages and completion.
PerfOutline OutlineOfPerf();

}  // namespace neso::perf
