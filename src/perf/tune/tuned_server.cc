#include "perf/tune/tuned_server.h"

#include "config/json.h"
#include "config/parse.h"
#include "perf/tune/process_memory.h"

namespace neso::perf {

Expected<std::unique_ptr<TunedServer>> TunedServer::Attach(const Options& load) {
  ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport, MakeTransport(load, load.url));
  return std::unique_ptr<TunedServer>(new TunedServer(load.model, std::move(transport)));
}

Expected<std::unique_ptr<TunedServer>> TunedServer::StartOwn(const std::string& repository, Options& load) {
  const TimePoint deadline = std::chrono::steady_clock::now() + kLoadPatience;
  ASSIGN_OR_RETURN(std::unique_ptr<ServerProcess> process,
                   ServerProcess::Start({"--model-repository=" + repository, "--model-control-mode=explicit",
                                         "--load-model=" + load.model, "--allow-grpc=false", "--allow-metrics=false"}));
  // It listens when it has loaded the model.
  ASSIGN_OR_RETURN(load.url, process->AwaitAddress(deadline));
  ASSIGN_OR_RETURN(std::unique_ptr<TunedServer> server, Attach(load));
  server->process_ = std::move(process);
  return server;
}

Expected<uint64_t> TunedServer::Memory() const {
  if (process_ == nullptr) return Unavailable("the memory of a server is known of one that is started here");
  return MemoryOfProcesses(process_->id());
}

Expected<inference::ModelConfig> TunedServer::Config() {
  ASSIGN_OR_RETURN(const std::string json, transport_->Ask(Question::kConfig, model_, {}));
  return ParseModelConfigJson(json);
}

Status TunedServer::Load(const inference::ModelConfig& config) {
  return transport_->Load(model_, ModelConfigToJson(config));
}

Status TunedServer::LoadAsItWas() {
  if (process_ != nullptr) return {};  // it ends with this
  // A load alone would find the files unchanged, and keep the configuration that it was given last.
  RETURN_IF_ERROR(transport_->Unload(model_));
  return transport_->Load(model_, {});
}

}  // namespace neso::perf
