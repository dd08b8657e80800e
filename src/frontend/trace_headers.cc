#include "frontend/trace_headers.h"

#include <string>

#include "base/text.h"

namespace neso {

std::optional<TraceContext> TraceContextOf(const net::HttpHead& head) {
  std::string_view traceparent;
  std::string tracestate;
  for (const auto& [name, value] : head.headers) {
    if (EqualsIgnoreCaseAscii(name, "traceparent")) {
      if (!traceparent.empty()) return std::nullopt;
      traceparent = value;
    } else if (EqualsIgnoreCaseAscii(name, "tracestate")) {
      // Several headers are one list (RFC 9110, 5.3).
      if (!tracestate.empty()) tracestate += ',';
      tracestate += value;
    }
  }
  return ParseTraceContext(traceparent, tracestate);
}

}  // namespace neso
