// Answers every endpoint gives: JSON texts, errors as {"error":"<message>"} under the mapped status.
#pragma once

#include <string>

#include "base/status.h"
#include "net/http_exchange.h"

namespace neso {

inline constexpr const char* kJsonType = "application/json";
inline constexpr const char* kTextType = "text/plain";  // where the contract sets no type of its own

// INTERNAL 500, NOT_FOUND 404, UNAVAILABLE 503, UNSUPPORTED 501, all else 400.
int HttpStatus(StatusCode code);

std::string ErrorBody(std::string_view message);

net::HttpResponse ErrorResponse(int status, std::string_view message, const char* content_type);

void ReplyJson(net::HttpExchange& exchange, std::string body);
void ReplyEmpty(net::HttpExchange& exchange, int status, const char* content_type);
void ReplyError(net::HttpExchange& exchange, const Status& error, const char* content_type = kJsonType);
void ReplyError(net::HttpExchange& exchange, int status, std::string_view message,
                const char* content_type = kJsonType);

}  // namespace neso
