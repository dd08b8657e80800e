// A client whose channel has arguments of the caller's; those that other clients have by themselves are set here, too.
#include "example.h"
#include "grpc_client.h"

int main(int argc, char** argv) {
  const Flags flags(argc, argv, "localhost:8001");
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(tc::MAX_GRPC_MESSAGE_SIZE);
  arguments.SetMaxReceiveMessageSize(tc::MAX_GRPC_MESSAGE_SIZE);
  arguments.SetUserAgentPrefix("neso-example");
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);

  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Must(tc::InferenceServerGrpcClient::Create(&client, flags.url, arguments, flags.verbose), "a client");
  AskForSumAndDifference(client.get(), flags);
  std::cout << "PASS : Custom Args" << std::endl;
}
