#include "perf/option_values.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/text.h"

namespace neso::perf {

Status TakeMilliseconds(std::string_view text, std::chrono::milliseconds& out, int64_t least) {
  int64_t count = 0;
  RETURN_IF_ERROR(TakeNumber<int64_t>(text, least, 86'400'000, count));
  out = std::chrono::milliseconds(count);
  return {};
}

Status TakeRange(std::string_view text, LoadKind kind, Options& options) {
  const std::vector<std::string_view> parts = Split(text, ':');
  double numbers[3] = {1, 1, 1};
  if (parts.size() > 3) return InvalidArg("expected START:END:STEP, got '{}'", text);
  for (size_t i = 0; i < parts.size(); i++) RETURN_IF_ERROR(TakeNumber<double>(parts[i], 0, 1e9, numbers[i]));
  const bool is_whole = std::ranges::all_of(numbers, [](double number) { return number == std::floor(number); });
  if (!is_whole && !IsByTime(kind)) return InvalidArg("expected whole numbers of requests at a time, got '{}'", text);
  options.range = {numbers[0], parts.size() > 1 ? numbers[1] : numbers[0], numbers[2]};
  if (options.range.start <= 0) return InvalidArg("The start of the search range must be > 0");
  if (options.range.step <= 0) return InvalidArg("The step of the search range must be > 0");
  options.load = kind;
  return {};
}

Status TakeGrowth(std::string_view text, Options& options) {
  const std::vector<std::string_view> parts = Split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return InvalidArg("expected START:END or START:END:STEP, got '{}'", text);
  uint64_t numbers[3] = {1, 1, 1};
  for (size_t i = 0; i < parts.size(); i++) RETURN_IF_ERROR(TakeNumber<uint64_t>(parts[i], 1, 1 << 20, numbers[i]));
  const auto [start, end, step] = numbers;
  if (end < start || (end - start) % step != 0)
    return InvalidArg("expected an END that is START and some STEPs more, got '{}'", text);
  options.growth.start = start;
  options.growth.step = step;
  options.range.start = options.range.end = static_cast<double>(end);
  options.load = LoadKind::kPeriodicConcurrency;
  return {};
}

Status TakeShape(std::string_view text, Options& options) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return InvalidArg("expected NAME:1,2,3, got '{}'", text);
  std::vector<int64_t> shape;
  for (const std::string_view dimension : Split(text.substr(colon + 1), ',')) {
    int64_t size = 0;
    RETURN_IF_ERROR(TakeNumber<int64_t>(dimension, 1, int64_t{1} << 40, size));
    shape.push_back(size);
  }
  options.shapes[std::string(text.substr(0, colon))] = std::move(shape);
  return {};
}

Status TakeHeader(std::string_view text, Options& options) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return InvalidArg("expected NAME:VALUE, got '{}'", text);
  options.headers.emplace_back(text.substr(0, colon), TrimBlanks(text.substr(colon + 1)));
  return {};
}

Status TakeParameter(std::string_view text, Options& options) {
  const size_t first = text.find(':'), last = text.rfind(':');
  if (first == std::string_view::npos || first == 0 || first == last)
    return InvalidArg("expected NAME:VALUE:TYPE, got '{}'", text);
  RequestParameter parameter{.name = std::string(text.substr(0, first)), .value = {}};
  const std::string_view value = text.substr(first + 1, last - first - 1), type = text.substr(last + 1);
  if (type == "string") {
    parameter.value = std::string(value);
  } else if (type == "int") {
    int64_t number = 0;
    RETURN_IF_ERROR(TakeNumber<int64_t>(value, INT64_MIN, INT64_MAX, number));
    parameter.value = number;
  } else if (type == "bool") {
    bool is_true = false;
    RETURN_IF_ERROR(TakeWord(ToLowerAscii(value), "false", "true", is_true));
    parameter.value = is_true;
  } else {
    return InvalidArg("expected bool, int or string behind the last colon, got '{}'", type);
  }
  options.parameters.push_back(std::move(parameter));
  return {};
}

Status TakeModels(std::string_view text, std::vector<ModelName>& models) {
  for (const std::string_view word : Split(text, ',')) {
    const size_t colon = word.rfind(':');
    if (colon == 0 || word.empty()) return InvalidArg("expected NAME:VERSION,NAME, got '{}'", text);
    const std::string_view version = colon == std::string_view::npos ? std::string_view() : word.substr(colon + 1);
    models.push_back({std::string(word.substr(0, colon)), std::string(version)});
  }
  return {};
}

