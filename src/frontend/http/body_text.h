// The body of a request as text; empty when there is none.
#pragma once

#include <string_view>

#include "net/http_exchange.h"

namespace neso {

inline std::string_view BodyText(const net::HttpExchange& exchange) {
  const BufferRef& body = exchange.body();
  return body ? std::string_view(body->data(), body->size()) : std::string_view();
}

}  // namespace neso
