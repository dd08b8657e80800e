// What the tests of neso::Client share, over both protocols.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/owned_descriptor.h"
#include "neso/client.h"
#include "net/net_test_util.h"

namespace neso {

inline std::string At(const net::TestServer& server) { return "127.0.0.1:" + std::to_string(server.port()); }

// Where nobody listens.
inline std::string Nowhere() {
  net::TestServer server;
  return At(server);
}

inline Client Connect(const std::vector<std::string>& endpoints, ClientOptions options = {}) {
  Result<Client> client = Client::Open(endpoints, options);
  EXPECT_TRUE(client.ok()) << client.error().message;
  return std::move(client).value();
}

inline InferRequest Request() {
  InferRequest request{.model = "a b"};
  request.inputs.emplace("x", Tensor({2}, std::vector<int16_t>{1, 2}));
  return request;
}

// Takes a connection for each answer, reads a request's head, sends the answer, and closes.
class RawServer {
 public:
  explicit RawServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&where), size), 0);
    EXPECT_EQ(listen(socket_.get(), 8), 0);
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&where), &size), 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
    thread_ = std::thread([this] {
      for (const std::string& answer : answers_) Serve(answer);
    });
  }
  // When all answers were asked for.
  ~RawServer() { thread_.join(); }

  const std::string& address() const { return address_; }

 private:
  void Serve(const std::string& answer) {
    const OwnedDescriptor connection(accept(socket_.get(), nullptr, nullptr));
    std::string request;
    char bytes[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = recv(connection.get(), bytes, sizeof bytes, 0);
      if (n <= 0) return;
      request.append(bytes, static_cast<size_t>(n));
    }
    EXPECT_EQ(send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(answer.size()));
  }

  const OwnedDescriptor socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const std::vector<std::string> answers_;
  std::string address_;
  std::thread thread_;
};

}  // namespace neso
