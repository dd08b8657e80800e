// Keeps requests away that a browser sends for a page that has no business here.
//
// A page anywhere may make its visitor's browser send requests to servers that only the visitor reaches; the browser
// names the page's origin. And a page may have its own name lead to such a server's address (DNS rebinding): it is then
// of the same origin to the browser, but the request names a host that is not ours.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/http/cors.h"
#include "net/http_exchange.h"

namespace neso {

struct RequestGuardSettings {
  // Names of this server, '*' and '?' as in patterns, beside its addresses and "localhost". Unset: any name will do.
  std::optional<std::vector<std::string>> hosts;
  bool checks_origin = false;
  CorsPolicy pages;  // whose pages may use the server, beside its own
};

// Immutable.
class RequestGuard {
 public:
  RequestGuard() = default;
  explicit RequestGuard(RequestGuardSettings settings);

  bool is_on() const { return settings_.hosts || settings_.checks_origin; }
  // Why the request is refused; empty: it is not.
  std::string Check(const net::HttpHead& head) const;

 private:
  bool IsOurs(std::string_view host) const;

  RequestGuardSettings settings_;  // names in lower case
};

// The host of "host", "host:80" or "[::1]:80", without the port; of an address for IPv6 without the brackets too.
std::string_view WithoutPort(std::string_view host);

}  // namespace neso
