#include "options.h"

#include <algorithm>
#include <array>

namespace neso::openvino {
namespace {

using backend::Parameters;
using backend::Result;
using backend::Status;

// More than machines have cores: each thread takes memory and one of the process's limited number.
constexpr int64_t kMaxThreads = 1024;
constexpr std::array<std::string_view, 3> kHints = {"LATENCY", "THROUGHPUT", "CUMULATIVE_THROUGHPUT"};

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return upper;
}

// Anything but "yes" is a no, as with Triton.
bool IsYes(const Parameters& parameters, const char* name) { return UpperCase(parameters.Or(name, "")) == "YES"; }

// Processors that have BF16 compute in it unless told otherwise, which is what a "no" that someone wrote means.
std::string ReadPrecision(const Parameters& parameters) {
  const std::string hint = UpperCase(parameters.Or("HINT_BF16", ""));
  return hint == "YES" ? "bf16" : hint == "NO" ? "f32" : "";
}

std::optional<int64_t> CountOf(std::string_view text) {
  const Result<int64_t> count = backend::ParseInt(text);
  if (!count || *count < 0 || *count > kMaxThreads) return std::nullopt;
  return *count;
}

Result<std::optional<int64_t>> ReadThreadCount(const Parameters& parameters, const char* name) {
  const std::optional<std::string_view> text = parameters.Find(name);
  if (!text) return std::optional<int64_t>();
  if (const std::optional<int64_t> count = CountOf(*text)) return count;
  return Status::InvalidArg("expected the parameter '", name, "' to be a non-negative number, at most ", kMaxThreads,
                            ", got ", *text);
}

Result<std::string> ReadStreams(const Parameters& parameters) {
  const std::optional<std::string_view> text = parameters.Find("NUM_STREAMS");
  if (!text) return std::string();
  const std::string streams = UpperCase(*text);
  if (streams == "AUTO" || streams == "NUMA" || CountOf(streams)) return streams;
  return Status::InvalidArg("expected the parameter 'NUM_STREAMS' to be AUTO/NUMA/<number>, at most ", kMaxThreads,
                            ", got ", *text);
}

Result<std::string> ReadHint(const Parameters& parameters) {
  const std::optional<std::string_view> text = parameters.Find("PERFORMANCE_HINT");
  if (!text) return std::string();
  std::string hint = UpperCase(*text);
  if (std::ranges::find(kHints, hint) != kHints.end()) return hint;
  return Status::InvalidArg(
      "expected the parameter 'PERFORMANCE_HINT' to be LATENCY/THROUGHPUT/CUMULATIVE_THROUGHPUT, got ", *text);
}

}  // namespace

Result<Options> ReadOptions(const Parameters& parameters) {
  Options options;
  options.device = UpperCase(parameters.Or("TARGET_DEVICE", "CPU"));
  NESO_ASSIGN_OR_RETURN(options.performance_hint, ReadHint(parameters));
  NESO_ASSIGN_OR_RETURN(options.inference_threads, ReadThreadCount(parameters, "INFERENCE_NUM_THREADS"));
  NESO_ASSIGN_OR_RETURN(options.compilation_threads, ReadThreadCount(parameters, "COMPILATION_NUM_THREADS"));
  NESO_ASSIGN_OR_RETURN(options.streams, ReadStreams(parameters));
  options.precision = ReadPrecision(parameters);
  options.no_auto_batching = IsYes(parameters, "SKIP_OV_DYNAMIC_BATCHSIZE");
  options.pad_batches = IsYes(parameters, "ENABLE_BATCH_PADDING");
  options.open_batches = IsYes(parameters, "ENABLE_OPEN_BATCH");
  options.reshape_inputs = IsYes(parameters, "RESHAPE_IO_LAYERS");
  options.extension_path = parameters.Or("CPU_EXTENSION_PATH", "");
  return options;
}

}  // namespace neso::openvino
