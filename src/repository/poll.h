// From a model's folder to what could be loaded: its complete configuration and its versions.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/status.h"
#include "config/model_config.pb.h"
#include "config/model_id.h"
#include "repository/folder_tracker.h"
#include "repository/storage/storage.h"

namespace neso {

class AgentChain;

// A model as its folder shows it, ready to be loaded.
struct PolledModel {
  std::string name;
  std::string name_space;  // empty, or a part of what it is known by
  std::string id() const { return ModelId(name_space, name); }
  const Storage* storage = nullptr;  // that has it
  std::string location;              // its folder there
  LocalFolder local;                 // its folder on this machine; without a path until it is loaded
  bool config_given = false;         // by a file or an override
  std::optional<inference::ModelConfig> config_override;  // as the load request had it
  inference::ModelConfig config;                  // complete as far as the server can know, normalised and checked
  std::map<int64_t, SubfolderSnapshot> versions;  // those on the disk
  uint64_t files_fingerprint = 0;                 // of what all versions share
  uint64_t folder_fingerprint = 0;                // of all of it
  FolderLook look;                                // what its folder was like
  std::string layout_hint;                        // what looks wrong with the folder, if it has no version
  bool is_temporary = false;                      // a load request brought its files
  bool is_retry = false;                          // polls have failed to load these files: that is told already
  std::shared_ptr<AgentChain> agents;             // that have seen it; null: none
};

// At which a line about the model's load is logged.
inline LogLevel LevelOf(const PolledModel& model, LogLevel usual) {
  return model.is_retry ? LogLevel::kVerbose : usual;
}

struct PollOptions {
  bool auto_complete = true;
};

// `config_override` replaces the folder's configuration. `name` is what the model is served as: the folder's name,
// except where a mapping or a load request chose another (`name_is_mapped`). Errors: what makes a folder unusable
// (kInvalidArg mostly), without context.
Expected<PolledModel> PollModel(const FolderSnapshot& folder, const std::string& name, bool name_is_mapped,
                                const PollOptions& options,
                                const std::optional<inference::ModelConfig>& config_override = std::nullopt);

}  // namespace neso
