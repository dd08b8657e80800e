// The client that a program of tests is about: that of gRPC where CLIENT_GRPC is defined, else that of HTTP.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "support.h"
#ifdef CLIENT_GRPC
#include "grpc_client.h"
using Client = tc::InferenceServerGrpcClient;
#else
#include "http_client.h"
using Client = tc::InferenceServerHttpClient;
#endif

inline std::unique_ptr<Client> Connect(const std::string& url = server_url) {
  std::unique_ptr<Client> client;
  EXPECT_OK(Client::Create(&client, url));
  return client;
}

// Listens, and does nothing more by itself.
class SilentSocket {
 public:
  SilentSocket() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&where), size), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&where), &size), 0);
    url_ = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
  }
  ~SilentSocket() { close(socket_); }
  SilentSocket(const SilentSocket&) = delete;

  int get() const { return socket_; }
  const std::string& url() const { return url_; }

 private:
  const int socket_;
  std::string url_;
};

inline const std::vector<int32_t> kNumbers = {1, -2, 3, 2147483647};

class ClientTest : public testing::Test {
 protected:
  std::unique_ptr<Client> client = Connect();
  std::unique_ptr<tc::InferInput> input = Input("INPUT0", "INT32", kNumbers);
  std::unique_ptr<tc::InferRequestedOutput> output = Output("OUTPUT0");
  tc::InferOptions options{"identity"};
  std::string text;

  std::unique_ptr<tc::InferResult> Infer(const tc::InferOptions& of) {
    tc::InferResult* answer = nullptr;
    EXPECT_OK(client->Infer(&answer, of, {input.get()}));
    return std::unique_ptr<tc::InferResult>(answer);
  }
};
