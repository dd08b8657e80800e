#include "perf/option_checks.h"

namespace neso::perf {
namespace {

Status CheckSearch(const Options& options) {
  const bool is_open_ended = options.range.end < options.range.start;
  if (options.search == SearchKind::kBinary && (options.latency_limit.count() == 0 || is_open_ended))
    return InvalidArg("--binary-search needs --latency-threshold MS and a range with an END above its START");
  if ((options.search == SearchKind::kLimit || is_open_ended) && options.latency_limit.count() == 0)
    return InvalidArg("a search without an end needs --latency-threshold MS, the latency that is still good");
  // Else no window has a request that takes as long, and no load is too much.
  const bool is_timed = options.mode == MeasurementMode::kTimeWindows;
  if (options.search == SearchKind::kLimit && is_timed && options.interval < options.latency_limit)
    return InvalidArg("--find-limit needs windows longer than the latency: --measurement-interval {} or more",
                      options.latency_limit.count());
  const bool is_one_load = options.range.is_one_point() && options.search == SearchKind::kLinear;
  if (options.request_count > 0 && !is_one_load)
    return InvalidArg("--request-count is for one load: leave END, --binary-search and --find-limit out");
  if (options.load == LoadKind::kIntervals && !is_one_load)
    return InvalidArg("--request-intervals is one load: leave --binary-search and --find-limit out");
  return {};
}

// What is sent once each is counted by itself.
Status CheckSentOnce(const Options& options) {
  const bool is_schedule = options.load == LoadKind::kSchedule, is_sessions = options.load == LoadKind::kSessions;
  if (!is_schedule && !is_sessions && options.load != LoadKind::kPeriodicConcurrency) return {};
  const char* const name = is_schedule   ? "fixed-schedule"
                           : is_sessions ? "session-concurrency"
                                         : "periodic-concurrency-range";
  if (options.search != SearchKind::kLinear || options.request_count > 0 || !options.versus.empty())
    return InvalidArg(
        "--{} is one load that ends by itself: leave --binary-search, --find-limit, --request-count and --versus out",
        name);
  if (is_schedule && options.input_files.empty())
    return InvalidArg("--fixed-schedule needs --input-data FILE, whose steps have a \"timestamp\" in milliseconds");
  if (is_schedule && (options.batch > 1 || options.warmup_requests > 0))
    return InvalidArg("--fixed-schedule sends each step once: leave -b and --warmup-request-count out");
  if (is_sessions && options.service != ServiceKind::kOpenAi)
    return InvalidArg("--session-concurrency is of chats: add --service-kind openai --endpoint v1/chat/completions");
  if (is_sessions && options.warmup_requests > 0)
    return InvalidArg("--session-concurrency sends each request once: leave --warmup-request-count out");
  if (!is_schedule && !is_sessions && (!options.streaming || options.export_file.empty()))
    return InvalidArg("--periodic-concurrency-range needs {}--streaming and --profile-export-file FILE",
                      options.service == ServiceKind::kServer ? "-i grpc, " : "");
  return {};
}

// Two servers are compared at given loads, and on the terminal.
Status CheckVersus(const Options& options) {
  if (options.versus.empty()) return {};
  if (options.search != SearchKind::kLinear || options.range.end < options.range.start)
    return InvalidArg("--versus compares at given loads: give a range with an END, without a search");
  const bool writes = !options.csv_file.empty() || !options.export_file.empty() || !options.html_file.empty();
  if (writes || options.collect_metrics)
    return InvalidArg(
        "--versus prints what it finds: leave -f, --profile-export-file, --html and --collect-metrics out");
  return {};
}

Status CheckProtocol(const Options& options) {
  if (options.is_async && options.is_sync) return InvalidArg("Cannot specify --async and --sync simultaneously.");
  if (options.streaming && options.is_sync)
    return InvalidArg("can not use streaming with synchronous API: leave --sync out");
  if (options.streaming && options.protocol != Protocol::kGrpc && options.service == ServiceKind::kServer)
    return InvalidArg("Streaming is only allowed with gRPC protocol: add -i grpc");
  if (options.protocol != Protocol::kGrpc && options.grpc_compression != net::ContentEncoding::kIdentity)
    return InvalidArg("--grpc-compression-algorithm is for gRPC: add -i grpc");
  if (options.protocol == Protocol::kGrpc && (options.input_is_json || options.output_is_json))
    return InvalidArg("tensors as JSON are for HTTP: leave --input-tensor-format and --output-tensor-format out");
  return {};
}

// What only a server that runs elsewhere has: a first one of them that is asked for; empty: none is.
std::string_view AskedOfServers(const Options& options) {
  if (options.shared_memory != SharedMemory::kNone) return "--shared-memory";
  if (options.input_is_json) return "--input-tensor-format json";
  if (options.output_is_json) return "--output-tensor-format json";
  if (options.grpc_compression != net::ContentEncoding::kIdentity) return "--grpc-compression-algorithm";
  if (options.collect_metrics) return "--collect-metrics";
  if (!options.trace.empty()) return "tracing";
  if (!options.versus.empty()) return "--versus";
  return options.headers.empty() ? "" : "--header";
}

// What only a server has that knows models: likewise.
std::string_view AskedOfModels(const Options& options) {
  if (options.protocol == Protocol::kGrpc) return "gRPC";
  if (options.batch > 1) return "-b";
  if (!options.version.empty()) return "-x";
  if (!options.bls_models.empty()) return "--bls-composing-models";
  if (!options.shapes.empty()) return "--shape";
  if (!options.parameters.empty()) return "--request-parameter";
  if (options.shared_memory != SharedMemory::kNone) return "--shared-memory";
  if (options.input_is_json) return "--input-tensor-format json";
  if (options.output_is_json) return "--output-tensor-format json";
  if (options.collect_metrics) return "--collect-metrics";
  return options.trace.empty() ? "" : "tracing";
}

Status CheckInProcess(const Options& options) {
  if (options.model_repository.empty())
    return InvalidArg("--service-kind triton_c_api needs --model-repository FOLDER, whose models it loads");
  return {};
}

Status CheckOpenAi(const Options& options) {
  if (options.endpoint.empty())
    return InvalidArg("--service-kind openai needs --endpoint PATH, v1/chat/completions for instance");
  if (options.input_files.empty())
    return InvalidArg(
        R"(--service-kind openai needs --input-data FILE, with what is sent: {{"data": [{{"payload": [{{...}}]}}]}})");
  return {};
}

Status CheckServiceKind(const Options& options) {
  const auto only_of = [](std::string_view option, ServiceKind kind) {
    return InvalidArg("--{} is for another kind of service: add --service-kind {}", option, NameOf(kind));
  };
  if (options.service != ServiceKind::kInProcess && !options.model_repository.empty())
    return only_of("model-repository", ServiceKind::kInProcess);
  if (options.service != ServiceKind::kInProcess && !options.server_directory.empty())
    return only_of("triton-server-directory", ServiceKind::kInProcess);
  if (options.service != ServiceKind::kOpenAi && !options.endpoint.empty())
    return only_of("endpoint", ServiceKind::kOpenAi);
  if (options.service == ServiceKind::kServer) return {};
  const bool is_in_process = options.service == ServiceKind::kInProcess;
  RETURN_IF_ERROR(is_in_process ? CheckInProcess(options) : CheckOpenAi(options));
  const std::string_view asked = is_in_process ? AskedOfServers(options) : AskedOfModels(options);
  if (asked.empty()) return {};
  return InvalidArg("{} is of no use with --service-kind {}: leave it out", asked, NameOf(options.service));
}

}  // namespace

Status CheckOptions(const Options& options, const std::vector<std::string>& modes) {
  if (options.model.empty()) return InvalidArg("Failed to parse -m (model name). The value must be specified.");
  for (const std::string& mode : modes) {
    if (mode != modes[0]) return InvalidArg("Cannot use both {} and {} inference load modes.", modes[0], mode);
  }
  RETURN_IF_ERROR(CheckServiceKind(options));
  RETURN_IF_ERROR(CheckVersus(options));
  RETURN_IF_ERROR(CheckProtocol(options));
  RETURN_IF_ERROR(CheckSentOnce(options));
  return CheckSearch(options);
}

}  // namespace neso::perf
