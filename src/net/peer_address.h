// Who is at the other end of a connection.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace neso::net {

class PeerAddress {
 public:
  PeerAddress() = default;  // not known
  // As accept tells it; other families than those of IP and Unix are not known.
  PeerAddress(const sockaddr_storage& address, socklen_t size);

  // On this machine: a loopback address, or a Unix-domain socket.
  bool IsLocal() const;
  // "10.0.0.1:52100", "[::1]:52100", "unix", or "" if it is not known.
  std::string Text() const;

 private:
  enum class Family : uint8_t { kUnknown, kUnix, kIpv4, kIpv6 };
  std::array<uint8_t, 16> bytes_{};  // in network order; of IPv4 the first four
  uint16_t port_ = 0;
  Family family_ = Family::kUnknown;
};

}  // namespace neso::net
