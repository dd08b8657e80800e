// The tables of the start-up log: what was found, what loaded, how the server is set up.
//
//   LogTable(LogLevel::kInfo, ModelTable(rows));
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "engine/server_options.h"
#include "server/options.h"

namespace neso {

using TableRows = std::vector<std::vector<std::string>>;  // the heading first, as DrawTable takes them

// As wide as the table is in a file or a pipe, where programs read it; on a terminal in a form that fits.
void LogTable(LogLevel level, const TableRows& rows);

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
