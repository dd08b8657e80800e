#include "server/startup_tables.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/table.h"
#include "base/text.h"

namespace neso {
namespace {

const char* ControlModeName(TRITONSERVER_ModelControlMode mode) {
  switch (mode) {
    case TRITONSERVER_MODEL_CONTROL_NONE: return "MODE_NONE";
    case TRITONSERVER_MODEL_CONTROL_POLL: return "MODE_POLL";
    case TRITONSERVER_MODEL_CONTROL_EXPLICIT: return "MODE_EXPLICIT";
  }
  return "MODE_UNKNOWN";
}

std::string ResourceJson(const ResourceLimit& resource) {
  const std::string device = resource.device < 0 ? "all" : std::to_string(resource.device);
  return fmt::format(R"({{"name":{},"device":"{}","count":{}}})", JsonQuoted(resource.name), device, resource.count);
}

// Columns in a log that no terminal shows.
constexpr size_t kFileWidth = 500;

}  // namespace

void LogTable(LogLevel level, const TableRows& rows) {
  if (!log::IsEnabled(level)) return;
  const std::optional<size_t> terminal = log::Settings().file.empty() ? TerminalWidth() : std::nullopt;
  log::WriteUnescaped(level, __FILE__, __LINE__,
                      terminal ? DrawForTerminal(rows, *terminal) : DrawTable(rows, kFileWidth));
}

TableRows RepositoryAgentTable(const std::vector<RepositoryAgentRow>& agents) {
  TableRows rows = {{"Repository Agent", "Path"}};
  for (const RepositoryAgentRow& agent : agents) rows.push_back({agent.name, agent.path});
  return rows;
}

TableRows BackendTable(const std::vector<BackendTableRow>& backends) {
  TableRows rows = {{"Backend", "Path", "Config"}};
  for (const BackendTableRow& backend : backends) rows.push_back({backend.name, backend.path, backend.config});
  return rows;
}

TableRows ModelTable(const std::vector<ModelTableRow>& models) {
  TableRows rows = {{"Model", "Version", "Status"}};
  for (const ModelTableRow& model : models) {
    if (model.version < 0) {
      rows.push_back({model.name, "-", "Not loaded: No model version was found"});
      continue;
    }
    const std::string status = model.reason.empty() ? model.state : model.state + ": " + model.reason;
    rows.push_back({model.name, std::to_string(model.version), status});
  }
  return rows;
}

TableRows KeepAliveTable(const GrpcOptions& options) {
  const auto text = [](int value) { return std::to_string(value); };
  TableRows rows = {
      {"GRPC KeepAlive Option", "Value"},
      {"keepalive_time_ms", text(options.keepalive_time_ms)},
      {"keepalive_timeout_ms", text(options.keepalive_timeout_ms)},
      {"keepalive_permit_without_calls", options.keepalive_permit_without_calls ? "1" : "0"},
      {"http2_max_pings_without_data", text(options.http2_max_pings_without_data)},
      {"http2_min_recv_ping_interval_without_data_ms", text(options.http2_min_recv_ping_interval_without_data_ms)},
      {"http2_max_ping_strikes", text(options.http2_max_ping_strikes)},
  };
  if (options.max_connection_age_ms != 0)
    rows.push_back({"max_connection_age_ms", text(options.max_connection_age_ms)});
  if (options.max_connection_age_grace_ms != 0)
    rows.push_back({"max_connection_age_grace_ms", text(options.max_connection_age_grace_ms)});
  return rows;
}

TableRows OptionTable(const ServerOptions& options, const std::string& server_version,
                      const std::vector<std::string>& server_extensions) {
  TableRows rows = {
      {"Option", "Value"},
      {"server_id", options.server_id},
      {"server_version", server_version},
      {"server_extensions", Join(server_extensions, " ")},
  };
  const auto flag = [](bool value) { return std::string(value ? "1" : "0"); };
  int index = 0;
  for (const std::string& path : options.model_repositories) {
    rows.push_back({fmt::format("model_repository_path[{}]", index++), path});
  }
  rows.push_back(
      {"model_control_mode", options.load_on_demand ? "MODE_ON_DEMAND" : ControlModeName(options.control_mode)});
  index = 0;
  for (const std::string& model : options.startup_models) {
    rows.push_back({fmt::format("startup_models_{}", index++), model});
  }
  rows.push_back({"strict_model_config", flag(options.strict_model_config)});
  rows.push_back({"model_config_name", options.model_config_name});
  rows.push_back({"rate_limit", options.rate_limit == TRITONSERVER_RATE_LIMIT_OFF ? "OFF" : "EXEC_COUNT"});
  index = 0;
  for (const ResourceLimit& resource : options.rate_limit_resources) {
    rows.push_back({fmt::format("rate_limit_resource[{}]", index++), ResourceJson(resource)});
  }
  rows.push_back({"pinned_memory_pool_byte_size", std::to_string(options.pinned_memory_pool_bytes)});
  for (const auto& [gpu, bytes] : options.cuda_memory_pool_bytes) {
    rows.push_back({fmt::format("cuda_memory_pool_byte_size{{{}}}", gpu), std::to_string(bytes)});
  }
  rows.push_back({"min_supported_compute_capability", fmt::format("{:.1f}", options.min_compute_capability)});
  rows.push_back({"strict_readiness", flag(options.strict_readiness)});
  rows.push_back({"exit_timeout", std::to_string(options.exit_timeout_seconds)});
  rows.push_back({"cache_enabled", flag(!options.cache_config.empty())});
  return rows;
}

}  // namespace neso
