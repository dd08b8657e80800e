// Whether the server and a model are there, and what they tell about themselves.
#include "example.h"
#include "http_client.h"
#include "json_utils.h"

int main(int argc, char** argv) {
  const Flags flags(argc, argv, "localhost:8000");
  std::unique_ptr<tc::InferenceServerHttpClient> client;
  Must(tc::InferenceServerHttpClient::Create(&client, flags.url, flags.verbose), "a client");

  bool live, ready, model_ready;
  Must(client->IsServerLive(&live, flags.headers), "liveness");
  Must(client->IsServerReady(&ready, flags.headers), "readiness");
  Must(client->IsModelReady(&model_ready, "simple", "", flags.headers), "the model's readiness");
  Must(live && ready && model_ready, "a server and a model that are ready");

  std::string text;
  rapidjson::Document json;
  Must(client->ServerMetadata(&text, flags.headers), "the server's metadata");
  Must(tc::ParseJson(&json, text), "JSON");
  std::cout << json["name"].GetString() << " " << json["version"].GetString() << "\n";
  Must(client->ModelMetadata(&text, "simple", "", flags.headers), "the model's metadata");
  Must(tc::ParseJson(&json, text), "JSON");
  Must(json["name"] == "simple", "its name");

  const tc::Error unknown = client->ModelMetadata(&text, "no_such_model", "", flags.headers);
  Must(!unknown.IsOk(), "an error for a model that is not there");
  std::cout << unknown << "\nPASS : Health Metadata" << std::endl;
}
