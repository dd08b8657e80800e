// A socket that listens on a free port of this machine, for servers that do what no proper one does.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "base/owned_descriptor.h"

namespace neso::client {

class ListeningSocket {
 public:
  ListeningSocket() {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    EXPECT_EQ(bind(get(), reinterpret_cast<sockaddr*>(&where), size), 0);
    EXPECT_EQ(listen(get(), 8), 0);
    EXPECT_EQ(getsockname(get(), reinterpret_cast<sockaddr*>(&where), &size), 0);
    port_ = ntohs(where.sin_port);
  }

  int get() const { return socket_.get(); }
  uint16_t port() const { return port_; }
  OwnedDescriptor Accept() const { return OwnedDescriptor(accept(get(), nullptr, nullptr)); }

 private:
  const OwnedDescriptor socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  uint16_t port_ = 0;
};

}  // namespace neso::client
