// Unloads the model "simple", finds that it has gone, and loads it again.
#include "example.h"
#include "http_client.h"
#include "json_utils.h"

int main(int argc, char** argv) {
  const Flags flags(argc, argv, "localhost:8000");
  std::unique_ptr<tc::InferenceServerHttpClient> client;
  Must(tc::InferenceServerHttpClient::Create(&client, flags.url, flags.verbose), "a client");

  std::string text;
  rapidjson::Document index;
  Must(client->ModelRepositoryIndex(&text, flags.headers), "the repository's index");
  Must(tc::ParseJson(&index, text), "JSON");
  std::cout << index.Size() << " entries in the repository\n";

  Must(client->UnloadModel("simple", flags.headers), "unloading");
  AwaitReadiness(client.get(), false);
  Must(client->LoadModel("simple", flags.headers), "loading");
  AwaitReadiness(client.get(), true);
  const tc::Error error = client->LoadModel("no_such_model", flags.headers);
  Must(!error.IsOk(), "an error for a model that is not there");
  std::cout << error << "\nPASS : Model Control" << std::endl;
}
