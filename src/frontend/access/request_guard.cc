#include "frontend/access/request_guard.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "frontend/access/access_key.h"

namespace neso {
namespace {

constexpr size_t kMaxShown = 256;

// Whoever names an address has not been led here by a name.
bool IsAddress(std::string_view host) {
  in6_addr unused{};
  const std::string text(host);
  return inet_pton(AF_INET, text.c_str(), &unused) == 1 || inet_pton(AF_INET6, text.c_str(), &unused) == 1;
}

bool IsOwnPage(std::string_view origin, std::string_view host) {
  const size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && EqualsIgnoreCaseAscii(origin.substr(scheme + 3), host);
}

}  // namespace

std::string_view WithoutPort(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

RequestGuard::RequestGuard(RequestGuardSettings settings) : settings_(std::move(settings)) {
  if (!settings_.hosts) return;
  for (std::string& host : *settings_.hosts) host = ToLowerAscii(host);
}

std::string RequestGuard::Check(const net::HttpHead& head) const {
  const std::string_view host = head.Find("Host");
  // No browser leaves it out.
  if (settings_.hosts && !host.empty() && !IsOurs(WithoutPort(host))) {
    return fmt::format("the host '{}' is not among those of --allowed-hosts", host.substr(0, kMaxShown));
  }
  const std::string_view origin = head.Find("Origin");
  if (settings_.checks_origin && !origin.empty() && !IsOwnPage(origin, host) && !settings_.pages.Allows(origin)) {
    return fmt::format("pages of '{}' may not use this server (--check-origin, --http-cors-allow-origin)",
                       origin.substr(0, kMaxShown));
  }
  return {};
}

bool RequestGuard::IsOurs(std::string_view host) const {
  const std::string name = ToLowerAscii(host);
  return name == "localhost" || IsAddress(name) ||
         std::any_of(settings_.hosts->begin(), settings_.hosts->end(),
                     [&name](const std::string& pattern) { return MatchesPattern(pattern, name); });
}

}  // namespace neso
