// Where a request stands in a trace that goes beyond this server: what its caller says in the headers "traceparent" and
// "tracestate", and what its callees are told.
//
//   std::optional<TraceContext> caller = ParseTraceContext(traceparent, tracestate);
//   const TraceIdentity identity = TraceIdentity::Under(caller);
//   ... Traceparent(identity.trace_id, identity.SpanId(trace.id(), kModelSpan)) ...       // "00-<trace>-<span>-01"
//
// Source: W3C Trace Context, level 1 (sections 3.2 and 3.3).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace neso {

using TraceId = std::array<uint8_t, 16>;

// What a caller said; both ids are other than zero.
struct TraceContext {
  TraceId trace_id{};
  uint64_t span_id = 0;
  std::string state;  // members as they came, with commas between them
};

// Nothing where `traceparent` is not of the standard's form, whose later versions are read as the first one. A
// `tracestate` that is not is as if it were not there.
std::optional<TraceContext> ParseTraceContext(std::string_view traceparent, std::string_view tracestate);

// 32 hexadecimal digits.
std::string TraceIdText(const TraceId& id);

// What the spans of one traced request are called. Their ids follow from numbers within the process, so that whoever
// asks for one gets the same.
struct TraceIdentity {
  TraceId trace_id{};
  uint64_t caller_span = 0;  // 0: nobody's
  std::string state;
  uint64_t seed = 0;

  // A part of the caller's trace, or the beginning of a new one.
  static TraceIdentity Under(const std::optional<TraceContext>& caller);
  // The id of the `part`th span of the trace with the number `id`; never zero.
  uint64_t SpanId(uint64_t id, uint64_t part) const;
};

// The parts of an execution that are spans.
inline constexpr uint64_t kRequestSpan = 0;     // as the front end sees it
inline constexpr uint64_t kModelSpan = 1;       // from its coming to its model until the model lets it go
inline constexpr uint64_t kFirstInnerSpan = 2;  // its computing, and what the backend reports

// "00-<trace id>-<span id>-01".
std::string Traceparent(const TraceId& trace_id, uint64_t span_id);
// The headers as a JSON object: {"traceparent":"...","tracestate":"..."}, the latter where there is one.
std::string TraceContextJson(const TraceIdentity& identity, uint64_t span_id);

}  // namespace neso
