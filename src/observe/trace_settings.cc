#include "observe/trace_settings.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>

#include "core/abi.h"

namespace neso {
namespace {

constexpr const char* kCount = "trace_count";

// The number at the front of `text`; nullopt when it does not fit in 64 bits. Error: there is none.
Expected<std::optional<int64_t>> ParseNumber(std::string_view name, const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const int64_t value = std::strtoll(text.c_str(), &end, 10);
  if (end == text.c_str()) return InvalidArg("Unable to parse '{}', got: {}", name, text);
  return errno == ERANGE ? std::nullopt : std::optional(value);
}

Status OutOfRange(std::string_view name, int64_t least, int64_t most, const std::string& text) {
  return InvalidArg("Unable to parse '{}', value is out of range [ {}, {} ], got: {}", name, least, most, text);
}

}  // namespace

const char* TraceModeName(TraceMode mode) { return mode == TraceMode::kTriton ? "triton" : "opentelemetry"; }

TraceSettings Resolve(const TraceOverrides& own, const TraceSettings& fallback) {
  return {.level = own.level.value_or(fallback.level),
          .rate = own.rate.value_or(fallback.rate),
          .count = own.count.value_or(fallback.count),
          .log_frequency = own.log_frequency.value_or(fallback.log_frequency)};
}

TraceOverrides Apply(const TraceSettingsUpdate& update, TraceOverrides own) {
  own.level = update.level.value_or(own.level);
  own.rate = update.rate.value_or(own.rate);
  own.count = update.count.value_or(own.count);
  own.log_frequency = update.log_frequency.value_or(own.log_frequency);
  return own;
}

Status CheckTraceSettings(const TraceSettings& settings, const std::string& file, TraceMode mode) {
  if (settings.level == TRITONSERVER_TRACE_LEVEL_DISABLED || mode == TraceMode::kOpenTelemetry) return {};
  const char* const mistake = settings.rate == 0 ? "sample rate must be non-zero"
                              : file.empty()     ? "trace file name is not given"
                                                 : nullptr;
  return mistake == nullptr ? Status() : InvalidArg("Attempting to set invalid trace setting :{}", mistake);
}

std::vector<std::string_view> TraceLevelNames(uint32_t level) {
  std::vector<std::string_view> names;
  if ((level & TRITONSERVER_TRACE_LEVEL_TIMESTAMPS) != 0) names.emplace_back("TIMESTAMPS");
  if ((level & TRITONSERVER_TRACE_LEVEL_TENSORS) != 0) names.emplace_back("TENSORS");
  if (names.empty()) names.emplace_back("OFF");
  return names;
}

Expected<std::optional<uint32_t>> ParseTraceLevels(std::span<const std::string_view> names) {
  std::optional<uint32_t> level;
  for (const std::string_view name : names) {
    if (name == "OFF") {
      if (names.size() > 1) return InvalidArg("Expect only one trace level 'OFF' is specified");
      level = TRITONSERVER_TRACE_LEVEL_DISABLED;
    } else if (name == "TIMESTAMPS") {
      level = level.value_or(0) | TRITONSERVER_TRACE_LEVEL_TIMESTAMPS;
    } else if (name == "TENSORS") {
      level = level.value_or(0) | TRITONSERVER_TRACE_LEVEL_TENSORS;
    }
  }
  return level;
}

Expected<uint32_t> ParseTraceNumber(std::string_view name, const std::string& text) {
  constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
  ASSIGN_OR_RETURN(const std::optional<int64_t> value, ParseNumber(name, text));
  if (!value || *value < std::numeric_limits<int32_t>::min() || *value > kMost) return OutOfRange(name, 0, kMost, text);
  return static_cast<uint32_t>(*value);
}

Expected<int32_t> ParseTraceCount(const std::string& text) {
  using Limits = std::numeric_limits<int32_t>;
  ASSIGN_OR_RETURN(const std::optional<int64_t> value, ParseNumber(kCount, text));
  if (!value || *value < Limits::min() || *value > Limits::max()) return OutOfRange(kCount, -1, Limits::max(), text);
  return static_cast<int32_t>(*value);
}

Status TraceFileIsFixed() { return Unsupported("trace file location can not be updated through network protocol"); }

}  // namespace neso
