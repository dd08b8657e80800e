// A server that answers when it has a request's head, keeps the connection, and reads what else comes: what Go's net/http and
// proxies do with requests that they refuse.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/owned_descriptor.h"

namespace neso::client {

// Serves `connections`, one after the other, each until the client closes it.
class EarlyServer {
 public:
  EarlyServer(std::string answer, size_t connections) : answer_(std::move(answer)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&where), size), 0);
    EXPECT_EQ(listen(socket_.get(), 8), 0);
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&where), &size), 0);
    port_ = ntohs(where.sin_port);
    thread_ = std::thread([this, connections] {
      for (size_t i = 0; i < connections; ++i) received_.push_back(Serve());
    });
  }
  EarlyServer(const EarlyServer&) = delete;
  EarlyServer& operator=(const EarlyServer&) = delete;
  ~EarlyServer() {
    if (thread_.joinable()) Received();
  }

  uint16_t port() const { return port_; }

  // What came on each connection. All are closed, or will not be made any more.
  const std::vector<std::string>& Received() {
    shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
    return received_;
  }

 private:
  std::string Serve() const {
    const OwnedDescriptor connection(accept(socket_.get(), nullptr, nullptr));
    std::string received;
    std::vector<char> bytes(1 << 16);
    bool has_answered = false;
    while (true) {
      const ssize_t n = recv(connection.get(), bytes.data(), bytes.size(), 0);
      if (n <= 0) return received;
      received.append(bytes.data(), static_cast<size_t>(n));
      if (std::exchange(has_answered, has_answered || received.find("\r\n\r\n") != std::string::npos) || !has_answered)
        continue;
      EXPECT_EQ(send(connection.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(answer_.size()));
      // The answer is there before there is room for more of the request.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  const std::string answer_;
  const OwnedDescriptor socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  uint16_t port_ = 0;
  std::vector<std::string> received_;  // of the thread, until it has ended
  std::thread thread_;
};

}  // namespace neso::client
