#include "config/versions.h"

#include <charconv>

namespace neso {
namespace {

// Folders beside the versions that have a purpose of their own.
bool IsKnownFolder(std::string_view name) { return name == "warmup" || name == "initial_state" || name == "configs"; }

std::set<int64_t> Latest(size_t count, const std::set<int64_t>& available) {
  std::set<int64_t> chosen;
  for (auto it = available.rbegin(); it != available.rend() && chosen.size() < count; ++it) chosen.insert(*it);
  return chosen;
}

VersionSelection Choose(const inference::ModelConfig& config, const std::set<int64_t>& available) {
  const inference::ModelVersionPolicy& policy = config.version_policy();
  if (!config.has_version_policy()) return {Latest(1, available), {}};
  if (policy.has_latest()) return {Latest(policy.latest().num_versions(), available), {}};
  if (!policy.has_specific()) return {available, {}};  // "all", or a policy without a choice

  VersionSelection selection;
  for (const int64_t version : policy.specific().versions()) {
    if (available.contains(version)) {
      selection.versions.insert(version);
    } else {
      selection.missing.push_back(version);
    }
  }
  return selection;
}

}  // namespace

std::optional<int64_t> ParseVersionFolder(std::string_view name) {
  if (name.size() > 1 && name.front() == '0') return std::nullopt;
  int64_t version = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
  if (error != std::errc() || end != name.data() + name.size() || version < 0) return std::nullopt;
  return version;
}

FolderVersions ParseVersionFolders(std::string_view model_name, std::span<const std::string> subfolders) {
  FolderVersions found;
  for (const std::string& name : subfolders) {
    if (const std::optional<int64_t> version = ParseVersionFolder(name)) {
      found.versions.insert(*version);
    } else if (!IsKnownFolder(name)) {
      const bool leading_zero = name.size() > 1 && name.front() == '0';
      found.warnings.push_back(fmt::format(
          "ignore version directory '{}' of model '{}' which {}", name, model_name,
          leading_zero ? "contains leading zeros in its directory name" : "fails to convert to integral number"));
    }
  }
  return found;
}

std::string FirstVersionFolder(std::span<const std::string> subfolders) {
  std::string first;
  bool first_is_version = false;
  for (const std::string& name : subfolders) {
    const bool is_version = ParseVersionFolder(name).has_value();
    if (first.empty() || (is_version && !first_is_version) || (is_version == first_is_version && name < first)) {
      first = name;
      first_is_version = is_version;
    }
  }
  return first;
}

Expected<VersionSelection> SelectVersions(const inference::ModelConfig& config, const std::set<int64_t>& available) {
  VersionSelection selection = Choose(config, available);
  if (selection.versions.empty()) {
    return InvalidArg("at least one version must be available under the version policy of model '{}'", config.name());
  }
  return selection;
}

}  // namespace neso
