// Which sub-folders of a model's folder are versions, and which versions its policy asks for. Pure functions.
//
//   FolderVersions found = ParseVersionFolders(subfolders);
//   ASSIGN_OR_RETURN(VersionSelection chosen, SelectVersions(config, found.versions));
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/model_config.pb.h"

namespace neso {

// The version that a folder name stands for. Empty unless it is a number from 0 to 2^63-1 without leading zeros.
std::optional<int64_t> ParseVersionFolder(std::string_view name);

struct FolderVersions {
  std::set<int64_t> versions;
  std::vector<std::string> warnings;  // one a folder that was passed over and looks like a mistake
};
// `subfolders` are the names of the folders inside the folder of `model_name`.
FolderVersions ParseVersionFolders(std::string_view model_name, std::span<const std::string> subfolders);

// The sub-folder that completion looks into: the first in lexical order that is a version, else the first of all; empty
// if there is none.
std::string FirstVersionFolder(std::span<const std::string> subfolders);

struct VersionSelection {
  std::set<int64_t> versions;
  // Asked for by number, but not there. Worth an error in the log: "version V is specified for model 'M', but the
  // version directory is not present".
  std::vector<int64_t> missing;
};
// Applies config.version_policy to what is there: latest 1 when unset, all when it is set without a choice.
// Errors: kInvalidArg "at least one version must be available under the version policy of model 'M'".
Expected<VersionSelection> SelectVersions(const inference::ModelConfig& config, const std::set<int64_t>& available);

}  // namespace neso
