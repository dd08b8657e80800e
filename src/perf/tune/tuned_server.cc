#include "perf/tune/tuned_server.h"

#include <fmt/format.h>

#include <thread>

#include "base/json.h"
#include "client/server_words.h"
#include "config/json.h"
#include "config/parse.h"
#include "perf/tune/process_memory.h"

namespace neso::perf {
namespace {

constexpr std::chrono::seconds kPatience{120};  // models may be large
constexpr std::chrono::milliseconds kPause{20};

}  // namespace

Expected<std::unique_ptr<TunedServer>> TunedServer::Attach(const std::string& url) {
  ASSIGN_OR_RETURN(client::Endpoint endpoint, client::ParseEndpoint(url, 8000));
  return std::unique_ptr<TunedServer>(new TunedServer(std::move(endpoint), url));
}

Expected<std::unique_ptr<TunedServer>> TunedServer::StartOwn(const std::string& repository, const std::string& model) {
  const TimePoint deadline = std::chrono::steady_clock::now() + kPatience;
  ASSIGN_OR_RETURN(std::unique_ptr<ServerProcess> process,
                   ServerProcess::Start({"--model-repository=" + repository, "--model-control-mode=explicit",
                                         "--load-model=" + model, "--allow-grpc=false", "--allow-metrics=false"}));
  ASSIGN_OR_RETURN(const std::string address, process->AwaitAddress(deadline));
  ASSIGN_OR_RETURN(std::unique_ptr<TunedServer> server, Attach(address));
  server->process_ = std::move(process);
  RETURN_IF_ERROR(server->AwaitReady(deadline));
  return server;
}

Expected<uint64_t> TunedServer::Memory() const {
  if (process_ == nullptr) return Unavailable("the memory of a server is known of one that is started here");
  return MemoryOfProcesses(process_->id());
}

Status TunedServer::AwaitReady(TimePoint deadline) {
  while (std::chrono::steady_clock::now() < deadline) {
    RETURN_IF_ERROR(process_->CheckRunning());
    const Expected<client::HttpAnswer> answer = client_.Call({.path = "/v2/health/ready"}, std::chrono::seconds(5));
    if (answer && answer->status == 200) return {};
    std::this_thread::sleep_for(kPause);
  }
  return process_->Failure("is not ready in time");
}

Expected<std::string> TunedServer::Ask(const client::HttpCall& call) {
  ASSIGN_OR_RETURN(client::HttpAnswer answer, client_.Call(call, kPatience));
  if (answer.status == 200) return std::move(answer.body);
  return Unavailable("{}", client::ErrorText(answer.body).value_or(answer.body));
}

Expected<inference::ModelConfig> TunedServer::ConfigOf(const std::string& model) {
  ASSIGN_OR_RETURN(const std::string json, Ask({.path = client::ModelPath(model) + "/config"}));
  return ParseModelConfigJson(json);
}

Status TunedServer::Load(const std::string& model, const inference::ModelConfig& config) {
  return Post(model, "load", fmt::format(R"({{"parameters":{{"config":{}}}}})", JsonQuoted(ModelConfigToJson(config))));
}

Status TunedServer::LoadAsItWas(const std::string& model) {
  // A load alone would find the files unchanged, and keep the configuration that it was given last.
  RETURN_IF_ERROR(Post(model, "unload", "{}"));
  return Post(model, "load", "{}");
}

Status TunedServer::Post(const std::string& model, const char* operation, const std::string& body) {
  const Expected<std::string> done =
      Ask({.method = "POST", .path = fmt::format("/v2/repository/models/{}/{}", model, operation), .body = body});
  return done ? Status() : done.error();
}

}  // namespace neso::perf
