#include "net/exception_answer.h"

#include "base/exception_status.h"
#include "base/json.h"

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

}  // namespace neso::net
