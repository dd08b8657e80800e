// Whether the server and a model are there, and what they tell about themselves.
#include "example.h"
#include "grpc_client.h"

int main(int argc, char** argv) {
  const Flags flags(argc, argv, "localhost:8001");
  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Must(tc::InferenceServerGrpcClient::Create(&client, flags.url, flags.verbose), "a client");

  bool live, ready, model_ready;
  Must(client->IsServerLive(&live, flags.headers), "liveness");
  Must(client->IsServerReady(&ready, flags.headers), "readiness");
  Must(client->IsModelReady(&model_ready, "simple", "", flags.headers), "the model's readiness");
  Must(live && ready && model_ready, "a server and a model that are ready");

  inference::ServerMetadataResponse server;
  Must(client->ServerMetadata(&server, flags.headers), "the server's metadata");
  std::cout << server.name() << " " << server.version() << "\n";
  inference::ModelMetadataResponse model;
  Must(client->ModelMetadata(&model, "simple", "", flags.headers), "the model's metadata");
  Must(model.name() == "simple", "its name");
  inference::ModelConfigResponse config;
  Must(client->ModelConfig(&config, "simple", "", flags.headers), "the model's configuration");
  Must(config.config().name() == "simple", "its name there");

  const tc::Error unknown = client->ModelMetadata(&model, "no_such_model", "", flags.headers);
  Must(!unknown.IsOk(), "an error for a model that is not there");
  std::cout << unknown << "\nPASS : Health Metadata" << std::endl;
}
