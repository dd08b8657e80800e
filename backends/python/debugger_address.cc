#include "debugger_address.h"

#include <limits>

namespace neso::python {
namespace {

// Whoever reaches the port runs what they like: nobody from elsewhere, unless somebody says so.
constexpr const char* kHost = "127.0.0.1";
constexpr std::string_view kOff = "no";

std::optional<DebuggerAddress> Parse(std::string_view text) {
  DebuggerAddress address{.host = kHost};
  if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty()) return std::nullopt;
    address.host = host;
    text.remove_prefix(colon + 1);
  }
  const backend::Result<int64_t> port = backend::ParseInt(text);
  if (!port || *port < 0 || *port > std::numeric_limits<uint16_t>::max()) return std::nullopt;
  address.port = static_cast<uint16_t>(*port);
  return address;
}

}  // namespace

backend::Result<std::optional<DebuggerAddress>> DebuggerAddress::Find(const backend::Parameters& parameters,
                                                                      std::string_view name,
                                                                      const std::optional<DebuggerAddress>& fallback) {
  const std::optional<std::string_view> text = parameters.Find(name);
  if (!text) return fallback;
  if (*text == kOff) return std::optional<DebuggerAddress>();
  std::optional<DebuggerAddress> address = Parse(*text);
  if (!address) {
    return backend::Status::InvalidArg("parameter '", name, "': expected PORT, HOST:PORT or ", kOff,
                                       " (PORT 0: any that is free), got '", *text, "'");
  }
  return address;
}

}  // namespace neso::python
