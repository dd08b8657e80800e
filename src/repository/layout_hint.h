// What is wrong with a layout that cannot be served, for people: what was found, and what was expected. The contract's
// texts stay as clients know them; these sentences stand beside them, in the log and in the state's reason.
//
// Each is empty when nothing looks wrong.
#pragma once

#include <string>
#include <vector>

#include "config/model_config.pb.h"
#include "repository/storage/storage.h"

namespace neso {

// Of a repository: models that lie in it as files, or a model's folder that was given for a repository.
std::string RepositoryHint(const RepositoryListing& listing, const std::string& path);

// Of a model's folder that cannot be read as one: no version, or a first version without a file that is known.
std::string ModelFolderHint(const FolderSnapshot& folder);

// Of a version whose folder lacks the file that its configuration names. `entries`: what the folder holds.
std::string VersionFolderHint(const inference::ModelConfig& config, int64_t version,
                              const std::vector<FolderEntry>& entries);

}  // namespace neso
