// The tables of the start-up log: what was found, what loaded, how the server is set up.
//
//   log::WriteUnescaped(LogLevel::kInfo, __FILE__, __LINE__, DrawTable(ModelTable(rows), TerminalWidth()));
#pragma once

#include <string>
#include <vector>

#include "engine/server_options.h"
#include "server/options.h"

namespace neso {

using TableRows = std::vector<std::vector<std::string>>;  // the heading first, as DrawTable takes them

struct RepositoryAgentRow {
  std::string name;
  std::string path;
};
TableRows RepositoryAgentTable(const std::vector<RepositoryAgentRow>& agents);

struct BackendTableRow {
  std::string name;
  std::string path;
  std::string config;  // JSON: {"cmdline":{...}}
};
TableRows BackendTable(const std::vector<BackendTableRow>& backends);

struct ModelTableRow {
  std::string name;
  int64_t version;  // negative: the model has none
  std::string state;
  std::string reason;  // may be empty
};
TableRows ModelTable(const std::vector<ModelTableRow>& models);

// Of a connection's pings and age.
TableRows KeepAliveTable(const GrpcOptions& options);

TableRows OptionTable(const ServerOptions& options, const std::string& server_version,
                      const std::vector<std::string>& server_extensions);

}  // namespace neso
