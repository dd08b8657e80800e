// ready HOST:PORT: as programs for Triton's client library ask.
#include <iostream>

#include "http_client.h"

int main(int, char** argv) {
  std::unique_ptr<triton::client::InferenceServerHttpClient> client;
  bool is_ready = false;
  triton::client::Error error = triton::client::InferenceServerHttpClient::Create(&client, argv[1]);
  if (error.IsOk()) error = client->IsServerReady(&is_ready);
  if (!error.IsOk()) std::cerr << error << std::endl;
  return is_ready ? 0 : 1;
}
