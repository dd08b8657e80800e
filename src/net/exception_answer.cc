#include "net/exception_answer.h"

#include "base/exception_status.h"
#include "base/json.h"
#include "base/log.h"
#include "base/log_throttle.h"

namespace neso::net {

HttpResponse HttpExceptionResponse() {
  const Status error = StatusOfException();
  HttpResponse response;
  response.status = error.code() == StatusCode::kUnavailable ? 503 : 500;
  response.content_type = "application/json";
  response.body = "{\"error\":";
  AppendJsonString(response.body, error.message());
  response.body += '}';
  return response;
}

GrpcStatus GrpcExceptionStatus() {
  const Status error = StatusOfException();
  const bool is_memory = error.code() == StatusCode::kUnavailable;
  return {is_memory ? GrpcCode::kResourceExhausted : GrpcCode::kInternal, error.message()};
}

void LogException(const char* where) {
  static LogThrottle throttle(std::chrono::seconds(1));
  const Status error = StatusOfException();
  if (throttle.Allow()) LOG_ERROR("{}: {}", where, error.message());
}

}  // namespace neso::net
