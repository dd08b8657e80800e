// What a request's headers, or a call's metadata, say of the trace that it belongs to.
#pragma once

#include <optional>

#include "net/http_exchange.h"
#include "observe/trace_context.h"

namespace neso {

// Nothing unless there is exactly one "traceparent", of the standard's form.
std::optional<TraceContext> TraceContextOf(const net::HttpHead& head);

}  // namespace neso
