// Reads the values that options have into what they set. Errors: kInvalidArg with what was expected.
//
//   RETURN_IF_ERROR(TakeNumber<uint64_t>("8", 1, 1024, options.batch));
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

#include "perf/options.h"

namespace neso::perf {

template <typename Number>
std::optional<Number> ReadNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <typename Number>
Status TakeNumber(std::string_view text, Number least, Number most, Number& out) {
  const std::optional<Number> number = ReadNumber<Number>(text);
  const bool is_within = number && *number >= least && *number <= most;  // nan is not
  if (!is_within) return InvalidArg("expected a number from {} to {}, got '{}'", least, most, text);
  out = *number;
  return {};
}

Status TakeMilliseconds(std::string_view text, std::chrono::milliseconds& out, int64_t least = 1);
Status TakeRange(std::string_view text, LoadKind kind, Options& options);
// START:END:STEP of --periodic-concurrency-range; STEP, 1 unless it is given, divides what is between.
Status TakeGrowth(std::string_view text, Options& options);
Status TakeShape(std::string_view text, Options& options);
Status TakeHeader(std::string_view text, Options& options);
// NAME:VALUE:TYPE, whose value may have colons.
Status TakeParameter(std::string_view text, Options& options);
// "a:1,b".
Status TakeModels(std::string_view text, std::vector<ModelName>& models);
Status TakeTraceLevel(std::string_view text, TraceSettings& settings);
// Kept as the digits that came.
Status TakeTraceNumber(std::string_view text, int64_t least, std::vector<std::string>& setting);
Status TakeSharedMemory(std::string_view text, SharedMemory& memory);
Status TakeCompression(std::string_view text, net::ContentEncoding& encoding);
// START:END, the end excluded; END may be left out.
Status TakeIds(std::string_view text, SequenceSettings& settings);
Status TakeInputData(std::string_view text, Options& options);
// One of two words.
Status TakeWord(std::string_view text, std::string_view off, std::string_view on, bool& is_on);
// perf_analyzer knows others, too; to them the error says what there is instead.
Status TakeServiceKind(std::string_view text, ServiceKind& kind);
// So many at a time, which is the only load.
Status TakeSessions(std::string_view text, Options& options);
// The path of a URL, with or without the '/' before it.
Status TakeEndpoint(std::string_view text, std::string& path);
Status TakeFormat(std::string_view text, net::TlsClientSettings::Format& format);

}  // namespace neso::perf
