// Unloads the model "simple", finds that it has gone, and loads it again.
#include "example.h"
#include "grpc_client.h"

int main(int argc, char** argv) {
  const Flags flags(argc, argv, "localhost:8001");
  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Must(tc::InferenceServerGrpcClient::Create(&client, flags.url, flags.verbose), "a client");

  inference::RepositoryIndexResponse index;
  Must(client->ModelRepositoryIndex(&index, flags.headers), "the repository's index");
  std::cout << index.models_size() << " entries in the repository\n";

  Must(client->UnloadModel("simple", flags.headers), "unloading");
  AwaitReadiness(client.get(), false);
  Must(client->LoadModel("simple", flags.headers), "loading");
  AwaitReadiness(client.get(), true);
  const tc::Error error = client->LoadModel("no_such_model", flags.headers);
  Must(!error.IsOk(), "an error for a model that is not there");
  std::cout << error << "\nPASS : Model Control" << std::endl;
}
