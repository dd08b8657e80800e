// http_tls <https://host:port> <authority> <certificate> <key>: only who trusts the server, and is trusted, gets an answer.
#include <iostream>

#include "http_client.h"

namespace tc = triton::client;

namespace {

bool IsLive(const std::string& url, const tc::HttpSslOptions& options) {
  std::unique_ptr<tc::InferenceServerHttpClient> client;
  tc::InferenceServerHttpClient::Create(&client, url, false, options);
  bool live = false;
  const tc::Error error = client->IsServerLive(&live);
  if (!error.IsOk()) std::cout << error << "\n";
  return live;
}

}  // namespace

int main(int, char** argv) {
  const std::string url = argv[1];
  tc::HttpSslOptions trusted;
  trusted.ca_info = argv[2];
  trusted.cert = argv[3];
  trusted.key = argv[4];
  tc::HttpSslOptions trusting_nobody = trusted, unchecked = trusted, nameless = trusted;
  trusting_nobody.ca_info.clear();
  unchecked.ca_info.clear();
  unchecked.verify_peer = unchecked.verify_host = 0;
  nameless.cert.clear();
  nameless.key.clear();
  const bool right =
      IsLive(url, trusted) && IsLive(url, unchecked) && !IsLive(url, trusting_nobody) && !IsLive(url, nameless);
  std::cout << (right ? "PASS" : "FAIL") << std::endl;
  return right ? 0 : 1;
}
