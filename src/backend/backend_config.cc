#include "backend/backend_config.h"

#include <map>
#include <string_view>

#include "base/json.h"
#include "base/log.h"

namespace neso {
namespace {

void AppendMember(std::string& json, std::string_view name, std::string_view value) {
  if (json.back() != '{') json += ',';
  AppendJsonString(json, name);
  json += ':';
  AppendJsonString(json, value);
}

}  // namespace

std::string BackendConfigJson(const BackendOptions& options, const std::string& backend) {
  std::map<std::string, std::string> settings = {
      {"auto-complete-config", options.auto_complete ? "true" : "false"},
      {"backend-directory", options.backend_directory},
      {"min-compute-capability", std::to_string(options.min_compute_capability)},
  };
  for (const std::string& owner : {std::string(), backend}) {
    const auto found = options.settings.find(owner);
    if (found == options.settings.end()) continue;
    for (const auto& [name, value] : found->second) settings[name] = value;
  }

  std::string json = "{\"cmdline\":{";
  for (const auto& [name, value] : settings) AppendMember(json, name, value);
  if (!settings.contains("default-max-batch-size")) {
    LOG_VERBOSE(1, "Adding default backend config setting: default-max-batch-size,4");
    AppendMember(json, "default-max-batch-size", "4");
  }
  return json + "}}";
}

}  // namespace neso
