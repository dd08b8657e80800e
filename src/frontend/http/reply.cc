#include "frontend/http/reply.h"

#include "base/json.h"

namespace neso {

int HttpStatus(StatusCode code) {
  switch (code) {
    case StatusCode::kInternal: return 500;
    case StatusCode::kNotFound: return 404;
    case StatusCode::kUnavailable: return 503;
    case StatusCode::kUnsupported: return 501;
    case StatusCode::kUnknown:
    case StatusCode::kInvalidArg:
    case StatusCode::kAlreadyExists:
    case StatusCode::kCancelled: break;
  }
  return 400;
}

std::string ErrorBody(std::string_view message) {
  std::string body = "{\"error\":";
  AppendJsonString(body, message);
  body.push_back('}');
  return body;
}

net::HttpResponse ErrorResponse(int status, std::string_view message, const char* content_type) {
  net::HttpResponse response;
  response.status = status;
  response.content_type = content_type;
  response.body = ErrorBody(message);
  return response;
}

void ReplyJson(net::HttpExchange& exchange, std::string body) {
  net::HttpResponse response;
  response.content_type = kJsonType;
  response.body = std::move(body);
  exchange.Respond(std::move(response));
}

void ReplyEmpty(net::HttpExchange& exchange, int status, const char* content_type) {
  net::HttpResponse response;
  response.status = status;
  response.content_type = content_type;
  exchange.Respond(std::move(response));
}

void ReplyError(net::HttpExchange& exchange, const Status& error, const char* content_type) {
  ReplyError(exchange, HttpStatus(error.code()), error.message(), content_type);
}

void ReplyError(net::HttpExchange& exchange, int status, std::string_view message, const char* content_type) {
  exchange.Respond(ErrorResponse(status, message, content_type));
}

}  // namespace neso
