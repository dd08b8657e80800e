#include "base/text.h"
#include "net/http_exchange.h"

namespace neso::net {

std::string_view HttpHead::Find(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    // Most differ in length, which is seen without a call.
    if (key.size() == name.size() && EqualsIgnoreCaseAscii(key, name)) return value;
  }
  return {};
}

}  // namespace neso::net
