// The part of ModelRepository that tells beforehand what a load would bring, for whoever has to make room for it.
#include <utility>

#include "config/ensemble.h"
#include "config/versions.h"
#include "repository/model_name.h"
#include "repository/repository.h"

namespace neso {

Expected<ModelRepository::Locations> ModelRepository::LocateSome(const std::string& name) const {
  RETURN_IF_ERROR(CheckModelName(name));
  Locations locations = Locate(name);
  if (locations.empty()) return NotFound("model '{}' not found in any model repository", name);
  return locations;
}

Expected<uint64_t> ModelRepository::FingerprintOf(const std::string& name) const {
  ASSIGN_OR_RETURN(const Locations locations, LocateSome(name));
  uint64_t fingerprint = 0;
  for (const auto& [id, location] : locations) {
    ASSIGN_OR_RETURN(const FolderSnapshot folder,
                     location.storage->ReadModelFolder(location.path, options_.model_config_name));
    fingerprint = fingerprint * 31 + folder.Fingerprint();
  }
  return fingerprint;
}

Status ModelRepository::CheckLoadable(const std::string& name, int64_t version) const {
  ASSIGN_OR_RETURN(const Locations locations, LocateSome(name));
  for (const auto& [id, location] : locations) {
    std::vector<std::string> called;
    ASSIGN_OR_RETURN(const LoadCandidate candidate, PreviewFolder(location, called));
    RETURN_IF_ERROR(candidate.complaint);
    if (version != -1 && !candidate.versions.empty() && !candidate.versions.contains(version)) {
      return NotFound("model '{}' has no version {} that its version policy chooses", name, version);
    }
  }
  return {};
}

Expected<std::vector<LoadCandidate>> ModelRepository::PreviewLoad(const std::string& name) const {
  RETURN_IF_ERROR(CheckModelName(name));
  std::map<std::string, LoadCandidate> candidates;
  std::vector<std::string> open = {name};
  while (!open.empty()) {
    const std::string id = std::move(open.back());
    open.pop_back();
    if (candidates.contains(id)) continue;
    const Locations locations = Locate(id);
    // What an ensemble misses is its own check's to tell.
    if (locations.empty() && id == name) return NotFound("model '{}' not found in any model repository", name);
    if (!locations.contains(id)) continue;
    ASSIGN_OR_RETURN(candidates[id], PreviewFolder(locations.at(id), open));
  }
  std::vector<LoadCandidate> list;
  for (auto& [id, candidate] : candidates) list.push_back(std::move(candidate));
  return list;
}

Expected<LoadCandidate> ModelRepository::PreviewFolder(const Location& location,
                                                       std::vector<std::string>& called) const {
  LoadCandidate candidate;
  candidate.id = ModelId(location.name_space, location.name);
  candidate.serves = lifecycle_.serving().Find(candidate.id, -1) != nullptr;
  if (location.is_duplicate) return InvalidArg("model '{}' is not unique across all model repositories", candidate.id);
  ASSIGN_OR_RETURN(const FolderSnapshot folder,
                   location.storage->ReadModelFolder(location.path, options_.model_config_name));
  candidate.fingerprint = folder.Fingerprint();
  const auto config_override = KeptOverrideFor(candidate.id, folder);
  Expected<PolledModel> model = PollModel(folder, location.name, location.is_mapped, options_.poll, config_override);
  if (!model) {
    // Agents, which only a load runs, may make something of it.
    inference::ModelConfig config;
    const auto agents = AgentsOf(folder, config_override, config);
    if (agents && agents->empty()) return model.error();
    for (const auto& [subfolder, content] : folder.subfolders) candidate.file_bytes += content.byte_size;
    return candidate;
  }
  candidate.backend = model->config.backend();
  model->name_space = location.name_space;
  ResolveSteps(*model);
  for (std::string& id : ComposingModels(model->config)) called.push_back(std::move(id));
  std::set<int64_t> available;
  for (const auto& [version, content] : model->versions) available.insert(version);
  const Expected<VersionSelection> selection = SelectVersions(model->config, available);
  if (!selection) {
    candidate.complaint = selection.error();
    return candidate;
  }
  candidate.versions = selection->versions;
  for (const int64_t version : selection->versions) candidate.file_bytes += model->versions.at(version).byte_size;
  return candidate;
}

std::set<std::string> ModelRepository::ListModels() const {
  std::set<std::string> ids;
  const Expected<Locations> locations = ListAll();
  if (!locations) return ids;
  for (const auto& [id, location] : *locations) {
    if (!location.is_duplicate) ids.insert(id);
  }
  return ids;
}

std::map<std::string, std::set<std::string>> ModelRepository::EnsemblesByModel() const {
  std::map<std::string, std::set<std::string>> ensembles;
  MutexLock lock(mutex_);
  for (const auto& [ensemble, unused] : ensembles_) {
    if (lifecycle_.serving().Find(ensemble, -1) == nullptr) continue;
    std::vector<std::string> open = {ensemble};
    while (!open.empty()) {
      const auto node = loaded_.find(open.back());
      open.pop_back();
      if (node == loaded_.end()) continue;
      for (const std::string& model : node->second.composing) {
        if (model != ensemble && ensembles[model].insert(ensemble).second) open.push_back(model);
      }
    }
  }
  return ensembles;
}

}  // namespace neso
