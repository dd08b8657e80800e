// The server on which `neso tune` tries candidates: one that runs, or one that is started and ends with this.
//
//   ASSIGN_OR_RETURN(const auto server, TunedServer::StartOwn("models", "digits"));
//   ASSIGN_OR_RETURN(const inference::ModelConfig config, server->ConfigOf("digits"));
//   RETURN_IF_ERROR(server->Load("digits", changed));
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "client/http_client.h"
#include "config/model_config.pb.h"
#include "perf/tune/server_process.h"

namespace neso::perf {

// Confined to a thread.
class TunedServer {
 public:
  // Error: kInvalidArg for what is no address.
  static Expected<std::unique_ptr<TunedServer>> Attach(const std::string& url);
  // This program, in control mode EXPLICIT, on a port of the loopback that it chooses. Error: kUnavailable with what it has
  // logged.
  static Expected<std::unique_ptr<TunedServer>> StartOwn(const std::string& repository, const std::string& model);
  TunedServer(const TunedServer&) = delete;
  TunedServer& operator=(const TunedServer&) = delete;

  const std::string& url() const { return url_; }
  // What its processes take of the machine's memory, in bytes. Error: kUnavailable, also for one that was there before.
  Expected<uint64_t> Memory() const;
  // As the server has completed it. Error: the server's own text.
  Expected<inference::ModelConfig> ConfigOf(const std::string& model);
  // Loads the model anew with this configuration. Error: the server's own text.
  Status Load(const std::string& model, const inference::ModelConfig& config);
  // As the repository has it, after it has been unloaded.
  Status LoadAsItWas(const std::string& model);

 private:
  TunedServer(client::Endpoint endpoint, std::string url) : url_(std::move(url)), client_(std::move(endpoint)) {}
  Expected<std::string> Ask(const client::HttpCall& call);
  Status AwaitReady(TimePoint deadline);
  Status Post(const std::string& model, const char* operation, const std::string& body);

  const std::string url_;
  client::HttpClient client_;
  std::unique_ptr<ServerProcess> process_;  // null: not its own
};

}  // namespace neso::perf
