// Lines about single requests, which only --log-verbose=1 shows; for everybody else they cost a comparison.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "base/log_scope.h"
#include "base/status.h"
#include "observe/request_trace.h"

namespace neso {

// The method as the number that scripts grep for: GET 0, HEAD 1, POST 2, PUT 3, DELETE 4; others 16.
inline int HttpMethodNumber(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "DELETE"};
  for (int number = 0; number < 5; ++number) {
    if (method == kMethods[number]) return number;
  }
  return 16;
}

// `service` is "HTTP" for the HTTP and the metrics port.
inline void LogHttpRequest(std::string_view service, std::string_view method, std::string_view path) {
  LOG_VERBOSE(1, "{} request: {} {}", service, HttpMethodNumber(method), path);
}

// An inference of `model` that was refused, or that failed. `id` may be empty, and `trace` null.
inline void LogFailedInference(std::string_view model, std::string_view id, const RequestTrace* trace,
                               const Status& error) {
  if (!log::IsVerboseEnabled(1)) return;
  const std::string trace_id = trace != nullptr ? trace->trace_id() : std::string();
  const LogScope scope({.model = model, .request_id = id, .trace_id = trace_id});
  LOG_VERBOSE(1, "[request id: {}] Infer failed: {}", id.empty() ? "<id_unknown>" : id, error.message());
}

}  // namespace neso
