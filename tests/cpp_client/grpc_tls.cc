// grpc_tls <host:port> <authority> <certificate> <key>: only who trusts the server, and is trusted, gets an answer.
#include <iostream>

#include "grpc_client.h"

namespace tc = triton::client;

namespace {

bool IsLive(const std::string& url, const tc::SslOptions& options) {
  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  const tc::Error created = tc::InferenceServerGrpcClient::Create(&client, url, false, true, options);
  if (!created.IsOk()) std::cout << created << "\n";
  bool live = false;
  const tc::Error error = client->IsServerLive(&live);
  if (!error.IsOk()) std::cout << error << "\n";
  return live;
}

}  // namespace

int main(int, char** argv) {
  const std::string url = argv[1];
  tc::SslOptions trusted;
  trusted.root_certificates = argv[2];
  trusted.certificate_chain = argv[3];
  trusted.private_key = argv[4];
  tc::SslOptions trusting_nobody = trusted, nameless = trusted;
  trusting_nobody.root_certificates = argv[3];
  nameless.certificate_chain.clear();
  nameless.private_key.clear();
  const bool right = IsLive(url, trusted) && !IsLive(url, trusting_nobody) && !IsLive(url, nameless);
  std::cout << (right ? "PASS" : "FAIL") << std::endl;
  return right ? 0 : 1;
}
