#include "observe/trace_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <random>

#include "base/json.h"
#include "base/text.h"

namespace neso {
namespace {

constexpr size_t kVersionZeroBytes = 55;  // "00-" 32 "-" 16 "-" 2
constexpr size_t kMaxStateBytes = 512;
constexpr int kMaxStateMembers = 32;

// Lower-case digits only, as the standard has it.
std::optional<uint64_t> ParseHex(std::string_view text) {
  uint64_t value = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | static_cast<uint64_t>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

std::optional<TraceId> ParseTraceId(std::string_view text) {
  TraceId id{};
  for (size_t i = 0; i < id.size(); ++i) {
    const std::optional<uint64_t> byte = ParseHex(text.substr(2 * i, 2));
    if (!byte) return std::nullopt;
    id[i] = static_cast<uint8_t>(*byte);
  }
  const bool is_zero = std::all_of(id.begin(), id.end(), [](uint8_t byte) { return byte == 0; });
  return is_zero ? std::nullopt : std::optional(id);
}

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}

bool IsStateMember(std::string_view member) {
  const size_t equals = member.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals > 256) return false;
  const std::string_view key = member.substr(0, equals);
  const std::string_view value = member.substr(equals + 1);
  if (!std::all_of(key.begin(), key.end(), IsKeyCharacter)) return false;
  if (value.empty() || value.size() > 256) return false;
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e && c != '='; });
}

// The members without blanks around them; empty where they are not of the standard's form.
std::string ParseTraceState(std::string_view text) {
  if (text.size() > kMaxStateBytes) return {};
  std::string state;
  int members = 0;
  for (const std::string_view piece : Split(text, ',')) {
    const std::string_view member = TrimBlanks(piece);
    if (member.empty()) continue;  // allowed
    if (++members > kMaxStateMembers || !IsStateMember(member)) return {};
    if (!state.empty()) state += ',';
    state += member;
  }
  return state;
}

// SplitMix64's: neighbours come out far apart.
uint64_t Mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

// The numbers of one sequence for all threads, which begins anywhere.
uint64_t Random() {
  static std::atomic<uint64_t> next = [] {
    std::random_device device;
    return uint64_t{device()} << 32 | device();
  }();
  return Mix(next.fetch_add(1, std::memory_order_relaxed));
}

TraceId RandomTraceId() {
  TraceId id{};
  for (size_t i = 0; i < id.size(); i += 8) {
    const uint64_t bits = Random() | 1;  // never all zero
    for (size_t byte = 0; byte < 8; ++byte) id[i + byte] = static_cast<uint8_t>(bits >> (8 * byte));
  }
  return id;
}

}  // namespace

std::optional<TraceContext> ParseTraceContext(std::string_view traceparent, std::string_view tracestate) {
  const std::string_view text = traceparent;
  if (text.size() < kVersionZeroBytes) return std::nullopt;
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const std::optional<uint64_t> version = ParseHex(text.substr(0, 2));
  if (!version || *version == 0xff) return std::nullopt;
  const bool has_more = text.size() > kVersionZeroBytes;
  if (has_more && (*version == 0 || text[kVersionZeroBytes] != '-')) return std::nullopt;
  const std::optional<TraceId> trace_id = ParseTraceId(text.substr(3, 32));
  const std::optional<uint64_t> span_id = ParseHex(text.substr(36, 16));
  const std::optional<uint64_t> flags = ParseHex(text.substr(53, 2));
  if (!trace_id || !span_id || *span_id == 0 || !flags) return std::nullopt;
  return TraceContext{.trace_id = *trace_id, .span_id = *span_id, .state = ParseTraceState(tracestate)};
}

std::string TraceIdText(const TraceId& id) {
  std::string text;
  for (const uint8_t byte : id) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

TraceIdentity TraceIdentity::Under(const std::optional<TraceContext>& caller) {
  TraceIdentity identity{.trace_id = {}, .caller_span = 0, .state = {}, .seed = Random()};
  if (caller) {
    identity.trace_id = caller->trace_id;
    identity.caller_span = caller->span_id;
    identity.state = caller->state;
  } else {
    identity.trace_id = RandomTraceId();
  }
  return identity;
}

uint64_t TraceIdentity::SpanId(uint64_t id, uint64_t part) const {
  const uint64_t span_id = Mix(Mix(seed ^ Mix(id)) + part);
  return span_id != 0 ? span_id : 1;
}

std::string Traceparent(const TraceId& trace_id, uint64_t span_id) {
  return fmt::format("00-{}-{:016x}-01", TraceIdText(trace_id), span_id);
}

std::string TraceContextJson(const TraceIdentity& identity, uint64_t span_id) {
  std::string json = fmt::format(R"({{"traceparent":"{}")", Traceparent(identity.trace_id, span_id));
  if (!identity.state.empty()) {
    json += R"(,"tracestate":)";
    AppendJsonString(json, identity.state);
  }
  return json + '}';
}

}  // namespace neso
