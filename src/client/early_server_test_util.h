// A server that answers when it has a request's head, keeps the connection, and reads what else comes: what Go's net/http and
// proxies do with requests that they refuse.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/owned_descriptor.h"
#include "client/listening_socket_test_util.h"

namespace neso::client {

// Serves `connections`, one after the other, each until the client closes it.
class EarlyServer {
 public:
  EarlyServer(std::string answer, size_t connections) : answer_(std::move(answer)) {
    thread_ = std::thread([this, connections] {
      for (size_t i = 0; i < connections; ++i) received_.push_back(Serve());
    });
  }
  EarlyServer(const EarlyServer&) = delete;
  EarlyServer& operator=(const EarlyServer&) = delete;
  ~EarlyServer() {
    if (thread_.joinable()) Received();
  }

  uint16_t port() const { return socket_.port(); }

  // What came on each connection. All are closed, or will not be made any more.
  const std::vector<std::string>& Received() {
    shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
    return received_;
  }

 private:
  std::string Serve() const {
    const OwnedDescriptor connection = socket_.Accept();
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
  const ListeningSocket socket_;
  std::vector<std::string> received_;  // of the thread, until it has ended
  std::thread thread_;
};

}  // namespace neso::client