Status TakeTraceLevel(std::string_view text, TraceSettings& settings) {
  if (text != "OFF" && text != "TIMESTAMPS" && text != "TENSORS")
    return InvalidArg("expected OFF, TIMESTAMPS or TENSORS, got '{}'", text);
  settings["trace_level"].emplace_back(text);
  return {};
}

Status TakeTraceNumber(std::string_view text, int64_t least, std::vector<std::string>& setting) {
  int64_t number = 0;
  RETURN_IF_ERROR(TakeNumber<int64_t>(text, least, INT32_MAX, number));
  setting = {std::string(text)};
  return {};
}

Status TakeSharedMemory(std::string_view text, SharedMemory& memory) {
  if (text != "none" && text != "system" && text != "cuda")
    return InvalidArg("expected none, system or cuda, got '{}'", text);
  memory = text == "none" ? SharedMemory::kNone : text == "system" ? SharedMemory::kSystem : SharedMemory::kCuda;
  return {};
}

Status TakeCompression(std::string_view text, net::ContentEncoding& encoding) {
  using net::ContentEncoding;
  for (const ContentEncoding known : {ContentEncoding::kIdentity, ContentEncoding::kGzip, ContentEncoding::kDeflate}) {
    if (text != (known == ContentEncoding::kIdentity ? "none" : net::ContentEncodingName(known))) continue;
    encoding = known;
    return {};
  }
  return InvalidArg("expected none, gzip or deflate, got '{}'", text);
}

Status TakeIds(std::string_view text, SequenceSettings& settings) {
  const std::vector<std::string_view> parts = Split(text, ':');
  if (parts.size() > 2) return InvalidArg("expected START:END, got '{}'", text);
  RETURN_IF_ERROR(TakeNumber<uint64_t>(parts[0], 1, UINT64_MAX - 1, settings.first_id));
  if (parts.size() == 1 || parts[1].empty()) return {};
  return TakeNumber<uint64_t>(parts[1], settings.first_id + 1, UINT64_MAX, settings.end_id);
}

Status TakeInputData(std::string_view text, Options& options) {
  if (text == "random" || text == "zero") {
    options.zeros = text == "zero";
    options.input_files.clear();
    return {};
  }
  if (!std::filesystem::exists(text))
    return InvalidArg("expected random, zero, or a JSON file or a folder, got '{}'", text);
  options.input_files.emplace_back(text);
  return {};
}

Status TakeWord(std::string_view text, std::string_view off, std::string_view on, bool& is_on) {
  if (text != off && text != on) return InvalidArg("expected {} or {}, got '{}'", off, on, text);
  is_on = text == on;
  return {};
}

Status TakeServiceKind(std::string_view text, ServiceKind& kind) {
  for (const ServiceKind known : {ServiceKind::kServer, ServiceKind::kInProcess, ServiceKind::kOpenAi}) {
    if (text != NameOf(known)) continue;
    kind = known;
    return {};
  }
  return InvalidArg(
      "expected triton, triton_c_api or openai, got '{}': what is measured are servers of the KServe protocol, over HTTP "
      "and gRPC, or within the process, and such that answer JSON with JSON",
      text);
}

Status TakeSessions(std::string_view text, Options& options) {
  uint64_t sessions = 0;
  RETURN_IF_ERROR(TakeNumber<uint64_t>(text, 1, 1 << 20, sessions));
  options.load = LoadKind::kSessions;
  options.range.start = options.range.end = static_cast<double>(sessions);
  return {};
}

Status TakeEndpoint(std::string_view text, std::string& path) {
  if (text.starts_with('/')) text.remove_prefix(1);
  const auto is_of_path = [](unsigned char c) { return c > ' ' && c < 0x7f && c != '#'; };
  if (text.empty() || !std::ranges::all_of(text, is_of_path))
    return InvalidArg("expected the path of a URL, as v1/chat/completions, got '{}'", text);
  path = fmt::format("/{}", text);
  return {};
}

Status TakeFormat(std::string_view text, net::TlsClientSettings::Format& format) {
  using Format = net::TlsClientSettings::Format;
  bool is_der = false;
  RETURN_IF_ERROR(TakeWord(text, "PEM", "DER", is_der));
  format = is_der ? Format::kDer : Format::kPem;
  return {};
}

}  // namespace neso::perf
