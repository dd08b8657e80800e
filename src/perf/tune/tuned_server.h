// The server on which `neso tune` tries candidates: one that runs, or one that is started and ends with this.
//
//   ASSIGN_OR_RETURN(const auto server, TunedServer::StartOwn("models", load));
//   ASSIGN_OR_RETURN(const inference::ModelConfig config, server->Config());
//   RETURN_IF_ERROR(server->Load(changed));
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "config/model_config.pb.h"
#include "perf/options.h"
#include "perf/transport.h"
#include "perf/tune/server_process.h"

namespace neso::perf {

// Confined to a thread.
class TunedServer {
 public:
  // That of `load`, which outlives it, asked as that says. Errors: those of MakeTransport.
  static Expected<std::unique_ptr<TunedServer>> Attach(const Options& load);
  // This program, in control mode EXPLICIT, over HTTP on a port of the loopback that it chooses and that `load` then has.
  // Errors: kUnavailable with what it has logged; kCancelled when this process is interrupted.
  static Expected<std::unique_ptr<TunedServer>> StartOwn(const std::string& repository, Options& load);
  TunedServer(const TunedServer&) = delete;
  TunedServer& operator=(const TunedServer&) = delete;

  // What its processes take of the machine's memory, in bytes. Error: kUnavailable, also for one that was there before.
  Expected<uint64_t> Memory() const;
  // The model's, as the server has completed it. Error: the server's own text.
  Expected<inference::ModelConfig> Config();
  // Loads the model anew with this configuration. Error: the server's own text.
  Status Load(const inference::ModelConfig& config);
  // As the repository has it, after it has been unloaded.
  Status LoadAsItWas();

 private:
  TunedServer(std::string model, std::unique_ptr<Transport> transport)
      : model_(std::move(model)), transport_(std::move(transport)) {}

  const std::string model_;
  std::unique_ptr<ServerProcess> process_;  // null: not its own
  const std::unique_ptr<Transport> transport_;
};

}  // namespace neso::perf
