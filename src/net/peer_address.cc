#include "net/peer_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace neso::net {
namespace {

// IPv4 over a socket for IPv6 (RFC 4291, 2.5.5.2).
constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

PeerAddress::PeerAddress(const sockaddr_storage& address, socklen_t size) {
  if (size < sizeof(address.ss_family)) return;
  if (address.ss_family == AF_UNIX) {
    family_ = Family::kUnix;
  } else if (address.ss_family == AF_INET && size >= sizeof(sockaddr_in)) {
    const auto& ip = reinterpret_cast<const sockaddr_in&>(address);
    std::memcpy(bytes_.data(), &ip.sin_addr, sizeof(ip.sin_addr));
    port_ = ntohs(ip.sin_port);
    family_ = Family::kIpv4;
  } else if (address.ss_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    const auto& ip = reinterpret_cast<const sockaddr_in6&>(address);
    std::memcpy(bytes_.data(), &ip.sin6_addr, sizeof(ip.sin6_addr));
    port_ = ntohs(ip.sin6_port);
    family_ = Family::kIpv6;
    if (!std::equal(kMapped.begin(), kMapped.end(), bytes_.begin())) return;
    std::copy(bytes_.begin() + kMapped.size(), bytes_.end(), bytes_.begin());
    family_ = Family::kIpv4;
  }
}

bool PeerAddress::IsLocal() const {
  switch (family_) {
    case Family::kUnix: return true;
    case Family::kIpv4: return bytes_[0] == 127;
    case Family::kIpv6:
      return bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1, [](uint8_t byte) { return byte == 0; });
    case Family::kUnknown: break;
  }
  return false;
}

std::string PeerAddress::Text() const {
  char text[INET6_ADDRSTRLEN] = "";
  switch (family_) {
    case Family::kUnknown: return "";
    case Family::kUnix: return "unix";
    case Family::kIpv4: inet_ntop(AF_INET, bytes_.data(), text, sizeof(text)); return fmt::format("{}:{}", text, port_);
    case Family::kIpv6: break;
  }
  inet_ntop(AF_INET6, bytes_.data(), text, sizeof(text));
  return fmt::format("[{}]:{}", text, port_);
}

}  // namespace neso::net
