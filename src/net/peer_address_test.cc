#include "net/peer_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace neso::net {
namespace {

PeerAddress Ipv4(const char* text) {
  sockaddr_storage storage{};
  auto& address = reinterpret_cast<sockaddr_in&>(storage);
  address.sin_family = AF_INET;
  address.sin_port = htons(80);
  EXPECT_EQ(inet_pton(AF_INET, text, &address.sin_addr), 1);
  return PeerAddress(storage, sizeof(address));
}

PeerAddress Ipv6(const char* text) {
  sockaddr_storage storage{};
  auto& address = reinterpret_cast<sockaddr_in6&>(storage);
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(80);
  EXPECT_EQ(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
  return PeerAddress(storage, sizeof(address));
}

TEST(PeerAddressTest, KnowsWhoIsOnThisMachine) {
  EXPECT_TRUE(Ipv4("127.0.0.1").IsLocal());
  EXPECT_TRUE(Ipv4("127.255.0.9").IsLocal());
  EXPECT_TRUE(Ipv6("::1").IsLocal());
  EXPECT_TRUE(Ipv6("::ffff:127.0.0.1").IsLocal());
  for (const char* other : {"128.0.0.1", "10.0.0.1", "0.0.0.0", "1.0.0.127"})
    EXPECT_FALSE(Ipv4(other).IsLocal()) << other;
  for (const char* other : {"::", "::2", "1::1", "::ffff:10.0.0.1", "fe80::1", "7f00::1"}) {
    EXPECT_FALSE(Ipv6(other).IsLocal()) << other;
  }
  sockaddr_storage unnamed{};
  unnamed.ss_family = AF_UNIX;
  EXPECT_TRUE(PeerAddress(unnamed, sizeof(unnamed.ss_family)).IsLocal());
  EXPECT_FALSE(PeerAddress().IsLocal());
  EXPECT_FALSE(PeerAddress(unnamed, 0).IsLocal());
}

TEST(PeerAddressTest, TellsItsName) {
  EXPECT_EQ(Ipv4("10.1.2.3").Text(), "10.1.2.3:80");
  EXPECT_EQ(Ipv6("::1").Text(), "[::1]:80");
  EXPECT_EQ(Ipv6("::ffff:10.0.0.1").Text(), "10.0.0.1:80");
  EXPECT_EQ(PeerAddress().Text(), "");
}

}  // namespace
}  // namespace neso::net
