#include "perf/tune/tuned_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/json.h"
#include "base/owned_descriptor.h"
#include "base/read_file.h"
#include "client/server_words.h"
#include "config/json.h"
#include "config/parse.h"
#include "perf/tune/process_memory.h"

namespace neso::perf {
namespace {

constexpr std::chrono::seconds kPatience{120};  // models may be large
constexpr std::chrono::milliseconds kPause{20};
constexpr size_t kMostLogBytes = size_t{16} << 20;
constexpr size_t kShownLogBytes = 2000;

// One that is free now.
Expected<uint16_t> FreePort() {
  const OwnedDescriptor socket_fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(socket_fd.get(), any, size) != 0 || getsockname(socket_fd.get(), any, &size) != 0)
    return Unavailable("no port for a server: {}", std::strerror(errno));
  return ntohs(address.sin_port);
}

Expected<pid_t> Spawn(std::vector<std::string> words, const std::string& log_file) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t process = -1;
  const int error = posix_spawn(&process, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Unavailable("cannot start {}: {}", words[0], std::strerror(error));
  return process;
}

std::string EndOfLog(const std::string& log_file) {
  const Expected<std::string> text = ReadFile(log_file, kMostLogBytes);
  if (!text) return text.error().message();
  return text->substr(text->size() - std::min(text->size(), kShownLogBytes));
}

}  // namespace

Expected<std::unique_ptr<TunedServer>> TunedServer::Attach(const std::string& url) {
  ASSIGN_OR_RETURN(client::Endpoint endpoint, client::ParseEndpoint(url, 8000));
  return std::unique_ptr<TunedServer>(new TunedServer(std::move(endpoint), url));
}

Expected<std::unique_ptr<TunedServer>> TunedServer::StartOwn(const std::string& repository, const std::string& model) {
  ASSIGN_OR_RETURN(const uint16_t port, FreePort());
  ASSIGN_OR_RETURN(std::unique_ptr<TunedServer> server, Attach(fmt::format("127.0.0.1:{}", port)));
  server->log_file_ = (std::filesystem::temp_directory_path() / fmt::format("neso-tune-{}.log", getpid())).string();
  ASSIGN_OR_RETURN(server->process_,
                   Spawn({std::filesystem::read_symlink("/proc/self/exe").string(), "--model-repository=" + repository,
                          "--model-control-mode=explicit", "--load-model=" + model, "--http-address=127.0.0.1",
                          fmt::format("--http-port={}", port), "--allow-grpc=false", "--allow-metrics=false"},
                         server->log_file_));
  RETURN_IF_ERROR(server->AwaitReady());
  return server;
}

TunedServer::~TunedServer() {
  if (process_ < 0) return;
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove(log_file_, ignored);
}

Expected<uint64_t> TunedServer::Memory() const {
  if (process_ < 0) return Unavailable("the memory of a server is known of one that is started here");
  return MemoryOfProcesses(process_);
}

Status TunedServer::AwaitReady() {
  const TimePoint deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    int status = 0;
    if (waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      return Unavailable("the server ended while it started; the end of its log:\n{}", EndOfLog(log_file_));
    }
    const Expected<client::HttpAnswer> answer = client_.Call({.path = "/v2/health/ready"}, std::chrono::seconds(5));
    if (answer && answer->status == 200) return {};
    std::this_thread::sleep_for(kPause);
  }
  return Unavailable("the server is not ready after {} s; the end of its log:\n{}", kPatience.count(),
                     EndOfLog(log_file_));
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
