#include "client/address_race.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <chrono>
#include <vector>

#include "client/listening_socket_test_util.h"

namespace neso::client {
namespace {

using std::chrono::steady_clock;

// Some addresses of one host, as they are looked up.
class Addresses {
 public:
  explicit Addresses(const std::vector<uint16_t>& ports) : sockets_(ports.size()), list_(ports.size()) {
    for (size_t i = 0; i < ports.size(); i++) {
      sockets_[i].sin_family = AF_INET;
      sockets_[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      sockets_[i].sin_port = htons(ports[i]);
      list_[i].ai_family = AF_INET;
      list_[i].ai_addr = reinterpret_cast<sockaddr*>(&sockets_[i]);
      list_[i].ai_addrlen = sizeof(sockaddr_in);
      if (i > 0) list_[i - 1].ai_next = &list_[i];
    }
  }
  const addrinfo* get() const { return list_.data(); }

 private:
  std::vector<sockaddr_in> sockets_;
  std::vector<addrinfo> list_;
};

// Nobody accepts, and no more fit into the queue: what comes is dropped, as by a firewall.
class SilentSocket {
 public:
  SilentSocket() {
    EXPECT_EQ(listen(socket_.get(), 0), 0);
    const Addresses here({port()});
    for (size_t i = 0; i < kWaiting; i++) {
      fillers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      connect(fillers_.back().get(), here.get()->ai_addr, here.get()->ai_addrlen);
    }
  }
  uint16_t port() const { return socket_.port(); }

 private:
  static constexpr size_t kWaiting = 4;
  const ListeningSocket socket_;
  std::vector<OwnedDescriptor> fillers_;
};

uint16_t PortWithoutServer() { return ListeningSocket().port(); }

uint16_t PortOf(const OwnedDescriptor& socket) {
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  EXPECT_EQ(getpeername(socket.get(), reinterpret_cast<sockaddr*>(&peer), &size), 0);
  return ntohs(peer.sin_port);
}

TEST(AddressRaceTest, AnAddressThatDropsPacketsDoesNotUseUpTheTime) {
  const SilentSocket silent;
  const ListeningSocket server;
  const auto begin = steady_clock::now();
  const auto socket =
      ConnectToFirst(Addresses({silent.port(), silent.port(), server.port()}).get(), begin + std::chrono::seconds(60));
  ASSERT_TRUE(socket.ok()) << socket.error().message();
  EXPECT_EQ(PortOf(*socket), server.port());
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(AddressRaceTest, OneThatRefusesIsFollowedAtOnceByTheNext) {
  const ListeningSocket server;
  const auto socket = ConnectToFirst(Addresses({PortWithoutServer(), server.port()}).get(),
                                     steady_clock::now() + std::chrono::seconds(60));
  ASSERT_TRUE(socket.ok()) << socket.error().message();
  EXPECT_EQ(PortOf(*socket), server.port());
}

TEST(AddressRaceTest, AllMayFail) {
  const SilentSocket silent;
  const auto reason = [](const std::vector<uint16_t>& ports) {
    const auto socket = ConnectToFirst(Addresses(ports).get(), steady_clock::now() + std::chrono::milliseconds(400));
    return socket ? "connected" : socket.error().message();
  };
  EXPECT_EQ(reason({PortWithoutServer()}), "Connection refused");
  EXPECT_EQ(reason({silent.port(), PortWithoutServer()}), "Connection timed out");
}

}  // namespace
}  // namespace neso::client
