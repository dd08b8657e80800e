#include "perf/in_process/local_server.h"

#include "base/own_library.h"
#include "perf/option_values.h"

namespace neso::perf {
namespace {

constexpr int64_t kLatest = -1;
constexpr uint32_t kConfigVersion = 1;

std::string TreeOf(const Options& options) {
  return options.server_directory.empty() ? OwnFolder() + ".." : options.server_directory;
}

Status Configure(const ServerLibrary& library, const Options& options, TRITONSERVER_ServerOptions* server) {
  const std::string tree = TreeOf(options);
  for (TRITONSERVER_Error* const error : {
           library->ServerOptionsSetModelRepositoryPath(server, options.model_repository.c_str()),
           library->ServerOptionsSetBackendDirectory(server, (tree + "/backends").c_str()),
           library->ServerOptionsSetRepoAgentDirectory(server, (tree + "/repoagents").c_str()),
           library->ServerOptionsSetStrictModelConfig(server, false),
           library->ServerOptionsSetExitOnError(server, false),  // it is for one of the models that there are
           library->ServerOptionsSetStrictReadiness(server, false),
           library->ServerOptionsSetModelLoadRetryCount(server, 0),  // a Triton goes on for ever unless it is told
           library->ServerOptionsSetMetrics(server, false),
           library->ServerOptionsSetLogInfo(server, options.verbose),
       }) {
    RETURN_IF_ERROR(library.StatusOf(error));
  }
  return {};
}

}  // namespace

std::string LibraryOf(const Options& options) { return TreeOf(options) + "/lib/libtritonserver.so"; }

Expected<int64_t> VersionNumber(const std::string& version) {
  if (version.empty()) return kLatest;
  const std::optional<int64_t> number = ReadNumber<int64_t>(version);
  if (!number || *number <= 0)
    return InvalidArg("expected a number above 0 for the model's version, got '{}'", version);
  return *number;
}

Expected<std::unique_ptr<LocalServer>> LocalServer::Start(const Options& options) {
  ASSIGN_OR_RETURN(const ServerLibrary library, ServerLibrary::Open(LibraryOf(options)));
  TRITONSERVER_ServerOptions* settings = nullptr;
  RETURN_IF_ERROR(library.StatusOf(library->ServerOptionsNew(&settings)));
  Status status = Configure(library, options, settings);
  TRITONSERVER_Server* server = nullptr;
  if (status.ok()) status = library.StatusOf(library->ServerNew(&server, settings));
  library.Discard(library->ServerOptionsDelete(settings));
  RETURN_IF_ERROR(status);
  std::unique_ptr<LocalServer> started(new LocalServer(library, server));
  bool is_ready = false;
  RETURN_IF_ERROR(library.StatusOf(library->ServerIsReady(server, &is_ready)));
  if (!is_ready) return Unavailable("the server in this process is not ready");
  return started;
}

LocalServer::~LocalServer() { library_.Discard(library_->ServerDelete(server_)); }

Expected<std::string> LocalServer::Ask(Question question, const std::string& model, const std::string& version) const {
  ASSIGN_OR_RETURN(const int64_t number, VersionNumber(version));
  TRITONSERVER_Message* message = nullptr;
  TRITONSERVER_Error* error = nullptr;
  switch (question) {
    case Question::kMetadata: error = library_->ServerModelMetadata(server_, model.c_str(), number, &message); break;
    case Question::kConfig:
      error = library_->ServerModelConfig(server_, model.c_str(), number, kConfigVersion, &message);
      break;
    case Question::kStatistics:
      error = library_->ServerModelStatistics(server_, model.c_str(), number, &message);
      break;
  }
  RETURN_IF_ERROR(library_.StatusOf(error));
  const char* base = nullptr;
  size_t bytes = 0;
  const Status written = library_.StatusOf(library_->MessageSerializeToJson(message, &base, &bytes));
  std::string text = written.ok() ? std::string(base, bytes) : "";
  library_.Discard(library_->MessageDelete(message));
  RETURN_IF_ERROR(written);
  return text;
}

}  // namespace neso::perf
