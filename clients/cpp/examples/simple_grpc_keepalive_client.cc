// A client that looks every ten seconds whether a silent connection is still there.
#include "example.h"
#include "grpc_client.h"

int main(int argc, char** argv) {
  const Flags flags(argc, argv, "localhost:8001");
  tc::KeepAliveOptions keep_alive;
  keep_alive.keepalive_time_ms = 10'000;
  keep_alive.keepalive_timeout_ms = 5'000;
  keep_alive.keepalive_permit_without_calls = true;
  keep_alive.http2_max_pings_without_data = 0;  // any number

  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Must(tc::InferenceServerGrpcClient::Create(&client, flags.url, flags.verbose, /*use_ssl=*/false, tc::SslOptions(),
                                             keep_alive),
       "a client");
  AskForSumAndDifference(client.get(), flags);
  std::cout << "PASS : KeepAlive" << std::endl;
}
