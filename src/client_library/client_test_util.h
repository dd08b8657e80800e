// What the tests of neso::Client share, over both protocols.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/owned_descriptor.h"
#include "client/listening_socket_test_util.h"
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

// Listens, but takes no connection: whoever connects gets no answer, as from a machine that is gone.
class FullSocket {
 public:
  FullSocket() {
    EXPECT_EQ(listen(listening_.get(), 0), 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(listening_.port());
    for (int i = 0; i < 3; ++i) {
      waiting_.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      connect(waiting_.back().get(), reinterpret_cast<sockaddr*>(&where), sizeof where);
    }
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(listening_.port()); }

 private:
  const client::ListeningSocket listening_;
  std::vector<OwnedDescriptor> waiting_;
};

// Takes a connection for each answer, reads a request's head, sends the answer, and closes.
class RawServer {
 public:
  explicit RawServer(std::vector<std::string> answers)
      : answers_(std::move(answers)), address_("127.0.0.1:" + std::to_string(socket_.port())) {
    thread_ = std::thread([this] {
      for (const std::string& answer : answers_) Serve(answer);
    });
  }
  // When all answers were asked for.
  ~RawServer() { thread_.join(); }

  const std::string& address() const { return address_; }

 private:
  void Serve(const std::string& answer) {
    const OwnedDescriptor connection = socket_.Accept();
    std::string request;
    char bytes[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = recv(connection.get(), bytes, sizeof bytes, 0);
      if (n <= 0) return;
      request.append(bytes, static_cast<size_t>(n));
    }
    EXPECT_EQ(send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(answer.size()));
  }

  const client::ListeningSocket socket_;
  const std::vector<std::string> answers_;
  const std::string address_;
  std::thread thread_;
};

}  // namespace neso
