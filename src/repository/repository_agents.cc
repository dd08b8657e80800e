// The part of ModelRepository that lets repository agents see models before they are loaded.
#include <functional>
#include <utility>

#include "base/read_file.h"
#include "config/json.h"
#include "config/parse.h"
#include "repository/repository.h"

namespace neso {
namespace {

AgentParameters Sorted(const google::protobuf::Map<std::string, std::string>& parameters) {
  const std::map<std::string, std::string> sorted(parameters.begin(), parameters.end());
  return {sorted.begin(), sorted.end()};
}

// What an agent sees of a folder that another one has chosen; empty if nothing can be read of it.
inference::ModelConfig ConfigAt(const std::string& location) {
  const std::string path = location + "/config.pbtxt";
  const Expected<std::optional<std::string>> text = ReadFileIfThere(path, kMaxModelConfigBytes);
  if (!text || !*text) return {};
  Expected<inference::ModelConfig> config = ParseModelConfigText(**text, path);
  return config ? *std::move(config) : inference::ModelConfig();
}

uint64_t Fingerprint(const FolderSnapshot& folder, const std::optional<inference::ModelConfig>& config_override) {
  // As text, whose maps are in order.
  const std::string given = config_override ? ModelConfigToJson(*config_override) : std::string();
  const std::hash<std::string> hash;
  return folder.Fingerprint() * 31 + hash(folder.path) * 7 + hash(given);
}

}  // namespace

Expected<std::vector<AgentWish>> ModelRepository::AgentsOf(const FolderSnapshot& folder,
                                                           const std::optional<inference::ModelConfig>& config_override,
                                                           inference::ModelConfig& config) const {
  std::vector<AgentWish> wishes = options_.agents.required;
  // Nearly all models ask for no agent, and need not be parsed twice.
  const bool may_ask = folder.config_text && folder.config_text->find("model_repository_agents") != std::string::npos;
  if (config_override) {
    config = *config_override;
  } else if (folder.config_text && (may_ask || !wishes.empty())) {
    ASSIGN_OR_RETURN(config, ParseModelConfigText(*folder.config_text, folder.config_path));
  }
  for (const auto& agent : config.model_repository_agents().agents()) {
    wishes.push_back({agent.name(), Sorted(agent.parameters())});
  }
  return wishes;
}

Expected<AgentOutcome> ModelRepository::StartAgents(const Location& location, AgentSource source,
                                                    const std::vector<AgentWish>& wishes) const {
  ASSIGN_OR_RETURN(LocalFolder local, location.storage->Localize(location.path));
  source.location = std::move(local.path);
  if (source.keeper == nullptr) source.keeper = std::move(local.keeper);
  if (source.config.name().empty()) source.config.set_name(location.name);
  const std::string id = source.model;
  AgentOutcome outcome;
  const auto find = [this](const std::string& name) { return agents_.Get(name); };
  ASSIGN_OR_RETURN(outcome.chain, AgentChain::Load(wishes, std::move(source), find, ConfigAt));
  if (outcome.chain->has_moved()) {
    const std::string& path = outcome.chain->location();
    ASSIGN_OR_RETURN(const Storage* const storage, storages_.Of(path));
    ASSIGN_OR_RETURN(FolderSnapshot moved, storage->ReadModelFolder(path, options_.model_config_name));
    outcome.moved = std::make_shared<const FolderSnapshot>(std::move(moved));
  }
  agent_chains_.Add(id, outcome);
  return outcome;
}

Expected<ModelRepository::AgentRun> ModelRepository::RunAgents(
    const Location& location, const FolderSnapshot& folder,
    const std::optional<inference::ModelConfig>& config_override, std::shared_ptr<const void> keeper) const {
  AgentRun run;
  AgentSource source;
  ASSIGN_OR_RETURN(const std::vector<AgentWish> wishes, AgentsOf(folder, config_override, source.config));
  if (wishes.empty()) return run;
  source.model = ModelId(location.name_space, location.name);
  source.keeper = std::move(keeper);
  source.fingerprint = Fingerprint(folder, config_override);
  run.outcome = agent_chains_.Find(source.model, source.fingerprint);
  if (run.outcome.chain == nullptr) {
    ASSIGN_OR_RETURN(run.outcome, StartAgents(location, std::move(source), wishes));
  }
  run.local.path = run.outcome.chain->location();
  if (run.outcome.chain->has_moved()) {
    ASSIGN_OR_RETURN(const Storage* const storage, storages_.Of(run.local.path));
    ASSIGN_OR_RETURN(run.local, storage->Localize(run.local.path));
  }
  // The chain keeps what it started from, and what its agents have made.
  run.local.keeper = std::make_shared<std::pair<std::shared_ptr<const void>, std::shared_ptr<AgentChain>>>(
      std::move(run.local.keeper), run.outcome.chain);
  return run;
}

std::vector<std::shared_ptr<RepositoryAgent>> ModelRepository::Agents() const { return agents_.All(); }

}  // namespace neso
