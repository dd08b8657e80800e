// What is traced: values, how they fall back, and the texts that set them. Pure.
//
// A setting has three places: a model's own value, else the global one, else that of the start.
// Source: Triton's trace extension.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace neso {

// "triton": files of this server's. "opentelemetry": spans that go to a collector, and belong to their callers' traces.
enum class TraceMode { kTriton, kOpenTelemetry };
const char* TraceModeName(TraceMode mode);

struct TraceSettings {
  uint32_t level = 0;          // TRITONSERVER_InferenceTraceLevel bits; 0 is OFF
  uint32_t rate = 1000;        // every rate-th request
  int32_t count = -1;          // how many more traces; negative: no end
  uint32_t log_frequency = 0;  // traces a file; 0: one file for all

  bool operator==(const TraceSettings&) const = default;
};

// Own values of a place; what is unset falls back.
struct TraceOverrides {
  std::optional<uint32_t> level{};
  std::optional<uint32_t> rate{};
  std::optional<int32_t> count{};
  std::optional<uint32_t> log_frequency{};

  bool operator==(const TraceOverrides&) const = default;
};

TraceSettings Resolve(const TraceOverrides& own, const TraceSettings& fallback);

// A value that somebody wants changed: unset leaves it, set to nullopt clears it, so that it falls back.
template <typename T>
using TraceChange = std::optional<std::optional<T>>;

struct TraceSettingsUpdate {
  TraceChange<uint32_t> level{};
  TraceChange<uint32_t> rate{};
  TraceChange<int32_t> count{};
  TraceChange<uint32_t> log_frequency{};
};

TraceOverrides Apply(const TraceSettingsUpdate& update, TraceOverrides own);

// Error: kInvalidArg "Attempting to set invalid trace setting :..."; what is OFF is never wrong. With OpenTelemetry no
// file is needed, and with a rate of 0 only those requests are traced that belong to a trace of their callers.
Status CheckTraceSettings(const TraceSettings& settings, const std::string& file, TraceMode mode = TraceMode::kTriton);

// {"OFF"}, or what is on.
std::vector<std::string_view> TraceLevelNames(uint32_t level);

// The bits of exact names; unknown names count for nothing, and nullopt is the answer when nothing else is there.
// Error: kInvalidArg when OFF is not alone.
Expected<std::optional<uint32_t>> ParseTraceLevels(std::span<const std::string_view> names);

// As the C library reads numbers: " 7x" is 7; negative ones wrap around. Errors: kInvalidArg with `name` and `text`.
Expected<uint32_t> ParseTraceNumber(std::string_view name, const std::string& text);
// Its caller refuses what is below -1, in its protocol's words.
Expected<int32_t> ParseTraceCount(const std::string& text);

// kUnsupported, whatever the value: a client does not choose which of the server's files is written.
Status TraceFileIsFixed();

}  // namespace neso
