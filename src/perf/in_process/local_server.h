// A server that runs within this process: models of a repository, without a network before them.
//
//   ASSIGN_OR_RETURN(const auto server, LocalServer::Start(options));
//   ASSIGN_OR_RETURN(const std::string config, server->Ask(Question::kConfig, "digits", ""));
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "perf/in_process/server_library.h"
#include "perf/transport.h"

namespace neso::perf {

// Thread-safe.
class LocalServer {
 public:
  // Of the library that LibraryOf says, which is the first of its kind in the process (preload.h), with all models of
  // `options.model_repository`; those that do not load are told in its log, on stderr.
  // Errors: those of ServerLibrary::Open; the server's own text.
  static Expected<std::unique_ptr<LocalServer>> Start(const Options& options);
  // Waits for models that are executing, as a server's end does. Precondition: there are no requests and no responses.
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  // As Transport::Ask.
  Expected<std::string> Ask(Question question, const std::string& model, const std::string& version) const;

  const ServerLibrary& library() const { return library_; }
  TRITONSERVER_Server* handle() const { return server_; }

 private:
  LocalServer(ServerLibrary library, TRITONSERVER_Server* server) : library_(library), server_(server) {}

  const ServerLibrary library_;
  TRITONSERVER_Server* const server_;
};

// In `options.server_directory`, or in this program's own tree.
std::string LibraryOf(const Options& options);

// As the C interface has it. Error: kInvalidArg for what is no number above 0; empty: the latest.
Expected<int64_t> VersionNumber(const std::string& version);

}  // namespace neso::perf
