// The client that a program of tests is about: that of gRPC where CLIENT_GRPC is defined, else that of HTTP.
#pragma once

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
