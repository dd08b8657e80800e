#include <strings.h>

#include "net/http_exchange.h"

namespace neso::net {

std::string_view HttpHead::Find(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
  }
  return {};
}

}  // namespace neso::net
