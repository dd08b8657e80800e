#include "client/endpoint.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <memory>

#include "client/address_race.h"
#include "client/unix_socket.h"

namespace neso::client {
namespace {

constexpr const char* kUnix = "unix:";

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

Status NoAddress(std::string_view text) {
  return InvalidArg(
      "'{}' is no address of a server: expected HOST:PORT, http://HOST:PORT, https://HOST:PORT or unix:PATH", text);
}

int MillisecondsUntil(TimePoint deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1'000'000));
}

// PATH or ///PATH, behind "unix:": as gRPC writes them.
bool TakeSocketPath(std::string_view path, Endpoint& endpoint) {
  if (path.starts_with("///")) path.remove_prefix(2);
  endpoint.host = "localhost";
  endpoint.socket_path = path;
  return !path.empty() && !path.starts_with("//");
}

}  // namespace

std::string Endpoint::Authority() const {
  if (!socket_path.empty()) return host;
  const bool is_v6 = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

std::string Endpoint::Place() const { return socket_path.empty() ? Authority() : kUnix + socket_path; }

Expected<Endpoint> ParseEndpoint(std::string_view text, uint16_t default_port) {
  Endpoint endpoint;
  std::string_view rest = text;
  if (TakePrefix(rest, "https://")) {
    endpoint.uses_tls = true;
  } else {
    TakePrefix(rest, "http://");
  }
  if (TakePrefix(rest, kUnix)) {
    if (!TakeSocketPath(rest, endpoint)) return NoAddress(text);
    return endpoint;
  }
  const size_t slash = std::min(rest.find('/'), rest.size());
  endpoint.path = rest.substr(slash);
  while (endpoint.path.ends_with('/')) endpoint.path.pop_back();
  rest = rest.substr(0, slash);

  size_t host_end = rest.rfind(':');
  if (rest.starts_with('[')) {
    const size_t bracket = rest.find(']');
    if (bracket == std::string_view::npos) return NoAddress(text);
    endpoint.host = rest.substr(1, bracket - 1);
    host_end = bracket + 1 < rest.size() ? bracket + 1 : std::string_view::npos;
    if (host_end != std::string_view::npos && rest[host_end] != ':') return NoAddress(text);
  } else {
    endpoint.host = rest.substr(0, host_end);
  }
  endpoint.port = default_port;
  if (host_end != std::string_view::npos) {
    const std::string_view port = rest.substr(host_end + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc() || end != port.data() + port.size() || endpoint.port == 0) return NoAddress(text);
  }
  if (endpoint.host.empty()) return NoAddress(text);
  return endpoint;
}

bool WaitForSockets(std::span<pollfd> watched, TimePoint deadline) {
  int ready;
  do {
    ready = poll(watched.data(), watched.size(), MillisecondsUntil(deadline));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool WaitForSocket(int fd, short events, TimePoint deadline) {
  pollfd watched{fd, events, 0};
  return WaitForSockets({&watched, 1}, deadline);
}

Expected<OwnedDescriptor> ConnectSocket(const Endpoint& endpoint, TimePoint deadline) {
  const auto failure = [&](const char* reason) {
    return Unavailable("cannot connect to {}: {}", endpoint.Place(), reason);
  };
  if (!endpoint.socket_path.empty()) {
    Expected<OwnedDescriptor> socket = ConnectUnixSocket(endpoint.socket_path, deadline);
    if (!socket) return failure(socket.error().message().c_str());
    return socket;
  }
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int looked_up = getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &wanted, &found);
  if (looked_up != 0) return failure(looked_up == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(looked_up));
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  Expected<OwnedDescriptor> socket = ConnectToFirst(addresses.get(), deadline);
  if (!socket) return failure(socket.error().message().c_str());
  const int on = 1;
  setsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return socket;
}

}  // namespace neso::client
